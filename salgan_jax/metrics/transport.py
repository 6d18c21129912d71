"""The earth mover's distance of maps, solved exactly by POT (pythonot.github.io)."""

import concurrent.futures
import functools
import os
from collections.abc import Sequence

import numpy as np

GRID_FACTOR = 32  # `EMD.m` of the MIT code compares maps at 1/32 of their size


def emd(
    saliency_maps: Sequence[np.ndarray], density_maps: Sequence[np.ndarray]
) -> np.ndarray:
    """Returns the work that turns each map into its density map, float64 [images].

    The least sum over moved mass of mass times Euclidean distance, with both maps
    divided by their sums. Unit: pixels of the maps given, which should be small, mostly
    1/32 of the image; 0 is best. A map of zeros counts as uniform, a map with negative
    values is first moved up; a density map of zeros has no score: NaN. Source: Rubner
    et al. 2000; `EMD.m` of the MIT code, whose older ports match histograms first.

    Args:
        saliency_maps, density_maps: [H, W], of each image alike.

    >>> spot = np.array([[1.0, 0.0, 0.0]])
    >>> emd([spot, spot], [spot[:, ::-1], np.ones((1, 3))])
    array([2., 1.])
    """
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.array(list(pool.map(_of_one, saliency_maps, density_maps)))


def _of_one(saliency_map: np.ndarray, density_map: np.ndarray) -> float:
    import ot  # it takes a second, which only those who ask for EMD should wait

    if not density_map.any():
        return np.nan
    predicted, observed = _distribution(saliency_map), _distribution(density_map)
    cost = ot.emd2(predicted, observed, _distances(saliency_map.shape))
    return float(cost)


def _distribution(saliency_map: np.ndarray) -> np.ndarray:
    positive = saliency_map.astype(np.float64).ravel()
    positive -= min(positive.min(), 0.0)
    if not positive.any():
        positive += 1.0
    return positive / positive.sum()


@functools.lru_cache(maxsize=16)
def _distances(shape: tuple[int, int]) -> np.ndarray:
    """Returns the distance of each pixel to each, [pixels, pixels]."""
    import ot

    places = np.stack([axis.ravel() for axis in np.indices(shape)], axis=1)
    return ot.dist(places.astype(np.float64), metric="euclidean")
