"""Saliency of what a camera sees, written as a video until somebody says stop."""

import contextlib
import os
import pathlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from salgan_jax.errors import UserError
from salgan_jax.prediction import outputs, videos
from salgan_jax.prediction import video_reading as reading
from salgan_jax.prediction.formats import Wanted
from salgan_jax.prediction.plan import Job
from salgan_jax.prediction.to_do import Failure
from salgan_jax.prediction.video_reading import Frame, Video

PREFIX = "camera:"
_KIND, _DEVICE = "v4l2", "/dev/video{}"


def job_of(camera: str, output: str, wanted: Wanted) -> Job:
    """Returns the files of a recording, which carry its moment: none is replaced.

    Raises:
      UserError: it is not called like a camera, or PyAV is not installed.
    """
    number = camera.removeprefix(PREFIX)
    if not number.isdecimal() or not sys.platform.startswith("linux"):
        raise UserError(f"{camera}: cameras are camera:0, camera:1, ..., on Linux")
    reading.check_installed()
    name = f"camera_{number}_{time.strftime('%Y%m%d-%H%M%S')}"
    endings = wanted.endings(f"{name}.mp4")
    return Job(
        image=pathlib.Path(_DEVICE.format(number)),
        folder=pathlib.Path(output).expanduser(),
        files={each: name + ending for each, ending in endings.items()},
    )


@contextlib.contextmanager
def opened(device: pathlib.Path, *, max_megapixels: float) -> Iterator[Video]:
    """A camera that is switched on.

    Raises:
      UserError: there is none, or it gives no pictures that can be used.
    """
    import av  # an optional tool

    options: dict[str, Any] = {"format": _KIND}
    try:
        container = av.open(str(device), **options)
    except (av.FFmpegError, OSError) as error:
        there = sorted(each for each in os.listdir("/dev") if each.startswith("video"))
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"there is no camera to read at {device} ({reason}); devices here: "
            f"{', '.join(there) or 'none'}"
        ) from error
    with container:
        with reading.refusing(str(device)):
            video = reading.checked(str(device), container, max_megapixels)
        yield video._replace(is_live=True)


def record(
    settings: videos.Settings, video: Video, job: Job, *, seconds: float | None
) -> videos.Outcome:
    """Writes what a camera sees, until Ctrl-C or for so many seconds.

    Raises:
      UserError: it gives nothing, or files cannot be written.
    """
    with _interrupted() as is_over:
        end = float("inf") if seconds is None else time.monotonic() + seconds

        def goes_on(frame: Frame) -> bool:
            return not is_over.is_set() and time.monotonic() < end

        try:
            count, reason = videos.write(settings, video, job, goes_on)
        except OSError as error:
            count, reason = 0, outputs.why_not_written(job, error)
    failures = [Failure(job.image, reason)] if reason else []
    return videos.Outcome(int(not reason), failures, 0, count)


@contextlib.contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets; a second one interrupts as always."""
    event = threading.Event()

    def stop(*_: object) -> None:
        event.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
