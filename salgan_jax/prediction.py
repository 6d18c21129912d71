"""Saliency maps of image files, written as files."""

import functools
import itertools
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import NamedTuple

import tqdm

from salgan_jax import atomic, bounded_work, prediction_outputs
from salgan_jax.data import images as image_files
from salgan_jax.data import opening
from salgan_jax.errors import UserError, printable
from salgan_jax.inference import Predictor
from salgan_jax.manifest import ImageState, Manifest
from salgan_jax.prediction_files import Job
from salgan_jax.prediction_outputs import Work

# Of the images that all threads hold together; a larger one is held alone. Image, map
# and what they are made of take about twenty bytes a pixel.
_MAX_PIXELS = 64_000_000
_MAX_WORKERS = 16


class Outcome(NamedTuple):
    """What became of the jobs: images with a map, those skipped, those done before."""

    num_written: int
    unreadable: list[pathlib.Path]  # or their files cannot be called so
    num_done_before: int = 0
    reasons: Sequence[str] = ()  # one for each unreadable image


class _Skipped(NamedTuple):
    image: pathlib.Path
    reason: str


def predict_files(
    predict: Predictor,
    jobs: Iterable[Job],
    *,
    batch_size: int = 8,
    manifest: Manifest | None = None,
    max_megapixels: float = opening.MAX_MEGAPIXELS,
) -> Outcome:
    """Writes the files of all jobs and returns what became of them.

    The grey level of a map's PNG is round(255 * saliency): absolute, so that maps of
    different images can be compared. The overlay is scaled to the map's maximum. The
    array is the map as float32 [H, W] in [0, 1]. A file appears whole or not at all. An
    image that cannot be read is named on stderr and skipped.

    A thread for each processor reads a batch, predicts it and writes it, so that the
    network of one batch works while others are decoded, resized and encoded. Of all
    jobs only a few batches for each thread are in memory.

    Args:
      predict: may be called from several threads.
      jobs: from `prediction_files.plan`.
      batch_size: images that a thread takes at once.
      manifest: what is done already, and where it is written down what is done now.
      max_megapixels: larger images are skipped, before a pixel of them is decoded.

    Raises:
      UserError: predictions are not finite, or files cannot be written. Batches not yet
        begun are left.
    """
    opening.check_limit(max_megapixels)
    num_workers = min(_MAX_WORKERS, _num_processors())
    finish = functools.partial(
        _finish,
        predict,
        manifest,
        bounded_work.Room(_MAX_PIXELS),
        num_workers,
        max_megapixels,
    )
    total = len(jobs) if isinstance(jobs, Sized) else None
    num_written, num_done_before = 0, 0
    unreadable: list[pathlib.Path] = []
    reasons: list[str] = []
    with tqdm.tqdm(total=total, unit="image", disable=None) as progress:

        def is_to_do(work: Work) -> bool:
            nonlocal num_done_before
            if manifest is None or not _is_done(manifest, work):
                return True
            num_done_before += 1
            progress.update()
            return False

        to_do = _without_leftovers(filter(is_to_do, map(_found, jobs)))
        batches = iter(lambda: list(itertools.islice(to_do, batch_size)), [])
        for batch, skipped in bounded_work.in_window(finish, batches, num_workers):
            for image, reason in skipped:
                progress.write(f"skipped: {printable(reason)}", file=sys.stderr)
                unreadable.append(image)
                reasons.append(reason)
            num_written += len(batch) - len(skipped)
            progress.update(len(batch))
    return Outcome(num_written, unreadable, num_done_before, reasons)


def _num_processors() -> int:
    """Those that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _found(job: Job) -> Work:
    try:
        status = os.stat(job.image)
    except OSError:  # whoever reads it will say so
        return Work(job, None)
    return Work(job, ImageState(status.st_size, status.st_mtime_ns))


def _is_done(manifest: Manifest, work: Work) -> bool:
    job, state = work
    return state is not None and manifest.is_done(
        job.name, state, prediction_outputs.names(job)
    )


def _without_leftovers(works: Iterable[Work]) -> Iterator[Work]:
    """Removes what a killed process has left of a job's files before it is done."""
    folder, leftovers = None, {}
    for work in works:
        if work.job.saliency_map.parent != folder:
            folder = work.job.saliency_map.parent
            leftovers = atomic.leftovers(folder) if folder.is_dir() else {}
        for path in work.job.outputs() if leftovers else ():
            for leftover in leftovers.pop(atomic.aside_prefix(path.name), ()):
                pathlib.Path(leftover).unlink(missing_ok=True)
        yield work


def _finish(
    predict: Predictor,
    manifest: Manifest | None,
    room: bounded_work.Room,
    num_workers: int,
    max_megapixels: float,
    works: Sequence[Work],
) -> list[_Skipped]:
    """Reads, predicts and writes the images of some jobs; returns what was skipped."""
    skipped: list[_Skipped] = []

    def readable(read: Callable, works: Iterable[Work]) -> Iterator[tuple]:
        for work in works:
            try:
                yield work, read(work.job.image, max_megapixels=max_megapixels)
            except (UserError, OSError) as error:
                skipped.append(_Skipped(work.job.image, _reason(work.job, error)))

    sized = (
        (work, width * height)
        for work, (width, height) in readable(image_files.read_size, works)
    )
    for part, num_pixels in _parts(sized, _MAX_PIXELS // num_workers):
        with room.taken(num_pixels):
            pairs = list(readable(image_files.read_image, part))
            maps = predict([image for _, image in pairs]) if pairs else []
            for (work, image), saliency_map in zip(pairs, maps, strict=True):
                problem = prediction_outputs.write(work, image, saliency_map, manifest)
                if problem:
                    skipped.append(_Skipped(work.job.image, problem))
            del pairs, maps
    return skipped


def _reason(job: Job, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot read the image {job.image}: {error.strerror or error}"
    return str(error)


def _parts(
    sized: Iterable[tuple[Work, int]], max_pixels: int
) -> Iterator[tuple[list[Work], int]]:
    """All at once, or in several parts where the images are large; and their pixels."""
    part, num_pixels = [], 0
    for work, pixels in sized:
        if part and num_pixels + pixels > max_pixels:
            yield part, num_pixels
            part, num_pixels = [], 0
        part.append(work)
        num_pixels += pixels
    if part:
        yield part, num_pixels
