"""Frames of a video or a camera, upright and in order, and the packets of its sound."""

import contextlib
import importlib.util
import os
import re
import stat
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.data import opening
from salgan_jax.errors import UserError, printable

# Nothing that names other files, as a playlist does.
_CONTAINERS = "mov,matroska,avi,mpeg,mpegts,flv,asf,ogg,mpegvideo,h264,hevc"
# What a header may promise more than there is: frames that an edit hides, a last one.
_FEW_FRAMES, _FEW_SECONDS = 2, 0.5


class Frame(NamedTuple):
    """A frame as it is shown.

    Attributes:
        image: uint8 [H, W, 3] RGB, turned as the video says.
        pts: when it is shown, in units of the time base.
        duration: the same, 0 where it is not known.
    """

    image: np.ndarray
    pts: int
    duration: int


class Video(NamedTuple):
    """An opened video.

    Attributes:
        name: for messages.
        container: of PyAV.
        stream: its first moving pictures.
        sounds: the streams of its sound.
        is_live: comes from a camera.
    """

    name: str
    container: Any
    stream: Any
    sounds: list[Any]
    is_live: bool = False

    @property
    def time_base(self) -> Fraction:
        """Seconds of a unit of a frame's time."""
        return self.stream.time_base

    @property
    def num_pixels(self) -> int:
        """Of a frame, as the header has it."""
        return self.stream.codec_context.width * self.stream.codec_context.height


class Unusable(UserError):
    """Nothing of a video can be used."""


class Damaged(UserError):
    """A video ends before its end; what came before it has been given out."""


def check_installed() -> None:
    """Raises UserError where PyAV, which reads and writes videos, is missing."""
    if importlib.util.find_spec("av") is None:
        raise UserError(
            "videos and cameras need PyAV: pip install -r requirements-apps.txt"
        )


@contextlib.contextmanager
def opened(path: str | os.PathLike[str], *, max_megapixels: float) -> Iterator[Video]:
    """A video's file, of which only the header has been read.

    Raises:
      Unusable: it cannot be opened, is no video, or its pictures are too large.
    """
    name = os.fspath(path)
    with contextlib.ExitStack() as stack:
        with refusing(name):
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            file = stack.enter_context(open(handle, "rb"))
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ValueError("it is no regular file")
            # Through an open file no name is taken for an address in a network.
            options = {"format_whitelist": _CONTAINERS}
            container = _av().open(file, container_options=options)
            stack.enter_context(container)
            video = checked(name, container, max_megapixels)
        yield video


def checked(name: str, container: Any, max_megapixels: float) -> Video:
    """Returns what is in an opened container of PyAV's.

    Raises:
      ValueError: it has no pictures that can be decoded, or too large ones.
    """
    if not container.streams.video:
        raise ValueError("it has no moving pictures")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise ValueError("its codec is not known")
    stream.thread_type = "AUTO"
    context = stream.codec_context
    opening.check_size((context.width, context.height), max_megapixels)
    return Video(name, container, stream, list(container.streams.audio))


@contextlib.contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turns what is raised while a video is opened into one line."""
    try:
        yield
    except (_av().FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unusable(f"cannot read the video {name}: {reason}") from error


def frames(
    video: Video, *, max_megapixels: float, on_sound: Callable[[Any], None]
) -> Iterator[Frame]:
    """Yields each frame; between them the packets of the sound are handed over.

    Frames without a time, or with that of the one before, follow it by a unit.

    Raises:
      Damaged: the rest cannot be decoded.
    """
    last, count, start = None, 0, None
    try:
        for packet in video.container.demux(video.stream, *video.sounds):
            if packet.stream.index != video.stream.index:
                if packet.dts is not None:  # None: the end
                    on_sound(packet)
                continue
            for frame in packet.decode():
                opening.check_size((frame.width, frame.height), max_megapixels)
                pts = _time_of(frame, count, video)
                if start is None:
                    start = pts if video.is_live else 0
                pts -= start
                pts = pts if last is None else max(pts, last + 1)
                last, count = pts, count + 1
                yield Frame(_upright(frame), pts, frame.duration or 0)
    except (_av().FFmpegError, ValueError) as error:
        reason = str(error)
    else:
        reason = _what_is_missing(video, count, (last or 0) * video.time_base)
    if reason:
        seconds = float((last or 0) * video.time_base)
        raise Damaged(
            f"the video {video.name} ends after {count} frames, at {seconds:.2f} s: "
            f"{printable(reason)}"
        )


def _what_is_missing(video: Video, count: int, seconds: Fraction) -> str:
    """Returns how much less there was than the header says; "" where it was all."""
    if not count:
        return "it has no frames"
    if video.stream.frames:
        missing = video.stream.frames - count
        return f"{missing} frames are missing" if missing > _FEW_FRAMES else ""
    # Matroska counts no frames, and its own duration is that of the longest sound.
    clock = re.fullmatch(
        r"(\d+):(\d+):([\d.]+)", video.stream.metadata.get("DURATION", "")
    )
    if clock is None:
        return ""
    length = int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
    return f"it should have {length:.2f} s" if length - seconds > _FEW_SECONDS else ""


def _upright(frame: Any) -> np.ndarray:
    """The pixels of a frame, turned counter-clockwise by the angle that it says."""
    pixels = frame.to_ndarray(format="rgb24")
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels


def _time_of(frame: Any, count: int, video: Video) -> int:
    if frame.pts is not None:
        return frame.pts
    rate = video.stream.average_rate or video.stream.guessed_rate or 25
    return round(count / rate / video.time_base)


def _av() -> Any:
    import av  # an optional tool

    return av
