"""Which image files a prediction reads: one file, a folder or a glob."""

import fnmatch
import functools
import glob
import os
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from salgan_jax.data import walking
from salgan_jax.data.opening import IMAGE_SUFFIXES
from salgan_jax.errors import UserError


class Folder(NamedTuple):
    """The images of one folder.

    Attributes:
        name: its path below the root, "" for the root itself.
        images: names of its images, in order.
        closed: names of folders in it that cannot be entered, but should be.
    """

    name: str
    images: list[str]
    closed: list[str]


class InputImages:
    """All images that an input names, a folder at a time.

    Attributes:
        root: the folder that the images' names are relative to.
    """

    def __init__(self, inputs: str, output: str | os.PathLike[str]) -> None:
        """Takes the input at its word, and does not read the folder `output` in it.

        Raises:
          UserError: a glob in which `..` stands behind a wildcard.
        """
        path = pathlib.Path(inputs).expanduser()
        self._only = ""
        self._parts: tuple[str, ...] | None = None  # of a glob, below the root
        # Asked first: as a glob, brackets in a file's name mean another.
        if os.path.lexists(path) and not path.is_dir():
            self.root, self._only = str(path.parent), path.name
        elif path.is_dir():
            self.root = str(path)
        else:
            root = _literal_part(path)
            self.root = str(root)
            self._parts = path.parts[len(root.parts) :]
            if ".." in self._parts:
                raise UserError(
                    f"the input {inputs!r} has .. behind a wildcard: name the folder "
                    "itself"
                )
        output = os.path.realpath(output)
        is_inside = output.startswith(os.path.join(os.path.realpath(self.root), ""))
        self._output = output if is_inside else None

    def folders(self) -> Iterator[Folder]:
        """Yields each folder that holds images, or a folder that cannot be entered.

        Raises:
          UserError: one cannot be listed.
        """
        if self._only:
            yield Folder("", [self._only], [])
        elif os.path.isdir(self.root):
            for folder in walking.walk(self.root, enters=self._enters):
                found = self._chosen(folder)
                if found.images or found.closed:
                    yield found

    def in_folder(self, name: str) -> Folder:
        """Returns the images of one folder, given its path below the root."""
        if self._only:
            return Folder("", [self._only], [])
        top = os.path.join(self.root, name)
        return self._chosen(next(walking.walk(top, enters=self._enters)))

    def covers(self, name: str) -> bool:
        """Whether `folders` would look into a folder below the root."""
        if self._only or not name:
            return not name
        parts = name.split(os.sep)
        below = [os.path.join(self.root, *parts[: i + 1]) for i in range(len(parts))]
        return os.path.isdir(below[-1]) and all(map(self._enters, below))

    def _chosen(self, folder: walking.Folder) -> Folder:
        name = self._below_root(folder.path)
        images = [n for n in folder.files if self._matches(os.path.join(name, n))]
        closed = [
            n
            for n in folder.closed
            if self._is_wanted(os.path.join(name, n))
            and not self._is_output(os.path.join(folder.path, n))
        ]
        return Folder(name, images, closed)

    def _below_root(self, path: str) -> str:
        return path.removeprefix(self.root).lstrip(os.sep)

    def _is_output(self, path: str) -> bool:
        if self._output is None:
            return False
        real = os.path.join(os.path.realpath(path), "")
        return real.startswith(os.path.join(self._output, ""))

    def _enters(self, path: str) -> bool:
        if self._is_output(path):
            return False
        name = self._below_root(path)
        if self._parts is None:
            return not os.path.basename(name).startswith(".")
        return any(i < len(self._parts) for i in _places(self._parts, name))

    def _is_wanted(self, name: str) -> bool:
        """Whether a folder is named where it cannot be entered."""
        if self._parts is None:
            return not os.path.basename(name).startswith(".")
        return bool(_places(self._parts, name))

    def _matches(self, name: str) -> bool:
        if self._parts is None:
            base = os.path.basename(name)
            is_image = os.path.splitext(base)[1].lower() in IMAGE_SUFFIXES
            return is_image and not base.startswith(".")
        return len(self._parts) in _places(self._parts, name)


def _literal_part(pattern: pathlib.Path) -> pathlib.Path:
    """The deepest folder of a glob before its first wildcard."""
    folder = pattern.parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    return folder


def _places(parts: tuple[str, ...], name: str) -> frozenset[int]:
    """Returns how many parts of a glob a path can have used up; all: it matches."""
    folder, base = os.path.split(name)
    before = _places_of_folder(parts, folder)
    return _step(parts, before, base) if base else before


@functools.lru_cache(maxsize=16)
def _places_of_folder(parts: tuple[str, ...], folder: str) -> frozenset[int]:
    places = _with_nothing_for_stars(parts, {0})
    for base in folder.split(os.sep) if folder else ():
        places = _step(parts, places, base)
    return places


def _step(parts: tuple[str, ...], places: frozenset[int], base: str) -> frozenset[int]:
    after: set[int] = set()
    is_hidden = base.startswith(".")
    for i in places:
        if i == len(parts):
            continue
        if parts[i] == "**":
            after |= set() if is_hidden else {i}
        elif is_hidden and not parts[i].startswith("."):
            continue  # as Python's own glob does
        elif _compiled(parts[i]).fullmatch(base):
            after.add(i + 1)
    return _with_nothing_for_stars(parts, after)


def _with_nothing_for_stars(parts: Sequence[str], places: set[int]) -> frozenset[int]:
    """`**` stands for no folder too."""
    for i, part in enumerate(parts):
        if i in places and part == "**":
            places.add(i + 1)
    return frozenset(places)


@functools.cache
def _compiled(part: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(part))
