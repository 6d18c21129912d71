"""Running an export where nothing of ours is loaded, as its users will."""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np


def run(program: str, directory: pathlib.Path, images: np.ndarray) -> np.ndarray:
    """Returns what a program makes of the images.

    Args:
        program: Python code that finds `images` as an array and sets `saliency_maps`.
        directory: where it runs.
        images: float32 [N, height, width, 3].

    Raises:
        RuntimeError: the program failed; with the end of what it printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, made = (
            pathlib.Path(folder, "given.npy"),
            pathlib.Path(folder, "made.npy"),
        )
        np.save(given, images)
        code = (
            "import sys, numpy\n"
            "images = numpy.load(sys.argv[1])\n"
            f"{program}\n"
            "numpy.save(sys.argv[2], numpy.asarray(saliency_maps))\n"
        )
        process = subprocess.run(
            [sys.executable, "-c", code, str(given), str(made)],
            cwd=directory,
            capture_output=True,
            text=True,
        )
        if process.returncode:
            raise RuntimeError(f"the export does not run: {process.stderr[-2000:]}")
        return np.load(made)
