"""What tells how the game stands, of a whole batch on however many devices.

Cheap beside a step: nothing here passes through a network.
"""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from salgan_jax import losses


def mean_over_devices(values: dict, axis_name: str | None) -> dict:
    """Returns the means of each device's values; without an axis, the values."""
    return values if axis_name is None else lax.pmean(values, axis_name)


def of_logits(
    real_logits: Float[Array, " b"], fake_logits: Float[Array, " b"]
) -> dict[str, Float[Array, ""]]:
    """Returns how well a discriminator tells ground truth (real) from prediction.

    Accuracies are in [0, 1]; `logit_margin` is how far the mean logits lie apart. All
    are means over examples.
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
    }


def map_variance(
    maps: Float[Array, "b h w 1"], axis_name: str | None
) -> Float[Array, ""]:
    """Returns this device's share of the variance across images, a mean over pixels.

    Its mean over devices is that of the whole batch. Two passes, so that a generator
    whose maps are nearly alike does not drown in rounding.

    >>> maps = jnp.zeros((2, 1, 2, 1)).at[0, 0, 1, 0].set(1.0)
    >>> float(map_variance(maps, None))  # one pixel of two: 0 and 1, variance 1 / 4
    0.125
    """
    mean = jnp.mean(maps, axis=0, keepdims=True)
    if axis_name is not None:
        mean = lax.pmean(mean, axis_name)
    return jnp.mean(jnp.square(maps - mean))


def gradient_norm(
    gradient: Float[Array, "b h w 1"], axis_name: str | None
) -> Float[Array, ""]:
    """Returns the norm of the whole batch's gradient with respect to its logits.

    Each device's loss is a mean over its own share, so that its gradient is too large
    by the number of devices.
    """
    squares = jnp.sum(jnp.square(gradient))
    if axis_name is None:
        return jnp.sqrt(squares)
    return jnp.sqrt(lax.psum(squares, axis_name)) / lax.psum(1, axis_name)
