"""PyTorch: a module of sixty lines, and its weights beside it."""

import json
import pathlib

import numpy as np
import safetensors.numpy

from salgan_jax.export import fresh_process
from salgan_jax.export.chain import Chain

MODULE = "salgan_torch.py"
WEIGHTS = "salgan_torch.safetensors"
_PROGRAM = """
import torch, salgan_torch
network, _ = salgan_torch.load()
with torch.inference_mode():
    saliency_maps = network(torch.from_numpy(images)).numpy()
"""


def write(chain: Chain, directory: pathlib.Path) -> None:
    """Writes `salgan_torch.py` and `salgan_torch.safetensors`."""
    tensors, layers = {}, []
    for layer in chain.layers:
        kernel = np.ascontiguousarray(layer.kernel.transpose(3, 2, 0, 1))
        name = layer.name.replace(".", "_")
        tensors |= {f"{name}.weight": kernel, f"{name}.bias": layer.bias}
        layers.append([layer.name, layer.before, layer.is_rectified, kernel.shape])
    plan = {
        "layers": layers,
        "scale": chain.scale.tolist(),
        "shift": chain.shift.tolist(),
        "reverses_channels": chain.reverses_channels,
        "image_size": chain.image_size,
    }
    safetensors.numpy.save_file(
        tensors, directory / WEIGHTS, metadata={"plan": json.dumps(plan)}
    )
    source = pathlib.Path(__file__).with_name("torch_module.py")
    (directory / MODULE).write_text(source.read_text())


def run(directory: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """Returns what a process that knows only PyTorch makes of the images."""
    return fresh_process.run(_PROGRAM, directory, images)
