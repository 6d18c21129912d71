"""The generator as a chain of layers, which is all that another program has to build.

Pan et al. 2017, Sec. 3.1: convolutions with bias, rectified but for the last, some of
them after a 2x2 max-pool or after an upsampling that repeats pixels.
"""

from typing import Any, NamedTuple

import jax
import numpy as np

from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.errors import UserError
from salgan_jax.models import vgg16

POOL, UPSAMPLE, NOTHING = "pool", "upsample", ""


class Layer(NamedTuple):
    """A convolution at stride 1 with zero padding.

    Attributes:
        name: as in the checkpoint, "encoder.conv1_1".
        before: what happens to its input: POOL, UPSAMPLE or NOTHING.
        kernel: float32 [size, size, in, out], a cross-correlation.
        bias: float32 [out].
        is_rectified: whether a ReLU follows.
    """

    name: str
    before: str
    kernel: np.ndarray
    bias: np.ndarray
    is_rectified: bool


class Chain(NamedTuple):
    """All of the generator.

    Its input is float32 [N, height, width, 3], RGB in 0..255, its output the saliency
    map [N, height, width, 1] in [0, 1].

    Attributes:
        layers: in order; a sigmoid follows the last one.
        scale: float32 [3], to be multiplied with the image,
        shift: float32 [3], and then to be added.
        reverses_channels: the layers want BGR: after shift and scale, which are RGB.
        image_size: (height, width) in pixels.
    """

    layers: list[Layer]
    scale: np.ndarray
    shift: np.ndarray
    reverses_channels: bool
    image_size: tuple[int, int]


def make_chain(loaded: LoadedGenerator) -> Chain:
    """Returns the layers of a checkpoint's generator.

    Raises:
        UserError: it is no chain, but has options that the paper does not have.
    """
    generator = loaded.generator
    options = {
        "dilated": generator.dilated,
        "skip_connections": generator.skip_connections,
        "centre_prior": generator.centre_prior,
        "smoothing_sigma": generator.smoothing_sigma > 0,
    }
    used = [f"config.model.{name}" for name, is_used in options.items() if is_used]
    if used:
        raise UserError(
            f"a generator with {', '.join(used)} is no chain of layers, which ONNX, "
            "PyTorch, TensorFlow Lite and OpenVINO are given here: export it with "
            "--format=stablehlo or --format=safetensors, predict with --backend=jax"
        )
    reverses, mean, std = vgg16.INPUT_CONVENTIONS[generator.input_convention]
    order = slice(None, None, -1 if reverses else 1)
    mean, std = np.array(mean[order]), np.array(std[order])
    height, width = loaded.config.data.image_size
    return Chain(
        layers=[
            *_encoder(loaded.params["encoder"]),
            *_decoder(loaded.params["decoder"]),
        ],
        scale=(1 / std).astype(np.float32),
        shift=(-mean / std).astype(np.float32),
        reverses_channels=reverses,
        image_size=(height, width),
    )


def predict(loaded: LoadedGenerator, images: np.ndarray) -> np.ndarray:
    """Returns what the checkpoint itself makes of the images: the chain's contract."""
    logits: Any = jax.jit(loaded.generator.apply)({"params": loaded.params}, images)
    return np.asarray(jax.nn.sigmoid(logits))


def _encoder(params: Any) -> list[Layer]:
    layers = []
    for block, channels in enumerate(vgg16.BLOCKS, start=1):
        for index in range(1, len(channels) + 1):
            before = POOL if block > 1 and index == 1 else NOTHING
            layers.append(_layer(params, "encoder", f"conv{block}_{index}", before))
    return layers


def _decoder(params: Any) -> list[Layer]:
    layers = []
    for block in range(len(vgg16.BLOCKS), 0, -1):
        for index in range(1, len(vgg16.BLOCKS[block - 1]) + 1):
            is_larger = block < len(vgg16.BLOCKS) and index == 1
            name = f"decoder_conv{block}_{index}"
            before = UPSAMPLE if is_larger else NOTHING
            layers.append(_layer(params, "decoder", name, before))
    output = _layer(params, "decoder", "decoder_output", NOTHING)
    return [*layers, output._replace(is_rectified=False)]


def _layer(params: Any, part: str, name: str, before: str) -> Layer:
    kernel = np.asarray(params[name]["kernel"], np.float32)
    bias = np.asarray(params[name]["bias"], np.float32)
    return Layer(f"{part}.{name}", before, kernel, bias, is_rectified=True)
