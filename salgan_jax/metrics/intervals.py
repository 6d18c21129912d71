"""How sure a mean over images is: a bootstrap interval."""

from typing import NamedTuple

import numpy as np

_RESAMPLES_AT_ONCE = 250  # bounds the memory for thousands of images


class MeanInterval(NamedTuple):
    """A mean over images and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float
    num_images: int  # images with a score, over which the mean is taken


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
    generator = np.random.default_rng(seed)
    means = np.concatenate(
        [
            values[generator.integers(values.size, size=(size, values.size))].mean(
                axis=1
            )
            for size in _chunks(num_resamples)
        ]
    )
    low, high = np.percentile(means, [2.5, 97.5])
    return MeanInterval(float(values.mean()), float(low), float(high), values.size)


def _chunks(total: int) -> list[int]:
    whole, rest = divmod(total, _RESAMPLES_AT_ONCE)
    return [_RESAMPLES_AT_ONCE] * whole + [rest] * (rest > 0)
