"""Exporting: write, run what was written, compare, and only then keep it."""

import importlib.util
import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.errors import UserError, did_you_mean
from salgan_jax.export import (
    chain,
    onnx_format,
    safetensors_format,
    stablehlo_format,
    tflite_format,
    torch_format,
)

CARD = "MODEL_CARD.md"


class Format(NamedTuple):
    """A way to write a generator.

    Attributes:
        write: takes the generator and a folder.
        run: takes the folder and images float32 [N, height, width, 3], returns maps.
        tolerance: the largest difference of a map's value that is let pass; other
            programs add up the same products in another order.
        packages: that it needs beside salgan_jax.
    """

    write: Callable[[LoadedGenerator, pathlib.Path], None]
    run: Callable[[pathlib.Path, np.ndarray], np.ndarray]
    tolerance: float
    packages: tuple[str, ...] = ()


FORMATS = {
    "safetensors": Format(safetensors_format.write, safetensors_format.run, 0.0),
    "stablehlo": Format(stablehlo_format.write, stablehlo_format.run, 1e-4),
    "onnx": Format(
        lambda loaded, folder: onnx_format.write(chain.make_chain(loaded), folder),
        onnx_format.run,
        1e-4,
        ("onnx", "onnxruntime"),
    ),
    "tflite": Format(
        lambda loaded, folder: tflite_format.write(chain.make_chain(loaded), folder),
        tflite_format.run,
        1e-4,
        ("tensorflow",),
    ),
    "torch": Format(
        lambda loaded, folder: torch_format.write(chain.make_chain(loaded), folder),
        torch_format.run,
        1e-4,
        ("torch",),
    ),
}


class Exported(NamedTuple):
    """What was written, and how far it is from the checkpoint.

    Attributes:
        files: in the output folder.
        max_abs_difference: of the saliency maps, which lie in [0, 1].
        lowest, highest: value of the checkpoint's maps: a difference says little where
            these are alike.
    """

    files: list[pathlib.Path]
    max_abs_difference: float
    lowest: float
    highest: float


def check_format(name: str) -> None:
    """Raises UserError if the format is not known or its converter not installed."""
    if name not in FORMATS:
        hint = did_you_mean(name, FORMATS)
        raise UserError(f"--format={name}: use one of {', '.join(FORMATS)}{hint}")
    missing = [p for p in FORMATS[name].packages if not importlib.util.find_spec(p)]
    if missing:
        raise UserError(
            f"--format={name} needs {' and '.join(missing)}, which cannot be imported: "
            "pip install -r requirements-export.txt"
        )


def export(
    loaded: LoadedGenerator,
    name: str,
    output: str,
    image: np.ndarray,
    make_card: Callable[[float], str],
) -> Exported:
    """Writes a generator in a format, once the result has been run and compared.

    Files of an earlier export are replaced, each at once, when all new ones are right.

    Args:
        loaded: the generator.
        name: in `FORMATS`.
        output: the folder to write to.
        image: float32 [1, height, width, 3], RGB in 0..255: what both sides predict.
        make_card: returns the model card, given the largest difference.

    Raises:
        UserError: the converter is not installed, or the folder cannot be made.
        RuntimeError: the export predicts something else; nothing was written.
    """
    check_format(name)
    chosen = FORMATS[name]
    directory = pathlib.Path(output).expanduser()
    if directory.exists() and not directory.is_dir():
        raise UserError(f"--output={output} is a file: give a folder")
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".writing-") as scratch:
        folder = pathlib.Path(scratch)
        chosen.write(loaded, folder)
        # The network is asked about two images, so that the batch is not fixed at one.
        images = np.concatenate([image, image[:, ::-1]])
        found = chosen.run(folder, images)
        expected = chain.predict(loaded, images)
        difference = float(np.abs(found - expected).max())
        if not difference <= chosen.tolerance:
            raise RuntimeError(
                f"the {name} export differs from the checkpoint by {difference:.3g} "
                f"(allowed: {chosen.tolerance:g}): it is not kept"
            )
        (folder / CARD).write_text(make_card(difference))
        made = [path for path in sorted(folder.iterdir()) if path.is_file()]
        for path in made:
            os.replace(path, directory / path.name)
    return Exported(
        [directory / path.name for path in made],
        difference,
        float(expected.min()),
        float(expected.max()),
    )
