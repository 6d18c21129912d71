"""Saliency maps of another model: a file for each image of a dataset, or one HDF5."""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np
from absl import logging
from PIL import Image

from salgan_jax.errors import UserError, listed

_HDF5 = (".h5", ".hdf5")
# Of two files for an image, the first.
SUFFIXES = (".npy", *_HDF5, ".png", ".jpg", ".jpeg")
_ERRORS = (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError)
_MOST_NAMED = 10
_COLOUR_TOLERANCE = 2  # grey levels between the channels of a grey JPEG


def open_maps(
    path: str | os.PathLike[str], sizes: Mapping[str, tuple[int, ...]]
) -> Callable[[str], np.ndarray]:
    """Returns a function that reads the map of an image, given its id.

    Maps of other images are logged and left out.

    Args:
      path: a folder with a file for each image, `<id>` with one of `SUFFIXES`, where an
        id with slashes is a file in its subfolders; or one HDF5 file with a dataset for
        each image, called `<id>` or as the image's file.
      sizes: (height, width) of each image, by id.

    Raises:
      FileNotFoundError: there is nothing at `path`.
      UserError: maps are missing, or unreadable, or have another size than their image.
    """
    path = pathlib.Path(path).expanduser()
    if path.is_file() and path.suffix.lower() in _HDF5:
        places = _datasets_by_id(path, sizes)
    elif path.is_dir():
        places = {name: (file, "") for name, file in _files_by_id(path).items()}
    else:
        raise FileNotFoundError(f"there is no folder or HDF5 file {path} with maps")
    missing = sorted(sizes.keys() - places.keys())
    extra = sorted(places.keys() - sizes.keys())
    wrong = [
        f"{places[name][1] or places[name][0].name} ({problem})"
        for name in sorted(sizes.keys() & places.keys())
        if (problem := _problem(*places[name], sizes[name]))
    ]
    problems = [
        f"{len(names)} {what}: {listed(names, most=_MOST_NAMED)}"
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
            f"{path}: {'; '.join(problems)}. A map has its image's size and is "
            f"named <image id>, with one of {accepted}"
        )
    for problem in problems:
        logging.warning("left out: %s", problem)
    return lambda name: read_map(*places[name])


def read_map(path: str | os.PathLike[str], dataset: str = "") -> np.ndarray:
    """Returns the map in a file as float32 [H, W], in the file's own units.

    A picture must be grey: 8 or 16 bits, or colour with equal channels. Of an HDF5 file
    it is the dataset of that name, or the only one.

    Raises:
      UserError: the file is unreadable or is not one map.
    """
    path = pathlib.Path(path)
    try:
        if path.suffix.lower() == ".npy":
            saliency_map = np.load(path, allow_pickle=False)
        elif path.suffix.lower() in _HDF5:
            with h5py.File(path) as file:
                saliency_map = _dataset(file, dataset)[()]
        else:
            with Image.open(path) as image:
                saliency_map = _grey(image)
        saliency_map = np.asarray(saliency_map, np.float32)
    except _ERRORS as error:
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


def _datasets_by_id(
    path: pathlib.Path, sizes: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[pathlib.Path, str]]:
    """Returns file and dataset by image, where a name may have the image's suffix."""
    try:
        with h5py.File(path) as file:
            names = dataset_names(file)
    except _ERRORS as error:
        raise UserError(f"cannot read {path}: {error}") from error
    found = {}
    for name in names:
        stem = pathlib.PurePosixPath(name).with_suffix("").as_posix()
        found[stem if name not in sizes and stem in sizes else name] = (path, name)
    return found


def dataset_names(file: h5py.File) -> list[str]:
    """Returns the paths of all datasets in an HDF5 file."""
    names: list[str] = []
    file.visititems(
        lambda name, item: (
            names.append(name) if isinstance(item, h5py.Dataset) else None
        )
    )
    return names


def _dataset(file: h5py.File, name: str) -> Any:
    if not name:
        names = dataset_names(file)
        if len(names) != 1:
            raise ValueError(f"it holds {len(names)} datasets, not one")
        (name,) = names
    return file[name]


def _problem(path: pathlib.Path, dataset: str, size: tuple[int, ...]) -> str:
    """Returns why a file cannot be an image's map, "" if it can, from its header."""
    try:
        if path.suffix.lower() == ".npy":
            shape = _map_shape(np.load(path, mmap_mode="r", allow_pickle=False).shape)
        elif path.suffix.lower() in _HDF5:
            with h5py.File(path) as file:
                shape = _map_shape(_dataset(file, dataset).shape)
        else:
            with Image.open(path) as image:
                shape = (image.height, image.width)
    except _ERRORS as error:
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
