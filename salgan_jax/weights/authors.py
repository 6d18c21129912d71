"""The authors' own files: lists of arrays, without names, as Lasagne saves them.

`gen_modelWeights*.npz` has 54 arrays: kernel and bias of 13 encoder and 14 decoder
layers. Only the decoder's kernels are turned. A discriminator has 18 arrays, or 20 with
the two frozen scales of weight normalisation. No published file was at hand; the layout
is that of the authors' code and of its derivatives, which load 54 and 20 arrays.
"""

from collections.abc import Sequence

import numpy as np

from salgan_jax.errors import UserError
from salgan_jax.weights import layouts
from salgan_jax.weights.imported import Imported, Layers
from salgan_jax.weights.stored import Stored

_CLASSIFIER = [(25088, 4096), (4096,), (4096, 4096), (4096,), (4096, 1000), (1000,)]
_HEIGHT, _WIDTH = 192, 256  # of the authors' images
# (name, in, out) of the discriminator's convolutions after the first.
_CONVOLUTIONS = [
    ("conv1_2", 3, 32),
    ("conv2_1", 32, 64),
    ("conv2_2", 64, 64),
    ("conv3_1", 64, 64),
    ("conv3_2", 64, 64),
]
# Variant by (size of the first kernel, side of all pools together, has scales).
_VARIANTS = {
    (3, 8, False): "article",
    (1, 8, False): "paper",
    (1, 16, True): "released_code",
}


def recognise(path: str, arrays: Sequence[Stored]) -> Imported:
    """Returns VGG-16, the authors' generator or their discriminator.

    Raises:
        UserError: the shapes are of none of them; they are listed.
    """
    shapes = [array.shape for array in arrays]
    vgg16 = _shapes(layouts.VGG16_LAYERS, 3)
    if shapes in (vgg16, vgg16 + _CLASSIFIER):
        encoder = _layers(layouts.VGG16_LAYERS, arrays, layouts.cross_correlation)
        return Imported("Lasagne VGG-16", "caffe", encoder, {}, {})
    decoder = [*_shapes(layouts.DECODER_LAYERS[:-1], 3), (1, 64, 1, 1), (1,)]
    if shapes == vgg16 + decoder:
        split = len(vgg16)
        return Imported(
            "the authors' generator",
            "caffe",
            _layers(layouts.VGG16_LAYERS, arrays[:split], layouts.cross_correlation),
            _layers(layouts.DECODER_LAYERS, arrays[split:], layouts.true_convolution),
            {},
        )
    for (size, pool, has_scales), variant in _VARIANTS.items():
        if shapes == _discriminator_shapes(size, pool, has_scales):
            return _discriminator(path, arrays, variant, pool, has_scales)
    listed = ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes[:60])
    raise UserError(
        f"{path} is a list of {len(shapes)} arrays, but neither VGG-16 (26 or 32), the "
        f"authors' generator (54) nor one of three discriminators: {listed}"
    )


def _shapes(
    layers: Sequence[tuple[str, tuple[int, int]]], size: int
) -> list[tuple[int, ...]]:
    shapes: list[tuple[int, ...]] = []
    for _, (channels, width) in layers:
        shapes += [(width, channels, size, size), (width,)]
    return shapes


def _layers(layers, arrays: Sequence[Stored], turn) -> Layers:
    return {
        name: {"kernel": turn(arrays[2 * i].read()), "bias": arrays[2 * i + 1].read()}
        for i, (name, _) in enumerate(layers)
    }


def _discriminator_shapes(
    size: int, pool: int, has_scales: bool
) -> list[tuple[int, ...]]:
    shapes: list[tuple[int, ...]] = [(3, 4, size, size), (3,)]
    for name, channels, width in _CONVOLUTIONS:
        shapes += [(width, channels, 3, 3), (width,)]
        if has_scales and name.startswith("conv3"):
            shapes.append((width,))
    flat = 64 * (_HEIGHT // pool) * (_WIDTH // pool)
    return [*shapes, (flat, 100), (100,), (100, 2), (2,), (2, 1), (1,)]


def _discriminator(
    path: str, stored: Sequence[Stored], variant: str, pool: int, has_scales: bool
) -> Imported:
    arrays = [array.read() for array in stored]
    # The authors put the map before the image's channels, we behind them.
    first = arrays[0][:, [1, 2, 3, 0]]
    layers: Layers = {
        "conv1_1": {"kernel": layouts.true_convolution(first), "bias": arrays[1]}
    }
    position = 2
    for name, _, _ in _CONVOLUTIONS:
        kernel, bias = arrays[position : position + 2]
        position += 2
        if has_scales and name.startswith("conv3"):
            bias = _bias(path, name, bias, arrays[position])
            position += 1
        layers[name] = {"kernel": layouts.true_convolution(kernel), "bias": bias}
    maps = (64, _HEIGHT // pool, _WIDTH // pool)
    arrays[position] = layouts.dense_after_maps(arrays[position], maps)
    for name in ("fc4", "fc5", "fc6"):
        layers[name] = {"kernel": arrays[position], "bias": arrays[position + 1]}
        position += 2
    what = f"discriminator, variant {variant}"
    return Imported(what, None, {}, {}, layers, variant=variant)


def _bias(path: str, name: str, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns which of two vectors is the bias: the other is the scale, frozen at 1."""
    if (other == 1).all():
        return one
    if (one == 1).all():
        return other
    raise UserError(
        f"{path}: neither vector of {name} is the scale of weight normalisation, which "
        "the authors froze at 1 and our discriminator has not"
    )
