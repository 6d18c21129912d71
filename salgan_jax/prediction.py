"""Saliency maps of image files, written as files."""

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

# One batch of photographs, with maps and overlays, then stays below one gigabyte.
_MAX_PIXELS = 64_000_000


class Outcome(NamedTuple):
    """What became of the jobs: images with a map, and images that could not be read."""

    num_written: int
    unreadable: list[pathlib.Path]


def predict_files(
    predict: Predictor, jobs: Sequence[Job], *, batch_size: int = 8
) -> Outcome:
    """Writes the files of all jobs and returns what became of them.

    The grey level of a map's PNG is round(255 * saliency): absolute, so that maps of
    different images can be compared. The overlay is scaled to the map's maximum. The
    array is the map as float32 [H, W] in [0, 1]. A file appears whole or not at all. An
    image that cannot be read is named on stderr and skipped. Images are held one batch
    at a time.
    """
    num_written, unreadable = 0, []
    with tqdm.tqdm(total=len(jobs), unit="image", disable=None) as progress:

        def readable() -> Iterator[tuple[Job, np.ndarray]]:
            for job in jobs:
                try:
                    yield job, image_files.read_image(job.image)
                except (UserError, OSError) as error:
                    progress.write(f"skipped: {error}", file=sys.stderr)
                    progress.update()
                    unreadable.append(job.image)

        for batch in _batches(readable(), batch_size):
            maps = predict([image for _, image in batch])
            for (job, image), saliency_map in zip(batch, maps, strict=True):
                _write(job, image, saliency_map)
                num_written += 1
                progress.update()
    return Outcome(num_written, unreadable)


def grey_levels(saliency_map: np.ndarray) -> np.ndarray:
    """The map as uint8 [H, W]: round(255 * saliency), 255 being saliency 1."""
    return np.round(saliency_map * 255).astype(np.uint8)


def _batches(
    images: Iterable[tuple[Job, np.ndarray]], batch_size: int
) -> Iterator[list[tuple[Job, np.ndarray]]]:
    """Batches of at most `batch_size` images, fewer where the images are large."""
    batch, num_pixels = [], 0
    for job, image in images:
        batch.append((job, image))
        num_pixels += image.shape[0] * image.shape[1]
        if len(batch) == batch_size or num_pixels >= _MAX_PIXELS:
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
