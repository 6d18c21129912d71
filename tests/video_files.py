"""Small videos: a bright square that moves to the right over grey, and a tone."""

from fractions import Fraction
from typing import Any

import av
import numpy as np

TICKS = 1000  # a second


def frame(i, size=(32, 48)):
    """A grey picture with a white square, at the top, 4 pixels further each time."""
    picture = np.full((*size, 3), 60, np.uint8)
    picture[4:12, 4 + 4 * i : 12 + 4 * i] = 255
    return picture


def write(
    path, times, *, size=(32, 48), rotation=0, ratio=None, sound="aac", **options
):
    """Writes a frame at each of the times, in milliseconds, and a tone as long."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "1"})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv444p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        if ratio:
            stream.codec_context.sample_aspect_ratio = ratio
        if rotation:
            stream.set_display_rotation(rotation)
        tone = container.add_stream(sound, rate=8000) if sound else None
        if tone:
            tone.codec_context.bit_rate = 24_000
        for i, time in enumerate(times):
            each = av.VideoFrame.from_ndarray(frame(i, size), format="rgb24")
            each = each.reformat(format="yuv444p")
            each.pts, each.time_base = time, Fraction(1, TICKS)
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
        if tone:
            _write_tone(container, tone, times[-1] / TICKS)
    return path


def _write_tone(container, tone, seconds):
    layout, kind = tone.codec_context.layout, tone.codec_context.format.name
    times = np.arange(int(8000 * seconds)) / 8000
    wave = np.sin(2 * np.pi * 440 * times)
    wave = wave * 8000 if kind == "s16" else wave / 4
    dtype = np.int16 if kind == "s16" else np.float32
    channels = np.stack([wave] * layout.nb_channels)
    if not kind.endswith("p"):
        channels = channels.T.reshape(1, -1)
    samples: Any = channels.astype(dtype)
    each = av.AudioFrame.from_ndarray(samples, kind, layout.name)
    each.sample_rate, each.pts, each.time_base = 8000, 0, Fraction(1, 8000)
    container.mux(tone.encode(each))
    container.mux(tone.encode(None))


def frames(path):
    """The times of all frames in milliseconds, and their pixels as they are shown."""
    with av.open(str(path)) as container:
        found = list(container.decode(video=0))
        times = [round(float(each.time) * 1000) for each in found]
        pixels = [
            np.rot90(each.to_ndarray(format="rgb24"), each.rotation // 90)
            for each in found
        ]
    return times, pixels


def sound(path):
    """The codec of the sound, and its packets as they are."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None, []
        codec = container.streams.audio[0].codec_context.name
        packets = [bytes(each) for each in container.demux(audio=0)]
    return codec, [each for each in packets if each]
