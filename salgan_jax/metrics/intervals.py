"""How sure a mean over images is, or the difference of two: the bootstrap."""

from typing import NamedTuple

import numpy as np

_RESAMPLES_AT_ONCE = 250  # bounds the memory for thousands of images


class MeanInterval(NamedTuple):
    """A mean over images and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float
    num_images: int  # images with a score, over which the mean is taken


class MeanDifference(NamedTuple):
    """A mean difference of two models over images, with its 95 % interval.

    Attributes:
        mean, low, high: of the first model's scores minus the second's.
        p_value: two-sided; how likely so large a difference is if there is none.
        num_images: which have a score of both.
    """

    mean: float
    low: float
    high: float
    p_value: float
    num_images: int


def bootstrap_mean(
    values: np.ndarray, *, num_resamples: int = 10_000, seed: int = 0
) -> MeanInterval:
    """Returns the mean of per-image scores with its 95 % percentile bootstrap interval.

    `num_resamples` times as many images as there are are drawn with replacement; the
    interval runs from the 2.5th to the 97.5th percentile of their means. The same seed
    gives the same interval. NaN, an image without a score, is left out, and
    `num_images` tells how many were not; without any score all is NaN.

    >>> bootstrap_mean(np.array([1.0, 1.0, np.nan]))
    MeanInterval(mean=1.0, low=1.0, high=1.0, num_images=2)
    """
    values = np.asarray(values, np.float64)
    values = values[~np.isnan(values)]
    if not values.size:
        return MeanInterval(np.nan, np.nan, np.nan, 0)
    means = _resampled_means(values, num_resamples, seed)
    low, high = np.percentile(means, [2.5, 97.5])
    return MeanInterval(float(values.mean()), float(low), float(high), values.size)


def bootstrap_difference(
    first: np.ndarray, second: np.ndarray, *, num_resamples: int = 10_000, seed: int = 0
) -> MeanDifference:
    """Returns how much better one model scores than another on the same images.

    The differences of each image are drawn with replacement, as in `bootstrap_mean`; an
    image without a score of both is left out. The p-value is twice the share of
    resampled means on the other side of zero, at least 2 / (num_resamples + 1); zero
    itself counts for both sides (Efron & Tibshirani 1993, chapter 15).

    >>> better, worse = np.array([2.0, 3.0]), np.array([1.0, 2.0])
    >>> bootstrap_difference(better, worse).p_value < 0.001
    True
    >>> bootstrap_difference(worse, worse).p_value
    1.0
    """
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    interval = bootstrap_mean(differences, num_resamples=num_resamples, seed=seed)
    if not interval.num_images:
        return MeanDifference(np.nan, np.nan, np.nan, np.nan, 0)
    known = differences[~np.isnan(differences)]
    means = _resampled_means(known, num_resamples, seed)
    smaller = min(np.sum(means <= 0), np.sum(means >= 0))
    p_value = float(min(1.0, 2 * (smaller + 1) / (num_resamples + 1)))
    return MeanDifference(
        interval.mean, interval.low, interval.high, p_value, interval.num_images
    )


def _resampled_means(values: np.ndarray, num_resamples: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.concatenate(
        [
            values[generator.integers(values.size, size=(size, values.size))].mean(
                axis=1
            )
            for size in _chunks(num_resamples)
        ]
    )


def _chunks(total: int) -> list[int]:
    whole, rest = divmod(total, _RESAMPLES_AT_ONCE)
    return [_RESAMPLES_AT_ONCE] * whole + [rest] * (rest > 0)
