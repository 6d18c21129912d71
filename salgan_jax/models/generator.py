"""The generator: image to saliency logits (Pan et al. 2017, Sec. 3.1)."""

from flax import linen as nn
from jaxtyping import Array, Float

from salgan_jax.models import convolution, vgg16


class Decoder(nn.Module):
    """Features to saliency logits: VGG-16 mirrored, upsampling in place of pooling.

    Differs from the paper in nothing it states; that "upsampling" repeats pixels is
    read from the authors' code (Lasagne's Upscale2DLayer).
    """

    width_multiplier: float = 1.0
    kernel_init: str = "glorot_uniform"

    @nn.compact
    def __call__(self, x: Float[Array, "b h w c"]) -> Float[Array, "b 16*h 16*w 1"]:
        """Returns saliency logits at 16 times the size of the features."""
        for block in range(len(vgg16.BLOCKS), 0, -1):
            for index, channels in enumerate(vgg16.BLOCKS[block - 1], start=1):
                layer = convolution.Conv(
                    vgg16.scaled_channels(channels, self.width_multiplier),
                    upsample=index == 1 and block < len(vgg16.BLOCKS),
                    kernel_init=self.kernel_init,
                    name=f"decoder_conv{block}_{index}",
                )
                x = nn.relu(layer(x))
        return convolution.Conv(
            1, kernel_size=1, kernel_init=self.kernel_init, name="decoder_output"
        )(x)


class Generator(nn.Module):
    """Image to saliency logits at the same size; their sigmoid is the saliency map.

    31,787,009 parameters at width 1, of which 30,051,521 train with three frozen
    blocks. The attributes are those of `vgg16.VGG16Encoder`.
    """

    width_multiplier: float = 1.0
    frozen_blocks: int = 3
    input_convention: str = "torchvision"
    kernel_init: str = "glorot_uniform"

    @nn.compact
    def __call__(self, image: Float[Array, "b h w 3"]) -> Float[Array, "b h w 1"]:
        """Returns saliency logits of RGB images with values in 0..255.

        Raises:
            ValueError: if a side of the images is not a multiple of 16.
        """
        height, width = image.shape[-3:-1]
        if height % 16 or width % 16:
            raise ValueError(
                f"images of {height}x{width} pixels: height and width must be "
                "multiples of 16 (four 2x poolings)"
            )
        features = vgg16.VGG16Encoder(
            self.width_multiplier,
            self.frozen_blocks,
            self.input_convention,
            self.kernel_init,
            name="encoder",
        )(image)
        return Decoder(self.width_multiplier, self.kernel_init, name="decoder")(
            features
        )
