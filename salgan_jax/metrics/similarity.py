"""CC, SIM and KL divergence: a saliency map against a ground-truth density map.

Every function takes maps `[..., h, w]` and, for images that share a padded batch, the
mask of the pixels that belong to the image: padding does not change a score. Nothing
is blurred here: the density map comes blurred. Definitions: the metrics of Bylinskii
et al. 2019, "What do different evaluation metrics tell us about saliency models?",
in the convention of the MIT/Tübingen benchmark (pysaliency) unless another is named.
"""

import functools

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from salgan_jax.metrics import normalization, per_image
from salgan_jax.metrics.conventions import TUEBINGEN, Convention

MIT_EPSILON = 2.2204e-16
"""The constant of the MIT code's KL divergence (`KLdiv.m`: eps of MATLAB)."""


def cc(
    saliency_map: Float[Array, "... h w"],
    density_map: Float[Array, "... h w"],
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns Pearson's linear correlation of the two maps over the pixels.

    mean(z(S) * z(D)) with z = (map - mean) / standard deviation. From -1 to 1, best 1,
    no unit. A map that is constant, the zero density map of an image without fixations
    included, gives 0 (`mit_legacy` and `salicon`: NaN). Source: pysaliency `CC`,
    `CC.m` of the MIT code.

    >>> saliency_map = jnp.array([[0.0, 1.0], [2.0, 3.0]])
    >>> round(float(cc(saliency_map, 10.0 * saliency_map + 5.0)), 6)
    1.0
    >>> round(float(cc(saliency_map, jnp.array([[0.0, 0.0], [0.0, 1.0]]))), 6)
    0.774597
    >>> float(cc(saliency_map, jnp.ones((2, 2))))
    0.0
    """
    valid_pixels = _all_if_none(valid_pixels, saliency_map)
    of_maps = _vectorized(_cc_of_one_image, convention)
    return of_maps(saliency_map, density_map, valid_pixels)


def sim(
    saliency_map: Float[Array, "... h w"],
    density_map: Float[Array, "... h w"],
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns the similarity: what the two maps, as distributions, have in common.

    sum(min(P, Q)) with P and Q the maps divided by their sums. From 0 to 1, best 1, no
    unit. A map that is zero everywhere counts as uniform. `mit_legacy` and `salicon`
    bring both maps to [0, 1] by their minimum and maximum first; a constant map has no
    score there: NaN. Source: pysaliency `SIM`, `similarity.m` of the MIT code.

    >>> saliency_map = jnp.array([[0.0, 1.0], [2.0, 3.0]])
    >>> round(float(sim(saliency_map, jnp.ones((2, 2)))), 6)  # 0 + 1/6 + 1/4 + 1/4
    0.666667
    >>> round(float(sim(saliency_map, 5.0 * saliency_map)), 6)
    1.0
    """
    valid_pixels = _all_if_none(valid_pixels, saliency_map)
    of_maps = _vectorized(_sim_of_one_image, convention)
    return of_maps(saliency_map, density_map, valid_pixels)


def kld(
    saliency_map: Float[Array, "... h w"],
    density_map: Float[Array, "... h w"],
    valid_pixels: Bool[Array, "... h w"] | None = None,
    *,
    convention: Convention = TUEBINGEN,
) -> Float[Array, "..."]:
    """Returns the KL divergence of the saliency map from the density map, in nats.

    sum(Q * log(eps + Q / (P + eps))) with P the saliency map and Q the density map,
    each divided by its sum, and eps = 2.2204e-16. From 0 up, best 0; a prediction of
    zero where people looked costs up to 36 nats there. A map that is zero everywhere
    counts as uniform, but in `mit_legacy` and `salicon`, where it has no mass at all.
    Source: pysaliency `image_based_kl_divergence` with both
    regularisations at the MIT value, equal to `KLdiv.m`.

    >>> saliency_map = jnp.array([[1.0, 3.0], [1.0, 3.0]])
    >>> round(float(kld(saliency_map, jnp.array([[0.0, 1.0], [0.0, 1.0]]))), 6)
    0.287682
    >>> import math
    >>> round(math.log(4 / 3), 6)
    0.287682
    """
    valid_pixels = _all_if_none(valid_pixels, saliency_map)
    of_maps = _vectorized(_kld_of_one_image, convention)
    return of_maps(saliency_map, density_map, valid_pixels)


def _all_if_none(valid_pixels, saliency_map):
    if valid_pixels is None:
        return jnp.ones(saliency_map.shape[-2:], dtype=bool)
    return valid_pixels


def _cc_of_one_image(saliency_map, density_map, valid_pixels, convention):
    product = normalization.z_score(saliency_map, valid_pixels) * normalization.z_score(
        density_map, valid_pixels
    )
    return _unless_constant(
        jnp.sum(product) / jnp.sum(valid_pixels),
        (saliency_map, density_map),
        valid_pixels,
        convention,
    )


def _sim_of_one_image(saliency_map, density_map, valid_pixels, convention):
    predicted = normalization.density(saliency_map, valid_pixels, convention)
    observed = normalization.density(density_map, valid_pixels, convention)
    return _unless_constant(
        jnp.sum(jnp.minimum(predicted, observed)),
        (saliency_map, density_map),
        valid_pixels,
        convention,
    )


def _kld_of_one_image(saliency_map, density_map, valid_pixels, convention):
    predicted = normalization.unit_sum(saliency_map, valid_pixels)
    if not convention.constant_map_has_scores:  # nor do zeros become uniform
        is_zero = ~jnp.any(saliency_map * valid_pixels)
        predicted = jnp.where(is_zero, 0.0, predicted)
    observed = normalization.unit_sum(density_map, valid_pixels)
    ratio = observed / (predicted + MIT_EPSILON)
    return jnp.sum(observed * jnp.log(MIT_EPSILON + ratio))


def _unless_constant(score, maps, valid_pixels, convention):
    has_score = convention.constant_map_has_scores
    return normalization.unless_constant(score, maps, valid_pixels, has_score=has_score)


@functools.cache
def _vectorized(of_one_image, convention: Convention):
    of_maps = functools.partial(of_one_image, convention=convention)
    return per_image.vectorize(of_maps, "(h,w),(h,w),(h,w)")
