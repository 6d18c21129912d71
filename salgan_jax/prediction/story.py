"""The story of a prediction: what is given, by which network, to which folder."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from salgan_jax import inference, loading, processes
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.data import opening
from salgan_jax.errors import UserError
from salgan_jax.prediction import (
    batches,
    cameras,
    files,
    predicted_with,
    video_reading,
    videos,
)
from salgan_jax.prediction.formats import Style, Wanted
from salgan_jax.prediction.manifest import Manifest
from salgan_jax.prediction.summary import Summary


class Settings(NamedTuple):
    """How images become maps.

    Attributes:
        post_processing, backend, precision: of `inference.make_predictor`.
        batch_size: images at once; 0: what suits this machine.
        max_megapixels: larger images are skipped.
        resume: whether what this checkpoint has predicted there before is left out.
        seconds: how long a camera is recorded; None: until Ctrl-C.
    """

    post_processing: str = "none"
    backend: str = "jax"
    precision: str = "auto"
    batch_size: int = 0
    max_megapixels: float = opening.MAX_MEGAPIXELS
    resume: bool = True
    seconds: float | None = None


def predict(
    checkpoint: str,
    step: int | None,
    inputs: Sequence[str],
    output: str,
    *,
    wanted: Wanted,
    settings: Settings,
) -> Summary:
    """Predicts all that is given, and returns what became of it.

    Raises:
      FileNotFoundError, UserError: the user can mend it; nothing is half written.
    """
    opening.check_limit(settings.max_megapixels)
    if settings.batch_size < 0:
        raise UserError(
            f"batch_size={settings.batch_size}: it must be 0 (chosen) or more"
        )
    if any(each.startswith(cameras.PREFIX) for each in inputs):
        return _record(checkpoint, step, inputs, output, wanted, settings)
    if settings.seconds is not None:
        raise UserError("seconds is for a camera: --input=camera:0")
    plan = files.plan(inputs, output, wanted=wanted, share=processes.share())
    if plan.num_videos:
        video_reading.check_installed()
    loaded = loading.load_generator(checkpoint, step)
    files.make_output_folder(output)
    start = time.perf_counter()
    of_images, of_videos = _predict_plan(plan, loaded, settings)
    seconds = time.perf_counter() - start
    failures = of_images.failures + of_videos.failures
    written, done_before, num_failures, frames = processes.add_up(
        of_images.num_written + of_videos.num_written,
        of_images.num_done_before + of_videos.num_done_before,
        len(failures),
        of_images.num_written + of_videos.num_frames,
    )
    return Summary(
        loaded.step,
        output,
        inputs=plan.num_images + plan.num_videos,
        videos=plan.num_videos,
        written=written,
        done_before=done_before,
        num_failures=num_failures,
        failures=failures,
        frames=frames,
        seconds=seconds,
    )


def _predict_plan(
    plan: files.Plan, loaded: LoadedGenerator, settings: Settings
) -> tuple[batches.Outcome, videos.Outcome]:
    """Writes all files of this process, and where they are listed."""
    style = plan.wanted.style
    most = len(plan.images) if not plan.num_videos else None
    at_once = _at_once(loaded, settings, style, most)
    described = predicted_with.describe(loaded, **_way(settings), **style._asdict())
    with Manifest(
        plan.output, described, share=processes.share(), resume=settings.resume
    ) as manifest:
        of_images = batches.predict_files(
            at_once.predict,
            plan.images,
            batch_size=at_once.batch_size,
            manifest=manifest,
            max_megapixels=settings.max_megapixels,
            style=style,
        )
        of_videos = videos.predict_videos(at_once, plan.videos, manifest=manifest)
    return of_images, of_videos


def _record(
    checkpoint: str,
    step: int | None,
    inputs: Sequence[str],
    output: str,
    wanted: Wanted,
    settings: Settings,
) -> Summary:
    """Predicts what a camera sees."""
    if len(inputs) != 1:
        raise UserError(f"a camera is the only input of a prediction: {inputs[0]!r}")
    seconds = settings.seconds
    if seconds is not None and not seconds > 0:
        raise UserError(f"seconds={seconds:g}: a recording takes more than 0")
    job = cameras.job_of(inputs[0], output, wanted)
    with cameras.opened(job.image, max_megapixels=settings.max_megapixels) as video:
        loaded = loading.load_generator(checkpoint, step)
        files.make_output_folder(output)
        at_once = _at_once(loaded, settings, wanted.style, most=None)
        start = time.perf_counter()
        outcome = cameras.record(at_once, video, job, seconds=seconds)
    return Summary(
        loaded.step,
        output,
        inputs=1,
        videos=1,
        written=outcome.num_written,
        done_before=0,
        num_failures=len(outcome.failures),
        failures=outcome.failures,
        frames=outcome.num_frames,
        seconds=time.perf_counter() - start,
    )


def _at_once(
    loaded: LoadedGenerator, settings: Settings, style: Style, most: int | None
) -> videos.Settings:
    """How frames are predicted; no batch is larger than `most` images."""
    batch_size = settings.batch_size or inference.preferred_batch_size(loaded)
    if most is not None:
        batch_size = min(batch_size, max(1, most))
    predict = inference.make_predictor(loaded, batch_size, **_way(settings))
    return videos.Settings(predict, batch_size, settings.max_megapixels, style)


def _way(settings: Settings) -> dict[str, str]:
    return {
        "post_processing": settings.post_processing,
        "backend": settings.backend,
        "precision": settings.precision,
    }
