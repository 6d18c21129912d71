"""Records at training size: images and maps as the network sees them, in 8 bits.

The training copy of a split is made once, kept beside the prepared data set and
memory-mapped, so that an epoch decodes and resizes nothing. Where the folder cannot be
written, the copy is made anew for every run and stays in memory.
"""

import concurrent.futures
import contextlib
import errno
import hashlib
import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tqdm
from absl import logging

from salgan_jax import atomic
from salgan_jax.data import geometry as frame_geometry
from salgan_jax.data import records
from salgan_jax.data.record_format import Record
from salgan_jax.errors import UserError
from salgan_jax.state import Batch

_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


class FrameFormat(NamedTuple):
    """What the network sees: (height, width), and how an image fills it."""

    size: tuple[int, int]
    geometry: str  # one of geometry.GEOMETRIES
    with_fixations: bool = False  # whether a loss reads them

    @property
    def fields(self) -> tuple[str, ...]:
        """Those of a batch that are there."""
        return Batch._fields if self.with_fixations else Batch._fields[:2]


def make_frame(record: Record, frame_format: FrameFormat) -> Batch:
    """Returns one record as uint8 image [height, width, 3] and map [height, width, 1].

    Fixations are counted in each pixel of the frame, up to 255, where the format says
    so.

    Raises:
        UserError: the record has no density map, or no fixations where they are needed.
    """
    if record.density_map is None:
        raise UserError(
            f"image {record.id} has no density map, which the content loss needs: "
            "prepare the data set with maps, or with --sigma_px=N to make them of its "
            "fixations"
        )
    size, geometry = frame_format.size, frame_format.geometry
    image = frame_geometry.image_to_frame(
        record.image, frame_size=size, geometry=geometry
    )
    density_map = frame_geometry.map_to_frame(
        record.density_map, frame_size=size, geometry=geometry
    )
    saliency_map = np.rint(255 * density_map).astype(np.uint8)[..., None]
    if not frame_format.with_fixations:
        return Batch(image, saliency_map)
    if record.fixations is None:
        raise UserError(
            f"image {record.id} has no fixations, which NSS in the content loss needs: "
            "prepare the data set with them, or use --config.losses.nss=0"
        )
    counts = frame_geometry.fixations_to_frame(
        record.fixations, size=record.size, frame_size=size, geometry=geometry
    )
    return Batch(image, saliency_map, counts[..., None])


def open_frames(
    dataset: str, split: str, *, data_dir: str, frame_format: FrameFormat
) -> Batch:
    """Returns a split, uint8 [N, ...], made at the first call and read at the next.

    Raises:
        UserError, FileNotFoundError: as `records.open_split` and `make_frame`.
    """
    split_records = records.open_split(dataset, split, data_dir)
    paths = _paths(dataset, split, data_dir, frame_format)
    if not all(path.exists() for path in paths):
        frames = make_frames(split_records, frame_format)
        try:
            _save(paths, frames)
        except OSError as error:
            if error.errno not in _NOT_WRITABLE:
                raise
            logging.info("%s cannot be written: kept in memory", paths[0].parent)
            return frames
    return Batch(*(np.load(path, mmap_mode="r") for path in paths))


def has_room(
    dataset: str, split: str, *, data_dir: str, frame_format: FrameFormat
) -> bool:
    """Whether the training copy is there, or memory and disk can take it."""
    paths = _paths(dataset, split, data_dir, frame_format)
    if all(path.exists() for path in paths):
        return True
    count = len(records.open_split(dataset, split, data_dir))
    num_bytes = count * bytes_per_example(frame_format)
    free_disk = shutil.disk_usage(paths[0].parents[1]).free
    return num_bytes < min(free_memory(), free_disk) / 2


def bytes_per_example(frame_format: FrameFormat) -> int:
    """Returns what an example of a training copy takes."""
    height, width = frame_format.size
    return height * width * (3 + 1 + frame_format.with_fixations)


def free_memory() -> int:
    """Returns bytes that this machine can give without swapping."""
    with contextlib.suppress(OSError), open("/proc/meminfo") as file:
        fields = dict(line.split(":", 1) for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def make_frames(split_records: Sequence[Record], frame_format: FrameFormat) -> Batch:
    """Returns all records at training size, uint8 [N, ...]."""
    count, (height, width) = len(split_records), frame_format.size
    channels = {"image": 3, "saliency_map": 1, "fixation_counts": 1}
    frames = Batch(
        *(
            np.empty((count, height, width, channels[field]), np.uint8)
            for field in frame_format.fields
        )
    )

    def fill(index: int) -> None:
        frame = make_frame(split_records[index], frame_format)
        for field in frame_format.fields:
            getattr(frames, field)[index] = getattr(frame, field)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = pool.map(fill, range(count))
        for _ in tqdm.tqdm(done, "training copy", count, disable=None, leave=False):
            pass
    return frames


def _paths(
    dataset: str, split: str, data_dir: str, frame_format: FrameFormat
) -> list[pathlib.Path]:
    """The files of a training copy, one for each field of a batch."""
    directory = pathlib.Path(records.directory(dataset, data_dir)) / "training_copies"
    height, width = frame_format.size
    kind = f"{split or 'all'}-{height}x{width}-{frame_format.geometry}"
    stem = f"{kind}-{_fingerprint(directory.parent)}"
    return [directory / f"{stem}-{field}.npy" for field in frame_format.fields]


def _save(paths: Sequence[pathlib.Path], frames: Batch) -> None:
    paths[0].parent.mkdir(exist_ok=True)
    for path, array in zip(paths, frames, strict=False):
        if array is not None:
            with atomic.written_aside(path) as file:
                np.save(file, array)


def _fingerprint(directory: pathlib.Path) -> str:
    """Names a prepared data set by sizes and times of its files.

    A data set prepared anew therefore never meets the training copy of an older one.
    """
    digest = hashlib.sha256()
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.is_file():
            status = entry.stat()
            digest.update(
                f"{entry.name} {status.st_size} {status.st_mtime_ns};".encode()
            )
    return digest.hexdigest()[:12]
