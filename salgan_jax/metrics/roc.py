"""The areas under the ROC curve: does a map tell fixated places from others?

They differ in the others (all pixels, pixels without fixation, what was fixated in
other images) and in the thresholds, so that each has its own name and column. All go
from 0 to 1; 1 is best, 0.5 is chance. An image without fixations, or without others to
compare with, has no score: NaN. So has a constant map, except in the convention
`tuebingen`: 0.5. Points are those of `points`; `mit_legacy` counts repeated ones once.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Num

from salgan_jax.metrics import curves, normalization, per_image, points
from salgan_jax.metrics.conventions import TUEBINGEN, Convention


class Areas(NamedTuple):
    """All areas of the same maps, of which most of the work is shared; each [...]."""

    auc: Array
    auc_judd: Array
    auc_borji: Array
    sauc: Array


def auc(
    saliency_map: Float[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns the exact area: how often a fixated value exceeds that of a random pixel.

    P(S(fixation) > S(pixel)) + P(S(fixation) = S(pixel)) / 2 over all pixels, which is
    the statistic of Mann and Whitney. Source: pysaliency `AUC` (`uniform`).

    >>> saliency_map = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    >>> float(auc(saliency_map, jnp.array([[1, 1]])))  # above 3 of 4, equal to itself
    0.875
    """
    masks = fixations, valid_fixations, valid_pixels
    return areas(saliency_map, None, *masks, convention=convention).auc


def auc_judd(
    saliency_map: Float[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns the area under the ROC curve that has the fixated values as thresholds.

    Negatives are the pixels that nobody fixated; a value at the threshold counts as
    above it; the curve joins (0, 0), one point per fixated value and (1, 1) by straight
    lines. Source: pysaliency `AUC_Judd` with `jitter=False`; `mit_legacy`: the formula
    of `AUC_Judd.m`, without the noise that breaks its ties.

    The straight lines between few thresholds favour a map: against the exact area the
    excess is about 0.03 with 10 fixations and 0.004 with 100. (The 2 below exceeds one
    of the three other pixels; the curve still has the area 2/3.)

    >>> saliency_map = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    >>> float(auc_judd(saliency_map, jnp.array([[1, 1]])))  # fixated: the 4
    1.0
    >>> round(float(auc_judd(saliency_map, jnp.array([[1, 0]]))), 6)  # fixated: the 2
    0.666667
    """
    masks = fixations, valid_fixations, valid_pixels
    return areas(saliency_map, None, *masks, convention=convention).auc_judd


def auc_borji(
    saliency_map: Float[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns the area under the ROC curve against random pixels, with even thresholds.

    The map is brought to [0, 1]; thresholds are 0, 0.1 and so on to 1 (`salicon`:
    0.01). Source: `AUC_Borji.m` of the MIT code, salicon-evaluation's `auc.py`. Differs
    from both: they draw the random pixels, 100 times; here is the mean of all possible
    draws, which is the area against all pixels. Coarse thresholds cost a peaky map
    about 0.02 against the exact area.

    >>> saliency_map = jnp.array([[0.0, 1.0], [0.02, 0.05]])  # one pixel above 0.1
    >>> float(auc_borji(saliency_map, jnp.array([[1, 0]])))
    0.875
    """
    masks = fixations, valid_fixations, valid_pixels
    return areas(saliency_map, None, *masks, convention=convention).auc_borji


def shuffled_auc(
    saliency_map: Float[Array, "... h w"],
    others: Int[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns the area against places that were fixated in other images.

    `others` counts the fixations of other images in each pixel; a map that only knows
    of the centre scores about 0.5. `tuebingen` is exact (pysaliency `sAUC`); the others
    use the thresholds of AUC-Borji, and where the MIT code draws from `others` 100
    times, here is the mean of all possible draws. `mit_legacy` counts a pixel of
    `others` once, `salicon` no pixel that this image's fixations hit.

    >>> saliency_map = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    >>> others = jnp.array([[0, 1], [0, 3]])
    >>> float(shuffled_auc(saliency_map, others, jnp.array([[1, 1]])))
    0.625
    """
    masks = fixations, valid_fixations, valid_pixels
    return areas(saliency_map, others, *masks, convention=convention).sauc


def areas(
    saliency_map: Float[Array, "... h w"],
    others: Int[Array, "... h w"] | None,
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Areas:
    """Returns `auc`, `auc_judd`, `auc_borji` and `shuffled_auc` at once.

    Without `others` the last is NaN.
    """
    if others is None:
        others = jnp.zeros(saliency_map.shape[-2:], jnp.int32)
    masks = points.with_masks(saliency_map, fixations, valid_fixations, valid_pixels)
    stacked = _areas(convention)(saliency_map, others, *masks)
    return Areas(*(stacked[..., i] for i in range(4)))


@functools.cache
def _areas(convention: Convention):
    of_one_image = functools.partial(_of_one_image, convention)
    return per_image.vectorize(of_one_image, "(h,w),(h,w),(n,p),(n),(h,w)")


def _of_one_image(
    convention, saliency_map, others, fixations, valid_fixations, valid_pixels
):
    pixels = points.locate(
        fixations,
        valid_fixations,
        valid_pixels,
        counts_repeats=convention.counts_repeats,
    )
    unit_map = normalization.unit_range(saliency_map, valid_pixels)
    pictures = curves.Pictures(
        saliency_map.ravel(), unit_map.ravel(), others.ravel(), valid_pixels.ravel()
    )
    areas_of_image = curves.areas(pictures, pixels, convention)
    is_finite = jnp.all(jnp.isfinite(saliency_map) | ~valid_pixels)
    known = is_finite & (jnp.sum(pixels.counts) > 0)
    if not convention.constant_map_has_scores:
        known &= ~normalization.is_constant(saliency_map, valid_pixels)
    return jnp.where(known, areas_of_image, jnp.nan)
