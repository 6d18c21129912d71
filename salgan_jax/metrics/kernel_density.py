"""Where people look whatever the image: a kernel density estimate of their fixations.

Everything is in units of an image's sides, on a grid, so that images of different sizes
add up and a prior is stretched with its image.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.ndimage

GRID = (96, 128)  # rows, columns
_BANDWIDTHS = tuple(float(0.01 * 2 ** (i / 2)) for i in range(9))  # of a side: to 0.16
_UNIFORM_SHARE = 1e-3  # so that no place is impossible
_MOST_IMAGES = 200  # left out one by one to choose the bandwidth


class KernelDensity(NamedTuple):
    """Fixations of many images, and how far each is smeared.

    Attributes:
        histogram: float64 [*GRID], fixations in each cell.
        bandwidth: sigma of the Gaussian, in sides of the image.
    """

    histogram: np.ndarray
    bandwidth: float


def histogram(fixations: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns how many of the fixations (x, y) [N, 2] lie in each cell, [*GRID]."""
    x, y = np.reshape(fixations, (-1, 2)).astype(np.float64).T
    cells = np.histogram2d(y / height, x / width, GRID, range=((0, 1), (0, 1)))
    return cells[0]


def fit(total: np.ndarray, of_images: Sequence[np.ndarray]) -> KernelDensity:
    """Returns the estimate whose bandwidth predicts each image from the others best.

    Args:
        total: the sum of the histograms of all images.
        of_images: histograms of single ones, all of them or a part; of more than 200,
            200 evenly chosen ones are left out in turn. Without fixations the bandwidth
        is the smallest and the estimate of no use.
    """
    chosen = [each for each in of_images if each.any()]
    chosen = chosen[:: -(-len(chosen) // _MOST_IMAGES) or 1]
    likelihoods = [
        sum(
            float((own * np.log(_density(total - own, bandwidth))).sum())
            for own in chosen
            if own.sum() < total.sum()
        )
        for bandwidth in _BANDWIDTHS
    ]
    return KernelDensity(total, _BANDWIDTHS[int(np.argmax(likelihoods))])


def prior(
    estimate: KernelDensity,
    *,
    height: int,
    width: int,
    without: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the density at an image's pixels, float32 [height, width], of sum 1.

    Args:
        estimate: of all images.
        height, width: of the image, in pixels.
        without: fixations (x, y) [N, 2] of this image, if it is among them: it is left
            out.

    Raises:
        ValueError: then nothing is left.
    """
    cells = estimate.histogram
    if without is not None:
        cells = cells - histogram(without, height=height, width=width)
    if not cells.sum() > 0:
        raise ValueError("there are no fixations of other images")
    density = _density(cells, estimate.bandwidth)
    row = (np.arange(height) + 0.5) / height * GRID[0] - 0.5
    column = (np.arange(width) + 0.5) / width * GRID[1] - 0.5
    fine = _linear(GRID[0], row) @ density @ _linear(GRID[1], column).T
    return (fine / fine.sum()).astype(np.float32)


def _density(cells: np.ndarray, bandwidth: float) -> np.ndarray:
    """Returns the probability of each cell, [*GRID], of sum 1."""
    down, across = (_smoother(number, bandwidth) for number in GRID)
    smooth = down @ cells @ across.T
    uniform = _UNIFORM_SHARE / smooth.size
    return (1 - _UNIFORM_SHARE) * smooth / smooth.sum() + uniform


@functools.cache
def _smoother(number: int, bandwidth: float) -> np.ndarray:
    """Returns the matrix that smooths `number` cells; none leave at the ends."""
    return scipy.ndimage.gaussian_filter1d(
        np.eye(number), bandwidth * number, axis=0, mode="reflect"
    )


def _linear(number: int, places: np.ndarray) -> np.ndarray:
    """Returns the matrix [places, number] of linear interpolation between cells."""
    places = np.clip(places, 0, number - 1)
    below = np.minimum(places.astype(int), number - 2)
    share = places - below
    matrix = np.zeros((len(places), number))
    rows = np.arange(len(places))
    matrix[rows, below] = 1 - share
    matrix[rows, below + 1] = share
    return matrix
