"""A Gaussian blur of saliency logits, as readouts of fixation models end with."""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

_REACH = 4  # sigmas after which the Gaussian is cut off


def gaussian_blur(
    logits: Float[Array, "b h w 1"], sigma: float
) -> Float[Array, "b h w 1"]:
    """Returns logits blurred by a Gaussian; beyond the border, the border goes on.

    Args:
        logits: of saliency.
        sigma: of the Gaussian, above 0 [pixels of the logits].
    """
    reach = math.ceil(_REACH * sigma)
    weights = jnp.exp(-jnp.square(jnp.arange(-reach, reach + 1) / sigma) / 2)
    weights = (weights / weights.sum()).astype(logits.dtype)
    padded = jnp.pad(logits, ((0, 0), (reach, reach), (reach, reach), (0, 0)), "edge")
    along_rows = _correlate(padded, weights.reshape(-1, 1, 1, 1))
    return _correlate(along_rows, weights.reshape(1, -1, 1, 1))


def _correlate(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(
        *(x, kernel, (1, 1), "VALID"),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=lax.Precision.HIGHEST,  # a rounded kernel would not sum to 1
    )
