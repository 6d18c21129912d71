"""Saliency maps of image files, written as files."""

import concurrent.futures
import functools
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tqdm

from salgan_jax import atomic, visualization
from salgan_jax.data import images as image_files
from salgan_jax.errors import UserError
from salgan_jax.inference import Predictor
from salgan_jax.prediction_files import Job

# Of the images that all threads hold, where these are smaller than a thread's share;
# of larger ones each thread holds one. Maps and overlays take about ten bytes a pixel.
_MAX_PIXELS = 64_000_000
_MAX_WORKERS = 16


class Outcome(NamedTuple):
    """What became of the jobs: images with a map, and images that could not be read."""

    num_written: int
    unreadable: list[pathlib.Path]


class _Unreadable(NamedTuple):
    image: pathlib.Path
    reason: str


def predict_files(
    predict: Predictor, jobs: Sequence[Job], *, batch_size: int = 8
) -> Outcome:
    """Writes the files of all jobs and returns what became of them.

    The grey level of a map's PNG is round(255 * saliency): absolute, so that maps of
    different images can be compared. The overlay is scaled to the map's maximum. The
    array is the map as float32 [H, W] in [0, 1]. A file appears whole or not at all. An
    image that cannot be read is named on stderr and skipped.

    A thread for each processor reads a batch, predicts it and writes it, so that the
    network of one batch works while others are decoded, resized and encoded.

    Args:
      predict: may be called from several threads.
      jobs: from `prediction_files.plan`.
      batch_size: images that a thread takes at once.

    Raises:
      UserError: predictions are not finite.
      OSError: a file cannot be written. Batches not yet begun are left.
    """
    num_workers = min(_MAX_WORKERS, _num_processors())
    batches = [jobs[i : i + batch_size] for i in range(0, len(jobs), batch_size)]
    finish = functools.partial(_finish, predict, _MAX_PIXELS // num_workers)
    unreadable: list[pathlib.Path] = []
    with (
        tqdm.tqdm(total=len(jobs), unit="image", disable=None) as progress,
        concurrent.futures.ThreadPoolExecutor(num_workers) as workers,
    ):
        for batch, skipped in zip(batches, workers.map(finish, batches), strict=True):
            for image, reason in skipped:
                progress.write(f"skipped: {reason}", file=sys.stderr)
                unreadable.append(image)
            progress.update(len(batch))
    return Outcome(len(jobs) - len(unreadable), unreadable)


def _num_processors() -> int:
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def grey_levels(saliency_map: np.ndarray) -> np.ndarray:
    """The map as uint8 [H, W]: round(255 * saliency), 255 being saliency 1."""
    return np.round(saliency_map * 255).astype(np.uint8)


def _finish(
    predict: Predictor, max_pixels: int, jobs: Sequence[Job]
) -> list[_Unreadable]:
    """Reads, predicts and writes the images of some jobs; returns what was skipped."""
    skipped = []

    def readable() -> Iterator[tuple[Job, np.ndarray]]:
        for job in jobs:
            try:
                yield job, image_files.read_image(job.image)
            except (UserError, OSError) as error:
                skipped.append(_Unreadable(job.image, str(error)))

    for batch in _batches(readable(), max_pixels):
        maps = predict([image for _, image in batch])
        for (job, image), saliency_map in zip(batch, maps, strict=True):
            _write(job, image, saliency_map)
    return skipped


def _batches(
    images: Iterable[tuple[Job, np.ndarray]], max_pixels: int
) -> Iterator[list[tuple[Job, np.ndarray]]]:
    """All at once, or in several parts where the images are large."""
    batch, num_pixels = [], 0
    for job, image in images:
        batch.append((job, image))
        num_pixels += image.shape[0] * image.shape[1]
        if num_pixels >= max_pixels:
            yield batch
            batch, num_pixels = [], 0
    if batch:
        yield batch


def _write(job: Job, image: np.ndarray, saliency_map: np.ndarray) -> None:
    job.saliency_map.parent.mkdir(parents=True, exist_ok=True)
    if job.overlay is not None:
        visualization.save_image(
            job.overlay, visualization.overlay(image, saliency_map)
        )
    if job.array is not None:
        with atomic.written_aside(job.array) as file:
            np.save(file, saliency_map)
    visualization.save_image(job.saliency_map, grey_levels(saliency_map))
