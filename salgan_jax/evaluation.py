"""Scores of a model, of maps from elsewhere and of the baselines, image by image.

Everything is scored at the publishers' size, in batches: records are decoded when
their turn comes and padded to a common shape, which does not change a score.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np
import tqdm

from salgan_jax.baseline_predictors import (
    Predict,
    Scored,
    make_blind_predictors,
    scored,
    split_observers,
)
from salgan_jax.data import map_files
from salgan_jax.data.records import Record
from salgan_jax.errors import UserError
from salgan_jax.metrics import batches
from salgan_jax.metrics.batches import METRICS

Scores = dict[str, np.ndarray]
"""A float64 array [num_images] for each of `METRICS`; NaN where there is no score."""


class ScoreSheet(NamedTuple):
    """Every image's scores for several predictions of the same images."""

    images: list[str]  # record ids, in the order of the scores
    rows: dict[str, Scores]


def evaluate(
    predict: Predict, records: Sequence[Record], batch_size: int = 8
) -> Scores:
    """Returns the scores of the predicted maps, one for each record and metric.

    An image without fixations has no NSS and AUC-Judd, one whose density map is zero
    no CC, SIM and KL divergence: NaN there, to be left out of the mean and counted.

    Raises:
      UserError: there are no records; a predicted map has another size than its
        image or values that are not finite; a fixation lies outside of its image.
    """
    return _score({"model": predict}, records, batch_size).rows["model"]


def baselines(
    train_records: Sequence[Record],
    records: Sequence[Record],
    *,
    sigma_px: float | None,
    batch_size: int = 8,
) -> dict[str, Scores]:
    """Returns the scores of `uniform`, `centre_prior`, `mean_training_map` and humans.

    Centre prior and mean map come from `train_records` (read once, one by one). For
    `human_ceiling`, half of the observers of an image predict the fixations and the
    density map of the other half; its CC, SIM and KL divergence are thus against fewer
    fixations than the other rows'. An image with one observer has no ceiling: NaN.

    Args:
      train_records: the dataset's training split.
      records: the images to score.
      sigma_px: of the Gaussian that blurs the fixations of each half of the observers;
        None, where nobody knows it, leaves the ceiling out.
      batch_size: how many images are scored at once.
    """
    rows = make_blind_predictors(train_records)
    return _score(rows, records, batch_size, ceiling_sigma_px=sigma_px).rows


def compare(
    predict: Predict,
    train_records: Sequence[Record],
    records: Sequence[Record],
    *,
    sigma_px: float | None,
    batch_size: int = 8,
) -> ScoreSheet:
    """Returns `evaluate`, as row `model`, and `baselines`, decoding each image once."""
    rows = {**make_blind_predictors(train_records), "model": predict}
    return _score(rows, records, batch_size, ceiling_sigma_px=sigma_px)


def from_images(
    predictor: Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]],
) -> Predict:
    """Returns a predictor of images as a predictor of records, for `evaluate`."""
    return lambda records: predictor([record.image for record in records])


def from_folder(directory: str, records: Sequence[Record]) -> Predict:
    """Returns the predictor that reads the maps of another model from their files.

    All records are gone through once, so that every missing map and every map of
    another size than its image is named before anything is scored.

    Raises:
      UserError, FileNotFoundError: maps are missing or of another size.
    """
    sizes = {record.id: record.size for record in records}
    paths = map_files.find_maps(directory, sizes)
    return lambda records: [map_files.read_map(paths[record.id]) for record in records]


def with_progress(predict: Predict, num_images: int) -> Predict:
    """Returns the predictor with a progress bar, on a terminal."""
    bar = tqdm.tqdm(total=num_images, unit="image", disable=None)

    def predict_and_count(records: Sequence[Scored]) -> Sequence[np.ndarray]:
        saliency_maps = predict(records)
        bar.update(len(records))
        if bar.n >= num_images:
            bar.close()
        return saliency_maps

    return predict_and_count


def _score(
    rows: dict[str, Predict],
    records: Sequence[Record],
    batch_size: int,
    ceiling_sigma_px: float | None = None,
) -> ScoreSheet:
    """Returns the scores of all rows, and of the human ceiling if it has a sigma."""
    if not len(records):
        raise UserError("there are no images to score")
    ids, parts = [], []
    for start in range(0, len(records), batch_size):
        stop = min(start + batch_size, len(records))
        batch = [scored(records[i]) for i in range(start, stop)]
        ids += [record.id for record in batch]
        parts.append(_score_batch(rows, batch, batch_size, ceiling_sigma_px))
    scores = {
        row: {
            metric: np.concatenate([part[row][metric] for part in parts])
            for metric in METRICS
        }
        for row in parts[0]
    }
    return ScoreSheet(ids, scores)


def _score_batch(
    rows: dict[str, Predict],
    records: Sequence[Scored],
    batch_size: int,
    ceiling_sigma_px: float | None,
) -> dict[str, Scores]:
    truth = _ground_truth(records, batch_size)
    scores = {
        row: _score_maps(predict(records), records, truth)
        for row, predict in rows.items()
    }
    if ceiling_sigma_px is not None:
        halves = [split_observers(r, sigma_px=ceiling_sigma_px) for r in records]
        others = [half.others for half in halves]
        scores["human_ceiling"] = _score_maps(
            [half.predicted for half in halves],
            others,
            _ground_truth(others, batch_size),
        )
    return scores


def _score_maps(
    saliency_maps: Sequence[np.ndarray],
    records: Sequence[Scored],
    truth: batches.GroundTruth,
) -> Scores:
    """Returns the scores of one batch of maps, without those of padding images."""
    for saliency_map, record in zip(saliency_maps, records, strict=True):
        if np.shape(saliency_map) != record.density_map.shape:
            raise UserError(
                f"the map of image {record.id} has the shape {np.shape(saliency_map)}; "
                f"it must have that of the image, {record.density_map.shape}"
            )
        if not np.isfinite(saliency_map).all():
            raise UserError(
                f"the map of image {record.id} has values that are not finite (NaN or "
                "infinite): it cannot be scored"
            )
    scores = jax.device_get(
        batches.score(batches.pad_maps(saliency_maps, truth), truth)
    )
    return {
        metric: np.asarray(scores[metric][: len(records)], np.float64)
        for metric in METRICS
    }


def _ground_truth(records: Sequence[Scored], batch_size: int) -> batches.GroundTruth:
    for record in records:
        height, width = record.density_map.shape
        points = np.reshape(record.fixations, (-1, 2))
        if not ((points >= 0) & (points < (width, height))).all():
            raise UserError(f"image {record.id} has a fixation outside of the image")
    return batches.pad_ground_truth(
        [record.density_map for record in records],
        [record.fixations for record in records],
        batch_size=batch_size,
    )
