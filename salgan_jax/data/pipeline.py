"""Prepared records to training batches: the batch of a step is a pure function of it.

The training copy of a split (every image and map at the training size, 8 bits) is made
once, kept beside the prepared data set and memory-mapped, so that an epoch decodes and
resizes nothing, and a run that goes on where it stopped sees what it would have seen.
"""

import concurrent.futures
import hashlib
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tqdm

from salgan_jax import atomic
from salgan_jax.data import images, records
from salgan_jax.data.record_format import Record
from salgan_jax.state import Batch

_DECODING_THREADS = 4


class TrainingSet(NamedTuple):
    """A split at training size.

    Attributes:
        image: uint8 [N, height, width, 3], RGB.
        saliency_map: uint8 [N, height, width, 1], 255 is 1.
    """

    image: np.ndarray
    saliency_map: np.ndarray


def open_training_set(
    dataset: str, split: str, *, data_dir: str, image_size: tuple[int, int]
) -> TrainingSet:
    """Returns a split at (height, width), made at the first call and read at the next.

    Raises:
        UserError, FileNotFoundError: as `records.open_split`.
    """
    split_records = records.open_split(dataset, split, data_dir)
    directory = pathlib.Path(records.directory(dataset, data_dir)) / "training_copies"
    height, width = image_size
    stem = f"{split}-{height}x{width}-{_fingerprint(directory.parent)}"
    paths = [directory / f"{stem}-{field}.npy" for field in TrainingSet._fields]
    if not all(path.exists() for path in paths):
        directory.mkdir(exist_ok=True)
        training_set = make_training_set(split_records, image_size=image_size)
        for path, array in zip(paths, training_set, strict=True):
            with atomic.written_aside(path) as file:
                np.save(file, array)
    return TrainingSet(*(np.load(path, mmap_mode="r") for path in paths))


def make_training_set(
    split_records: Sequence[Record], *, image_size: tuple[int, int]
) -> TrainingSet:
    """Returns records resized to (height, width) as two arrays of 8 bits."""
    height, width = image_size
    training_set = TrainingSet(
        np.empty((len(split_records), height, width, 3), np.uint8),
        np.empty((len(split_records), height, width, 1), np.uint8),
    )

    def fill(index: int) -> None:
        record = split_records[index]
        training_set.image[index] = images.resize_image(
            record.image, height=height, width=width
        )
        density = images.resize_map(record.density_map, height=height, width=width)
        training_set.saliency_map[index, ..., 0] = np.rint(255 * density)

    with concurrent.futures.ThreadPoolExecutor(_DECODING_THREADS) as pool:
        done = pool.map(fill, range(len(split_records)))
        for _ in tqdm.tqdm(
            done, "training copy", len(split_records), disable=None, leave=False
        ):
            pass
    return training_set


def batch_at(
    step: int,
    training_set: TrainingSet,
    *,
    batch_size: int,
    seed: int,
    horizontal_flip: bool,
) -> Batch:
    """Returns the batch of a step: the same for the same step and seed, always.

    Every epoch visits the examples in a new order, each at most once; those that do not
    fill a batch are left out of that epoch.
    """
    num_examples = len(training_set.image)
    epoch, position = divmod(step, num_examples // batch_size)
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(num_examples)
    mirrored = random.random(num_examples) < 0.5 if horizontal_flip else None
    # In the order of the file, for the sake of a slow disk; a mean has no order.
    rows = np.sort(order[position * batch_size : (position + 1) * batch_size])
    image = training_set.image[rows]
    saliency_map = training_set.saliency_map[rows]
    if mirrored is not None:
        flip = mirrored[rows].reshape(-1, 1, 1, 1)
        image = np.where(flip, image[:, :, ::-1], image)
        saliency_map = np.where(flip, saliency_map[:, :, ::-1], saliency_map)
    return Batch(image, saliency_map)


def batches(
    first_step: int,
    num_steps: int,
    training_set: TrainingSet,
    *,
    batch_size: int,
    seed: int,
    horizontal_flip: bool,
) -> Iterator[Batch]:
    """Yields the batches of steps `first_step` to `num_steps` - 1."""
    for step in range(first_step, num_steps):
        yield batch_at(
            step,
            training_set,
            batch_size=batch_size,
            seed=seed,
            horizontal_flip=horizontal_flip,
        )


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
