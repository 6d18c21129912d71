"""The encoder: VGG-16 without its last pool and its classifier.

Pan et al. 2017, Sec. 3.1; Simonyan and Zisserman 2015, configuration D.
"""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float

from salgan_jax.models import convolution, primitives

# Output channels of each convolution, a tuple a block.
BLOCKS = (
    (64, 64),
    (128, 128),
    (256, 256, 256),
    (512, 512, 512),
    (512, 512, 512),
)

# What the weights expect of an image in RGB 0..255, as (reverse channels, mean, std).
INPUT_CONVENTIONS = {
    # torchvision: RGB in [0, 1], ImageNet mean and standard deviation.
    "torchvision": (False, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    # Caffe, Keras and the authors: BGR, mean subtracted, no scaling.
    "caffe": (True, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
}


def scaled_channels(channels: int, width_multiplier: float) -> int:
    """Returns the number of channels of a layer in a network of another width."""
    return max(1, round(channels * width_multiplier))


def preprocess(
    image: Float[Array, "b h w 3"], convention: str
) -> Float[Array, "b h w 3"]:
    """Returns the image, RGB in 0..255, as the weights of `convention` expect it."""
    reverse_channels, mean, std = INPUT_CONVENTIONS[convention]
    image = image[..., ::-1] if reverse_channels else image
    mean, std = jnp.array(mean, image.dtype), jnp.array(std, image.dtype)
    return (image - mean.reshape(1, 1, 1, 3)) / std.reshape(1, 1, 1, 3)


class VGG16Encoder(nn.Module):
    """Image to features at 1/16 of its size: conv1_1 to conv5_3, four max-pools.

    Attributes:
        width_multiplier: scales the channels of every layer; 1 is VGG-16.
        full_width_blocks: so many of the first blocks keep VGG-16's channels.
        dilated: block 5 sees what block 4 makes of the images unpooled, with kernels
            dilated by 2, so that the features are at 1/8 of the images' size (Cornia et
            al. 2018, Sec. III-A). The weights are those of VGG-16 as before.
        frozen_blocks: no gradient reaches the first blocks, so that none is computed
            for them (paper: 3, "only the last two groups are modified").
        input_convention: a name in `INPUT_CONVENTIONS`, that of the weights.
        kernel_init: a name in `convolution.KERNEL_INITS`.
        dtype: of the arithmetic; None: that of image and parameters.
        forms: a name in `primitives.FORMS`, or "auto".
    """

    width_multiplier: float = 1.0
    frozen_blocks: int = 3
    input_convention: str = "torchvision"
    kernel_init: str = "glorot_uniform"
    dtype: Any = None
    forms: str = primitives.AUTO
    full_width_blocks: int = 0
    dilated: bool = False

    @nn.compact
    def __call__(
        self, x: Float[Array, "b h w c"], *, first: int = 1, last: int = len(BLOCKS)
    ) -> Float[Array, "b h2 w2 d"]:
        """Returns the output of block `last`, pooled if another block follows.

        With no block to pass through, `x` comes out as it went in.

        Args:
            x: RGB images with values in 0..255 if `first` is 1, else the output of
                block `first` - 1.
            first, last: which blocks to pass through, counted from 1, as in the paper.
        """
        if first == 1 <= last:
            x = preprocess(x, self.input_convention)
        for block in range(first, last + 1):
            is_full_width = block <= self.full_width_blocks
            width = 1.0 if is_full_width else self.width_multiplier
            for index, channels in enumerate(BLOCKS[block - 1], start=1):
                layer = convolution.Conv(
                    scaled_channels(channels, width),
                    dilated=self.dilated and block == len(BLOCKS),
                    kernel_init=self.kernel_init,
                    dtype=self.dtype,
                    forms=self.forms,
                    name=f"conv{block}_{index}",
                )
                x = nn.relu(layer(x))
            if block < len(BLOCKS) - self.dilated:
                x = primitives.select(self.forms).max_pool2(x)
            if block == self.frozen_blocks:
                x = lax.stop_gradient(x)
        return x
