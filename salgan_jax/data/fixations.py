"""Fixation points to ground truth: the binary fixation map and the density map.

Coordinates are continuous and 0-based: x in [0, width) runs to the right and y in
[0, height) downwards, and a point lies in pixel (row, column) = (floor(y), floor(x)).
"""

import collections
import functools
from collections.abc import Sequence

import numpy as np
import scipy.ndimage

_LARGEST_SIDE = 2048  # in pixels, for which a matrix of the filter is kept
_MOST_SIZES = 16  # of images, whose sums of fixations are kept
_IMAGES_AT_ONCE = 256  # whose fixations are counted together


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


def fixated_density_map(
    fixations: np.ndarray, *, height: int, width: int, sigma_px: float
) -> np.ndarray:
    """Returns the density map of salicon-evaluation, float32 [height, width].

    Differs from `density_map`: a pixel counts once however often it was fixated, and
    what lies beyond the borders mirrors what lies within.
    """
    where = fixation_map(fixations, height=height, width=width)
    return blurred(where, sigma_px=sigma_px, mode="reflect")


def blurred(
    counts: np.ndarray, *, sigma_px: float, mode: str = "constant"
) -> np.ndarray:
    """Returns a map blurred by a Gaussian, divided by its maximum, float32 [H, W].

    Args:
      counts: [H, W].
      sigma_px: of the Gaussian, in pixels.
      mode: what lies beyond the borders, as `scipy.ndimage.gaussian_filter` calls it.
    """
    density = _gaussian_filter(counts.astype(np.float32), sigma_px, mode)
    maximum = density.max(initial=0.0)
    return density / maximum if maximum > 0 else density


def _gaussian_filter(counts: np.ndarray, sigma_px: float, mode: str) -> np.ndarray:
    """Returns what `scipy.ndimage.gaussian_filter` does, for a few points soon."""
    if max(counts.shape) > _LARGEST_SIDE:
        return scipy.ndimage.gaussian_filter(counts, sigma_px, mode=mode)
    rows = np.flatnonzero(counts.any(axis=1))
    down, across = (_filter_matrix(side, sigma_px, mode) for side in counts.shape)
    return down[:, rows] @ (counts[rows] @ across.T)


@functools.lru_cache(maxsize=8)
def _filter_matrix(side: int, sigma_px: float, mode: str) -> np.ndarray:
    """Returns the matrix [side, side] that filters a column."""
    identity = np.eye(side, dtype=np.float32)
    return scipy.ndimage.gaussian_filter1d(identity, sigma_px, axis=0, mode=mode)


class OtherFixations:
    """For each of some images, where people looked in the others.

    Points of an image of another size are stretched with it, as pysaliency does.
    """

    def __init__(
        self,
        fixations: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
        *,
        num_others: int = 0,
        seed: int = 0,
    ) -> None:
        """Takes the fixations (x, y) [N, 2] and the (height, width) of all images.

        Args:
          fixations: of each image.
          sizes: of each image.
          num_others: how many images, drawn for each image anew, are compared with; 0:
            all others.
          seed: of that.
        """
        self._fixations = [np.reshape(points, (-1, 2)) for points in fixations]
        self._sizes = [(int(height), int(width)) for height, width in sizes]
        self._num_others = num_others
        self._seed = seed
        self._totals: collections.OrderedDict[tuple[int, int], np.ndarray] = (
            collections.OrderedDict()
        )

    def counts(self, image: int) -> np.ndarray:
        """Returns the fixations of the others in each pixel of an image, int32."""
        size = self._sizes[image]
        if 0 < self._num_others < len(self._sizes) - 1:
            random = np.random.default_rng((self._seed, image))
            others = np.delete(np.arange(len(self._sizes)), image)
            chosen = random.choice(others, self._num_others, replace=False)
            return self._counts_of(chosen.tolist(), size)
        if size not in self._totals:
            while len(self._totals) >= _MOST_SIZES:
                self._totals.popitem(last=False)
            self._totals[size] = self._counts_of(range(len(self._sizes)), size)
        return self._totals[size] - self._counts_of([image], size)

    def _counts_of(self, images: Sequence[int], size: tuple[int, int]) -> np.ndarray:
        total = np.zeros(size, np.int32)
        for start in range(0, len(images), _IMAGES_AT_ONCE):
            some = images[start : start + _IMAGES_AT_ONCE]
            points = np.concatenate([self._stretched(i, size) for i in some])
            total += _counts(points, height=size[0], width=size[1]).astype(np.int32)
        return total

    def _stretched(self, image: int, size: tuple[int, int]) -> np.ndarray:
        (height, width), (own_height, own_width) = size, self._sizes[image]
        scale = np.array([width / own_width, height / own_height])
        return self._fixations[image].astype(np.float64) * scale


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
