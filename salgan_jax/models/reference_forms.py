"""The primitives of both networks as they are written down: what every form equals."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def conv(
    x: Float[Array, "b h w c"], kernel: Float[Array, "kh kw c d"], *, dilation: int = 1
) -> Float[Array, "b h w d"]:
    """Returns the cross-correlation at stride 1 with zero padding ("same")."""
    return lax.conv_general_dilated(
        *(x, kernel, (1, 1), "SAME"),
        rhs_dilation=(dilation, dilation),
        dimension_numbers=DIMENSIONS,
    )


def conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b h w d"]:
    """Returns the 3x3 cross-correlation at stride 1 with zero padding."""
    return conv(x, kernel)


def dilated2_conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b h w d"]:
    """Returns the convolution with a kernel whose taps are two pixels apart."""
    return conv(x, kernel, dilation=2)


def upsample2(x: Float[Array, "b h w c"]) -> Float[Array, "b 2*h 2*w c"]:
    """Returns `x` at twice the size, each pixel repeated 2x2 (nearest neighbour)."""
    return jnp.repeat(jnp.repeat(x, 2, axis=-3), 2, axis=-2)


def upsample2_conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b 2*h 2*w d"]:
    """Returns the 3x3 convolution of the upsampled `x`."""
    return conv(upsample2(x), kernel)


def max_pool2(x: Float[Array, "b h w c"]) -> Float[Array, "b h/2 w/2 c"]:
    """Returns the maximum of each 2x2 block; its gradient goes to the first maximum."""
    return nn.max_pool(x, (2, 2), strides=(2, 2))


def flipped(kernel: jax.Array) -> jax.Array:
    """Returns the kernel [kh, kw, d, c] that carries a cotangent back to the input."""
    return kernel[::-1, ::-1].swapaxes(2, 3)
