"""The generator: image to saliency logits (Pan et al. 2017, Sec. 3.1).

Skip connections, dilated last blocks, smoothed logits and a learned centre prior are
options that the paper does not have.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

from salgan_jax.models import centre_prior, convolution, primitives, smoothing, vgg16

_NO_SKIPS: Mapping[int, jax.Array] = {}


class Decoder(nn.Module):
    """Features to saliency logits: VGG-16 mirrored, upsampling in place of pooling.

    Differs from the paper in nothing it states; that "upsampling" repeats pixels is
    read from the authors' code (Lasagne's Upscale2DLayer).

    Attributes:
        width_multiplier: scales the channels of every layer but the last.
        smoothing_sigma: the logits are blurred by a Gaussian of so many pixels; 0: not.
        kernel_init, dtype, forms, dilated, centre_prior: as in `Generator`.
    """

    width_multiplier: float = 1.0
    kernel_init: str = "glorot_uniform"
    dtype: Any = None
    forms: str = primitives.AUTO
    dilated: bool = False
    centre_prior: bool = False
    smoothing_sigma: float = 0.0

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], skips: Mapping[int, Any] = _NO_SKIPS
    ) -> Float[Array, "b h2 w2 1"]:
        """Returns saliency logits at 16 times the size of the features, dilated at 8.

        Args:
            x: what the encoder makes of images.
            skips: by block of the encoder what it was given, at the size at which the
                block of the same number works here. It is brought to a root mean
                square of 1 in each image, and added through a 1x1 convolution that
                begins at zero: VGG-16's features are hundreds where those here are one.
        """
        first_upsampled = len(vgg16.BLOCKS) - 1 - self.dilated
        for block in range(len(vgg16.BLOCKS), 0, -1):
            for index, channels in enumerate(vgg16.BLOCKS[block - 1], start=1):
                features = vgg16.scaled_channels(channels, self.width_multiplier)
                is_upsampled = index == 1 and block <= first_upsampled
                name = f"decoder_conv{block}_{index}"
                x = self._conv(features, name, upsample=is_upsampled)(x)
                if index == 1 and block in skips:
                    skip = self._conv(
                        *(features, f"skip{block}"), kernel_size=1, kernel_init="zeros"
                    )
                    x = x + skip(_with_unit_power(skips[block]))
                x = nn.relu(x)
        # In the precision of the parameters: a map in steps of half precision would
        # tell the discriminator that it is a prediction.
        logits = self._conv(1, "decoder_output", kernel_size=1, dtype=None)(x)
        if self.smoothing_sigma:
            logits = smoothing.gaussian_blur(logits, self.smoothing_sigma)
        if self.centre_prior:
            logits = centre_prior.CentrePrior(name="centre_prior")(logits)
        return logits

    def _conv(self, features: int, name: str, **options) -> convolution.Conv:
        options = {"dtype": self.dtype, "kernel_init": self.kernel_init} | options
        return convolution.Conv(
            features,
            forms=self.forms,
            name=name,
            **options,
        )


class Generator(nn.Module):
    """Image to saliency logits at the same size; their sigmoid is the saliency map.

    31,787,009 parameters at width 1, of which 30,051,521 train with three frozen
    blocks.

    Attributes:
        encoder_width, decoder_width: scale the channels of the two halves; 1 is SalGAN.
        full_width_blocks, dilated, frozen_blocks, input_convention, kernel_init, dtype,
            forms: as in `vgg16.VGG16Encoder`.
        skip_connections: what goes into block 4 of the encoder, and into block 3 where
            that is not frozen, is added in the decoder at the same size. What frozen
            blocks give to each other is left out, so that they can be computed once.
        centre_prior: a Gaussian over the image is added to the logits, and learned.
        smoothing_sigma: as in `Decoder`.
    """

    encoder_width: float = 1.0
    decoder_width: float = 1.0
    frozen_blocks: int = 3
    input_convention: str = "torchvision"
    kernel_init: str = "glorot_uniform"
    dtype: Any = None
    forms: str = primitives.AUTO
    full_width_blocks: int = 0
    dilated: bool = False
    skip_connections: bool = False
    centre_prior: bool = False
    smoothing_sigma: float = 0.0

    def setup(self) -> None:
        """Makes encoder and decoder."""
        shared = {
            "dilated": self.dilated,
            "kernel_init": self.kernel_init,
            "dtype": self.dtype,
            "forms": self.forms,
        }
        self.encoder = vgg16.VGG16Encoder(
            width_multiplier=self.encoder_width,
            full_width_blocks=self.full_width_blocks,
            frozen_blocks=self.frozen_blocks,
            input_convention=self.input_convention,
            **shared,
        )
        self.decoder = Decoder(
            width_multiplier=self.decoder_width,
            centre_prior=self.centre_prior,
            smoothing_sigma=self.smoothing_sigma,
            **shared,
        )

    def __call__(self, image: Float[Array, "b h w 3"]) -> Float[Array, "b h w 1"]:
        """Returns saliency logits of RGB images with values in 0..255.

        Raises:
            ValueError: if a side of the images is not a multiple of 16.
        """
        return self.from_frozen_features(self.frozen_features(image))

    def frozen_features(
        self, image: Float[Array, "b h w 3"]
    ) -> Float[Array, "b h2 w2 d"]:
        """Returns what the frozen blocks make of the images: the same in all epochs.

        With three frozen blocks [b, h/8, w/8, 256]; without any, the images.
        """
        height, width = image.shape[-3:-1]
        if height % 16 or width % 16:
            raise ValueError(
                f"images of {height}x{width} pixels: height and width must be "
                "multiples of 16 (four 2x poolings)"
            )
        return self.encoder(image, last=self.frozen_blocks)

    def from_frozen_features(
        self, features: Float[Array, "b h2 w2 d"]
    ) -> Float[Array, "b h w 1"]:
        """Returns saliency logits of what `frozen_features` returned."""
        x, first, skips = features, self.frozen_blocks + 1, {}
        if self.skip_connections:
            for block in range(max(first, 3), 5):
                x = self.encoder(x, first=first, last=block - 1)
                first, skips[block] = block, x
        return self.decoder(self.encoder(x, first=first), skips)


def _with_unit_power(features: jax.Array) -> jax.Array:
    """Features with a root mean square of 1 in each image."""
    power = jnp.mean(jnp.square(features), axis=(1, 2, 3), keepdims=True)
    return features * lax.rsqrt(power + 1e-6)
