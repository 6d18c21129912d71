"""How sure a mean over images and over runs is: the bootstrap that draws both.

Runs of one recipe differ in their seed. An interval over images alone says how the mean
would change with other images, of these very runs; these say how it would with other
images and other runs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax.metrics import intervals, resampling


class RunMean(NamedTuple):
    """A mean over runs and images and the ends of its 95 % interval.

    Attributes:
        mean, low, high: of all scores.
        num_images: with a score in some run; in all folds together.
        num_runs: with a score of some image.
    """

    mean: float
    low: float
    high: float
    num_images: int
    num_runs: int


class RunDifference(NamedTuple):
    """A mean difference of two recipes over runs and images.

    Attributes:
        mean, low, high: of the first recipe's scores minus the second's, run by run and
            image by image.
        p_value: two-sided; how likely so large a difference is if there is none.
        num_images, num_runs: as in `RunMean`, where both have a score.
    """

    mean: float
    low: float
    high: float
    p_value: float
    num_images: int
    num_runs: int


def crossed_mean(
    values: np.ndarray, *, num_resamples: int = 10_000, seed: int = 0
) -> RunMean:
    """Returns the mean of scores [runs, images], all runs scored on the same images.

    `num_resamples` times as many runs and, independently, as many images as there are
    are drawn with replacement; the mean is over each drawn run's score of each drawn
    image (Owen 2007, "The pigeonhole bootstrap"). The interval is from the 2.5th to the
    97.5th percentile of those means. NaN, no score, is left out of each mean. Of one
    run this is `intervals.bootstrap_mean`.

    With few runs the interval is too narrow: of R runs the bootstrap sees (R - 1) / R
    of the variance between them, for three seeds two thirds.

    >>> crossed_mean(np.array([[1.0, 1.0, np.nan], [1.0, 1.0, np.nan]]))
    RunMean(mean=1.0, low=1.0, high=1.0, num_images=2, num_runs=2)
    """
    values = _known_part(np.asarray(values, np.float64))
    if not values.size:
        return RunMean(np.nan, np.nan, np.nan, 0, 0)
    if len(values) == 1:
        return RunMean(
            *intervals.bootstrap_mean(
                values[0], num_resamples=num_resamples, seed=seed
            ),
            num_runs=1,
        )
    means = _crossed_means(values, num_resamples, seed)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    number = values.shape[::-1]
    return RunMean(float(np.nanmean(values)), float(low), float(high), *number)


def crossed_difference(
    first: np.ndarray,
    second: np.ndarray,
    *,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> RunDifference:
    """Returns how much better one recipe scores than another, both [runs, images].

    Row by row the runs belong together, as those of one seed do. Of the differences
    runs and images are drawn as in `crossed_mean`; the p-value is that of
    `intervals.bootstrap_difference`, which this is for one run.

    >>> one, other = np.array([[2.0, 3.0], [4.0, 5.0]]), np.array([[1.0, 2.0]] * 2)
    >>> found = crossed_difference(one, other)
    >>> found.mean, found.num_runs, found.p_value < 0.001
    (2.0, 2, True)
    """
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    known = _known_part(differences)
    if len(known) == 1:
        return _of_one(known[0], num_resamples, seed)
    interval = crossed_mean(known, num_resamples=num_resamples, seed=seed)
    if not interval.num_images:
        return RunDifference(np.nan, np.nan, np.nan, np.nan, 0, 0)
    means = _crossed_means(known, num_resamples, seed)
    return _difference(interval, means)


def nested_mean(
    folds: Sequence[np.ndarray], *, num_resamples: int = 10_000, seed: int = 0
) -> RunMean:
    """Returns the mean of scores of several folds, each of other images.

    Folds are drawn with replacement, and within each drawn one as many of its images as
    it has. Every image counts alike. Of one fold this is `intervals.bootstrap_mean`.

    >>> nested_mean([np.array([1.0, 1.0]), np.array([1.0, np.nan])])
    RunMean(mean=1.0, low=1.0, high=1.0, num_images=3, num_runs=2)
    """
    known = _known_folds(folds)
    if not known:
        return RunMean(np.nan, np.nan, np.nan, 0, 0)
    if len(known) == 1:
        return RunMean(
            *intervals.bootstrap_mean(known[0], num_resamples=num_resamples, seed=seed),
            num_runs=1,
        )
    means = _nested_means(known, num_resamples, seed)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    together = np.concatenate(known)
    number = int(np.sum(~np.isnan(together)))
    return RunMean(
        float(np.nanmean(together)), float(low), float(high), number, len(known)
    )


def nested_difference(
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    *,
    num_resamples: int = 10_000,
    seed: int = 0,
) -> RunDifference:
    """Returns how much better one recipe scores than another on the same folds.

    >>> nested_difference([np.ones(3)] * 2, [np.zeros(3)] * 2).mean
    1.0
    """
    known = _known_folds(
        [np.asarray(a) - np.asarray(b) for a, b in zip(first, second, strict=True)]
    )
    if len(known) == 1:
        return _of_one(known[0], num_resamples, seed)
    interval = nested_mean(known, num_resamples=num_resamples, seed=seed)
    if not interval.num_images:
        return RunDifference(np.nan, np.nan, np.nan, np.nan, 0, 0)
    return _difference(interval, _nested_means(known, num_resamples, seed))


def _of_one(differences: np.ndarray, num_resamples: int, seed: int) -> RunDifference:
    found = intervals.bootstrap_difference(
        differences,
        np.zeros_like(differences),
        num_resamples=num_resamples,
        seed=seed,
    )
    return RunDifference(*found, num_runs=1)


def _difference(interval: RunMean, means: np.ndarray) -> RunDifference:
    means = means[~np.isnan(means)]
    smaller = min(np.sum(means <= 0), np.sum(means >= 0))
    p_value = float(min(1.0, 2 * (smaller + 1) / (len(means) + 1)))
    mean, low, high, *numbers = interval
    return RunDifference(mean, low, high, p_value, *numbers)


def _known_part(values: np.ndarray) -> np.ndarray:
    """Returns the rows and the columns in which there is some score."""
    is_known = ~np.isnan(values)
    return values[is_known.any(axis=1)][:, is_known.any(axis=0)]


def _known_folds(folds: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Returns the folds in which there is some score."""
    arrays = [np.asarray(each, np.float64) for each in folds]
    return [each for each in arrays if not np.isnan(each).all()]


def _crossed_means(values: np.ndarray, num_resamples: int, seed: int) -> np.ndarray:
    """Returns means [num_resamples] over drawn runs and images."""
    num_runs, num_images = values.shape
    runs = resampling.draws(num_runs, num_resamples, seed + 1)
    images = resampling.draws(num_images, num_resamples, seed)
    is_known = ~np.isnan(values)
    columns = np.concatenate([np.where(is_known, values, 0), is_known]).T
    sums = resampling.products(images, columns)
    totals = np.sum(runs * sums[:, :num_runs], axis=1)
    numbers = np.sum(runs * sums[:, num_runs:], axis=1)
    return resampling.ratio(totals, numbers)


def _nested_means(
    folds: Sequence[np.ndarray], num_resamples: int, seed: int
) -> np.ndarray:
    """Returns means [num_resamples] over drawn folds and drawn images of each."""
    together = np.concatenate(folds)
    is_known = ~np.isnan(together)
    columns = np.stack([np.where(is_known, together, 0), is_known], axis=1)
    counts = resampling.nested_draws(tuple(map(len, folds)), num_resamples, seed)
    totals, numbers = resampling.products(counts, columns).T
    return resampling.ratio(totals, numbers)
