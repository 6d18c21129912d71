"""The mean of the maps that the runs of an arm predict: what they agree on.

Where a generator has to decide and its runs decide differently, each of them pays for
it, and their mean hardly does. So what of a difference between two arms their mean
maps do not have comes from what differs from run to run: decisions, or noise.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from salgan_jax import atomic
from salgan_jax.data import records
from salgan_jax.errors import UserError
from salgan_jax.evaluation import chosen_images, protocol
from salgan_jax.evaluation.baseline_predictors import Predict, Scored
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.evaluation.scoring import Scores, Scoring
from salgan_jax.metrics import over_runs
from salgan_jax.metrics.conventions import TUEBINGEN
from salgan_jax.metrics.over_runs import RunDifference, RunMean
from salgan_jax.reproduction import scored_runs, scoring
from salgan_jax.reproduction.runs import PlannedRun

FILE = "mean_maps.json"


class MeanMaps(NamedTuple):
    """How the mean maps of two arms score.

    Attributes:
        means: by arm and metric, over images.
        differences: by metric, the first arm minus the second, image by image.
    """

    means: dict[str, dict[str, RunMean]]
    differences: dict[str, RunDifference]


def compared(first: Scores, second: Scores, names: tuple[str, str]) -> MeanMaps:
    """Returns means and differences of the mean maps' scores.

    Args:
        first, second: of two arms, on the same images.
        names: of the arms.
    """
    means = {
        name: {metric: over_runs.crossed_mean(of[metric][None]) for metric in of}
        for name, of in zip(names, (first, second), strict=True)
    }
    differences = {
        metric: over_runs.crossed_difference(first[metric][None], second[metric][None])
        for metric in first
    }
    return MeanMaps(means, differences)


def score(planned: Sequence[PlannedRun], folder: pathlib.Path) -> dict[str, Scores]:
    """Returns the scores of the mean map of each arm's runs, by image and metric.

    They lie in `mean_maps.json`, and are made again where runs or images have changed.

    Args:
        planned: finished runs, all evaluated on the same images.
        folder: of the experiment.

    Raises:
        UserError, FileNotFoundError: the images are not there, a checkpoint is broken,
            or the file is.
    """
    images = chosen_images.of_run(planned[0].config, None, None, None)
    facts = {
        "dataset": images.dataset,
        "split": images.split,
        "images": [outline.id for outline in records.outlines(images.records)],
        "steps": {run.name: scored_runs.last_step(run) for run in planned},
    }
    path = folder / FILE
    content = _read(path)
    if {name: content.get(name) for name in facts} != facts:
        content = facts | {"scores": _scores(planned, images)}
        with atomic.written_aside(path) as file:
            file.write(json.dumps(content).encode())
    return {
        arm: {metric: np.array(values, np.float64) for metric, values in of.items()}
        for arm, of in content["scores"].items()
    }


def _read(path: pathlib.Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise UserError(f"{path} is broken ({error}): remove it") from error


def _scores(
    planned: Sequence[PlannedRun], images: EvaluationInput
) -> dict[str, dict[str, list[float | None]]]:
    """Returns arm -> metric -> a score for each image, None where there is none."""
    arms = list(dict.fromkeys(run.arm for run in planned))
    logging.info("scoring the mean maps of %s", " and ".join(arms))
    models = {
        arm: _mean_of([scoring.predictor(run) for run in planned if run.arm == arm])
        for arm in arms
    }
    first = arms[0]
    counted = protocol.with_progress(models[first], len(images.records))
    known = images.background(TUEBINGEN)
    sheet = protocol.score_all(
        {**models, first: counted},
        images.records,
        known._replace(baselines={}, ceiling_sigma_px=None),
        Scoring(TUEBINGEN, scoring.BATCH_SIZE),
    )
    return {
        arm: {
            metric: [None if np.isnan(value) else float(value) for value in values]
            for metric, values in sheet.rows[arm].items()
        }
        for arm in arms
    }


def _mean_of(predictors: Sequence[Predict]) -> Predict:
    def predict(some: Sequence[Scored]) -> list[np.ndarray]:
        of_runs = [each(some) for each in predictors]
        return [np.mean(maps, axis=0) for maps in zip(*of_runs, strict=True)]

    return predict
