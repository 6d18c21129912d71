"""How a predicted map gets its image's size: as well as we can, or as the authors did.

The authors' `predict.py` cuts the map to 8 bits (truncating), enlarges it by OpenCV's
bicubic interpolation and blurs it with 5 x 5 binomial weights.
"""

import functools
from collections.abc import Callable

import numpy as np
import scipy.ndimage

from salgan_jax.data import images

_CUBIC = -0.75  # OpenCV's coefficient; others use -0.5
_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16  # GaussianBlur, sigma 0

# float32 [h, w] in [0, 1], height=, width= -> float32 [height, width] in [0, 1].
Enlarge = Callable[..., np.ndarray]


def released_code(saliency_map: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns the map as the released code writes it, float32 [height, width].

    Its values are k / 255. Differs from the code: the interpolation is rounded once
    where OpenCV works in fixed point, so that a level may differ by one; and what the
    code stores as JPEG stays as it is.
    """
    levels = np.floor(255 * saliency_map.astype(np.float64))
    down, across = (
        _bicubic(old, new)
        for old, new in zip(saliency_map.shape, (height, width), strict=True)
    )
    large = np.clip(np.rint(down @ levels @ across.T), 0, 255)
    for axis in (0, 1):
        large = scipy.ndimage.correlate1d(large, _BINOMIAL, axis=axis, mode="mirror")
    return (np.clip(np.rint(large), 0, 255) / 255).astype(np.float32)


# By the name of the flag `--post_processing`.
POST_PROCESSING: dict[str, Enlarge] = {
    "none": images.resize_map,
    "released_code": released_code,
}


@functools.lru_cache(maxsize=16)
def _bicubic(old: int, new: int) -> np.ndarray:
    """Returns the matrix [new, old] of cubic convolution (Keys 1981)."""
    places = (np.arange(new) + 0.5) * old / new - 0.5
    first = np.floor(places).astype(int)
    matrix = np.zeros((new, old))
    for offset in (-1, 0, 1, 2):
        weights = _cubic_kernel(np.abs(places - (first + offset)))
        np.add.at(
            matrix, (np.arange(new), np.clip(first + offset, 0, old - 1)), weights
        )
    return matrix


def _cubic_kernel(distance: np.ndarray) -> np.ndarray:
    near = (_CUBIC + 2) * distance**3 - (_CUBIC + 3) * distance**2 + 1
    far = _CUBIC * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
