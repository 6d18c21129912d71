"""The layers that both networks are made of: convolutions and matrices, with bias."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.linen import dtypes
from jaxtyping import Array, Float

from salgan_jax.models import kernel_norms, primitives, reference_forms


def _passes_last(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32):
    """Glorot's, but the first output of a convolution is its last input channel."""
    kernel = KERNEL_INITS["glorot_uniform"](key, shape, dtype)
    centre = shape[0] // 2, shape[1] // 2
    return kernel.at[..., 0].set(0.0).at[(*centre, -1, 0)].set(1.0)


KERNEL_INITS = {
    "glorot_uniform": nn.initializers.glorot_uniform(),
    "he_uniform": nn.initializers.he_uniform(),
    "zeros": nn.initializers.zeros,
    "passes_last": _passes_last,
}


class Conv(nn.Module):
    """A convolution with bias: 3x3 by default, optionally on the upsampled input.

    Attributes:
        features: output channels.
        kernel_size: 3, or any other, which is then not upsampled.
        upsample: convolve the input at twice its size.
        kernel_init: a name in `KERNEL_INITS`.
        dilated: the taps of the kernel, 3x3, are two pixels apart.
        norm: what the kernel is divided by, a name in `kernel_norms.NORMS`.
        dtype: of the arithmetic; None: that of input and parameters.
        forms: a name in `primitives.FORMS`, or "auto".
    """

    features: int
    kernel_size: int = 3
    upsample: bool = False
    kernel_init: str = "glorot_uniform"
    dilated: bool = False
    norm: str = "none"
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
        kernel = kernel_norms.NORMS[self.norm](kernel)
        x, kernel, bias = dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        form_of = primitives.select(self.forms)
        if self.upsample:
            convolved = form_of.upsample2_conv3x3(x, kernel)
        elif size == 3:
            convolve = form_of.dilated2_conv3x3 if self.dilated else form_of.conv3x3
            convolved = convolve(x, kernel)
        else:
            convolved = reference_forms.conv(x, kernel)
        return convolved + bias.reshape(1, 1, 1, -1)


class Dense(nn.Module):
    """A matrix with bias.

    The attributes are those of `Conv`.
    """

    features: int
    norm: str = "none"
    kernel_init: str = "glorot_uniform"
    dtype: Any = None

    @nn.compact
    def __call__(self, x: Float[Array, "b c"]) -> Float[Array, "b d"]:
        """Returns the features' weighted sums."""
        kernel = self.param(
            "kernel",
            KERNEL_INITS[self.kernel_init],
            (x.shape[-1], self.features),
        )
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        kernel = kernel_norms.NORMS[self.norm](kernel)
        x, kernel, bias = dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        return x @ kernel + bias[None]
