"""The scores of a run as they lie in a folder of its workdir."""

import json
import math
import pathlib
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from salgan_jax import checkpoints
from salgan_jax.errors import UserError
from salgan_jax.evaluation import comparison
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.evaluation.scoring import Scores
from salgan_jax.metrics.conventions import TUEBINGEN
from salgan_jax.metrics.intervals import MeanInterval
from salgan_jax.reproduction import confidence
from salgan_jax.reproduction.confidence import OfRun
from salgan_jax.reproduction.runs import PlannedRun

Means = dict[str, dict[str, MeanInterval]]
"""Of baselines and people, by row and metric."""


class ScoredRun(NamedTuple):
    """A run with its scores.

    Attributes:
        run: as it was planned.
        step: of the checkpoint.
        dataset, split: of the images, the former with its edition.
        images: ids.
        scores: of each image, by metric.
        predicted, true: what the map and the ground truth say at fixated pixels.
        baselines: of the same images; empty where another run's scores have them.
    """

    run: PlannedRun
    step: int
    dataset: str
    split: str
    images: list[str]
    scores: Scores
    predicted: OfRun
    true: OfRun
    baselines: Means


def baselines(scored: Sequence[ScoredRun]) -> dict[str, dict[str, float]]:
    """Returns the means of baselines and people, by row and metric; of folds over all.

    What has no score is left out.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for each in scored:
        for row, of_row in each.baselines.items():
            for metric, mean in of_row.items():
                if mean.num_images:
                    means = found.setdefault(row, {}).setdefault(metric, [])
                    means.append(mean.mean)
    return {
        row: {metric: statistics.fmean(means) for metric, means in of_row.items()}
        for row, of_row in found.items()
    }


def facts(run: PlannedRun, images: EvaluationInput) -> dict[str, Any]:
    """Returns what is scored, in the words of evaluate.py."""
    return {
        "dataset": images.dataset,
        "split": images.split,
        "train_split": images.train_split,
        "fold": images.held_out or None,
        "checkpoint": str(run.folder),
        "step": last_step(run),
        "post_processing": "none",
    }


def is_scored(run: PlannedRun, images: EvaluationInput, folder: pathlib.Path) -> bool:
    """Whether a folder has all scores of the run's last checkpoint on these images.

    Raises:
        UserError: they are broken.
    """
    if not (comparison.has_scores(str(folder)) and (folder / confidence.FILE).exists()):
        return False
    wanted = facts(run, images) | {
        "num_images": len(images.records),
        "convention": TUEBINGEN.name,
    }
    del wanted["checkpoint"]  # the folder may have been moved
    found = _written(folder)
    return all(found.get(name) == value for name, value in wanted.items())


def has_baselines(folder: pathlib.Path) -> bool:
    """Whether the scores in a folder have those of baselines and people beside them.

    Raises:
        UserError: they are broken.
    """
    return bool(_written(folder)["baselines"])


def read(
    run: PlannedRun, images: EvaluationInput, ids: list[str], folder: pathlib.Path
) -> ScoredRun:
    """Returns the run with the scores in a folder, in the order of the ids.

    Raises:
        UserError: they are broken, or of other images.
    """
    of_images = comparison.read_scores(str(folder), ids, TUEBINGEN.name)
    predicted, true = confidence.read(folder)
    if predicted.images != ids:
        raise UserError(f"{folder}/{confidence.FILE} is of other images: remove it")
    return ScoredRun(
        run,
        last_step(run),
        images.dataset,
        images.split,
        ids,
        {name: np.asarray(values) for name, values in of_images.items()},
        predicted,
        true,
        {
            row: {metric: _mean(numbers) for metric, numbers in of_row.items()}
            for row, of_row in _written(folder)["baselines"].items()
        },
    )


def last_step(run: PlannedRun) -> int:
    """Returns the step of the last checkpoint.

    Raises:
        FileNotFoundError: there is none.
    """
    step = checkpoints.latest_step(str(run.folder))
    if step is None:
        raise FileNotFoundError(f"no checkpoint in {run.folder}")
    return step


def _mean(numbers: dict[str, Any]) -> MeanInterval:
    ends = [numbers[name] for name in ("mean", "low", "high")]
    mean, low, high = (math.nan if x is None else float(x) for x in ends)
    return MeanInterval(mean, low, high, numbers["num_images"])


def _written(folder: pathlib.Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} is broken ({error}): remove {folder}, and the run is scored again"
        ) from error
