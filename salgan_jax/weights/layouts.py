"""How others name, order and turn the arrays of the networks that SalGAN is made of.

Convolutions of PyTorch and Lasagne are stored [out, in, height, width], ours
[height, width, in, out]. Lasagne convolves truly: it turns each kernel by 180 degrees,
unless told not to, which the authors did for VGG-16 alone.
"""

import numpy as np

from salgan_jax.models import vgg16

# (name, (in, out)) of the 13 convolutions of VGG-16, in order.
VGG16_LAYERS: list[tuple[str, tuple[int, int]]] = []
_channels = 3
for _block, _widths in enumerate(vgg16.BLOCKS, start=1):
    for _index, _width in enumerate(_widths, start=1):
        VGG16_LAYERS.append((f"conv{_block}_{_index}", (_channels, _width)))
        _channels = _width

# The same for the decoder, output layer included.
DECODER_LAYERS: list[tuple[str, tuple[int, int]]] = []
for _block in range(len(vgg16.BLOCKS), 0, -1):
    for _index, _width in enumerate(vgg16.BLOCKS[_block - 1], start=1):
        DECODER_LAYERS.append((f"decoder_conv{_block}_{_index}", (_channels, _width)))
        _channels = _width
DECODER_LAYERS.append(("decoder_output", (_channels, 1)))

# Places of the convolutions in `features` of PyTorch's VGG networks.
TORCH_VGG16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
OTHER_VGGS = {8: "VGG-11", 10: "VGG-13", 16: "VGG-19"}  # by number of convolutions


def cross_correlation(kernel: np.ndarray) -> np.ndarray:
    """Returns an [out, in, h, w] kernel as ours, not turned."""
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0))


def true_convolution(kernel: np.ndarray) -> np.ndarray:
    """Returns an [out, in, h, w] kernel as ours, turned by 180 degrees."""
    return np.ascontiguousarray(cross_correlation(kernel)[::-1, ::-1])


def dense_after_maps(kernel: np.ndarray, maps: tuple[int, int, int]) -> np.ndarray:
    """Returns the kernel [channels * h * w, out] of a layer that follows feature maps.

    Ours flattens [h, w, channels], Lasagne [channels, h, w].
    """
    by_place = kernel.reshape(*maps, -1).transpose(1, 2, 0, 3)
    return np.ascontiguousarray(by_place.reshape(kernel.shape))
