"""StableHLO: the compiled-from form of JAX itself, loaded by `jax.export` alone."""

import pathlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.export import fresh_process

FILE = "salgan.stablehlo"
PLATFORMS = ("cpu", "cuda", "tpu")
_PROGRAM = f"""
import pathlib, jax.export
data = pathlib.Path({FILE!r}).read_bytes()
saliency_maps = jax.export.deserialize(bytearray(data)).call(images)
"""


def write(loaded: LoadedGenerator, directory: pathlib.Path) -> None:
    """Writes `salgan.stablehlo`: any number of images, for CPU, CUDA and TPU."""
    params = jax.tree.map(jnp.asarray, loaded.params)
    # The CPU's forms cut batches up by their size, which is open here.
    generator = loaded.generator.clone(forms="gpu")

    def saliency_map(image):
        logits: Any = generator.apply({"params": params}, image)
        return jax.nn.sigmoid(logits)

    (batch,) = export.symbolic_shape("batch")
    shape = (batch, *loaded.config.data.image_size, 3)
    exported = export.export(jax.jit(saliency_map), platforms=PLATFORMS)(
        jax.ShapeDtypeStruct(shape, jnp.float32)
    )
    (directory / FILE).write_bytes(exported.serialize())


def run(directory: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """Returns what a process that knows only JAX makes of the images."""
    return fresh_process.run(_PROGRAM, directory, images)
