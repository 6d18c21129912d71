"""Scores of a model, of maps from elsewhere and of the baselines, image by image.

Everything is scored at the publishers' size, in batches: records are decoded when
their turn comes and padded to a common shape, which does not change a score.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tqdm

from salgan_jax import processes
from salgan_jax.data import map_files, records
from salgan_jax.data.records import Record
from salgan_jax.errors import UserError
from salgan_jax.evaluation import human_ceilings, scoring
from salgan_jax.evaluation.background import Background
from salgan_jax.evaluation.baseline_predictors import (
    Predict,
    Scored,
    scored,
)
from salgan_jax.evaluation.scoring import Scores, Scoring
from salgan_jax.metrics.conventions import TUEBINGEN

_CEILINGS = {
    "human_ceiling": human_ceilings.split_half,
    "human_leave_one_out": human_ceilings.leave_one_out,
}


class ScoreSheet(NamedTuple):
    """Every image's scores for several predictions of the same images."""

    images: list[str]  # record ids, in the order of the scores
    rows: dict[str, Scores]
    convention: str = TUEBINGEN.name


def evaluate(
    predict: Predict, some_records: Sequence[Record], batch_size: int = 8
) -> Scores:
    """Returns the scores of the predicted maps, one for each record and metric.

    Without what other images tell: shuffled AUC and information gain are NaN. An image
    without fixations has no scores of fixations, one whose density map is zero no CC,
    SIM and KL divergence: NaN there, to be left out of the mean and counted.

    Raises:
      UserError: there are no records; a predicted map has another size than its
        image or values that are not finite; a fixation lies outside of its image.
    """
    only = {"model": predict}
    scoring_of = Scoring(batch_size=batch_size)
    return score_all(only, some_records, Background(), scoring_of).rows["model"]


def score_all(
    models: Mapping[str, Predict],
    some_records: Sequence[Record],
    background: Background,
    scoring_of: Scoring,
) -> ScoreSheet:
    """Returns the scores of baselines, models and people, decoding each image once.

    The rows are the baselines, the models, then `human_ceiling`: half of the observers
    of an image predict the fixations and the density map of the other half, so that its
    CC, SIM and KL divergence are against fewer fixations than the other rows'; and
    `human_leave_one_out`: all observers but one predict that one, in turn. An image of
    one observer has neither.

    Of several processes each scores every so many batches, and all have all scores:
    those of one process, to the bit.
    """
    if not len(some_records):
        raise UserError("there are no images to score")
    predictors = {**background.baselines, **models}
    parts = []
    size = scoring_of.batch_size
    for start in processes.share().of(range(0, len(some_records), size)):
        stop = min(start + size, len(some_records))
        batch = [scored(some_records[i]) for i in range(start, stop)]
        known = background.knowledge(batch, start)
        truth = scoring.ground_truth(batch, known, scoring_of)
        rows = {
            row: scoring.score_maps(predict(batch), batch, truth, scoring_of)
            for row, predict in predictors.items()
        }
        if background.ceiling_sigma_px is not None:
            rows |= _ceilings(batch, known, background.ceiling_sigma_px, scoring_of)
        parts.append(_Part(start, [record.id for record in batch], rows))
    return _joined(_of_all_processes(parts), scoring_of.convention.name)


def from_images(
    predictor: Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]],
) -> Predict:
    """Returns a predictor of images as a predictor of records, for `evaluate`."""
    return lambda some: predictor([record.image for record in some])


def from_files(path: str, some_records: Sequence[Record]) -> Predict:
    """Returns the predictor that reads the maps of another model from their files.

    All records are gone through once, so that every missing or additional map and every
    map of another size than its image is named before anything is scored.

    Raises:
      UserError, FileNotFoundError: the maps are not those of the images.
    """
    sizes = {each.id: each.size for each in records.outlines(some_records)}
    read_map = map_files.open_maps(path, sizes)
    return lambda some: [read_map(record.id) for record in some]


def with_progress(predict: Predict, num_images: int) -> Predict:
    """Returns the predictor with a progress bar, on a terminal."""
    bar = tqdm.tqdm(total=num_images, unit="image", disable=None)

    def predict_and_count(some: Sequence[Scored]) -> Sequence[np.ndarray]:
        saliency_maps = predict(some)
        bar.update(len(some))
        if bar.n >= num_images:
            bar.close()
        return saliency_maps

    return predict_and_count


class _Part(NamedTuple):
    """The scores of one batch, which begins with image `start`."""

    start: int
    ids: list[str]
    rows: dict[str, Scores]


def _of_all_processes(parts: list[_Part]) -> list[_Part]:
    """Returns the parts of every process, in the order of the images."""
    if processes.share().count == 1:
        return parts
    as_lists = [
        (start, ids, _mapped(np.ndarray.tolist, rows)) for start, ids, rows in parts
    ]
    # JSON keeps every float64 as it is, NaN too.
    gathered = processes.gather(json.dumps(as_lists).encode())
    found = [
        _Part(start, ids, _mapped(np.array, rows))
        for message in gathered
        for start, ids, rows in json.loads(message)
    ]
    return sorted(found, key=lambda part: part.start)


def _mapped(function: Callable[[Any], Any], rows: Mapping[str, Any]) -> dict[str, Any]:
    """The rows, in their order, with a function of each metric's values."""
    return {
        row: {metric: function(values) for metric, values in metrics.items()}
        for row, metrics in rows.items()
    }


def _joined(parts: list[_Part], convention: str) -> ScoreSheet:
    first = parts[0].rows
    rows = {
        row: {m: np.concatenate([part.rows[row][m] for part in parts]) for m in metrics}
        for row, metrics in first.items()
    }
    return ScoreSheet([each for part in parts for each in part.ids], rows, convention)


def _ceilings(
    batch: Sequence[Scored],
    known: Sequence[scoring.Knowledge],
    sigma_px: float,
    scoring_of: Scoring,
) -> dict[str, Scores]:
    """Returns the scores of people, the mean over the predictions of each image."""
    rows = {}
    for row, predict in _CEILINGS.items():
        predictions = [
            (i, each)
            for i, record in enumerate(batch)
            for each in predict(record, sigma_px=sigma_px)
        ]
        of_predictions = scoring.score_predictions(
            [each.saliency_map for _, each in predictions],
            [each.others for _, each in predictions],
            [known[i] for i, _ in predictions],
            scoring_of,
        )
        image = np.array([i for i, _ in predictions], int)
        rows[row] = {
            metric: np.array([_mean(values[image == i]) for i in range(len(batch))])
            for metric, values in of_predictions.items()
        }
    return rows


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan
