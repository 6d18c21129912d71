"""safetensors: the parameters as they are, with the config, for us and for others."""

import json
import pathlib

import flax.traverse_util
import numpy as np
import safetensors
import safetensors.numpy

from salgan_jax import checkpoints, compatibility
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.export import chain

FILE = "salgan.safetensors"


def write(loaded: LoadedGenerator, directory: pathlib.Path) -> None:
    """Writes `salgan.safetensors`: kernels [size, size, in, out] by their own names.

    The names are those of the checkpoint, joined by dots: "encoder.conv1_1.kernel".
    `launch/import_weights.py` reads the file back, bit by bit.
    """
    params = flax.traverse_util.flatten_dict(dict(loaded.params), sep=".")
    tensors = {name: np.asarray(x, order="C") for name, x in params.items()}
    metadata = {
        "format": "salgan_jax",
        "kind": "generator",
        "config": json.dumps(loaded.config.to_dict()),
        "step": str(loaded.step),
    }
    safetensors.numpy.save_file(tensors, directory / FILE, metadata=metadata)


def run(directory: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """Returns what the generator of the file makes of the images."""
    with safetensors.safe_open(directory / FILE, "numpy") as file:
        metadata = file.metadata()
        names = list(file.keys())
        params = {tuple(name.split(".")): file.get_tensor(name) for name in names}
    config = compatibility.complete(json.loads(metadata["config"]))
    restored = LoadedGenerator(
        checkpoints.make_generator(config),
        flax.traverse_util.unflatten_dict(params),
        config,
        int(metadata["step"]),
    )
    return chain.predict(restored, images)
