"""The one layer that both networks are made of: a convolution with bias."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen import dtypes
from jaxtyping import Array, Float

from salgan_jax.models import primitives, reference_forms

KERNEL_INITS = {
    "glorot_uniform": nn.initializers.glorot_uniform(),
    "he_uniform": nn.initializers.he_uniform(),
}


class Conv(nn.Module):
    """A convolution with bias: 3x3 by default, optionally on the upsampled input.

    Attributes:
        features: output channels.
        kernel_size: 3, or any other, which is then not upsampled.
        upsample: convolve the input at twice its size.
        kernel_init: a name in `KERNEL_INITS`.
        weight_norm: divide the kernel of each output channel by its norm.
        dtype: of the arithmetic; None: that of input and parameters.
        forms: a name in `primitives.FORMS`, or "auto".
    """

    features: int
    kernel_size: int = 3
    upsample: bool = False
    kernel_init: str = "glorot_uniform"
    weight_norm: bool = False
    dtype: Any = None
    forms: str = primitives.AUTO

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
        x, kernel, bias = dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        form_of = primitives.select(self.forms)
        if self.upsample:
            convolved = form_of.upsample2_conv3x3(x, kernel)
        elif size == 3:
            convolved = form_of.conv3x3(x, kernel)
        else:
            convolved = reference_forms.conv(x, kernel)
        return convolved + bias.reshape(1, 1, 1, -1)


def _unit_norm_per_output(kernel: jax.Array) -> jax.Array:
    """Weight normalisation with g = 1, as in the released discriminator's conv3."""
    squares = jnp.sum(jnp.square(kernel), axis=(0, 1, 2), keepdims=True)
    return kernel / jnp.sqrt(squares + 1e-6)
