"""Saliency of videos, written as videos: frame by frame, each by itself."""

import contextlib
import functools
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tqdm

from salgan_jax.errors import printable
from salgan_jax.inference import Predictor
from salgan_jax.prediction import bounded_work, formats, outputs, to_do
from salgan_jax.prediction import video_reading as reading
from salgan_jax.prediction import video_writing as writing
from salgan_jax.prediction.formats import Style
from salgan_jax.prediction.manifest import Manifest
from salgan_jax.prediction.plan import Job
from salgan_jax.prediction.to_do import Failure, Work
from salgan_jax.prediction.video_reading import Frame, Video

# Of the frames that are in memory at once, with their maps and pictures.
_MAX_PIXELS = 64_000_000


class Outcome(NamedTuple):
    """What became of videos: those written, those in part, and their frames."""

    num_written: int
    failures: list[Failure]
    num_done_before: int
    num_frames: int


class Settings(NamedTuple):
    """How frames are predicted and drawn.

    Attributes:
        predict: may be called from several threads.
        batch_size: frames that a thread takes at once.
        max_megapixels: videos of larger frames are skipped.
        style: of the pictures.
    """

    predict: Predictor
    batch_size: int
    max_megapixels: float
    style: Style


def predict_videos(
    settings: Settings, jobs: Iterable[Job], *, manifest: Manifest | None = None
) -> Outcome:
    """Writes the videos of all jobs, one after the other; returns what became of them.

    What a damaged video has before its damage is written, and said.

    Raises:
      UserError: predictions are not finite, or files cannot be written.
    """
    num_written, num_done_before, num_frames = 0, 0, 0
    failures: list[Failure] = []

    def pass_over() -> None:
        nonlocal num_done_before
        num_done_before += 1

    for work in to_do.left_to_do(jobs, manifest, passed_over=pass_over):
        count, reason = _predict_video(settings, work, manifest)
        num_frames += count
        if reason:
            what = "written in part" if count else "skipped"
            print(f"{what}: {printable(reason)}", file=sys.stderr)
            failures.append(Failure(work.job.image, reason))
        else:
            num_written += 1
    return Outcome(num_written, failures, num_done_before, num_frames)


def write(
    settings: Settings, video: Video, job: Job, goes_on: Callable[[Frame], bool]
) -> tuple[int, str]:
    """Writes what is wanted of a video; returns its frames and what is wrong with it.

    The main thread decodes and encodes, others predict and draw in between.

    Args:
      settings: how.
      video: from `video_reading` or `cameras`.
      job: its files.
      goes_on: asked before each frame; where it says no, the video ends.

    Raises:
      Unusable: nothing can be made of it.
      UserError: predictions are not finite.
      OSError: files cannot be written.
    """
    damage: list[str] = []
    with contextlib.ExitStack() as stack:
        writers = {
            each: stack.enter_context(writing.written(path, video))
            for each, path in zip(job.files, job.outputs(), strict=True)
        }

        def on_sound(packet: object) -> None:
            for writer in writers.values():
                writer.write_sound(packet)

        decoded = reading.frames(
            video, max_megapixels=settings.max_megapixels, on_sound=on_sound
        )
        frames = itertools.takewhile(goes_on, _until_damage(decoded, damage))
        count = _write_frames(settings, video, frames, writers)
        if not count:
            raise reading.Unusable(*damage or [f"{video.name} has no frames"])
    codecs = {codec for writer in writers.values() for codec in writer.left_out}
    if codecs:
        what = f"{job.outputs()[0]} is without sound: it cannot hold"
        print(printable(f"{what} {', '.join(sorted(codecs))}"), file=sys.stderr)
    return count, damage[0] if damage else ""


def _predict_video(
    settings: Settings, work: Work, manifest: Manifest | None
) -> tuple[int, str]:
    """Writes the videos of one job; returns its frames, and what is wrong with it."""
    job, state = work
    limit = settings.max_megapixels
    try:
        with reading.opened(job.image, max_megapixels=limit) as video:
            if manifest is not None:
                manifest.begin(job.name, job.names())
            job.folder.mkdir(parents=True, exist_ok=True)
            count, reason = write(settings, video, job, lambda frame: True)
    except reading.Unusable as error:
        return 0, str(error)
    except OSError as error:
        return 0, outputs.why_not_written(job, error)
    if manifest is not None and state is not None and not reason:
        manifest.finish(job.name, state, job.names())
    return count, reason


def _write_frames(
    settings: Settings,
    video: Video,
    frames: Iterator[Frame],
    writers: Mapping[str, writing.Writer],
) -> int:
    """Predicts frames and writes their pictures; returns how many there were."""
    batch_size, num_workers = _sizes(settings.batch_size, video.num_pixels)
    batches = iter(lambda: list(itertools.islice(frames, batch_size)), [])
    finish = functools.partial(_pictures, settings, tuple(writers))
    count = 0
    with tqdm.tqdm(
        total=video.stream.frames or None, unit="frame", disable=None
    ) as progress:
        for some, drawn in bounded_work.in_window(finish, batches, num_workers):
            for frame, pictures in zip(some, drawn, strict=True):
                for writer, picture in zip(writers.values(), pictures, strict=True):
                    writer.write_frame(picture, frame)
            count += len(some)
            progress.update(len(some))
    return count


def _pictures(
    settings: Settings, names: Sequence[str], some: Sequence[Frame]
) -> list[list[np.ndarray]]:
    """For each frame its pictures, in the order of the names."""
    frames = [frame.image for frame in some]
    maps = settings.predict(frames)
    return [
        [formats.picture(name, image, saliency_map, settings.style) for name in names]
        for image, saliency_map in zip(frames, maps, strict=True)
    ]


def _until_damage(frames: Iterator[Frame], damage: list[str]) -> Iterator[Frame]:
    """Yields the frames before the damage, and notes what it is."""
    try:
        yield from frames
    except reading.Damaged as error:
        damage.append(str(error))


def _sizes(batch_size: int, num_pixels: int) -> tuple[int, int]:
    """Frames in a batch, and threads: as many as the memory for frames allows."""
    room = max(1, _MAX_PIXELS // max(1, num_pixels) // 2)
    batch_size = min(batch_size, room)
    return batch_size, max(1, min(bounded_work.num_workers(), room // batch_size))
