"""Fixation points to ground truth: the binary fixation map and the density map.

Coordinates are continuous and 0-based: x in [0, width) runs to the right and y in
[0, height) downwards, and a point lies in pixel (row, column) = (floor(y), floor(x)).
"""

import numpy as np
import scipy.ndimage


def fixation_map(fixations: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns where anyone looked, bool [height, width], of points (x, y) [N, 2].

    >>> fixation_map(np.array([[2.7, 0.0]]), height=2, width=4).astype(int)
    array([[0, 0, 1, 0],
           [0, 0, 0, 0]])

    Raises:
      ValueError: a point lies outside of the image.
    """
    return _counts(fixations, height=height, width=width) > 0


def density_map(
    fixations: np.ndarray, *, height: int, width: int, sigma_px: float
) -> np.ndarray:
    """Returns the continuous ground truth, float32 [height, width] with maximum 1.

    Fixation counts per pixel, blurred by a Gaussian of `sigma_px` pixels (nothing is
    reflected at the borders), divided by the maximum. All zero without fixations.

    Raises:
      ValueError: a point lies outside of the image.
    """
    counts = _counts(fixations, height=height, width=width)
    return blurred(counts, sigma_px=sigma_px)


def blurred(counts: np.ndarray, *, sigma_px: float) -> np.ndarray:
    """Returns a map blurred by a Gaussian, divided by its maximum, float32 [H, W]."""
    density = scipy.ndimage.gaussian_filter(
        counts.astype(np.float32), sigma_px, mode="constant"
    )
    maximum = density.max(initial=0.0)
    return density / maximum if maximum > 0 else density


def _counts(fixations: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns the number of points in each pixel, int64 [height, width]."""
    columns, rows = np.floor(np.reshape(fixations, (-1, 2))).astype(np.int64).T
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    if not inside.all():
        x, y = np.reshape(fixations, (-1, 2))[~inside][0]
        raise ValueError(
            f"fixation (x, y) = ({x:g}, {y:g}) lies outside of the image of "
            f"{width} x {height} pixels"
        )
    counts = np.bincount(rows * width + columns, minlength=height * width)
    return counts.reshape(height, width)
