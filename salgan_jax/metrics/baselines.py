"""Maps that know nothing about an image, and the split of observers for the ceiling.

A model is worth something above the best of the maps that are the same for every
image; people predicting other people show how far it could come.
"""

from typing import NamedTuple

import numpy as np

_SMALLEST_VARIANCE = 1e-6  # (0.1 % of a side)^2: keeps a single point's map finite


class FixationSums(NamedTuple):
    """Sums over fixations from which `centre_prior` is fitted, image after image.

    In units of the image's sides, so that images of different sizes add up.
    """

    count: int
    points: np.ndarray  # float64 [2]: sum of (x / width, y / height)
    products: np.ndarray  # float64 [2, 2]: sum of their outer products


NO_FIXATIONS = FixationSums(0, np.zeros(2), np.zeros((2, 2)))


def add_fixations(
    sums: FixationSums, fixations: np.ndarray, *, height: int, width: int
) -> FixationSums:
    """Returns the sums with the fixations (x, y) [N, 2] of one more image."""
    points = np.asarray(fixations, np.float64) / (width, height)
    return FixationSums(
        count=sums.count + len(points),
        points=sums.points + points.sum(axis=0),
        products=sums.products + points.T @ points,
    )


def without(sums: FixationSums, others: FixationSums) -> FixationSums:
    """Returns the sums without those of some images among them."""
    return FixationSums(
        sums.count - others.count,
        sums.points - others.points,
        sums.products - others.products,
    )


def uniform(*, height: int, width: int) -> np.ndarray:
    """Returns the map that prefers no pixel, float32 [height, width]."""
    return np.ones((height, width), np.float32)


def centre_prior(sums: FixationSums, *, height: int, width: int) -> np.ndarray:
    """Returns the Gaussian fitted to fixations, float32 [height, width], peak 1.

    exp(-d' C^-1 d / 2), d the offset of a pixel's centre from the mean fixation, C the
    covariance of the fixations (dividing by their number), both in units of the
    image's sides: the prior of an image of another shape is stretched with it.

    >>> fixations = np.array([[1, 2], [3, 2], [2, 1], [2, 3]])  # variance 1/2 px^2
    >>> sums = add_fixations(NO_FIXATIONS, fixations, height=4, width=4)
    >>> sums.points / sums.count  # the mean: the middle of the image
    array([0.5, 0.5])
    >>> prior = centre_prior(sums, height=4, width=4)
    >>> round(float(prior[1, 0] / prior[1, 1]), 3)  # exp(-(1.5^2 - 0.5^2))
    0.135
    """
    mean = sums.points / sums.count
    covariance = sums.products / sums.count - np.outer(mean, mean)
    precision = np.linalg.inv(covariance + _SMALLEST_VARIANCE * np.eye(2))
    x = ((np.arange(width) + 0.5) / width - mean[0])[None, :]
    y = ((np.arange(height) + 0.5) / height - mean[1])[:, None]
    distance = (
        precision[0, 0] * x**2 + 2 * precision[0, 1] * x * y + precision[1, 1] * y**2
    )
    return np.exp(-0.5 * distance).astype(np.float32)


def held_out_observers(observers: np.ndarray, *, most: int) -> list[np.ndarray]:
    """Returns the fixations, bool [N] each, of the observers that others predict.

    One observer after the other, all of them or `most`, evenly chosen by their indices.
    A single observer has no others: none.

    >>> held_out_observers(np.array([4, 4, 7]), most=10)
    [array([ True,  True, False]), array([False, False,  True])]
    """
    known = np.unique(observers)
    if len(known) < 2:
        return []
    chosen = np.linspace(0, len(known) - 1, min(most, len(known))).round().astype(int)
    return [observers == observer for observer in known[chosen]]


def predicting_observers(observers: np.ndarray) -> np.ndarray:
    """Returns which fixations, bool [N], predict the others in the human ceiling.

    Every second observer of the image, in the order of their indices, starting with
    the first: 8 of 15 predict 7. A single observer predicts nobody.

    >>> predicting_observers(np.array([4, 4, 7, 9, 9, 12]))
    array([ True,  True, False,  True,  True, False])
    """
    _, rank = np.unique(observers, return_inverse=True)
    return rank % 2 == 0
