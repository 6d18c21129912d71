"""The discriminator: is this map the ground truth of this image, or a prediction?

Pan et al. 2017, Sec. 3.2 and Table 1, which the text, the table and the released code
each tell differently; each is a variant here. The attributes after `norm` are options
that none of them has: docs/game.md has what they are for.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from salgan_jax.models import convolution, primitives, vgg16


class Variant(NamedTuple):
    """What differs between the three accounts of the discriminator."""

    first_kernel_size: int
    first_pool: int
    weight_norm_conv3: bool


VARIANTS = {
    # "composed of six 3x3 kernel convolutions" (Sec. 3.2).
    "article": Variant(first_kernel_size=3, first_pool=2, weight_norm_conv3=False),
    # Table 1: the first convolution is 1x1. 5,045,696 parameters at 192x256.
    "paper": Variant(first_kernel_size=1, first_pool=2, weight_norm_conv3=False),
    # The authors' code: 4x4 first pool, weight norm. 1,359,296 parameters at 192x256.
    "released_code": Variant(first_kernel_size=1, first_pool=4, weight_norm_conv3=True),
}


def standardized(maps: Float[Array, "b h w c"]) -> Float[Array, "b h w c"]:
    """Returns each map, or stack of maps, minus its mean and over its deviation.

    A constant map becomes 0.
    """
    centred = maps - maps.mean(axis=(1, 2, 3), keepdims=True)
    variance = jnp.square(centred).mean(axis=(1, 2, 3), keepdims=True)
    return centred * jax.lax.rsqrt(variance + _TINY)


def density(maps: Float[Array, "b h w 1"]) -> Float[Array, "b h w 1"]:
    """Returns each map divided by its mean over pixels; a black one stays black."""
    return maps / jnp.maximum(maps.mean(axis=(1, 2, 3), keepdims=True), _TINY)


def over_maximum(maps: Float[Array, "b h w 1"]) -> Float[Array, "b h w 1"]:
    """Returns each map divided by its maximum; a black one stays black."""
    return maps / jnp.maximum(maps.max(axis=(1, 2, 3), keepdims=True), _TINY)


_TINY = 1e-8
# How the discriminator sees a map of values in [0, 1].
MAP_INPUTS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "probability": lambda maps: maps,
    "standardized": standardized,
    "density": density,
    "maximum": over_maximum,
}
ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": nn.relu,
    "leaky_relu": functools.partial(nn.leaky_relu, negative_slope=0.2),
}


class Discriminator(nn.Module):
    """Image and saliency map to one logit per example; high means ground truth.

    Attributes:
        variant: a name in `VARIANTS`.
        image_input: "rgb255", as the authors feed it; "normalized": minus ImageNet's
            mean and divided by its deviation; or "frozen_features": instead of the
            image, what the generator's frozen blocks make of it, at an eighth of its
            size. They join the map's features, which three poolings made as small.
        norm: of the kernels, "none" or "spectral" (Miyato et al. 2018); the third block
            of "released_code" keeps its own.
        width_multiplier: scales the channels of every hidden layer.
        kernel_init: a name in `convolution.KERNEL_INITS`.
        dtype: of the arithmetic; None: that of image and parameters.
        forms: a name in `primitives.FORMS`, or "auto".
        map_input: a name in `MAP_INPUTS`.
        map_enters: "first_layer", with the image; or "second_block", averaged to its
            size, after the image has passed the first block alone.
        first_outputs: channels of the first layer.
        first_init: of the first layer, "random", as `kernel_init`, or "passes_map":
            its first output begins as the map.
        activation: of the convolutions, a name in `ACTIVATIONS`.
        final_pooling: what comes before the matrices: "none", all features of all
            places, or "mean", over places.
        bottleneck: units of the last hidden layer; 0: there is none.
    """

    variant: str = "article"
    width_multiplier: float = 1.0
    kernel_init: str = "glorot_uniform"
    dtype: Any = None
    forms: str = primitives.AUTO
    image_input: str = "rgb255"
    norm: str = "none"
    map_input: str = "probability"
    map_enters: str = "first_layer"
    first_outputs: int = 3
    first_init: str = "random"
    activation: str = "relu"
    final_pooling: str = "none"
    bottleneck: int = 2

    @nn.compact
    def __call__(
        self,
        image: Float[Array, "b h2 w2 c"],
        saliency_map: Float[Array, "b h w 1"],
    ) -> Float[Array, " b"]:
        """Returns a logit per example.

        Args:
            image: RGB in 0..255, of the size of the map; or the frozen blocks' features
                of it, where that is the image input.
            saliency_map: in [0, 1].
        """
        variant = VARIANTS[self.variant]
        pool, size = variant.first_pool, variant.first_kernel_size
        conv3_norm = "per_output" if variant.weight_norm_conv3 else self.norm
        maps = MAP_INPUTS[self.map_input](saliency_map)
        sees_pixels = self.image_input != "frozen_features"
        enters_late = self.map_enters == "second_block"
        if self.image_input == "normalized":
            image = vgg16.preprocess(image, "torchvision")
        if enters_late:
            x = image
        else:
            x = jnp.concatenate([image, maps], axis=-1) if sees_pixels else maps
        passes_map = self.first_init == "passes_map"
        x = self._conv(
            x,
            self.first_outputs,
            "conv1_1",
            kernel_size=size,
            kernel_init="passes_last" if passes_map else self.kernel_init,
        )
        x = self._conv(x, 32, "conv1_2")
        x = self._max_pool(x, pool)
        if enters_late:
            window = (pool, pool)
            smaller = nn.avg_pool(maps, window, strides=window)
            x = jnp.concatenate([x, smaller], axis=-1)
        x = self._conv(x, 64, "conv2_1")
        x = self._conv(x, 64, "conv2_2")
        x = self._max_pool(x, 2)
        x = self._conv(x, 64, "conv3_1", norm=conv3_norm)
        x = self._conv(x, 64, "conv3_2", norm=conv3_norm)
        x = self._max_pool(x, 2)
        if not sees_pixels:
            seen = self._conv(standardized(image), 64, "conv_image", kernel_size=1)
            x = self._conv(jnp.concatenate([seen, x], axis=-1), 64, "conv_joint")
        if self.final_pooling == "mean":
            x = x.mean(axis=(1, 2))
        x = x.reshape(x.shape[0], -1)
        x = nn.tanh(self._dense(x, 100, "fc4"))
        if self.bottleneck:
            x = nn.tanh(self._dense(x, self.bottleneck, "fc5"))
        return self._dense(x, 1, "fc6").squeeze(-1)

    def _conv(self, x, channels: int, name: str, **options: Any):
        options = {"norm": self.norm, "kernel_init": self.kernel_init} | options
        # The first layer mixes the input channels and keeps its few outputs.
        multiplier = 1.0 if name == "conv1_1" else self.width_multiplier
        features = vgg16.scaled_channels(channels, multiplier)
        layer = convolution.Conv(
            features,
            dtype=self.dtype,
            forms=self.forms,
            name=name,
            **options,
        )
        return ACTIVATIONS[self.activation](layer(x))

    def _max_pool(self, x, size: int):
        if size == 2:
            return primitives.select(self.forms).max_pool2(x)
        return nn.max_pool(x, (size, size), strides=(size, size))

    def _dense(self, x, features: int, name: str):
        layer = convolution.Dense(
            features,
            norm=self.norm,
            kernel_init=self.kernel_init,
            dtype=self.dtype,
            name=name,
        )
        return layer(x)
