"""What tells how the game stands, of a whole batch on however many devices.

Cheap beside a step: nothing here passes through a network. Each device has a share of
a measure, and a mean over devices makes them whole: one exchange a step is enough.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from salgan_jax import losses


class SquaredNorm(NamedTuple):
    """A device's share of the norm of a gradient of the whole batch's loss.

    Each device's loss is a mean over its own examples, so that its gradient is too
    large by the number of devices.
    """

    of_device: Any


class Moments(NamedTuple):
    """A device's share of the variance of maps across images.

    Attributes:
        mean: of its own maps, [h, w, 1].
        variance: of its own maps around that, a mean over pixels.
        squared_mean: the mean over pixels of the mean's square.
    """

    mean: Any
    variance: Any
    squared_mean: Any


def of_logits(
    real_logits: Float[Array, " b"], fake_logits: Float[Array, " b"]
) -> dict[str, Float[Array, ""]]:
    """Returns how well a discriminator tells ground truth (real) from prediction.

    Accuracies are in [0, 1]; `logit_margin` is how far the mean logits lie apart;
    `logit_change` how far an image's logit moves, either way, when its true map is
    swapped for the predicted one. All are means over examples.

    Args:
        real_logits, fake_logits: of the true and the predicted maps of the same images.
    """
    dtype = losses.at_least_float32(real_logits)
    real = jnp.mean(real_logits, dtype=dtype)
    fake = jnp.mean(fake_logits, dtype=dtype)
    return {
        "real_accuracy": jnp.mean(real_logits > 0),
        "fake_accuracy": jnp.mean(fake_logits <= 0),
        "real_logit": real,
        "fake_logit": fake,
        "logit_margin": real - fake,
        "logit_change": jnp.mean(jnp.abs(real_logits - fake_logits), dtype=dtype),
    }


def moments(maps: Float[Array, "b h w 1"]) -> Moments:
    """Returns a device's share of how much maps differ from image to image."""
    mean = jnp.mean(maps, axis=0)
    variance = jnp.mean(jnp.square(maps - mean[None]))
    return Moments(mean, variance, jnp.mean(jnp.square(mean)))


def squared_norm(gradient: Float[Array, "b h w 1"]) -> SquaredNorm:
    """Returns a device's share of the norm of a gradient with respect to logits."""
    return SquaredNorm(jnp.sum(jnp.square(gradient)))


def whole(shares: Mapping[str, Any], num_devices: int) -> dict[str, Any]:
    """Returns the measures of the whole batch, scalars, from the means of the shares.

    The variance of all maps is that within a device and that of the devices' means; 0
    for one image, and where every image has the same map, however structured.

    >>> maps = jnp.zeros((2, 1, 2, 1)).at[0, 0, 1, 0].set(1.0)
    >>> whole({"map_variance": moments(maps)}, 1)  # one pixel of two varies, by 1 / 4
    {'map_variance': Array(0.125, dtype=float32)}
    """
    return {name: _whole(share, num_devices) for name, share in shares.items()}


def _whole(share: Any, num_devices: int) -> Any:
    if isinstance(share, SquaredNorm):
        return jnp.sqrt(share.of_device / num_devices)
    if isinstance(share, Moments):
        between = share.squared_mean - jnp.mean(jnp.square(share.mean))
        return share.variance + jnp.maximum(between, 0)
    return share
