"""Arithmetic that SalGAN needs, counted from its layers; and what the machine can do.

A multiplication with its addition is 2 FLOP. Counted is what the mathematics needs,
with convolutions as they are written: no gradient for frozen layers or for pictures,
none of the arithmetic that a form saves or wastes.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from benchmarks import timing
from salgan_jax.models import vgg16

_MATRIX = {"cpu": 2048, "gpu": 8192, "tpu": 8192}


class Layer(NamedTuple):
    """A convolution: 2 * pixels * taps * inputs * outputs FLOP an image."""

    pixels: int
    taps: int
    inputs: int
    outputs: int

    @property
    def flops(self) -> int:
        """FLOP of the convolution; of either of its gradients, too."""
        return 2 * self.pixels * self.taps * self.inputs * self.outputs


def per_image(
    height: int, width: int, *, width_multiplier: float = 1.0, frozen_blocks: int = 3
) -> dict[str, int]:
    """Returns FLOP an image of prediction and of each update."""
    encoder, decoder = _generator(height, width, width_multiplier)
    frozen = [layer for block in encoder[:frozen_blocks] for layer in block]
    trained = [layer for block in encoder[frozen_blocks:] for layer in block] + decoder
    predict = _total(frozen) + _total(trained)
    # Of a trained layer the kernel's and the input's gradient, but not the first's.
    bootstrap = predict + 2 * _total(trained) - trained[0].flops
    judge = _discriminator(height, width, width_multiplier)
    once = _total(judge)
    discriminator = predict + 2 * (3 * once - judge[0].flops)
    generator = bootstrap + 2 * once
    return {
        "predict": predict,
        "bootstrap": bootstrap,
        "discriminator": discriminator,
        "generator": generator,
        "both": discriminator + generator - predict,
    }


def measured_limit(dtype: str, *, rounds: int = 5) -> float:
    """Returns FLOP/s of a large matrix product, the most that convolutions can reach.

    PyTorch's is measured too where it has the device, and the faster of the two counts.
    """
    platform = jax.default_backend()
    size = _MATRIX.get(platform, 2048)
    a = jax.random.normal(jax.random.key(0), (size, size)).astype(dtype)
    product = jax.jit(lambda a: jnp.dot(a, a))

    def ours(count: int) -> None:
        for _ in range(count - 1):
            product(a)
        product(a).block_until_ready()

    runners: dict[str, timing.Runner] = {"jax": ours}
    try:
        import torch
    except ImportError:
        torch = None
    if torch is not None and (platform == "cpu" or torch.cuda.is_available()):
        device = "cpu" if platform == "cpu" else "cuda"
        b = torch.randn((size, size), device=device).to(getattr(torch, dtype))

        def theirs(count: int) -> None:
            for _ in range(count):
                torch.mm(b, b)
            if device == "cuda":
                torch.cuda.synchronize()

        runners["torch"] = theirs
    times = timing.interleave(runners, rounds=rounds)
    return 2 * size**3 / min(timing.minimum for timing in times.values())


def _total(layers: list[Layer]) -> int:
    return sum(layer.flops for layer in layers)


def _generator(
    height: int, width: int, multiplier: float
) -> tuple[list[list[Layer]], list[Layer]]:
    channels, encoder, decoder = 3, [], []
    for block, widths in enumerate(vgg16.BLOCKS):
        pixels, layers = (height >> block) * (width >> block), []
        for features in widths:
            features = vgg16.scaled_channels(features, multiplier)
            layers.append(Layer(pixels, 9, channels, features))
            channels = features
        encoder.append(layers)
    for block in reversed(range(len(vgg16.BLOCKS))):
        pixels = (height >> block) * (width >> block)
        for features in vgg16.BLOCKS[block]:
            features = vgg16.scaled_channels(features, multiplier)
            decoder.append(Layer(pixels, 9, channels, features))
            channels = features
    decoder.append(Layer(height * width, 1, channels, 1))
    return encoder, decoder


def _discriminator(height: int, width: int, multiplier: float) -> list[Layer]:
    """The article's variant."""
    layers, channels = [], 4
    for block, widths in enumerate(((3, 32), (64, 64), (64, 64))):
        pixels = (height >> block) * (width >> block)
        for features in widths:
            if features != 3:
                features = vgg16.scaled_channels(features, multiplier)
            layers.append(Layer(pixels, 9, channels, features))
            channels = features
    layers.append(Layer(1, 1, (height >> 3) * (width >> 3) * channels, 100))
    return layers
