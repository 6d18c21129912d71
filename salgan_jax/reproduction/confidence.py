"""How sure a generator is where people looked: the probability that it gives there.

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


class OfImage(NamedTuple):
    """What a map says of the fixated pixels of one image.

    Attributes:
        confidence: the mean value there; NaN without fixations.
        spread: the standard deviation of the values there, relative to their mean;
            NaN for fewer than two pixels, or where the mean is 0.
        histogram: how many of the pixels have a value in each of `NUM_BINS` equal bins
            from 0 to 1.
    """

    confidence: float
    spread: float
    histogram: list[int]


class OfRun(NamedTuple):
    """The same for all images of a run, or of the ground truth.

    Attributes:
        images: ids.
        confidence, spread: float64 [num_images].
        histogram: int64 [NUM_BINS], over all fixated pixels.
    """

    images: list[str]
    confidence: np.ndarray
    spread: np.ndarray
    histogram: np.ndarray


def of_map(saliency_map: np.ndarray, fixations: np.ndarray) -> OfImage:
    """Returns the values [0, 1] of a map [H, W] at fixations [N, 2], each pixel once.

    >>> two = np.array([[0.2, 0.6]]), np.array([[0, 0], [1, 0], [1, 0]])
    >>> found = of_map(*two)
    >>> round(found.confidence, 2), round(found.spread, 2), sum(found.histogram)
    (0.4, 0.5, 2)
    """
    pixels = np.unique(np.floor(np.reshape(fixations, (-1, 2))).astype(int), axis=0)
    values = saliency_map[pixels[:, 1], pixels[:, 0]].astype(np.float64)
    histogram, _ = np.histogram(values, NUM_BINS, (0, 1))
    if not values.size:
        return OfImage(np.nan, np.nan, histogram.tolist())
    mean = float(values.mean())
    has_spread = values.size > 1 and mean > 0
    spread = float(values.std()) / mean if has_spread else np.nan
    return OfImage(mean, spread, histogram.tolist())


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
            self._predicted.append(of_map(saliency_map, record.fixations))
            true_map = record.density_map
            is_known = true_map.max() > 0
            points = record.fixations if is_known else np.empty((0, 2))
            self._true.append(of_map(_relative(true_map), points))
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
        CONFIDENCE: [_known(each.confidence) for each in found],
        SPREAD: [_known(each.spread) for each in found],
        "histogram": histogram.tolist(),
    }


def _of_run(content: dict, which: str) -> OfRun:
    columns = content[which]
    return OfRun(
        content["images"],
        np.array(columns[CONFIDENCE], np.float64),
        np.array(columns[SPREAD], np.float64),
        np.array(columns["histogram"], np.int64),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
