"""The ways in which metrics normalise a map over the valid pixels of an image.

All work on one image `[h, w]`, and rescale it before they sum, so that float32 is
enough for maps on any scale and with any offset. Pixels that are not valid come back as
zero.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from salgan_jax.metrics.conventions import Convention


def unit_range(
    saliency_map: Float[Array, "h w"], valid_pixels: Bool[Array, "h w"]
) -> Float[Array, "h w"]:
    """Returns the map moved and scaled to [0, 1]; a constant map becomes zero."""
    low = jnp.min(saliency_map, where=valid_pixels, initial=jnp.inf)
    high = jnp.max(saliency_map, where=valid_pixels, initial=-jnp.inf)
    scale = jnp.where(high > low, high - low, 1.0)
    return jnp.where(valid_pixels, (saliency_map - low) / scale, 0.0)


def z_score(
    saliency_map: Float[Array, "h w"], valid_pixels: Bool[Array, "h w"]
) -> Float[Array, "h w"]:
    """Returns the map with mean 0 and standard deviation 1 over the valid pixels.

    The standard deviation divides by the number of pixels N, not by N - 1. A constant
    map becomes zero.
    """
    num_pixels = jnp.sum(valid_pixels)
    centred = unit_range(saliency_map, valid_pixels)
    for _ in range(2):  # the second time takes off the rounding of the first mean
        mean = jnp.sum(centred) / num_pixels
        centred = jnp.where(valid_pixels, centred - mean, 0.0)
    variance = jnp.sum(jnp.square(centred)) / num_pixels
    return centred / jnp.sqrt(jnp.where(variance > 0, variance, 1.0))


def unit_sum(
    saliency_map: Float[Array, "h w"], valid_pixels: Bool[Array, "h w"]
) -> Float[Array, "h w"]:
    """Returns the map as a distribution that sums to 1 over the valid pixels.

    A map with negative values is first moved up so that its minimum is 0; a map that
    is zero everywhere becomes the uniform distribution. There is no min-max step:
    a positive minimum stays (as `convert_saliency_map_to_density` of pysaliency).
    """
    low = jnp.min(saliency_map, where=valid_pixels, initial=0.0)
    positive = jnp.where(valid_pixels, saliency_map - low, 0.0)
    high = jnp.max(positive)
    # Dividing by the maximum first keeps the sum of tiny or huge maps representable.
    filled = jnp.where(
        high == 0,
        valid_pixels.astype(positive.dtype),
        positive / jnp.where(high == 0, 1.0, high),
    )
    return filled / jnp.sum(filled)


def density(
    saliency_map: Float[Array, "h w"],
    valid_pixels: Bool[Array, "h w"],
    convention: Convention,
) -> Float[Array, "h w"]:
    """Returns the map as the distribution that a convention's SIM and IG compare."""
    if convention.scales_to_unit_range:
        saliency_map = unit_range(saliency_map, valid_pixels)
    return unit_sum(saliency_map, valid_pixels)


def is_constant(
    saliency_map: Float[Array, "h w"], valid_pixels: Bool[Array, "h w"]
) -> Bool[Array, ""]:
    """Returns whether all valid pixels have the same value."""
    low = jnp.min(saliency_map, where=valid_pixels, initial=jnp.inf)
    high = jnp.max(saliency_map, where=valid_pixels, initial=-jnp.inf)
    return low >= high


def unless_constant(
    score: Float[Array, ""],
    maps: Sequence[Float[Array, "h w"]],
    valid_pixels: Bool[Array, "h w"],
    *,
    has_score: bool,
) -> Float[Array, ""]:
    """Returns the score, or NaN where a map without contrast has none.

    Args:
        score: of the maps.
        maps: none of which may be constant, unless `has_score`.
        valid_pixels: of the image.
        has_score: what the convention says.
    """
    if has_score:
        return score
    constant = [is_constant(each, valid_pixels) for each in maps]
    return jnp.where(jnp.any(jnp.stack(constant)), jnp.nan, score)
