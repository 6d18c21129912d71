"""The most salient points of a map, in the order of their saliency.

As in the model of Itti, Koch & Niebur (1998), the largest value wins, its surroundings
are inhibited, and the next largest wins. Differs from theirs: only peaks compete, so
that the rim of what is inhibited never wins.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

_NEIGHBOURS = np.ones((3, 3), bool)


class SalientPoint(NamedTuple):
    """A peak of a saliency map.

    Attributes:
        x: its column, from 0 at the left.
        y: its row, from 0 at the top.
        value: the map there.
    """

    x: int
    y: int
    value: float


def salient_points(
    saliency_map: np.ndarray, *, count: int, min_distance: float
) -> list[SalientPoint]:
    """Returns the highest peaks, falling; none is nearer to a higher one than allowed.

    A peak is a pixel, or a plateau of equal pixels, whose eight neighbours are all
    lower. A plateau's point is the pixel of it that is nearest to its centroid. A map
    of equal pixels has no peak. Of peaks of the same height the upper goes first, then
    the left.

    Args:
      saliency_map: float [H, W], finite.
      count: at most so many.
      min_distance: between two points, as a fraction of the map's diagonal.
    """
    if not 0 <= min_distance <= 1:
        raise ValueError(f"min_distance is {min_distance}; it must be from 0 to 1")
    rows, columns = _peaks(saliency_map)
    values = saliency_map[rows, columns]
    order = np.lexsort((columns, rows, -values))
    rows, columns, values = rows[order], columns[order], values[order]
    radius = min_distance * np.hypot(*saliency_map.shape)
    points: list[SalientPoint] = []
    while len(rows) and len(points) < count:
        points.append(SalientPoint(int(columns[0]), int(rows[0]), float(values[0])))
        distances = np.hypot(rows - rows[0], columns - columns[0])
        others = distances >= max(radius, 1)  # itself is nearer than its neighbours
        rows, columns, values = rows[others], columns[others], values[others]
    return points


def _peaks(saliency_map: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the peaks, one for each plateau."""
    is_highest = saliency_map == ndimage.maximum_filter(saliency_map, size=3)
    rows, columns = np.nonzero(is_highest)
    labels, number = ndimage.label(is_highest, _NEIGHBOURS)
    plateau = labels[rows, columns] - 1  # neighbours that are highest are of one height
    sizes = np.bincount(plateau, minlength=number)
    is_peak = sizes < saliency_map.size
    is_peak[plateau[_leads_up(saliency_map, is_highest, rows, columns)]] = False
    middle_row = np.bincount(plateau, rows, number) / sizes
    middle_column = np.bincount(plateau, columns, number) / sizes
    away = np.hypot(rows - middle_row[plateau], columns - middle_column[plateau])
    order = np.lexsort((columns, rows, away, plateau))
    _, first = np.unique(plateau[order], return_index=True)
    chosen = order[first][is_peak]
    return rows[chosen], columns[chosen]


def _leads_up(
    saliency_map: np.ndarray,
    is_highest: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
) -> np.ndarray:
    """Whether beside a pixel another is as high that has a higher neighbour itself."""
    height, width = saliency_map.shape
    values = saliency_map[rows, columns]
    leads_up = np.zeros(len(rows), bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            beside = (
                np.clip(rows + down, 0, height - 1),
                np.clip(columns + right, 0, width - 1),
            )
            leads_up |= (saliency_map[beside] == values) & ~is_highest[beside]
    return leads_up
