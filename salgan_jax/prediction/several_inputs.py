"""All that is given to a prediction as one tree: files, folders, globs and a list."""

import os
import pathlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from salgan_jax.errors import UserError
from salgan_jax.prediction.input_images import Folder, InputImages

STANDARD_INPUT = "-"


class Inputs(Protocol):
    """Images by folder.

    Attributes:
        root: the folder that the names of folders are relative to.
    """

    root: str

    def folders(self) -> Iterator[Folder]:
        """Yields each folder that holds images, once."""
        ...

    def in_folder(self, name: str) -> Folder:
        """Returns the images of one folder, given its path below the root."""
        ...

    def covers(self, name: str) -> bool:
        """Whether a folder below the root is looked into."""
        ...


def open_inputs(inputs: Sequence[str], output: str | os.PathLike[str]) -> Inputs:
    """Returns the images of all inputs; those of several lie below a common folder.

    Raises:
        UserError: one of several matches nothing, or a glob leads out of its folder.
    """
    if not inputs:
        raise UserError("no input is given")
    opened: list[Inputs] = []
    for each in inputs:
        if each == STANDARD_INPUT:
            opened.append(ListedImages(_lines_of_standard_input()))
        else:
            opened.append(InputImages(each, output))
    if len(opened) == 1:
        return opened[0]
    for each, images in zip(inputs, opened, strict=True):
        if next(images.folders(), None) is None:
            raise UserError(f"no image matches the input {each!r}")
    return _Together(opened)


class ListedImages:
    """Files whose paths are listed; each is taken at its word.

    Attributes:
        root: the deepest folder that holds all of them.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        given = [_split(path) for path in paths]
        self.root, names = _common_root([folder for folder, _ in given])
        found: dict[str, set[str]] = {}
        for name, (_, file) in zip(names, given, strict=True):
            found.setdefault(name, set()).add(file)
        self._names = {name: sorted(files) for name, files in found.items()}

    def folders(self) -> Iterator[Folder]:
        """Yields each folder of which a file is listed."""
        return map(self.in_folder, self._names)

    def in_folder(self, name: str) -> Folder:
        """Returns the files listed of one folder."""
        return Folder(name, self._names.get(name, []), [])

    def covers(self, name: str) -> bool:
        """Whether a file of the folder is listed."""
        return name in self._names


class _Together:
    """Several inputs; what two of them name is there once."""

    def __init__(self, inputs: Sequence[Inputs]) -> None:
        self.root, prefixes = _common_root([each.root for each in inputs])
        self._inputs = list(zip(prefixes, inputs, strict=True))

    def folders(self) -> Iterator[Folder]:
        seen = set()
        for prefix, images in self._inputs:
            for folder in images.folders():
                name = os.path.join(prefix, folder.name) if folder.name else prefix
                if name not in seen:
                    seen.add(name)
                    yield self.in_folder(name)

    def in_folder(self, name: str) -> Folder:
        images: set[str] = set()
        closed: set[str] = set()
        for prefix, each in self._inputs:
            below = _below(name, prefix)
            if below is not None and each.covers(below):
                found = each.in_folder(below)
                images.update(found.images)
                closed.update(found.closed)
        return Folder(name, sorted(images), sorted(closed - images))

    def covers(self, name: str) -> bool:
        return any(
            below is not None and each.covers(below)
            for prefix, each in self._inputs
            for below in [_below(name, prefix)]
        )


def _lines_of_standard_input() -> Iterator[str]:
    for line in sys.stdin.buffer:
        if line.strip():
            yield os.fsdecode(line.rstrip(b"\r\n"))


def _split(path: str) -> tuple[str, str]:
    folder, file = os.path.split(os.path.expanduser(path))
    return folder, file


def _common_root(folders: Sequence[str]) -> tuple[str, list[str]]:
    """Returns the deepest folder that holds all, and each one's path below it."""
    parts = [pathlib.PurePath(folder).parts for folder in folders]
    if any(".." in each for each in parts):
        folders = [os.path.realpath(folder) for folder in folders]
    elif len({os.path.isabs(folder) for folder in folders}) == 2:
        folders = [os.path.abspath(folder) for folder in folders]
    folders = [os.path.normpath(folder) for folder in folders]
    root = _shared(folders)
    names = [os.path.relpath(folder, root) for folder in folders]
    return root, ["" if name == "." else name for name in names]


def _shared(folders: Sequence[str]) -> str:
    return os.path.commonpath(folders) or "." if folders else "."


def _below(name: str, prefix: str) -> str | None:
    """Returns a folder's path below another, None where it lies elsewhere."""
    if not prefix or name == prefix:
        return name.removeprefix(prefix)
    start = os.path.join(prefix, "")
    return name.removeprefix(start) if name.startswith(start) else None
