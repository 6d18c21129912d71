"""The folders below a folder, one at a time: links are followed, never in a circle."""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from salgan_jax.data import opening
from salgan_jax.errors import UserError, printable


class Folder(NamedTuple):
    """What lies in one folder.

    Attributes:
        path: the folder.
        files: names of all that is no folder, in order: pipes and broken links too.
        closed: names of folders that cannot be entered, in order: links to a folder
            above them, and folders that may not be read; and of folders that are called
            as an image, but are empty or not wanted.
    """

    path: str
    files: list[str]
    closed: list[str]


def walk(
    top: str | os.PathLike[str], *, enters: Callable[[str], bool]
) -> Iterator[Folder]:
    """Yields a folder and all below it, each before those in it, in order of name.

    Only the names of one folder are in memory, and those of the folders beside it.

    Args:
        top: where to begin.
        enters: whether a folder, given its path, is wanted at all.

    Raises:
        UserError: a folder cannot be listed.
    """
    waiting: list[tuple[str, tuple[tuple[int, int], ...]]] = [(os.fspath(top), ())]
    while waiting:
        path, above = waiting.pop()
        files, folders, closed = [], [], []
        try:
            here = (*above, _identity(path))
            with os.scandir(path) as entries:
                for entry in entries:
                    if not _is_folder(entry):
                        files.append(entry.name)
                    elif enters(entry.path) and _can_be_entered(entry, here):
                        folders.append(entry.name)
                    elif enters(entry.path) or _looks_like_an_image(entry.name):
                        closed.append(entry.name)
        except OSError as error:
            raise UserError(
                f"cannot list the folder {printable(path)}: {error.strerror}"
            ) from error
        yield Folder(path, sorted(files), sorted(closed))
        below = (os.path.join(path, name) for name in sorted(folders, reverse=True))
        waiting += [(folder, here) for folder in below]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _can_be_entered(
    entry: os.DirEntry[str], above: tuple[tuple[int, int], ...]
) -> bool:
    if not os.access(entry.path, os.R_OK | os.X_OK):
        return False
    if entry.is_symlink() and _identity(entry.path) in above:
        return False
    if not _looks_like_an_image(entry.name):
        return True
    with os.scandir(entry.path) as entries:
        return next(entries, None) is not None


def _looks_like_an_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in opening.IMAGE_SUFFIXES


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
