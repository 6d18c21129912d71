"""A video that appears whole or not at all: H.264 pictures, and sound as it was."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from salgan_jax import atomic
from salgan_jax.data import images
from salgan_jax.errors import UserError
from salgan_jax.prediction.video_reading import Frame, Unusable, Video

_CODEC = "libx264"
# Visually near the original, at a fraction of the time of a prediction.
_OPTIONS = {"crf": "18", "preset": "fast"}
_MUXERS = {".mkv": "matroska", ".mov": "mov", ".mp4": "mp4", ".m4v": "mp4"}
_BT709, _LIMITED = 1, 1  # colours of HD, in FFmpeg's numbers


class Writer:
    """Writes pictures at the times of a video's frames, and its sound.

    Attributes:
        left_out: names of the codecs of sound that this kind of file cannot hold.
    """

    def __init__(self, container: Any, video: Video) -> None:
        self._container, self._video = container, video
        self._size: tuple[int, int] | None = None  # of a picture: height, width
        self.left_out: list[str] = []
        container.metadata.update(video.container.metadata)
        rate = video.stream.average_rate or video.stream.guessed_rate or 25
        self._stream = container.add_stream(_CODEC, rate=rate, options=_OPTIONS)
        self._stream.codec_context.time_base = video.time_base
        self._sounds: dict[int, Any] = {}
        self._waiting: list[Any] = []  # sound, until the pictures' size is known
        for sound in video.sounds:
            name = sound.codec_context.name if sound.codec_context else "unknown"
            if name in container.supported_codecs:
                copied = container.add_stream_from_template(sound)
                copied.metadata.update(sound.metadata)
                self._sounds[sound.index] = copied
            else:
                self.left_out.append(name)

    def write_frame(self, picture: np.ndarray, frame: Frame) -> None:
        """Adds a picture, uint8 [H, W, 3] or [H, W], at the time of a frame.

        A picture of another size than the first is resized. Where a side is odd its
        last row or column is repeated: H.264 halves the colours' resolution.
        """
        if picture.ndim == 2:
            picture = np.repeat(picture[..., np.newaxis], 3, axis=-1)
        if self._size is None:
            self._begin(picture.shape[0], picture.shape[1])
            for packet in self._waiting:
                self.write_sound(packet)
            self._waiting.clear()
        assert self._size is not None
        height, width = self._size
        if picture.shape[:2] != self._size:
            picture = images.resize_image(picture, height=height, width=width)
        padding = ((0, height % 2), (0, width % 2), (0, 0))
        picture = np.pad(picture, padding, mode="edge")
        encoded = (
            _av()
            .VideoFrame.from_ndarray(picture, format="rgb24")
            .reformat(format="yuv420p", dst_colorspace="ITU709")
        )
        encoded.colorspace, encoded.color_range = _BT709, _LIMITED
        encoded.pts, encoded.time_base = frame.pts, self._video.time_base
        encoded.duration = frame.duration
        self._container.mux(self._stream.encode(encoded))

    def write_sound(self, packet: Any) -> None:
        """Adds a packet of the video's sound, if this kind of file can hold it."""
        source = packet.stream
        if source.index not in self._sounds:
            return
        if self._size is None:
            self._waiting.append(packet)
            return
        packet.stream = self._sounds[source.index]
        self._container.mux(packet)
        packet.stream = source  # as other writers expect it

    def finish(self) -> None:
        """Writes what the encoder still holds."""
        if self._size is not None:
            self._container.mux(self._stream.encode(None))

    def _begin(self, height: int, width: int) -> None:
        self._size = height, width
        context = self._stream.codec_context
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt = "yuv420p"
        context.colorspace, context.color_range = _BT709, _LIMITED
        context.color_primaries = context.color_trc = _BT709
        ratio = self._video.stream.sample_aspect_ratio
        source = self._video.stream.codec_context
        if ratio:
            is_turned = (height, width) == (source.width, source.height)
            context.sample_aspect_ratio = 1 / ratio if is_turned else ratio


@contextlib.contextmanager
def written(path: str | os.PathLike[str], video: Video) -> Iterator[Writer]:
    """Writes a video that is in place once the block has ended well.

    Raises:
      UserError: this PyAV has no encoder of H.264.
      Unusable: what the video holds cannot be written in this way.
      OSError: the file cannot be written.
    """
    av = _av()
    if _CODEC not in av.codecs_available:
        raise UserError(f"this PyAV cannot write H.264: it has no {_CODEC}")
    muxer = _MUXERS[os.path.splitext(path)[1]]
    try:
        with (
            atomic.written_aside(path) as file,
            av.open(file, "w", format=muxer) as container,
        ):
            writer = Writer(container, video)
            yield writer
            writer.finish()
    except av.FFmpegError as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unusable(
            f"cannot write {os.fspath(path)}, made of {video.name}: {reason}"
        ) from error


def _av() -> Any:
    import av  # an optional tool

    return av
