"""A user's own images, with maps, with fixations, or with both."""

import collections
import functools
import hashlib
import os
import pathlib
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data import opening
from salgan_jax.data.builders import fixation_table, layout, splits
from salgan_jax.data.builders.publishers import Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError, listed

_MAP_SUFFIXES = (".png", ".jpg", ".jpeg")
_TABLE = "fixations.csv"
_NEEDED = (
    "a folder with images/ and, for each image, a grey PNG or JPEG of the same name in "
    f"maps/; or with images/ and {_TABLE}, whose columns are image,x,y[,observer]; or "
    "with all three"
)


class ImageFolder(Publishers):
    """Maps are taken as they are; without them, maps are made only if a sigma is given.

    Every file in `images/` is an image and every file in `maps/` its map; subfolders
    are a part of the name.
    """

    VERSION = tfds.core.Version("1.0.0")
    TOLERANCE_PX = 0.0  # nobody is known to have measured outside
    TAKES_ANY_CONFIG = True
    MANUAL_DOWNLOAD_INSTRUCTIONS = _NEEDED
    DESCRIPTION = (
        "Images of the user. All are in one split, train, unless he asked for every "
        "so many, in the order of their names, as validation."
    )

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns all images by name, and if asked for every so many as validation."""
        maps, table = source / "maps", source / _TABLE
        if not (source / "images").is_dir() or not (maps.is_dir() or table.is_file()):
            raise UserError(f"{source} is not complete; needed: {_NEEDED}")
        if self.options.sigma_px is not None and not table.is_file():
            raise UserError(
                f"a sigma makes maps of fixations, but there is no {table}: give none"
            )
        paths = _by_stem(source / "images")
        read_map = _map_readers(paths, maps) if maps.is_dir() else {}
        gazes = _gazes(table, source / "images", paths) if table.is_file() else {}
        found = [
            Stimulus(
                id=stem,
                image=path,
                read_density_map=read_map.get(stem),
                read_fixations=functools.partial(gazes.__getitem__, stem)
                if gazes
                else None,
            )
            for stem, path in paths.items()
        ]
        every = self.options.validation_every
        return (
            {"train": found} if every is None else splits.held_out(found, every=every)
        )

    @classmethod
    def fingerprint(cls, source: pathlib.Path) -> str | None:
        """Returns a checksum of the names and sizes of all files, and of the table."""
        digest = hashlib.sha256()
        for path in sorted(layout.walk(source)):
            name = path.relative_to(source).as_posix()
            if name.startswith(("images/", "maps/")):
                digest.update(os.fsencode(f"{name}\0{_num_bytes(path)}\0"))
        if (source / _TABLE).is_file():
            digest.update((source / _TABLE).read_bytes())
        return digest.hexdigest()


def _num_bytes(path: pathlib.Path) -> int:
    return path.stat().st_size if path.exists() else path.lstat().st_size


def _by_stem(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Returns all files below a folder by their path without suffix, 2 before 10."""
    by_stem: dict[str, pathlib.Path] = {}
    for path in sorted(layout.walk(folder), key=layout.natural_order):
        stem = path.relative_to(folder).with_suffix("").as_posix()
        if stem in by_stem:
            raise UserError(
                f"{by_stem[stem]} and {path} have the same name but for the suffix: "
                "rename one of them"
            )
        by_stem[stem] = path
    if not by_stem:
        raise UserError(f"{folder} is empty; needed: {_NEEDED}")
    return by_stem


def _map_readers(
    paths: Mapping[str, pathlib.Path], folder: pathlib.Path
) -> dict[str, Callable[[], bytes]]:
    """Returns how the map of each image is read; without a map, why it cannot be."""
    maps = _by_stem(folder)
    extra = [str(maps[stem]) for stem in maps if stem not in paths]
    if extra:
        raise UserError(f"no images have the names of the maps {listed(extra)}")
    wrong = [str(p) for p in maps.values() if p.suffix.lower() not in _MAP_SUFFIXES]
    if wrong:
        raise UserError(f"a map must be a PNG or a JPEG, not {listed(wrong)}")
    return {
        stem: functools.partial(opening.read_bytes, maps[stem])
        if stem in maps
        else functools.partial(_refuse_missing, path, folder / f"{stem}.png")
        for stem, path in paths.items()
    }


def _refuse_missing(image: pathlib.Path, path: pathlib.Path) -> bytes:
    raise UserError(f"{image} has no map: {path} is expected")


def _gazes(
    table: pathlib.Path, folder: pathlib.Path, paths: Mapping[str, pathlib.Path]
) -> dict[str, Gaze]:
    """Returns the gaze of each image; of no points where the table has none.

    The table names an image with or without its suffix.
    """
    stem_of = {stem: stem for stem in paths} | {
        path.relative_to(folder).as_posix(): stem for stem, path in paths.items()
    }
    points, observers = collections.defaultdict(list), collections.defaultdict(list)
    for fixation in fixation_table.read(table):
        stem = stem_of.get(fixation.image)
        if stem is None:
            raise UserError(
                f"{table}:{fixation.line}: there is no image {fixation.image!r} in "
                f"{folder}"
            )
        points[stem].append((fixation.x, fixation.y))
        observers[stem].append(fixation.observer)
    return {
        stem: Gaze(
            np.array(points[stem], np.float64).reshape(-1, 2),
            np.array(observers[stem], np.int32),
        )
        for stem in paths
    }
