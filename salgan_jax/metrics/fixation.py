"""NSS and information gain: a saliency map's values at the recorded fixation points.

Points are those of `points`. Pixels may be padded too: padding does not change a score.
An image without a fixation has no score: NaN.
"""

import functools

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Num

from salgan_jax.metrics import normalization, per_image, points
from salgan_jax.metrics.conventions import TUEBINGEN, Convention
from salgan_jax.metrics.similarity import MIT_EPSILON


def nss(
    saliency_map: Float[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns the normalised scanpath saliency: the mean z-score at the fixations.

    mean over fixations of (S - mean(S)) / std(S), with mean and standard deviation over
    the pixels. Unit: standard deviations of the map; 0 is chance, more is better, no
    upper bound. A constant map gives 0 (`mit_legacy`: NaN), an image without fixations
    NaN. The standard deviation divides by N, a repeated fixation counts each time
    (`mit_legacy`: N - 1, once). Source: Peters et al. 2005; pysaliency `NSS`, `NSS.m`
    of the MIT code, salicon-evaluation's `nss.py`.

    >>> saliency_map = jnp.array([[0.0, 0.0], [0.0, 4.0]])  # mean 1, std sqrt(3)
    >>> round(float(nss(saliency_map, jnp.array([[1, 1]]))), 6)  # 3 / sqrt(3)
    1.732051
    >>> fixations = jnp.array([[1, 1], [0, 1], [0, 1]])  # (3 - 1 - 1) / 3 / sqrt(3)
    >>> round(float(nss(saliency_map, fixations)), 6)
    0.19245
    >>> from salgan_jax.metrics.conventions import MIT_LEGACY  # (3 - 1) / 2 / 2
    >>> round(float(nss(saliency_map, fixations, convention=MIT_LEGACY)), 6)
    0.5
    """
    return _nss(convention)(
        saliency_map,
        *points.with_masks(saliency_map, fixations, valid_fixations, valid_pixels),
    )


def information_gain(
    saliency_map: Float[Array, "... h w"],
    baseline_map: Float[Array, "... h w"],
    fixations: Num[Array, "... n 2"],
    valid_fixations: Bool[Array, "... n"] | None = None,
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns how much better a map predicts fixations than a baseline, in bits each.

    mean over fixations of log2(eps + P) - log2(eps + B) with P and B the saliency map
    and the baseline divided by their sums and eps = 2.2204e-16. 0: as good as the
    baseline, mostly the centre prior; more is better. NaN without fixations.
    `mit_legacy` and `salicon` bring both maps to [0, 1] first, which sets the smallest
    value to zero, so that a fixation there costs 52 bits, and have no score for a
    constant map; `mit_legacy` counts a repeated fixation once. Source: Kuemmerer et al.
    2015, Eq. 5; pysaliency's `information_gain` of the two densities; `InfoGain.m` of
    the MIT code.

    >>> saliency_map = jnp.array([[1.0, 3.0], [2.0, 2.0]])
    >>> gain = information_gain(saliency_map, jnp.ones((2, 2)), jnp.array([[1, 0]]))
    >>> round(float(gain), 6)  # log2(3 / 8) - log2(1 / 4)
    0.584963
    """
    return _information_gain(convention)(
        saliency_map,
        baseline_map,
        *points.with_masks(saliency_map, fixations, valid_fixations, valid_pixels),
    )


@functools.cache
def _nss(convention: Convention):
    def of_one_image(saliency_map, fixations, valid_fixations, valid_pixels):
        pixels = points.locate(
            fixations,
            valid_fixations,
            valid_pixels,
            counts_repeats=convention.counts_repeats,
        )
        z_score = normalization.z_score(saliency_map, valid_pixels)
        num_pixels = jnp.sum(valid_pixels)
        freedom = num_pixels - convention.nss_degrees_of_freedom
        score = _mean_at(z_score, pixels) * jnp.sqrt(freedom / num_pixels)
        has_score = convention.constant_map_has_nss
        return normalization.unless_constant(
            score, [saliency_map], valid_pixels, has_score=has_score
        )

    return per_image.vectorize(of_one_image, "(h,w),(n,p),(n),(h,w)")


@functools.cache
def _information_gain(convention: Convention):
    def of_one_image(
        saliency_map, baseline_map, fixations, valid_fixations, valid_pixels
    ):
        pixels = points.locate(
            fixations,
            valid_fixations,
            valid_pixels,
            counts_repeats=convention.counts_repeats,
        )
        predicted, baseline = (
            normalization.density(each, valid_pixels, convention)
            for each in (saliency_map, baseline_map)
        )
        gain = jnp.log2(MIT_EPSILON + predicted) - jnp.log2(MIT_EPSILON + baseline)
        score = _mean_at(gain, pixels)
        has_score = convention.constant_map_has_scores
        return normalization.unless_constant(
            score, [saliency_map], valid_pixels, has_score=has_score
        )

    return per_image.vectorize(of_one_image, "(h,w),(h,w),(n,p),(n),(h,w)")


def _mean_at(values, pixels):
    # 0 / 0 is the NaN of an image without fixations.
    at_fixations = jnp.where(pixels.counts, values.ravel()[pixels.index], 0.0)
    return jnp.sum(at_fixations) / jnp.sum(pixels.counts)
