"""Saliency maps of another model, one file for each image of a dataset."""

import os
import pathlib
from collections.abc import Mapping

import numpy as np
from absl import logging
from PIL import Image

from salgan_jax.errors import UserError

SUFFIXES = (".npy", ".png", ".jpg", ".jpeg")  # of two files for an image, the first
_MOST_NAMED = 10
_COLOUR_TOLERANCE = 2  # grey levels between the channels of a grey JPEG


def find_maps(
    directory: str | os.PathLike[str], sizes: Mapping[str, tuple[int, ...]]
) -> dict[str, pathlib.Path]:
    """Returns the file of each image's map: `<id>` with one of `SUFFIXES`.

    Files of other images are logged and left out.

    Args:
      directory: where the maps lie; an id with slashes is a file in its subfolders.
      sizes: (height, width) of each image, by id.

    Raises:
      FileNotFoundError: there is no such folder.
      UserError: maps are missing, or unreadable, or have another size than their image.
    """
    directory = pathlib.Path(directory).expanduser()
    if not directory.is_dir():
        raise FileNotFoundError(f"there is no folder {directory} with maps")
    files = _files_by_id(directory)
    missing = sorted(sizes.keys() - files.keys())
    extra = sorted(files.keys() - sizes.keys())
    wrong = [
        f"{files[name].name} ({problem})"
        for name in sorted(sizes.keys() & files.keys())
        if (problem := _problem(files[name], sizes[name]))
    ]
    problems = [
        f"{len(names)} {what}: {_listed(names)}"
        for names, what in (
            (missing, "images have no map"),
            (wrong, "maps do not fit their image"),
            (extra, "maps are of no image of the split"),
        )
        if names
    ]
    if missing or wrong:
        accepted = " ".join(SUFFIXES)
        raise UserError(
            f"{directory}: {'; '.join(problems)}. A map has its image's size and is "
            f"named <image id>, with one of {accepted}"
        )
    for problem in problems:
        logging.info("left out: %s", problem)
    return {name: files[name] for name in sizes}


def read_map(path: str | os.PathLike[str]) -> np.ndarray:
    """Returns the map in a file as float32 [H, W], in the file's own units.

    A picture must be grey: 8 or 16 bits, or colour with equal channels.

    Raises:
      UserError: the file is unreadable or is not one map.
    """
    path = pathlib.Path(path)
    try:
        if path.suffix.lower() == ".npy":
            saliency_map = np.load(path, allow_pickle=False)
        else:
            with Image.open(path) as image:
                saliency_map = _grey(image)
        saliency_map = np.asarray(saliency_map, np.float32)
    except (OSError, ValueError, EOFError, SyntaxError, TypeError) as error:
        raise UserError(f"cannot read the map {path}: {error}") from error
    return saliency_map.reshape(_map_shape(saliency_map.shape))


def _files_by_id(directory: pathlib.Path) -> dict[str, pathlib.Path]:
    """Returns the files below a folder by their path without suffix."""
    files: dict[str, pathlib.Path] = {}
    paths = [path for path in directory.rglob("*") if path.is_file()]
    for suffix in SUFFIXES:
        for path in sorted(paths):
            relative = path.relative_to(directory)
            is_hidden = any(part.startswith(".") for part in relative.parts)
            if path.suffix.lower() == suffix and not is_hidden:
                files.setdefault(relative.with_suffix("").as_posix(), path)
    return files


def _problem(path: pathlib.Path, size: tuple[int, ...]) -> str:
    """Returns why a file cannot be an image's map, "" if it can, from its header."""
    try:
        if path.suffix.lower() == ".npy":
            shape = _map_shape(np.load(path, mmap_mode="r", allow_pickle=False).shape)
        else:
            with Image.open(path) as image:
                shape = (image.height, image.width)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        return f"unreadable: {error}"
    if shape == tuple(size):
        return ""
    sides = " x ".join(str(side) for side in reversed(shape))
    return f"{sides}, the image {size[1]} x {size[0]}"


def _map_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape without a channel axis of length one."""
    return shape[:2] if len(shape) == 3 and shape[2] == 1 else shape


def _grey(image: Image.Image) -> np.ndarray:
    if image.mode in ("1", "L", "F") or image.mode.startswith("I"):
        return np.array(image)
    if image.mode == "LA":
        return np.array(image.getchannel("L"))
    colours = np.array(image.convert("RGB"), np.float32)
    if np.ptp(colours, axis=-1).max() > _COLOUR_TOLERANCE:
        raise ValueError("it is a picture in colour; a map is grey")
    return colours.mean(axis=-1)


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
