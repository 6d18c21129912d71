"""The one convolution that every layer is made of, and its upsampling twin.

Parameters are always a plain `kernel` [3, 3, in, out] and a `bias` [out], whichever
form computes the result, so that a checkpoint never depends on that choice.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

_DIMENSIONS = ("NHWC", "HWIO", "NHWC")

KERNEL_INITS = {
    "glorot_uniform": nn.initializers.glorot_uniform(),
    "he_uniform": nn.initializers.he_uniform(),
}


def conv(
    x: Float[Array, "b h w c"], kernel: Float[Array, "kh kw c d"]
) -> Float[Array, "b h w d"]:
    """Returns the cross-correlation at stride 1 with zero padding ("same")."""
    return lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=_DIMENSIONS
    )


def upsample2(x: Float[Array, "b h w c"]) -> Float[Array, "b 2*h 2*w c"]:
    """Returns `x` at twice the size, each pixel repeated 2x2 (nearest neighbour)."""
    return jnp.repeat(jnp.repeat(x, 2, axis=-3), 2, axis=-2)


def upsample2_conv3x3_reference(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b 2*h 2*w d"]:
    """Returns the 3x3 convolution of the upsampled `x`, computed as it is written."""
    return conv(upsample2(x), kernel)


def upsample2_conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b 2*h 2*w d"]:
    """Returns what `upsample2_conv3x3_reference` does, with 4/9 of the arithmetic.

    In a picture of repeated pixels the three taps along an axis meet two different
    pixels only. Output pixels of equal parity (a phase) therefore see a 2x2 kernel,
    whose taps are sums of the 3x3 taps, on the picture before upsampling.
    """
    batch, height, width, _ = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    phases = []
    for row in (0, 1):
        for column in (0, 1):
            taps = _merge_taps(_merge_taps(kernel, row, axis=0), column, axis=1)
            window = padded[:, row : row + height + 1, column : column + width + 1]
            phases.append(
                lax.conv_general_dilated(
                    window, taps, (1, 1), "VALID", dimension_numbers=_DIMENSIONS
                )
            )
    grid = jnp.stack(phases, axis=-2).reshape(batch, height, width, 2, 2, -1)
    interleaved = grid.transpose(0, 1, 3, 2, 4, 5)
    return interleaved.reshape(batch, 2 * height, 2 * width, -1)


def _merge_taps(kernel: jax.Array, phase: int, axis: int) -> jax.Array:
    first, second, third = jnp.split(kernel, 3, axis=axis)
    taps = (first, second + third) if phase == 0 else (first + second, third)
    return jnp.concatenate(taps, axis=axis)


def max_pool2(x: Float[Array, "b h w c"]) -> Float[Array, "b h/2 w/2 c"]:
    """Returns the maximum of each 2x2 block."""
    return nn.max_pool(x, (2, 2), strides=(2, 2))


class Conv(nn.Module):
    """A convolution with bias: 3x3 by default, optionally on the upsampled input."""

    features: int
    kernel_size: int = 3
    upsample: bool = False
    kernel_init: str = "glorot_uniform"
    weight_norm: bool = False

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b h2 w2 d"]:
        """Returns convolved features, at twice the size if `upsample`."""
        size = self.kernel_size
        kernel = self.param(
            "kernel",
            KERNEL_INITS[self.kernel_init],
            (size, size, x.shape[-1], self.features),
        )
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        if self.weight_norm:
            kernel = _unit_norm_per_output(kernel)
        form: Callable = upsample2_conv3x3 if self.upsample else conv
        return form(x, kernel) + bias.reshape(1, 1, 1, -1)


def _unit_norm_per_output(kernel: jax.Array) -> jax.Array:
    """Weight normalisation with g = 1, as in the released discriminator's conv3."""
    squares = jnp.sum(jnp.square(kernel), axis=(0, 1, 2), keepdims=True)
    return kernel / jnp.sqrt(squares + 1e-6)
