"""The zip that is submitted: written when complete, and checked whoever made it."""

import io
import os
import pathlib
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import IO

import h5py
import numpy as np
from PIL import Image

from salgan_jax import atomic
from salgan_jax.data import images, map_files
from salgan_jax.errors import UserError
from salgan_jax.submission import benchmarks
from salgan_jax.submission.benchmarks import Benchmark

HDF5_NAME = "predictions.hdf5"
FORMATS = ("png", "jpg", "hdf5")
_LARGEST_SUM_ERROR = 1e-3  # of a density; pysaliency's own bound
_MOST_LISTED = 5
Sizes = Mapping[str, tuple[int, ...]]
_ERRORS = (OSError, ValueError, SyntaxError, KeyError, zipfile.BadZipFile, zlib.error)


def grey_levels(density: np.ndarray) -> np.ndarray:
    """Returns a map as uint8 of which the largest value is 255 and none is 0.

    Rounded, not cut: a zero where people looked costs 36 nats of KL divergence, and
    most of a map lies below 1 / 255 of its maximum.
    """
    scaled = 255 * density / density.max()
    return np.maximum(np.rint(scaled), 1).astype(np.uint8)


def write(
    output: str,
    benchmark: Benchmark,
    densities: Iterable[tuple[str, np.ndarray]],
    file_format: str,
    sizes: Sizes | None = None,
) -> None:
    """Writes the zip, checks it, and only then puts it in its place.

    Args:
        output: path of the zip; its folder exists.
        benchmark: that it is for.
        densities: of each image, its path with suffix and a map [H, W] of sum 1.
        file_format: in `FORMATS`; "hdf5" holds their natural logarithms, called as the
            images, which is how pysaliency finds them.
        sizes: of the images, as in `check`.

    Raises:
        UserError: the benchmark does not take the format or the maps.
    """
    check_format(benchmark, file_format)
    with atomic.written_aside(pathlib.Path(output).expanduser()) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            if file_format == "hdf5":
                _write_hdf5(archive, densities)
            else:
                for name, density in densities:
                    picture = _encoded(grey_levels(density), file_format)
                    stem, _ = os.path.splitext(name)
                    archive.writestr(f"{stem}.{file_format}", picture)
        _check_open(file, benchmark, output, sizes)


def check(path: str, benchmark: Benchmark, sizes: Sizes | None = None) -> int:
    """Checks a zip that anybody made, and returns how many maps it holds.

    Args:
        path: of the zip.
        benchmark: that it is for.
        sizes: (height, width) of the benchmark's images, by path without suffix; None:
            not at hand, so that only a size common to all of them can be checked.

    Raises:
        FileNotFoundError, UserError: all that is wrong with it, in one line.
    """
    path = os.path.expanduser(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path} to check")
    with open(path, "rb") as file:
        return _check_open(file, benchmark, path, sizes)


def check_format(benchmark: Benchmark, file_format: str) -> None:
    """Raises UserError if a benchmark does not take files of a format."""
    taken = [suffix[1:] for suffix in benchmark.suffixes]
    taken += ["hdf5"] * benchmark.takes_log_densities
    if file_format not in taken:
        raise UserError(
            f"{benchmark.name} does not take {file_format}: use --format="
            f"{' or '.join(taken)}"
        )


def _check_open(
    file: IO[bytes], benchmark: Benchmark, where: str, image_sizes: Sizes | None
) -> int:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [i.filename for i in archive.infolist() if not i.is_dir()]
            if names == [HDF5_NAME] and benchmark.takes_log_densities:
                sizes, bad = _read_hdf5(archive)
            else:
                sizes, bad = _read_pictures(archive, names, benchmark)
    except _ERRORS as error:
        raise UserError(f"{where} is not a zip that can be read: {error}") from error
    for name, size in (image_sizes or {}).items():
        if name in sizes and tuple(sizes[name]) != tuple(size):
            bad.append(f"{name} has another size than its image")
    benchmarks.check(benchmark, sizes, "maps", where, _shortened(bad))
    return len(sizes)


def _read_pictures(
    archive: zipfile.ZipFile, names: list[str], benchmark: Benchmark
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Returns the sizes of the maps by name, and what is wrong with single ones."""
    sizes: dict[str, tuple[int, ...]] = {}
    bad: list[str] = []
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix not in benchmark.suffixes:
            bad.append(f"{name} does not end in {' or '.join(benchmark.suffixes)}")
        elif stem in sizes:
            bad.append(f"there are two maps of {stem}")
        else:
            problem, sizes[stem] = _read_picture(archive.read(name))
            if problem:
                bad.append(f"{name} {problem}")
    return sizes, bad


def _read_picture(data: bytes) -> tuple[str, tuple[int, ...]]:
    """Returns what is wrong with a map, "" if nothing, and its (height, width)."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            levels, mode = np.asarray(picture), picture.mode
    except _ERRORS as error:
        return f"cannot be read ({error})", (0, 0)
    if mode != "L":
        return f"is not an 8-bit grey picture but {mode}", levels.shape[:2]
    if levels.min() == levels.max():
        return "has the same value everywhere", levels.shape
    return "", levels.shape


def _write_hdf5(
    archive: zipfile.ZipFile, densities: Iterable[tuple[str, np.ndarray]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / HDF5_NAME
        with h5py.File(path, "w") as file:
            for name, density in densities:
                logarithm = np.log(density).astype(np.float32)
                file.create_dataset(name, data=logarithm, compression="gzip")
        archive.write(path, HDF5_NAME)


def _read_hdf5(
    archive: zipfile.ZipFile,
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    sizes: dict[str, tuple[int, ...]] = {}
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        path = archive.extract(HDF5_NAME, folder)
        with h5py.File(path) as file:
            for path_in_file in map_files.dataset_names(file):
                name, _ = os.path.splitext(path_in_file)
                logarithm = np.asarray(file[path_in_file], np.float64)
                sizes[name] = logarithm.shape
                total = float(np.exp(logarithm).sum())
                if not abs(total - 1) < _LARGEST_SUM_ERROR:
                    bad.append(f"{name} is no log-density: it sums to {total:.4g}")
    return sizes, bad


def _encoded(levels: np.ndarray, file_format: str) -> bytes:
    if file_format == "png":
        return images.encode_png(levels)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=100)
    return buffer.getvalue()


def _shortened(bad: list[str]) -> list[str]:
    more = len(bad) - _MOST_LISTED
    return bad[:_MOST_LISTED] + [f"and {more} more files"] * (more > 0)
