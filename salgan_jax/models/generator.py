"""The generator: image to saliency logits (Pan et al. 2017, Sec. 3.1)."""

from typing import Any

from flax import linen as nn
from jaxtyping import Array, Float

from salgan_jax.models import convolution, primitives, vgg16


class Decoder(nn.Module):
    """Features to saliency logits: VGG-16 mirrored, upsampling in place of pooling.

    Differs from the paper in nothing it states; that "upsampling" repeats pixels is
    read from the authors' code (Lasagne's Upscale2DLayer). The attributes are those of
    `vgg16.VGG16Encoder`.
    """

    width_multiplier: float = 1.0
    kernel_init: str = "glorot_uniform"
    dtype: Any = None
    forms: str = primitives.AUTO

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b 16*h 16*w 1"]:
        """Returns saliency logits at 16 times the size of the features."""
        for block in range(len(vgg16.BLOCKS), 0, -1):
            for index, channels in enumerate(vgg16.BLOCKS[block - 1], start=1):
                layer = self._conv(
                    vgg16.scaled_channels(channels, self.width_multiplier),
                    f"decoder_conv{block}_{index}",
                    upsample=index == 1 and block < len(vgg16.BLOCKS),
                )
                x = nn.relu(layer(x))
        # In the precision of the parameters: a map in steps of half precision would
        # tell the discriminator that it is a prediction.
        return self._conv(1, "decoder_output", kernel_size=1, dtype=None)(x)

    def _conv(self, features: int, name: str, **options) -> convolution.Conv:
        options = {"dtype": self.dtype} | options
        return convolution.Conv(
            features,
            kernel_init=self.kernel_init,
            forms=self.forms,
            name=name,
            **options,
        )


class Generator(nn.Module):
    """Image to saliency logits at the same size; their sigmoid is the saliency map.

    31,787,009 parameters at width 1, of which 30,051,521 train with three frozen
    blocks. The attributes are those of `vgg16.VGG16Encoder`.
    """

    width_multiplier: float = 1.0
    frozen_blocks: int = 3
    input_convention: str = "torchvision"
    kernel_init: str = "glorot_uniform"
    dtype: Any = None
    forms: str = primitives.AUTO

    def setup(self) -> None:
        """Makes encoder and decoder."""
        self.encoder = vgg16.VGG16Encoder(
            self.width_multiplier,
            self.frozen_blocks,
            self.input_convention,
            self.kernel_init,
            self.dtype,
            self.forms,
        )
        self.decoder = Decoder(
            self.width_multiplier, self.kernel_init, self.dtype, self.forms
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
        return self.decoder(self.encoder(features, first=self.frozen_blocks + 1))
