"""Shrinking by exact area averaging, as OpenCV's INTER_AREA does.

Pillow's box filter takes a pixel into a mean wholly or not at all, which at SALICON's
factor of 2.5 moves edges; the authors shrink with INTER_AREA.
"""

import functools

import numpy as np
import scipy.sparse


def shrink(array: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns means over equal areas, float32 [height, width, ...] of [H, W, ...].

    A pixel on the border of two areas counts in each by the part that lies there. An
    axis that is not longer than asked for keeps its length.

    >>> shrink(np.array([[0, 1, 2, 3, 4]]), height=1, width=2)
    array([[0.8, 3.2]], dtype=float32)
    """
    old_height, old_width, *channels = array.shape
    height, width = min(height, old_height), min(width, old_width)
    rows = np.asarray(array, np.float32).reshape(old_height, -1)
    rows = _weights(old_height, height) @ rows
    columns = rows.reshape(height, old_width, -1).transpose(1, 0, 2)
    columns = _weights(old_width, width) @ columns.reshape(old_width, -1)
    return (
        columns.reshape(width, height, -1)
        .transpose(1, 0, 2)
        .reshape(height, width, *channels)
    )


@functools.lru_cache(maxsize=64)
def _weights(old_length: int, new_length: int) -> scipy.sparse.csr_array:
    """Returns the shares of old pixels in new ones, [new_length, old_length]."""
    # In units of 1 / new_length of an old pixel, where every border is a whole number.
    edges = np.arange(new_length + 1) * old_length
    first, last = edges[:-1] // new_length, -(-edges[1:] // new_length)
    new = np.repeat(np.arange(new_length), last - first)
    old = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    overlap = np.minimum((old + 1) * new_length, edges[new + 1]) - np.maximum(
        old * new_length, edges[new]
    )
    shares = (overlap / old_length).astype(np.float32)
    return scipy.sparse.csr_array((shares, (new, old)), shape=(new_length, old_length))
