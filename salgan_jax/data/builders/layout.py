"""Finding the publishers' files in the folder that a user gave."""

import os
import pathlib
import re
from collections.abc import Collection, Mapping, Sequence

from salgan_jax.data import walking
from salgan_jax.data.opening import IMAGE_SUFFIXES
from salgan_jax.errors import UserError, listed

# What macOS and Windows put beside the publishers' files, also in their archives.
_NOT_THEIRS = {"__MACOSX", "Thumbs.db", "desktop.ini"}


def find_folder(
    source: pathlib.Path, *, candidates: Sequence[str], holds: Sequence[str], what: str
) -> pathlib.Path:
    """Returns the first of the candidates that holds all of the files and folders.

    Args:
      source: the folder that the user gave.
      candidates: folders below it, "" for itself.
      holds: paths below a candidate.
      what: the dataset's name, for the message.

    Raises:
      UserError: none of them does; what the last one should hold is listed.
    """
    for candidate in candidates:
        if all((source / candidate / path).exists() for path in holds):
            return source / candidate
    needed = " and ".join(str(pathlib.PurePath(candidates[-1], path)) for path in holds)
    raise UserError(f"{source} is not the publishers' {what} folder, with {needed}")


def files(folder: pathlib.Path, suffix: str) -> dict[str, pathlib.Path]:
    """Returns a folder's files with a suffix, by stem, 2 before 10.

    What only looks like an image is among them: it is refused when it is read.
    """
    is_file = os.path.isfile if suffix not in IMAGE_SUFFIXES else _is_no_folder
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() == suffix and is_theirs(path.name) and is_file(path)
    ]
    return {path.stem: path for path in sorted(found, key=natural_order)}


def files_below(
    source: pathlib.Path, folder: str, suffix: str
) -> dict[str, pathlib.Path]:
    """Returns the files with a suffix below a folder, by stem, 2 before 10.

    Args:
      source: where the folder lies, at any depth.
      folder: a name, or several with slashes between them.
      suffix: in lower case, with its dot.

    Raises:
      UserError: two files have the same stem.
    """
    found: dict[str, pathlib.Path] = {}
    for path in walk(source):
        inside = f"/{path.parent.relative_to(source).as_posix()}/"
        if f"/{folder}/" in inside and path.suffix.lower() == suffix:
            if path.stem in found:
                raise UserError(f"{found[path.stem]} and {path} have the same name")
            found[path.stem] = path
    return dict(sorted(found.items(), key=lambda item: natural_order(item[1])))


def walk(source: pathlib.Path) -> list[pathlib.Path]:
    """Returns all files below a folder, those of the operating system left out.

    Folders that cannot be entered are among them: they are refused when they are read.
    """
    return [
        pathlib.Path(folder.path, name)
        for folder in walking.walk(
            source, enters=lambda path: is_theirs(os.path.basename(path))
        )
        for name in (*folder.files, *folder.closed)
        if is_theirs(name)
    ]


def _is_no_folder(path: pathlib.Path) -> bool:
    return not os.path.isdir(path)


def is_theirs(name: str) -> bool:
    """Whether a file or folder is the publishers', not the operating system's."""
    return not name.startswith(".") and name not in _NOT_THEIRS


def natural_order(path: pathlib.PurePath) -> list[str | int]:
    """Returns a key that sorts 2.jpg before 10.jpg."""
    parts = re.split(r"([0-9]+)", path.as_posix())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def check_paired(
    images: Mapping[str, pathlib.Path], others: Collection[str], what: str
) -> None:
    """Raises UserError unless each image has its own of `others`, and each an image.

    Args:
      images: files by stem.
      others: stems that the images should have.
      what: what the others are, for the message: "fixations (mat/*.mat)".
    """
    alone = [
        f"{stem}{path.suffix}" for stem, path in images.items() if stem not in others
    ]
    if alone:
        raise UserError(f"there are no {what} for {listed(alone)}; copy all files")
    extra = [stem for stem in others if stem not in images]
    if extra:
        raise UserError(
            f"there are {what} for {listed(extra)}, but no such images; copy all files"
        )
