"""A folder of images that nobody should open, and what has to become of each."""

import io
import os
import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

WORKS = None
NOT_UTF8 = os.fsdecode(b"\xff\xfe.jpg")


def _chunk(kind, data):
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(width, height, *extra):
    """A PNG that says it is so large, with next to no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header), *extra, _chunk(b"IDAT", zlib.compress(b"\0"))]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, _chunk(b"IEND", b"")])


def noise(height, width):
    """A picture of noise."""
    random = np.random.default_rng(0)
    return Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))


def encoded(image, kind, **options):
    """The bytes of an image's file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _gif_whose_frame_is_larger(side):
    data = bytearray(encoded(noise(8, 8).convert("P"), "GIF"))
    place = data.rindex(b",\0\0\0\0")
    data[place + 5 : place + 9] = struct.pack("<HH", side, side)
    return bytes(data)


def _gif_of(side):
    data = bytearray(encoded(noise(8, 8).convert("P"), "GIF"))
    data[6:10] = struct.pack("<HH", side, side)
    return bytes(data)


def _icon_with(picture):
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(picture), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + picture


def _webp_of(side):
    canvas = struct.pack("<I", side - 1)[:3] * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _tiff_of(side):
    data = bytearray(encoded(noise(8, 8), "TIFF"))
    for tag in (256, 257):
        place = data.index(struct.pack("<HHI", tag, 4, 1))
        data[place : place + 12] = struct.pack("<HHII", tag, 4, 1, side)
    return bytes(data)


def _texts():
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "a" * 20_000_000, zip=True)
    return encoded(noise(8, 8), "PNG", pnginfo=info)


def _files():
    small = noise(20, 30)
    large = "more than --max_megapixels=1 allows"
    frames = [noise(8, 8), noise(9, 9).crop((0, 0, 8, 8))] * 20
    exif = Image.Exif()
    exif[0x9286] = b"x" * 60_000  # a comment
    yield "bomb.png", png(30_000, 30_000), large
    yield "bomb_of_lines.png", png(1, 400_000), "a side may have"
    yield "bomb_gif.gif", _gif_of(60_000), large
    yield "bomb_in_frame.gif", _gif_whose_frame_is_larger(60_000), ""
    yield "bomb_tif.tif", _tiff_of(60_000), large
    yield "bomb_webp.webp", _webp_of(16_000), ""
    yield "bomb_in_icon.jpg", _icon_with(png(30_000, 30_000)), ""
    yield "texts.png", _texts(), ""
    yield "exif_of_jpeg.jpg", encoded(small, "JPEG", exif=exif), WORKS
    exif_chunk = _chunk(b"eXIf", b"II*\0" + b"\xff" * 4_000_000)
    yield "exif.png", png(8, 8, exif_chunk), ""
    yield "one.png", encoded(noise(1, 1), "PNG"), WORKS
    yield "tall.png", encoded(noise(20_000, 1), "PNG"), WORKS
    yield "wide.jpg", encoded(noise(1, 20_000), "JPEG"), WORKS
    yield "cut.jpg", encoded(small, "JPEG")[:-200], "truncated"
    yield "cmyk.jpg", encoded(small.convert("CMYK"), "JPEG"), WORKS
    deep = Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 109)
    yield "deep.png", encoded(deep, "PNG"), WORKS
    many = {"save_all": True, "append_images": frames}
    yield "animated_gif.gif", encoded(noise(8, 8), "GIF", **many), WORKS
    yield "animated_webp.webp", encoded(noise(8, 8), "WEBP", **many), WORKS
    yield "in_truth_a_png.jpg", encoded(small, "PNG"), WORKS
    yield "script.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a"
    yield "empty.jpg", b"", "not a known image format"
    yield "text.jpg", b"no image at all", "not a known image format"
    yield "new\nline.jpg", encoded(small, "JPEG"), WORKS
    yield "new\nline, cut.jpg", b"\xff\xd8\xff", ""
    yield "\x1b[2J\u202e.jpg", b"", "not a known image format"
    yield "東京.jpg", b"", "not a known image format"


def write(folder):
    """Writes all; what becomes of each: a part of the reason why not, or WORKS."""
    (folder / "below").mkdir(parents=True)
    expected: dict[str, str | None] = {}
    for name, data, outcome in _files():
        (folder / name).write_bytes(data)
        expected[name] = outcome
    (folder / NOT_UTF8).write_bytes(encoded(noise(20, 30), "JPEG"))
    with open(folder / "sparse.jpg", "wb") as file:
        file.truncate(20_000_000_000)
    (folder / "itself.jpg").symlink_to("itself.jpg")
    (folder / "broken.jpg").symlink_to("nowhere.jpg")
    (folder / "below" / "circle").symlink_to("..")
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    return expected | {
        NOT_UTF8: WORKS,
        "sparse.jpg": "20.0 GB",
        "itself.jpg": "symbolic links",
        "broken.jpg": "No such file",
        "below/circle": "it is a folder",
        "folder.jpg": "it is a folder",
        "pipe.jpg": "it is no regular file",
    }
