"""NSS and AUC-Judd: a saliency map against the recorded fixation points.

Fixations are points (x, y) in pixels of the image, 0-based: the point (x, y) lies in
column floor(x) and row floor(y). They come as padded arrays `[..., n, 2]` with a mask
of the valid ones; a point fixated k times counts k times; a point outside of the image
(or of its valid pixels) does not count. Pixels may be padded too: padding does not
change a score. An image without a fixation has no score: NaN.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Num

from salgan_jax.metrics import normalization, per_image


def nss(
    saliency_map: Float[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
) -> Float[Array, "..."]:
    """Returns the normalised scanpath saliency: the mean z-score at the fixations.

    mean over fixations of (S - mean(S)) / std(S), with mean and standard deviation
    (dividing by N) over the pixels. Unit: standard deviations of the map; 0 is chance,
    more is better, no upper bound. A constant map gives 0, an image without fixations
    NaN. Source: Peters et al. 2005, as pysaliency `NSS`. Differs from `NSS.m` of the
    MIT code, which divides by N - 1 and counts a repeated fixation once.

    >>> saliency_map = jnp.array([[0.0, 0.0], [0.0, 4.0]])  # mean 1, std sqrt(3)
    >>> round(float(nss(saliency_map, jnp.array([[1, 1]]))), 6)  # 3 / sqrt(3)
    1.732051
    >>> fixations = jnp.array([[1, 1], [0, 1], [0, 1]])  # (3 - 1 - 1) / 3 / sqrt(3)
    >>> round(float(nss(saliency_map, fixations)), 6)
    0.19245
    >>> float(nss(jnp.ones((2, 2)), fixations))
    0.0
    """
    return _nss(
        saliency_map,
        *_with_masks(saliency_map, fixations, valid_fixations, valid_pixels),
    )


def auc_judd(
    saliency_map: Float[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
) -> Float[Array, "..."]:
    """Returns the area under the ROC curve that has the fixated values as thresholds.

    Positives are the fixations, negatives the pixels that nobody fixated; a value at
    the threshold counts as above it; the curve joins (0, 0), one point per fixated
    value and (1, 1) by straight lines. From 0 to 1, best 1, 0.5 is chance, no unit.
    A constant map gives 0.5; an image without fixations, or with every pixel fixated,
    NaN. Source: pysaliency `AUC_Judd` with `jitter=False`. Differs from `AUC_Judd.m`
    of the MIT code, which counts a repeated fixation once and breaks ties by noise.

    The straight lines between few thresholds favour a map: against the exact area the
    excess is about 0.03 with 10 fixations and 0.004 with 100. (The 2 below exceeds one
    of the three other pixels; the curve still has the area 2/3.)

    >>> saliency_map = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    >>> float(auc_judd(saliency_map, jnp.array([[1, 1]])))  # fixated: the 4
    1.0
    >>> round(float(auc_judd(saliency_map, jnp.array([[1, 0]]))), 6)  # fixated: the 2
    0.666667
    >>> float(auc_judd(jnp.ones((2, 2)), jnp.array([[1, 0]])))
    0.5
    """
    return _auc_judd(
        saliency_map,
        *_with_masks(saliency_map, fixations, valid_fixations, valid_pixels),
    )


def _with_masks(saliency_map, fixations, valid_fixations, valid_pixels):
    if valid_fixations is None:
        valid_fixations = jnp.ones(fixations.shape[-2:-1], dtype=bool)
    if valid_pixels is None:
        valid_pixels = jnp.ones(saliency_map.shape[-2:], dtype=bool)
    return fixations, valid_fixations, valid_pixels


def _nss_of_one_image(saliency_map, fixations, valid_fixations, valid_pixels):
    index, counts = _pixel_index(fixations, valid_fixations, valid_pixels)
    values = normalization.z_score(saliency_map, valid_pixels).ravel()[index]
    # 0 / 0 is the NaN of an image without fixations.
    return jnp.sum(jnp.where(counts, values, 0.0)) / jnp.sum(counts)


def _auc_judd_of_one_image(saliency_map, fixations, valid_fixations, valid_pixels):
    index, counts = _pixel_index(fixations, valid_fixations, valid_pixels)
    pixels = saliency_map.ravel()
    fixated = jnp.zeros(pixels.shape, dtype=bool).at[index].max(counts)
    negative = valid_pixels.ravel() & ~fixated

    # Ascending; points that do not count go to infinity, where nothing is above them.
    thresholds = jnp.sort(jnp.where(counts, pixels[index], jnp.inf))
    num_above = _num_at_or_above(thresholds, pixels, negative)
    num_fixated_above = jnp.sum(counts) - jnp.searchsorted(thresholds, thresholds)

    # The curve, from (1, 1) down to (0, 0), in counts: these are exact.
    num_negatives, num_fixations = jnp.sum(negative), jnp.sum(counts)
    x = _curve(num_negatives, num_above)
    y = _curve(num_fixations, num_fixated_above)
    area = jnp.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]))
    area = area / (2.0 * x[0] * y[0])
    known = jnp.all(jnp.isfinite(saliency_map) | ~valid_pixels) & (num_fixations > 0)
    return jnp.where(known, area, jnp.nan)


def _curve(total, num_above):
    return jnp.concatenate(
        [total[None], num_above, jnp.zeros_like(total)[None]]
    ).astype(jnp.float32)


def _num_at_or_above(thresholds, values, counted):
    """Returns for each ascending threshold how many counted values reach it."""
    # Binary search of every pixel among few thresholds, then a histogram: on a CPU many
    # times as fast as sorting the pixels.
    num_reached = jnp.searchsorted(
        thresholds, values, side="right", method="scan_unrolled"
    )
    histogram = jnp.zeros(thresholds.size + 1, dtype=jnp.int32)
    histogram = histogram.at[num_reached].add(counted.astype(jnp.int32))
    return jax.lax.cumsum(histogram, reverse=True)[1:]


def _pixel_index(fixations, valid_fixations, valid_pixels):
    """Returns each fixation's index into the raveled image and whether it counts."""
    height, width = valid_pixels.shape
    column, row = jnp.floor(fixations).astype(jnp.int32).T
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    index = jnp.where(inside, row * width + column, 0)
    return index, valid_fixations & inside & valid_pixels.ravel()[index]


_SIGNATURE = "(h,w),(n,p),(n),(h,w)"
_nss = per_image.vectorize(_nss_of_one_image, _SIGNATURE)
_auc_judd = per_image.vectorize(_auc_judd_of_one_image, _SIGNATURE)
