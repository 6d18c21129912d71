"""The story of a prediction: what is given, by which network, to which folder."""

import pathlib
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from salgan_jax import inference, loading, processes
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.data import opening
from salgan_jax.errors import UserError, printable
from salgan_jax.prediction import (
    batches,
    files,
    predicted_with,
    video_reading,
    videos,
)
from salgan_jax.prediction.formats import Wanted
from salgan_jax.prediction.manifest import Manifest
from salgan_jax.prediction.plan import Job
from salgan_jax.prediction.to_do import Failure

_CAMERA = "camera:"


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


class Summary(NamedTuple):
    """What became of everything that was given; of the failures those of this process.

    Attributes:
        step: of the checkpoint.
        output: the folder.
        inputs: images, videos and cameras.
        videos: of these the videos and cameras.
        written: those whose files are written now.
        done_before: those left out.
        num_failures: of all processes.
        failures: of this process.
        frames: predicted now, those of videos as well.
        seconds: that predicting took, without loading.
    """

    step: int
    output: str
    inputs: int
    videos: int
    written: int
    done_before: int
    num_failures: int
    failures: list[Failure]
    frames: int
    seconds: float

    @property
    def images_per_second(self) -> float:
        """Frames predicted in a second."""
        return self.frames / self.seconds if self.seconds else 0.0

    def lines(self) -> list[str]:
        """Returns it for people."""
        kinds = "images and videos" if self.videos else "images"
        if self.videos == self.inputs:
            kinds = f"videos ({self.frames} frames)"
        lines = [
            f"{self.written} of {self.inputs} {kinds} predicted with step "
            f"{self.step}, written to {self.output}"
        ]
        if self.frames:
            lines.append(f"{self.images_per_second:.1f} images/s")
        if self.done_before:
            lines.append(f"done before: {self.done_before}")
        if self.num_failures:
            lines.append(
                f"skipped because unreadable: {self.num_failures} (named above)"
            )
        return lines

    def as_json(self) -> dict[str, Any]:
        """Returns it as what JSON can hold; names that are no text are escaped."""
        failures = [
            {"path": printable(str(path)), "reason": printable(reason)}
            for path, reason in self.failures
        ]
        return self._asdict() | {
            "output": printable(self.output),
            "failures": failures,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 3),
        }


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
    if any(each.startswith(_CAMERA) for each in inputs):
        return _record(checkpoint, step, inputs, output, wanted, settings)
    share = processes.share()
    plan = files.plan(inputs, output, wanted=wanted, share=share)
    if plan.num_videos:
        video_reading.check_installed()
    loaded = loading.load_generator(checkpoint, step)
    files.make_output_folder(output)
    at_once = _video_settings(loaded, settings, wanted)
    described = predicted_with.describe(
        loaded, **_way(settings), **wanted.style._asdict()
    )
    start = time.perf_counter()
    with Manifest(output, described, share=share, resume=settings.resume) as manifest:
        of_images = batches.predict_files(
            at_once.predict,
            plan.images,
            batch_size=at_once.batch_size,
            manifest=manifest,
            max_megapixels=settings.max_megapixels,
            style=wanted.style,
        )
        of_videos = videos.predict_videos(at_once, plan.videos, manifest=manifest)
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
    number = inputs[0].removeprefix(_CAMERA)
    video_reading.check_installed()
    name = f"camera_{number}"
    endings = wanted.endings(f"{name}.mp4")
    job = Job(
        image=pathlib.Path(inputs[0]),
        folder=pathlib.Path(output).expanduser(),
        files={each: name + ending for each, ending in endings.items()},
    )
    loaded = loading.load_generator(checkpoint, step)
    files.make_output_folder(output)
    at_once = _video_settings(loaded, settings, wanted)
    start = time.perf_counter()
    outcome = videos.record(at_once, number, job, seconds=settings.seconds)
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


def _video_settings(
    loaded: LoadedGenerator, settings: Settings, wanted: Wanted
) -> videos.Settings:
    batch_size = settings.batch_size or inference.preferred_batch_size(loaded)
    predict = inference.make_predictor(loaded, batch_size, **_way(settings))
    return videos.Settings(predict, batch_size, settings.max_megapixels, wanted.style)


def _way(settings: Settings) -> dict[str, str]:
    return {
        "post_processing": settings.post_processing,
        "backend": settings.backend,
        "precision": settings.precision,
    }
