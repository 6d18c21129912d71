"""Fixation points as pixels of an image.

Fixations are points (x, y) in pixels of the image, 0-based: the point (x, y) lies in
column floor(x) and row floor(y). They come as padded arrays `[..., n, 2]` with a mask
of the valid ones; a point outside of the image (or of its valid pixels) does not count.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Num


class Pixels(NamedTuple):
    """Where the fixations of one image lie.

    Attributes:
        index: int32 [n] into the raveled image.
        counts: bool [n]; which of them count.
    """

    index: Int[Array, " n"]
    counts: Bool[Array, " n"]


def with_masks(saliency_map, fixations, valid_fixations, valid_pixels):
    """Returns the last three, where a mask that is None lets everything count."""
    if valid_fixations is None:
        valid_fixations = jnp.ones(fixations.shape[-2:-1], dtype=bool)
    if valid_pixels is None:
        valid_pixels = jnp.ones(saliency_map.shape[-2:], dtype=bool)
    return fixations, valid_fixations, valid_pixels


def locate(
    fixations: Num[Array, "n 2"],
    valid_fixations: Bool[Array, " n"],
    valid_pixels: Bool[Array, "h w"],
    *,
    counts_repeats: bool,
) -> Pixels:
    """Returns the pixel of each fixation; of several in one all count, or the first."""
    height, width = valid_pixels.shape
    column, row = jnp.floor(fixations).astype(jnp.int32).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = jnp.where(inside, row * width + column, 0)
    counts = valid_fixations & inside & valid_pixels.ravel()[index]
    if not counts_repeats:
        number = jnp.arange(index.size)
        none = index.size
        first = jnp.full(height * width, none)
        first = first.at[index].min(jnp.where(counts, number, none))
        counts &= first[index] == number
    return Pixels(index, counts)


def fixated(pixels: Pixels, num_pixels: int) -> Bool[Array, " p"]:
    """Returns which pixels anybody looked at."""
    return jnp.zeros(num_pixels, dtype=bool).at[pixels.index].max(pixels.counts)
