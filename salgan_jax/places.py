"""Where files lie: on a disk, or in a bucket (`gs://...`)."""

import importlib.util
import os
import pathlib
import tempfile

from etils import epath

from salgan_jax import atomic
from salgan_jax.errors import UserError


def as_path(place: str | os.PathLike[str]) -> epath.Path:
    """Returns an absolute path, which has the methods of `pathlib.Path`.

    Raises:
        UserError: it is in a bucket, and what reads buckets is not installed.
    """
    path = epath.Path(place)
    if not is_bucket(place):
        return path.expanduser().absolute()
    if os.fspath(place).startswith("gs://") and not importlib.util.find_spec("gcsfs"):
        raise UserError(f"{place} is in a bucket of Google's: pip install gcsfs")
    return path


def is_bucket(place: str | os.PathLike[str]) -> bool:
    """Whether the place is in a bucket: files there are read and written whole."""
    return "://" in os.fspath(place)


def write_whole(path: epath.Path, content: bytes) -> None:
    """Writes a file that is there with all of its content or as it was before."""
    if is_bucket(path):  # where this is so for every file
        path.write_bytes(content)
        return
    with atomic.written_aside(path) as file:
        file.write(content)


def fetched(place: epath.Path) -> pathlib.Path:
    """Returns a local copy of a folder in a bucket, which is made at the first call.

    It lies in `~/.cache/salgan_jax`, or in XDG_CACHE_HOME. Files whose size
    is another in the bucket are copied again.
    """
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    _, _, below = os.fspath(place).partition("://")
    local = pathlib.Path(root) / "salgan_jax" / below
    local.mkdir(parents=True, exist_ok=True)
    for each in place.iterdir():
        copy = local / each.name
        if each.is_dir():
            fetched(each)
        elif not copy.exists() or copy.stat().st_size != each.stat().length:
            with atomic.written_aside(copy) as file:
                file.write(each.read_bytes())
    return local


class Folder:
    """A folder to write to bit by bit, though it may be in a bucket.

    Attributes:
        local: where to write: the folder itself, or one that stands for it.
    """

    def __init__(self, place: str | os.PathLike[str], *, fetched: tuple[str, ...] = ()):
        """Makes the folder, if it is not there.

        Args:
            place: on a disk or in a bucket.
            fetched: names of files that are to be there from the start.
        """
        self._place = as_path(place)
        self._published: dict[pathlib.Path, tuple[int, int]] = {}
        self._stand_in = None
        if not is_bucket(place):
            self.local = pathlib.Path(self._place)
            self.local.mkdir(parents=True, exist_ok=True)
            return
        self._stand_in = tempfile.TemporaryDirectory()
        self.local = pathlib.Path(self._stand_in.name)
        for name in fetched:
            if (self._place / name).exists():
                (self.local / name).write_bytes((self._place / name).read_bytes())

    def publish(self) -> None:
        """Copies what has changed since the last time to the bucket, if it is one."""
        if self._stand_in is None:
            return
        for file in sorted(self.local.rglob("*")):
            if not file.is_file():
                continue
            status = file.stat()
            version = status.st_size, status.st_mtime_ns
            if self._published.get(file) != version:
                copy = self._place / file.relative_to(self.local)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())
                self._published[file] = version

    def close(self) -> None:
        """Publishes for the last time."""
        self.publish()
        if self._stand_in is not None:
            self._stand_in.cleanup()
