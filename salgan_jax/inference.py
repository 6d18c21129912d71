"""From photographs to saliency maps: the one path of prediction, evaluation and report.

The images fill the network's frame as in training, the maps come back at the images'
own sizes.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from salgan_jax import experiment
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.data import geometry as frames
from salgan_jax.data.post_processing import POST_PROCESSING
from salgan_jax.errors import UserError

__all__ = [
    "BACKENDS",
    "POST_PROCESSING",
    "PRECISIONS",
    "Predictor",
    "make_predictor",
    "preferred_batch_size",
]

PRECISIONS = ("auto", "float32", "bfloat16")
# Large files come a few at a time, and a batch that is not full costs as much.
_LARGEST_BATCH = 16
_MEMORY_WHERE_UNKNOWN = 8 << 30
# A prediction takes as much as so many of its widest layers, measured in float32:
# docs/performance.md has 0.95 GB for 8 images of 256x192.
_WIDEST_LAYERS = 10

# uint8 images [H, W, 3] RGB of any sizes -> float32 saliency maps [H, W] in [0, 1],
# each at its image's size.
Predictor = Callable[[Sequence[np.ndarray]], list[np.ndarray]]
# uint8 images [b, h, w, 3] at the generator's size -> saliency maps [b, h, w].
SaliencyMaps = Callable[[np.ndarray], Any]


def _jax_maps(loaded: LoadedGenerator, precision: str) -> SaliencyMaps:
    generator = loaded.generator
    if experiment.precision_here(precision) == "bfloat16":
        generator = generator.clone(dtype=jnp.bfloat16)
    params = jax.tree.map(jnp.asarray, loaded.params)
    return functools.partial(_saliency_maps, generator, params)


def _openvino_maps(loaded: LoadedGenerator, precision: str) -> SaliencyMaps:
    from salgan_jax.export import openvino_runtime  # an optional tool

    return openvino_runtime.make_saliency_maps(loaded, precision)


# What computes the network: this project, or another program made from it.
BACKENDS = {"jax": _jax_maps, "openvino": _openvino_maps}


def make_predictor(
    loaded: LoadedGenerator,
    batch_size: int = 8,
    *,
    post_processing: str = "none",
    backend: str = "jax",
    precision: str = "float32",
) -> Predictor:
    """A function from images of any sizes to their saliency maps at those sizes.

    Every batch has `batch_size` images, the last one padded, so that the generator is
    compiled once.

    Args:
      loaded: a generator with its parameters and config, from `load_generator`.
      batch_size: images that pass the generator at once.
      post_processing: in `POST_PROCESSING`: "released_code" makes maps of the image's
        size as the authors' code does, "none" by area and bilinear interpolation.
      backend: in `BACKENDS`: what computes the network.
      precision: "float32", as scores want it, "bfloat16", or "auto": what is fast
        here.

    Raises:
      UserError: the backend is not installed.
    """
    return functools.partial(
        _predict,
        BACKENDS[backend](loaded, precision),
        _frame_size(loaded.config),
        functools.partial(
            frames.map_from_frame,
            geometry=loaded.config.data.geometry,
            enlarge=POST_PROCESSING[post_processing],
        ),
        loaded.config.data.geometry,
        batch_size,
        loaded.step,
    )


def preferred_batch_size(loaded: LoadedGenerator) -> int:
    """Images at once: 1 on a CPU, on an accelerator up to 16, as its memory has room.

    A CPU takes as long for each image of a batch, padding included, as for one alone.
    An accelerator gives an eighth of its memory to a batch: several are on the way.
    """
    device = jax.local_devices()[0]
    if device.platform == "cpu":
        return 1
    memory = (device.memory_stats() or {}).get("bytes_limit", _MEMORY_WHERE_UNKNOWN)
    return _batch_that_fits(loaded, memory // 8)


def _batch_that_fits(loaded: LoadedGenerator, num_bytes: int) -> int:
    """The largest power of two up to 16 of which a prediction takes so much at most."""
    height, width = _frame_size(loaded.config)
    generator = loaded.generator
    encoder_width = 1.0 if generator.full_width_blocks else generator.encoder_width
    channels = 64 * max(encoder_width, generator.decoder_width)
    an_image = (
        _WIDEST_LAYERS * height * width * channels * np.dtype(np.float32).itemsize
    )
    room = min(_LARGEST_BATCH, num_bytes / an_image)
    return 2 ** max(0, math.floor(math.log2(room)))


def _frame_size(config: Any) -> tuple[int, int]:
    height, width = config.data.image_size
    return height, width


def _predict(
    saliency_maps: SaliencyMaps,
    frame_size: tuple[int, int],
    map_from_frame: Callable[..., np.ndarray],
    geometry: str,
    batch_size: int,
    step: int,
    images: Sequence[np.ndarray],
) -> list[np.ndarray]:
    maps = []
    for start in range(0, len(images), batch_size):
        some = images[start : start + batch_size]
        batch = np.zeros((batch_size, *frame_size, 3), np.uint8)
        for i, image in enumerate(some):
            _check_image(image)
            batch[i] = frames.image_to_frame(
                image, frame_size=frame_size, geometry=geometry
            )
        predicted = np.asarray(saliency_maps(batch))[: len(some)]
        if not np.isfinite(predicted).all():
            raise UserError(
                f"the generator of step {step} predicts values that are not finite: "
                "its training diverged; choose an earlier step"
            )
        for saliency_map, image in zip(predicted, some, strict=True):
            height, width = image.shape[:2]
            maps.append(map_from_frame(saliency_map, height=height, width=width))
    return maps


# The module is static and compared by value: a predictor of other parameters, as after
# each epoch of training, does not compile again.
@functools.partial(jax.jit, static_argnums=0)
def _saliency_maps(generator: Any, params: Any, images: jax.Array) -> jax.Array:
    """Saliency maps [B, H, W] of uint8 images, which become floats on the device."""
    logits = generator.apply({"params": params}, images.astype(jnp.float32))
    return jax.nn.sigmoid(logits[..., 0].astype(jnp.float32))


def _check_image(image: np.ndarray) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"an image is {image.dtype} {list(image.shape)}; it must be uint8 [H, W, 3]"
        )
