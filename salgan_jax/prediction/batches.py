"""Saliency maps of image files, written as files."""

import functools
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import NamedTuple

import tqdm

from salgan_jax.data import images as image_files
from salgan_jax.data import opening
from salgan_jax.errors import UserError, printable
from salgan_jax.inference import Predictor
from salgan_jax.prediction import bounded_work, formats, outputs, to_do
from salgan_jax.prediction.formats import Style
from salgan_jax.prediction.manifest import Manifest
from salgan_jax.prediction.plan import Job
from salgan_jax.prediction.to_do import Failure, Work

# Of the images that all threads hold together; a larger one is held alone. Image, map
# and what they are made of take about twenty bytes a pixel.
_MAX_PIXELS = 64_000_000


class Outcome(NamedTuple):
    """What became of the jobs: images with a map, those skipped, those done before."""

    num_written: int
    failures: list[Failure]
    num_done_before: int = 0


def predict_files(
    predict: Predictor,
    jobs: Iterable[Job],
    *,
    batch_size: int = 8,
    manifest: Manifest | None = None,
    max_megapixels: float = opening.MAX_MEGAPIXELS,
    style: Style = formats.MAPS.style,
) -> Outcome:
    """Writes the files of all jobs and returns what became of them.

    The grey level of a map's PNG is round(255 * saliency): absolute, so that maps of
    different images can be compared. Coloured pictures are scaled to the map's maximum.
    The array is the map as float32 [H, W] in [0, 1]. A file appears whole or not at
    all. An image that cannot be read is named on stderr and skipped.

    A thread for each processor reads a batch, predicts it and writes it, so that the
    network of one batch works while others are decoded, resized and encoded. Of all
    jobs only a few batches for each thread are in memory.

    Args:
      predict: may be called from several threads.
      jobs: from `prediction_files.plan`.
      batch_size: images that a thread takes at once.
      manifest: what is done already, and where it is written down what is done now.
      max_megapixels: larger images are skipped, before a pixel of them is decoded.
      style: of the pictures.

    Raises:
      UserError: predictions are not finite, or files cannot be written. Batches not yet
        begun are left.
    """
    opening.check_limit(max_megapixels)
    num_workers = bounded_work.num_workers()
    finish = functools.partial(
        _finish,
        predict,
        manifest,
        bounded_work.Room(_MAX_PIXELS),
        _MAX_PIXELS // num_workers,
        max_megapixels,
        style,
    )
    total = len(jobs) if isinstance(jobs, Sized) else None
    num_written, num_done_before = 0, 0
    failures: list[Failure] = []
    with tqdm.tqdm(total=total, unit="image", disable=total == 0 or None) as progress:

        def pass_over() -> None:
            nonlocal num_done_before
            num_done_before += 1
            progress.update()

        works = to_do.left_to_do(jobs, manifest, passed_over=pass_over)
        batches = iter(lambda: list(itertools.islice(works, batch_size)), [])
        for batch, skipped in bounded_work.in_window(finish, batches, num_workers):
            for failure in skipped:
                progress.write(f"skipped: {printable(failure.reason)}", file=sys.stderr)
            failures += skipped
            num_written += len(batch) - len(skipped)
            progress.update(len(batch))
    return Outcome(num_written, failures, num_done_before)


def _finish(
    predict: Predictor,
    manifest: Manifest | None,
    room: bounded_work.Room,
    max_pixels: int,
    max_megapixels: float,
    style: Style,
    works: Sequence[Work],
) -> list[Failure]:
    """Reads, predicts and writes the images of some jobs; returns what was skipped."""
    skipped: list[Failure] = []

    def readable(read: Callable, works: Iterable[Work]) -> Iterator[tuple]:
        for work in works:
            try:
                yield work, read(work.job.image, max_megapixels=max_megapixels)
            except (UserError, OSError) as error:
                skipped.append(Failure(work.job.image, _reason(work.job, error)))

    sized = (
        (work, width * height)
        for work, (width, height) in readable(image_files.read_size, works)
    )
    for part, num_pixels in _parts(sized, max_pixels):
        with room.taken(num_pixels):
            pairs = list(readable(image_files.read_image, part))
            maps = predict([image for _, image in pairs]) if pairs else []
            for (work, image), saliency_map in zip(pairs, maps, strict=True):
                problem = outputs.write(work, image, saliency_map, manifest, style)
                if problem:
                    skipped.append(Failure(work.job.image, problem))
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
