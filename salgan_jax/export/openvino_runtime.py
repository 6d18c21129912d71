"""Prediction by OpenVINO, which computes in bfloat16 where a CPU has units for it."""

import importlib.util
import pathlib
import tempfile
import threading
from collections.abc import Callable

import numpy as np

from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.errors import UserError
from salgan_jax.export import chain, onnx_format

PACKAGES = ("openvino", "onnx")


# What OpenVINO calls them; by default it takes what the CPU has units for.
_PRECISIONS = {"auto": None, "float32": "f32", "bfloat16": "bf16"}


def make_saliency_maps(
    loaded: LoadedGenerator, precision: str = "auto"
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from images [n, h, w, 3] to saliency maps [n, h, w].

    It takes uint8 images of the generator's size and may be called from any thread.

    Args:
        loaded: the generator.
        precision: of the arithmetic: "float32", "bfloat16", or "auto".

    Raises:
        UserError: OpenVINO is not installed.
    """
    missing = [name for name in PACKAGES if not importlib.util.find_spec(name)]
    if missing:
        raise UserError(
            f"--backend=openvino needs {' and '.join(missing)}, which cannot be "
            "imported: pip install -r requirements-export.txt"
        )
    import openvino

    core = openvino.Core()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        onnx_format.write(chain.make_chain(loaded), folder)
        hint = _PRECISIONS[precision]
        settings = {"INFERENCE_PRECISION_HINT": hint} if hint else {}
        model = core.compile_model(folder / onnx_format.FILE, "CPU", settings)
    # OpenVINO's Python waits forever for itself if two threads make its first request
    # together: the first is made here, of a black image.
    height, width = loaded.config.data.image_size
    model({"image": np.zeros((1, height, width, 3), np.float32)})
    of_thread = threading.local()  # a request is for one thread at a time

    def saliency_maps(images: np.ndarray) -> np.ndarray:
        if not hasattr(of_thread, "request"):
            of_thread.request = model.create_infer_request()
        results = of_thread.request.infer({"image": images.astype(np.float32)})
        return np.array(results["saliency_map"])[..., 0]

    return saliency_maps
