"""What a run writes while it runs: scalars and pictures, to TensorBoard and to a file.

The file, `scalars.jsonl`, has one JSON object a line, `{"step": 20, "train/...": ...}`;
a run that goes on from an earlier step drops the lines that lie after it.
"""

import contextlib
import io
import json
import math
import os
import pathlib
import platform
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from etils import epath
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from salgan_jax import atomic, places
from salgan_jax.errors import UserError

FILE_NAME = "scalars.jsonl"
# (steps, values) of each scalar, in order.
Series = dict[str, tuple[list[int], list[float]]]


class Silence:
    """The writer of a process that leaves writing to another."""

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Does nothing."""

    def write_image(self, step: int, name: str, image: np.ndarray) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


class Output(Protocol):
    """What takes scalars and pictures."""

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Adds values at a step."""

    def write_image(self, step: int, name: str, image: np.ndarray) -> None:
        """Adds a picture, uint8 [H, W, 3], at a step."""


class Writer:
    """Writes the scalars of a run, from `first_step` on."""

    def __init__(self, folder: str | os.PathLike[str], *, first_step: int) -> None:
        """Opens the files in a local folder; forgets what lies after `first_step`."""
        self._path = pathlib.Path(folder) / FILE_NAME
        kept = [row for row in _rows(self._path) if row["step"] <= first_step]
        with atomic.written_aside(self._path) as file:
            for row in kept:
                file.write((json.dumps(row) + "\n").encode())
        board = self._path.with_name("tensorboard")
        board.mkdir(exist_ok=True)
        # TensorBoard reads the files of a run in the order of their names. Written
        # without its thread, which would not say that the disk is full.
        name = f"events.out.tfevents.{time.time():.6f}.{platform.node()}.{os.getpid()}"
        self._events = RecordWriter((board / name).open("ab"))
        self._add(0, file_version="brain.Event:2")
        if first_step:
            # TensorBoard hides what an interrupted start wrote after this step.
            start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            self._add(first_step + 1, session_log=start)

    def write(self, step: int, scalars: Mapping[str, float]) -> None:
        """Adds one line, such as `{"train/content_loss": 0.4}`, at a step.

        Raises:
            UserError: the disk cannot take it.
        """
        values = {name: float(value) for name, value in scalars.items()}
        finite = {k: v if math.isfinite(v) else None for k, v in values.items()}
        with self._failure_said(), self._path.open("a") as file:
            file.write(json.dumps({"step": step, **finite}) + "\n")
        for name, value in values.items():
            self._add_summary(step, tag=name, simple_value=value)

    def write_image(self, step: int, name: str, image: np.ndarray) -> None:
        """Adds a picture, uint8 [H, W, 3], at a step."""
        height, width, channels = image.shape
        png = io.BytesIO()
        Image.fromarray(image).save(png, "png")
        picture = summary_pb2.Summary.Image(
            height=height,
            width=width,
            colorspace=channels,
            encoded_image_string=png.getvalue(),
        )
        self._add_summary(step, tag=name, image=picture)

    def close(self) -> None:
        """Closes the files."""
        with self._failure_said():
            self._events.close()

    def _add_summary(self, step: int, **what: Any) -> None:
        value = summary_pb2.Summary.Value(**what)
        self._add(step, summary=summary_pb2.Summary(value=[value]))

    def _add(self, step: int, **what: Any) -> None:
        with self._failure_said():
            event = event_pb2.Event(step=step, wall_time=time.time(), **what)
            self._events.write(event.SerializeToString())
            self._events.flush()

    @contextlib.contextmanager
    def _failure_said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                f"cannot write to {self._path.parent}: {error.strerror}; what is saved "
                "is good: mend that and start again"
            ) from error


def read(workdir: str) -> Series:
    """Returns (steps, values) of each scalar of a run, in order."""
    series: Series = {}
    for row in _rows(places.as_path(workdir) / FILE_NAME):
        for name, value in row.items():
            if name != "step" and value is not None:
                steps, values = series.setdefault(name, ([], []))
                steps.append(row["step"])
                values.append(value)
    return series


def _rows(path: pathlib.Path | epath.Path) -> list[dict]:
    """The complete lines of the file; a killed run may have left half of the last."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines]
