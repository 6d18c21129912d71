"""What a run writes while it runs: scalars and pictures, to TensorBoard and to a file.

The file, `scalars.jsonl`, has one JSON object a line, `{"step": 20, "train/...": ...}`;
a run that goes on from an earlier step drops the lines that lie after it.
"""

import json
import math
import pathlib
from collections.abc import Mapping

import numpy as np
import tensorboardX

from salgan_jax import atomic

FILE_NAME = "scalars.jsonl"
# (steps, values) of each scalar, in order.
Series = dict[str, tuple[list[int], list[float]]]


class Writer:
    """Writes the scalars of a run, from `first_step` on."""

    def __init__(self, workdir: str, *, first_step: int) -> None:
        """Opens the files in `workdir`, and forgets what lies after `first_step`."""
        self._path = pathlib.Path(workdir) / FILE_NAME
        kept = [row for row in _rows(self._path) if row["step"] <= first_step]
        with atomic.written_aside(self._path) as file:
            for row in kept:
                file.write((json.dumps(row) + "\n").encode())
        self._board = tensorboardX.SummaryWriter(
            str(pathlib.Path(workdir) / "tensorboard"),
            purge_step=first_step + 1 if first_step else None,
        )

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Adds one line, such as `{"train/content_loss": 0.4}`, at a step."""
        values = {name: float(value) for name, value in scalars.items()}
        for name, value in values.items():
            self._board.add_scalar(name, value, step)
        finite = {k: v if math.isfinite(v) else None for k, v in values.items()}
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **finite}) + "\n")

    def write_image(self, step: int, name: str, image: np.ndarray) -> None:
        """Adds a picture, uint8 [H, W, 3], at a step."""
        self._board.add_image(name, image, step, dataformats="HWC")
        self._board.flush()

    def close(self) -> None:
        """Writes out what is still buffered."""
        self._board.close()


def read(workdir: str) -> Series:
    """Returns (steps, values) of each scalar of a run, in order."""
    series: Series = {}
    for row in _rows(pathlib.Path(workdir) / FILE_NAME):
        for name, value in row.items():
            if name != "step" and value is not None:
                steps, values = series.setdefault(name, ([], []))
                steps.append(row["step"])
                values.append(value)
    return series


def _rows(path: pathlib.Path) -> list[dict]:
    """The complete lines of the file; a killed run may have left half of the last."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines]
