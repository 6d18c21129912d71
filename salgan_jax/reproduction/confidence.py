"""What kind of map a generator makes: how sure where people looked, how sharp.

Pan et al. 2017, Sec. 5, say of content loss alone that salient pixels come out almost
equally likely, with low confidence. Salient pixels are those that somebody fixated;
a prediction is the map of sigmoids at the image's size.
"""

import json
import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax import atomic
from salgan_jax.errors import UserError
from salgan_jax.evaluation.baseline_predictors import Predict, Scored

FILE = "confidence.json"
NUM_BINS = 20
CONFIDENCE, SPREAD = "confidence", "spread"
ENTROPY, SHARPNESS, CALIBRATION = "entropy", "sharpness", "calibration_error"
MEASURES: tuple[str, ...] = (CONFIDENCE, SPREAD, ENTROPY, SHARPNESS, CALIBRATION)


class OfImage(NamedTuple):
    """What kind of map one image has.

    Attributes:
        measures: by name, NaN where there is no such number. `CONFIDENCE`: the mean
            value at fixated pixels. `SPREAD`: the standard deviation of the values
            there, relative to their mean. `ENTROPY`: in bits, of the map as a
            distribution over its pixels. `SHARPNESS`: the differences between
            neighbouring pixels, added up, in percent of the sum of the values.
            `CALIBRATION`: how far the ground truth is, in the mean, from the
            predicted value, over pixels of almost equal prediction.
        histogram: how many of the fixated pixels have a value in each of `NUM_BINS`
            equal bins from 0 to 1.
    """

    measures: dict[str, float]
    histogram: list[int]


class OfRun(NamedTuple):
    """The same for all images of a run, or of the ground truth.

    Attributes:
        images: ids.
        measures: float64 [num_images], by name.
        histogram: int64 [NUM_BINS], over all fixated pixels.
    """

    images: list[str]
    measures: dict[str, np.ndarray]
    histogram: np.ndarray


def of_map(
    saliency_map: np.ndarray, fixations: np.ndarray, truth: np.ndarray
) -> OfImage:
    """Returns what kind of map it is.

    Args:
        saliency_map: [H, W] in [0, 1].
        fixations: [N, 2], x and y; a pixel counts once however often it was fixated.
        truth: [H, W] in [0, 1], the ground truth.

    >>> two = np.array([[0.2, 0.6]]), np.array([[0, 0], [1, 0], [1, 0]])
    >>> found = of_map(*two, truth=np.array([[0.2, 1.0]]))
    >>> {name: round(float(value), 2) for name, value in found.measures.items()}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'confidence': 0.4, 'spread': 0.5, 'entropy': 0.81, 'sharpness': 50.0,
     'calibration_error': 0.2}
    >>> sum(found.histogram)
    2
    """
    values = saliency_map.astype(np.float64)
    pixels = np.unique(np.floor(np.reshape(fixations, (-1, 2))).astype(int), axis=0)
    fixated = values[pixels[:, 1], pixels[:, 0]]
    mean = float(fixated.mean()) if fixated.size else np.nan
    has_spread = fixated.size > 1 and mean > 0
    measures = {
        CONFIDENCE: mean,
        SPREAD: float(fixated.std()) / mean if has_spread else np.nan,
        ENTROPY: _entropy(values),
        SHARPNESS: _sharpness(values),
        CALIBRATION: _calibration_error(values, truth),
    }
    return OfImage(measures, np.histogram(fixated, NUM_BINS, (0, 1))[0].tolist())


def _entropy(values: np.ndarray) -> float:
    positive = values[values > 0]
    shares = positive / positive.sum()
    return float(-(shares * np.log2(shares)).sum()) if shares.size else np.nan


def _sharpness(values: np.ndarray) -> float:
    differences = (np.abs(np.diff(values, axis=axis)).sum() for axis in (0, 1))
    total = values.sum()
    return float(100 * sum(differences) / total) if total > 0 else np.nan


def _calibration_error(values: np.ndarray, truth: np.ndarray) -> float:
    bins = np.minimum((values * NUM_BINS).astype(int), NUM_BINS - 1).ravel()
    excess = np.bincount(bins, (values - truth).ravel(), NUM_BINS)
    return float(np.abs(excess).sum() / values.size)


class Recorder:
    """A predictor that keeps, beside its maps, how sure they are."""

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._ids: list[str] = []
        self._predicted: list[OfImage] = []
        self._true: list[OfImage] = []

    def __call__(self, some: Sequence[Scored]) -> Sequence[np.ndarray]:
        """Returns the maps of some records."""
        saliency_maps = self._predict(some)
        for record, saliency_map in zip(some, saliency_maps, strict=True):
            self._ids.append(record.id)
            truth = _relative(record.density_map)
            self._predicted.append(of_map(saliency_map, record.fixations, truth))
            is_known = truth.max() > 0
            points = record.fixations if is_known else np.empty((0, 2))
            self._true.append(of_map(truth, points, truth))
        return saliency_maps

    def write(self, folder: pathlib.Path) -> None:
        """Writes what was kept."""
        content = {
            "images": self._ids,
            "predicted": _columns(self._predicted),
            "true": _columns(self._true),
        }
        with atomic.written_aside(folder / FILE) as file:
            file.write(json.dumps(content).encode())


def read(folder: str | os.PathLike[str]) -> tuple[OfRun, OfRun]:
    """Returns what a run predicts at fixated pixels, and the ground truth there.

    Raises:
        UserError: it is not there, or broken.
    """
    path = pathlib.Path(folder) / FILE
    try:
        content = json.loads(path.read_text())
        return _of_run(content, "predicted"), _of_run(content, "true")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is not what a reproduction wrote ({error}): remove {folder}, and "
            "the run is scored again"
        ) from error


def _relative(density_map: np.ndarray) -> np.ndarray:
    """The map divided by its maximum, zeros where it is empty."""
    return density_map / max(float(density_map.max()), 1e-9)


def _columns(found: Sequence[OfImage]) -> dict[str, list]:
    histogram = np.sum([each.histogram for each in found], axis=0)
    return {
        measure: [_known(each.measures[measure]) for each in found]
        for measure in MEASURES
    } | {"histogram": histogram.tolist()}


def _of_run(content: dict, which: str) -> OfRun:
    columns = content[which]
    return OfRun(
        content["images"],
        {name: np.array(columns[name], np.float64) for name in MEASURES},
        np.array(columns["histogram"], np.int64),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
