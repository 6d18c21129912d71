"""The scores of runs: of each its last checkpoint, all on the same images at once."""

import json
import os
import pathlib
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from salgan_jax import checkpoints, inference
from salgan_jax.data import records
from salgan_jax.errors import UserError
from salgan_jax.evaluation import chosen_images, comparison, protocol, scores
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.evaluation.scoring import Scores, Scoring
from salgan_jax.metrics.conventions import TUEBINGEN
from salgan_jax.reproduction import confidence
from salgan_jax.reproduction.confidence import OfRun
from salgan_jax.reproduction.runs import PlannedRun

FOLDER = "scores"
BATCH_SIZE = 8


class ScoredRun(NamedTuple):
    """A run with its scores.

    Attributes:
        run: as it was planned.
        step: of the checkpoint.
        dataset, split: of the images, the former with its edition.
        images: ids.
        scores: of each image, by metric.
        predicted, true: what the map and the ground truth say at fixated pixels.
    """

    run: PlannedRun
    step: int
    dataset: str
    split: str
    images: list[str]
    scores: Scores
    predicted: OfRun
    true: OfRun


def score(planned: Sequence[PlannedRun]) -> list[ScoredRun]:
    """Scores finished runs of the same images, those that have no scores yet.

    Images are decoded once for all of them, baselines and people are scored with the
    first. Scores lie in `scores` in the workdir of each, as evaluate.py writes them.

    Raises:
        UserError, FileNotFoundError: the images are not there, a checkpoint is broken,
            or scores are.
    """
    images = chosen_images.of_run(planned[0].config, None, None, None)
    ids = [outline.id for outline in records.outlines(images.records)]
    missing = [run for run in planned if not _has_scores(run, images, len(ids))]
    if missing:
        _score(missing, images, with_baselines=len(missing) == len(planned))
    return [_read(run, images, ids) for run in planned]


def baselines(scored: Sequence[ScoredRun]) -> dict[str, dict[str, float]]:
    """Returns the means of baselines and people, by row and metric; of folds over all.

    What has no score is left out.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for each in scored:
        for row, of_row in _facts(each.run)["baselines"].items():
            for metric, mean in of_row.items():
                if mean["mean"] is not None:
                    means = found.setdefault(row, {}).setdefault(metric, [])
                    means.append(mean["mean"])
    return {
        row: {metric: statistics.fmean(means) for metric, means in of_row.items()}
        for row, of_row in found.items()
    }


def _score(
    missing: Sequence[PlannedRun], images: EvaluationInput, *, with_baselines: bool
) -> None:
    logging.info(
        "scoring %s on %d images of %s %s",
        ", ".join(run.name for run in missing),
        *(len(images.records), images.dataset, images.split),
    )
    loaded = {
        run.name: checkpoints.load_generator(str(run.folder), _last_step(run))
        for run in missing
    }
    recorders = {
        name: confidence.Recorder(
            protocol.from_images(inference.make_predictor(each, BATCH_SIZE))
        )
        for name, each in loaded.items()
    }
    models = {f"run {name}": recorder for name, recorder in recorders.items()}
    first = f"run {missing[0].name}"
    counted = protocol.with_progress(models[first], len(images.records))
    known = images.background(TUEBINGEN)
    if not with_baselines:
        known = known._replace(baselines={}, ceiling_sigma_px=None)
    sheet = protocol.score_all(
        {**models, first: counted},
        images.records,
        known,
        Scoring(TUEBINGEN, BATCH_SIZE),
    )
    others = {row: each for row, each in sheet.rows.items() if row not in models}
    for run in missing:
        folder = run.folder / FOLDER
        folder.mkdir(exist_ok=True)
        recorders[run.name].write(folder)
        own = sheet._replace(
            rows={scores.MODEL: sheet.rows[f"run {run.name}"], **others}
        )
        facts = _wanted(run, images) | {"predictions": None, "compared": None}
        scores.write(folder, own, scores.summarise(own), facts=facts)
        others = {}  # they are in the scores of the first


def _wanted(run: PlannedRun, images: EvaluationInput) -> dict:
    """Returns what was scored, in the words of evaluate.py."""
    return {
        "dataset": images.dataset,
        "split": images.split,
        "train_split": images.train_split,
        "fold": images.held_out or None,
        "checkpoint": str(run.folder),
        "step": _last_step(run),
        "post_processing": "none",
    }


def _has_scores(run: PlannedRun, images: EvaluationInput, num_images: int) -> bool:
    folder = run.folder / FOLDER
    if not (comparison.has_scores(str(folder)) and (folder / confidence.FILE).exists()):
        return False
    wanted = _wanted(run, images) | {
        "num_images": num_images,
        "convention": TUEBINGEN.name,
    }
    del wanted["checkpoint"]  # the folder may have been moved
    facts = _facts(run)
    return all(facts.get(name) == value for name, value in wanted.items())


def _read(run: PlannedRun, images: EvaluationInput, ids: list[str]) -> ScoredRun:
    folder = str(run.folder / FOLDER)
    of_images = comparison.read_scores(folder, ids, TUEBINGEN.name)
    predicted, true = confidence.read(folder)
    if predicted.images != ids:
        raise UserError(f"{folder}/{confidence.FILE} is of other images: remove it")
    return ScoredRun(
        run,
        _last_step(run),
        images.dataset,
        images.split,
        ids,
        {name: np.asarray(values) for name, values in of_images.items()},
        predicted,
        true,
    )


def _last_step(run: PlannedRun) -> int:
    step = checkpoints.latest_step(str(run.folder))
    if step is None:
        raise FileNotFoundError(f"no checkpoint in {run.folder}")
    return step


def _facts(run: PlannedRun) -> dict:
    path = pathlib.Path(os.path.join(run.folder, FOLDER, "metrics.json"))
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} is broken ({error}): remove {path.parent}, and the run is scored "
            "again"
        ) from error
