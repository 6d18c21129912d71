"""The three losses of SalGAN (Pan et al. 2017, Sec. 4), in float32.

Ground truth is the continuous saliency map in [0, 1], so that binary cross-entropy does
not reach zero: its floor is the entropy of the map itself.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_TINY = 1e-8  # keeps quotients of empty and of constant maps finite


def average_pool(x: Float[Array, "b h w 1"], size: int) -> Float[Array, "b h2 w2 1"]:
    """Returns the means of the non-overlapping `size` x `size` blocks of `x`."""
    batch, height, width, _ = x.shape
    blocks = x.reshape(batch, height // size, size, width // size, size, 1)
    return blocks.mean(axis=(2, 4))


def sigmoid_cross_entropy(
    logits: Float[Array, "*shape"], labels: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """Returns -y log s(x) - (1 - y) log(1 - s(x)) of each element, stable for any x.

    >>> float(sigmoid_cross_entropy(jnp.float32(0.0), jnp.float32(1.0)))  # log 2
    0.6931471824645996
    """
    return jax.nn.softplus(logits) - labels * logits


def content_loss(
    saliency_logits: Float[Array, "b h w 1"],
    saliency_map: Float[Array, "b h w 1"],
    *,
    downsample: int,
) -> Float[Array, ""]:
    """Returns the binary cross-entropy of downsampled maps, per pixel (Eq. 2).

    The predicted map (after the sigmoid) and the ground truth are both averaged over
    `downsample` x `downsample` blocks before they are compared (Sec. 4.1, Table 2;
    the paper's choice is 4). Without downsampling the logits are used directly.

    Args:
        saliency_logits: the generator's output, before the sigmoid.
        saliency_map: ground truth in [0, 1].
        downsample: 1, 2, 4 or 8.
    """
    logits = saliency_logits.astype(at_least_float32(saliency_logits))
    target = saliency_map.astype(logits.dtype)
    if downsample == 1:
        return jnp.mean(sigmoid_cross_entropy(logits, target))
    target = average_pool(target, downsample)
    return -jnp.mean(
        target * _log_mean_sigmoid(logits, downsample)
        + (1 - target) * _log_mean_sigmoid(-logits, downsample)
    )


def kl_divergence(
    saliency_logits: Float[Array, "b h w 1"], saliency_map: Float[Array, "b h w 1"]
) -> Float[Array, ""]:
    """Returns the KL divergence of predicted from true maps, a mean over examples.

    Both maps as distributions over pixels; an empty true map has none: 0.

    Args:
        saliency_logits: the generator's output, before the sigmoid.
        saliency_map: ground truth, 0 or more.
    """
    logits, target = _flat(saliency_logits), _flat(saliency_map)
    density = target / jnp.maximum(target.sum(axis=1, keepdims=True), _TINY)
    log_predicted = jax.nn.log_sigmoid(logits)
    log_predicted -= jax.nn.logsumexp(log_predicted, axis=1, keepdims=True)
    surprise = jax.scipy.special.xlogy(density, density) - density * log_predicted
    return jnp.mean(surprise.sum(axis=1))


def correlation(
    saliency_logits: Float[Array, "b h w 1"], saliency_map: Float[Array, "b h w 1"]
) -> Float[Array, ""]:
    """Returns the correlation of predicted and true maps (CC), a mean over examples.

    An empty true map has none: 0. The arguments are those of `kl_divergence`.
    """
    predicted = _standardised(jax.nn.sigmoid(_flat(saliency_logits)))
    return jnp.mean(predicted * _standardised(_flat(saliency_map)))


def normalized_scanpath_saliency(
    saliency_logits: Float[Array, "b h w 1"], fixation_counts: Float[Array, "b h w 1"]
) -> Float[Array, ""]:
    """Returns NSS: the mean at fixations of a map with mean 0 and deviation 1.

    A mean over examples; one without fixations has none: 0.

    Args:
        saliency_logits: the generator's output, before the sigmoid.
        fixation_counts: fixations in each pixel.
    """
    predicted = _standardised(jax.nn.sigmoid(_flat(saliency_logits)))
    counts = _flat(fixation_counts)
    at_fixations = jnp.sum(predicted * counts, axis=1)
    return jnp.mean(at_fixations / jnp.maximum(counts.sum(axis=1), 1))


# Over the pixels of a downsampled map, which is then a mean over examples: the mean, as
# the released code has it, or the sum, as the article words it.
CONTENT_REDUCTIONS = ("mean", "sum")


class ContentWeights(NamedTuple):
    """What the content loss is made of; the paper's is cross-entropy alone."""

    bce: float = 1.0
    kld: float = 0.0
    cc: float = 0.0
    nss: float = 0.0


def weighted_content_loss(
    saliency_logits: Float[Array, "b h w 1"],
    saliency_map: Float[Array, "b h w 1"],
    fixation_counts: Float[Array, "b h w 1"] | None,
    *,
    weights: ContentWeights,
    downsample: int,
    reduction: str = "mean",
) -> Float[Array, ""]:
    """Returns bce * BCE + kld * KL divergence - cc * CC - nss * NSS.

    The scores as a loss, each with its weight (Cornia et al. 2018, Sec. III-D; Chao et
    al. 2018, "SalGAN360"). What has no weight is not computed.

    Args:
        saliency_logits, saliency_map, downsample: as in `content_loss`.
        fixation_counts: fixations in each pixel; only NSS needs them.
        weights: of each part.
        reduction: of cross-entropy, a name in `CONTENT_REDUCTIONS`.
    """
    content = jnp.zeros((), at_least_float32(saliency_logits))
    if weights.bce:
        bce = content_loss(saliency_logits, saliency_map, downsample=downsample)
        if reduction == "sum":
            bce *= saliency_map[0].size / downsample**2
        content += weights.bce * bce
    if weights.kld:
        content += weights.kld * kl_divergence(saliency_logits, saliency_map)
    if weights.cc:
        content -= weights.cc * correlation(saliency_logits, saliency_map)
    if weights.nss:
        assert fixation_counts is not None
        nss = normalized_scanpath_saliency(saliency_logits, fixation_counts)
        content -= weights.nss * nss
    return content


# What the two players of the game minimise: the paper's, and two others.
GAMES = ("cross_entropy", "hinge", "least_squares")


def adversarial_loss(
    fake_logits: Float[Array, " b"], game: str = "cross_entropy"
) -> Float[Array, ""]:
    """Returns BCE(D(I, S^), 1) = -log D(I, S^), the non-saturating form (Eq. 3).

    Args:
        fake_logits: of the predictions.
        game: "cross_entropy"; "hinge": the negative mean logit (Lim and Ye 2017); or
            "least_squares": (logit - 1)^2 (Mao et al. 2017, with labels 1 and -1).
    """
    logits = fake_logits.astype(at_least_float32(fake_logits))
    if game == "hinge":
        return -jnp.mean(logits)
    if game == "least_squares":
        return jnp.mean(jnp.square(logits - 1))
    return jnp.mean(jax.nn.softplus(-logits))


def generator_loss(
    content: Float[Array, ""], adversarial: Float[Array, ""], *, alpha: float
) -> Float[Array, ""]:
    """Returns alpha * content + adversarial loss (Eq. 3)."""
    return alpha * content + adversarial


def r1_penalty(map_grads: Float[Array, "b h w 1"]) -> Float[Array, ""]:
    """Returns the mean over examples of |dD/dS|^2 / 2 (Mescheder et al. 2018, Eq. 9).

    Args:
        map_grads: of each logit, with respect to the true map that it is of. Differs
            from the source, which has no condition: images are not penalised.
    """
    return jnp.mean(jnp.sum(jnp.square(map_grads), axis=(1, 2, 3))) / 2


def discriminator_loss(
    real_logits: Float[Array, " b"],
    fake_logits: Float[Array, " b"],
    game: str = "cross_entropy",
) -> Float[Array, ""]:
    """Returns BCE(D(I, S), 1) + BCE(D(I, S^), 0) (Eq. 4), each a mean over examples.

    Differs from the released code by a factor of two: it averages over the
    concatenated real and fake examples. AdaGrad's step does not depend on it.

    Args:
        real_logits, fake_logits: of ground truth, and of predictions.
        game: as in `adversarial_loss`; "hinge" is max(0, 1 - real) + max(0, 1 + fake),
            "least_squares" (real - 1)^2 + (fake + 1)^2. Both are times log 2, so that
            logits of 0 have the loss of two coins, 2 log 2, in all three.
    """
    real = real_logits.astype(at_least_float32(real_logits))
    fake = fake_logits.astype(at_least_float32(fake_logits))
    if game == "hinge":
        of_real, of_fake = jax.nn.relu(1 - real), jax.nn.relu(1 + fake)
        return (jnp.mean(of_real) + jnp.mean(of_fake)) * math.log(2)
    if game == "least_squares":
        of_real, of_fake = jnp.square(real - 1), jnp.square(fake + 1)
        return (jnp.mean(of_real) + jnp.mean(of_fake)) * math.log(2)
    return jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))


def _flat(maps: jax.Array) -> jax.Array:
    """Maps as rows [b, pixels], in float32 at least."""
    return maps.astype(at_least_float32(maps)).reshape(maps.shape[0], -1)


def _standardised(maps: jax.Array) -> jax.Array:
    """Each row with mean 0 and deviation 1; a constant one is 0."""
    centred = maps - maps.mean(axis=1, keepdims=True)
    variance = jnp.mean(jnp.square(centred), axis=1, keepdims=True)
    return centred / jnp.sqrt(variance + _TINY)


def _log_mean_sigmoid(logits: jax.Array, size: int) -> jax.Array:
    """Returns log(average_pool(sigmoid(logits))), finite for any logit.

    In the logarithmic domain nothing has to be clipped, so that the gradient does not
    die where the prediction is certain and wrong.
    """
    batch, height, width, _ = logits.shape
    blocks = jax.nn.log_sigmoid(logits).reshape(
        batch, height // size, size, width // size, size, 1
    )
    return jax.nn.logsumexp(blocks, axis=(2, 4)) - math.log(size * size)


def at_least_float32(x: jax.Array) -> jnp.dtype:
    """Returns float32 for half precision; float64, used by tests, stays."""
    return jnp.promote_types(x.dtype, jnp.float32)
