"""What has been predicted into a folder, so that a run that was killed can go on.

Each process appends to a file of its own, `manifest-00000-of-00001.jsonl`, a JSON
object a line. A run begins with how it predicts; all lines with the same `run` belong
to it:

    {"format": 1, "run": "2026-01-01T12:00:00.000000Z", "predicted_with": {"step": ...}}
    {"run": ..., "image": "a/b.jpg", "size": 9, "mtime_ns": 8, "files": ["a/b.png"]}
    {"run": ..., "image": "a/c.jpg", "is_replaced": true}

An image has its line once all of its files are in place. Where files of it are there
already, a line says first that these are no longer to be relied on. Of several lines
for an image the last counts, that of a later run before that of an earlier one. A line
that was cut when a process was killed is as if it were not there.
"""

import array
import contextlib
import datetime
import glob
import hashlib
import json
import os
import pathlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from salgan_jax.errors import UserError, printable

FORMAT = 1
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NONE = 0  # the record of an image that is being replaced


class ImageState(NamedTuple):
    """An image's file as it was before it was read."""

    size: int  # bytes
    mtime_ns: int


class Manifest:
    """The images that have been predicted into a folder, and those predicted now.

    May be used by several threads.
    """

    def __init__(
        self,
        output: str | os.PathLike[str],
        predicted_with: Mapping[str, Any],
        *,
        share: tuple[int, int] = (0, 1),
        resume: bool = True,
    ) -> None:
        """Reads what all processes of earlier runs have written.

        Args:
          output: the folder with the predictions.
          predicted_with: all that the files depend on besides the image; JSON.
          share: (index, count) of this process.
          resume: whether images that are done count as done.

        Raises:
          UserError: a manifest cannot be read.
        """
        self._output = pathlib.Path(output).expanduser()
        self._path = self._output / "manifest-{:05}-of-{:05}.jsonl".format(*share)
        self._predicted_with = dict(predicted_with)
        self._settings = _digest(self._predicted_with)
        self._handle: int | None = None
        self._lock = threading.Lock()
        lines = _Lines()
        for path in sorted(
            glob.glob(f"{glob.escape(str(self._output))}/manifest-*.jsonl")
        ):
            lines.read(path)
        self._images, self._records = (lines if resume else _Lines()).last()
        # A clock that goes backwards must not make this run an earlier one.
        now = time.time_ns() // 1000
        self._run = _run_at(max(now, lines.latest_run + 1))

    def is_done(self, name: str, state: ImageState, files: Sequence[str]) -> bool:
        """Whether an image was predicted as it would be now and its files are there.

        Args:
          name: of the image, below the input.
          state: of its file.
          files: what is made of it, below the output folder.
        """
        image = np.uint64(_number(name))
        i = np.searchsorted(self._images, image)
        if i == len(self._images) or self._images[i] != image:
            return False
        record = _record(name, state, files, self._settings)
        return int(self._records[i]) == record and all(
            os.path.exists(self._output / file) for file in files
        )

    def begin(self, name: str, files: Sequence[str]) -> None:
        """Says that an image's files, where there are any, are about to be replaced."""
        if any(os.path.lexists(self._output / file) for file in files):
            self._append({"image": name, "is_replaced": True})

    def finish(self, name: str, state: ImageState, files: Sequence[str]) -> None:
        """Says that all files of an image are in place."""
        self._append({"image": name, **state._asdict(), "files": list(files)})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _append(self, line: Mapping[str, Any]) -> None:
        """Adds a line, before the first one that of the run.

        Raises:
          UserError: nothing more can be written.
        """
        try:
            with self._lock:
                if self._handle is None:
                    self._handle = self._open()
                    begin = {"format": FORMAT, "run": self._run}
                    self._write(begin | {"predicted_with": self._predicted_with})
                self._write({"run": self._run, **line})
        except OSError as error:
            raise UserError(
                f"cannot write {printable(str(self._path))}: {error.strerror}; images "
                "before are done: mend that, and run the same command again"
            ) from error

    def _open(self) -> int:
        # Not through a link: that could lead out of the folder.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o666)
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":  # it was cut there
            os.write(handle, b"\n")
        return handle

    def _write(self, line: Mapping[str, Any]) -> None:
        assert self._handle is not None
        data = json.dumps(line).encode() + b"\n"
        while data:
            data = data[os.write(self._handle, data) :]


class _Lines:
    """The lines of all manifests, as three numbers each: a million take 24 MB."""

    def __init__(self) -> None:
        self.latest_run = 0  # microseconds
        self._numbers = array.array("Q")  # image, run, record

    def read(self, path: str) -> None:
        """Adds the lines of a file; what is no line of ours is left out."""
        runs: dict[str, tuple[int, bytes]] = {}  # when, and with what
        for line in _objects(path):
            # A line of another format, or changed by hand: its image is not done.
            with contextlib.suppress(KeyError, TypeError, ValueError):
                if "predicted_with" in line and line["format"] == FORMAT:
                    moment = _microseconds(line["run"])
                    self.latest_run = max(self.latest_run, moment)
                    runs[line["run"]] = moment, _digest(line["predicted_with"])
                elif "image" in line:
                    self._add(line, *runs[line["run"]])

    def _add(self, line: dict[str, Any], moment: int, settings: bytes) -> None:
        record = _NONE
        if "files" in line:
            state = ImageState(line["size"], line["mtime_ns"])
            record = _record(line["image"], state, line["files"], settings)
        self._numbers.extend((_number(line["image"]), moment, record))

    def last(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns all images, in order, and the record of the last line of each."""
        rows = np.array(self._numbers, np.uint64).reshape(-1, 3)
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]  # leaves equal ones in order
        is_last = np.append(rows[1:, 0] != rows[:-1, 0], True)[: len(rows)]
        return rows[is_last, 0], rows[is_last, 2]


def _objects(path: str) -> Iterator[dict[str, Any]]:
    """Yields the JSON objects of a file's lines, without lines that were cut."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    content = json.loads(line)
                    if isinstance(content, dict):
                        yield content
    except OSError as error:
        raise UserError(
            f"cannot read {printable(path)}: {error.strerror}; it says what has been "
            "predicted: mend it, or choose another output folder"
        ) from error


def _record(name: str, state: ImageState, files: Sequence[str], settings: bytes) -> int:
    """Returns a number for an image, how it is predicted and what is made of it."""
    text = json.dumps([name, *state, *files])
    return _number(text, settings) | 1  # never that of an image being replaced


def _number(text: str, key: bytes = b"") -> int:
    encoded = text.encode(errors="surrogatepass")
    digest = hashlib.blake2b(encoded, digest_size=8, key=key).digest()
    return int.from_bytes(digest, "little")


def _digest(predicted_with: Any) -> bytes:
    text = json.dumps(predicted_with, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=32).digest()


def _microseconds(run: str) -> int:
    moment = datetime.datetime.strptime(run, _TIME).replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1)


def _run_at(microseconds: int) -> str:
    moment = _EPOCH + datetime.timedelta(microseconds=microseconds)
    return moment.strftime(_TIME)
