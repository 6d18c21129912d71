"""What predictions depend on besides their image, so that two runs can be compared."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from salgan_jax import experiment
from salgan_jax.checkpoints import LoadedGenerator


def describe(
    loaded: LoadedGenerator,
    *,
    post_processing: str,
    backend: str,
    precision: str,
    colormap: str,
    contours: Sequence[float],
) -> dict[str, Any]:
    """Returns step and parameters of a checkpoint, and how its maps are made; JSON.

    Arguments are those of `inference.make_predictor` and of `formats.Style`. A
    precision that depends on the machine is the one that it has here.
    """
    if backend == "jax":
        precision = experiment.precision_here(precision)
    return {
        "step": loaded.step,
        "parameters": _digest(loaded),
        "post_processing": post_processing,
        "backend": backend,
        "precision": precision,
        "colormap": colormap,
        "contours": list(contours),
    }


def _digest(loaded: LoadedGenerator) -> str:
    """Returns a checksum of all that the network computes with."""
    config: Any = loaded.config
    settings = {
        "image_size": list(config.data.image_size),
        "geometry": config.data.geometry,
        "input_convention": loaded.generator.input_convention,
    }
    # Options that change a map and no parameter.
    settings |= {
        name: getattr(loaded.generator, name)
        for name in ("dilated", "smoothing_sigma")
        if getattr(loaded.generator, name)
    }
    digest = hashlib.blake2b(json.dumps(settings).encode(), digest_size=16)
    for path, leaf in jax.tree_util.tree_leaves_with_path(loaded.params):
        array = np.ascontiguousarray(leaf)
        name = f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}"
        digest.update(name.encode())
        digest.update(array.view(np.uint8).data if array.ndim else array.tobytes())
    return digest.hexdigest()
