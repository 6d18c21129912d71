"""Opening an image that nobody vouches for, and its size before a pixel is decoded."""

import contextlib
import functools
import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from PIL import Image

from salgan_jax.errors import UserError

# What counts as an image in a folder; a file or a glob is taken at its word.
IMAGE_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm"),
    *(".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)
# Just below where Pillow itself gives up, in some formats whatever is allowed here.
MAX_MEGAPIXELS = 178.0
_MOST_SIDE = 1 << 17  # pixels: resizing keeps a few numbers for each of a side
_MOST_BYTES_A_PIXEL = 8  # 16-bit RGBA that is not compressed
_HEADER_BYTES = 1 << 26  # and so many bytes of colour profiles, EXIF and the like
# A picture of these is drawn by another program.
_REFUSED = ("EPS", "WMF")
_COMMON = ("JPEG", "PNG", "GIF", "BMP", "PPM", "TIFF", "WEBP")
# What Pillow raises on bytes that are no image, or are one only in part.
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,  # where the user wants them to be errors
)


@contextlib.contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turns all that Pillow raises into a UserError: cannot read {what}: the reason."""
    try:
        yield
    except _UNREADABLE as error:
        # Pillow says only "cannot identify image file <_io.BytesIO ...>".
        known = not isinstance(error, Image.UnidentifiedImageError)
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"cannot read {what}: {reason if known else 'not a known image format'}"
        ) from error


@contextlib.contextmanager
def regular_file(
    path: str | os.PathLike[str], *, max_megapixels: float = MAX_MEGAPIXELS
) -> Iterator[BinaryIO]:
    """A file to read, which is no pipe that would wait, and not endless.

    Raises:
      OSError: it cannot be opened.
      UserError: it is something else than a file, or has more bytes than an image of
        `max_megapixels` can need.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise UserError(f"cannot read the image {os.fspath(path)}: it is {kind}")
        most = max_megapixels * 1e6 * _MOST_BYTES_A_PIXEL + _HEADER_BYTES
        if status.st_size > most:
            raise UserError(
                f"cannot read the image {os.fspath(path)}: it has "
                f"{status.st_size / 1e9:.1f} GB, more than an image within "
                f"--max_megapixels={max_megapixels:g} has"
            )
        with open(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def read_bytes(
    path: str | os.PathLike[str], *, max_megapixels: float = MAX_MEGAPIXELS
) -> bytes:
    """Returns an image's file as it is; see `regular_file`."""
    with regular_file(path, max_megapixels=max_megapixels) as file:
        return file.read()


def open_image(
    file: BinaryIO | bytes, *, max_megapixels: float = MAX_MEGAPIXELS
) -> Image.Image:
    """Returns an image of which only the header has been read.

    Pillow's own limit is one for the whole process. What it opens is limited here
    instead, so that each call can have a limit of its own in any thread.

    Raises:
      ValueError, and what `refusing` takes: it is no image, or too large.
    """
    if isinstance(file, bytes):
        file = io.BytesIO(file)
    prefix = file.read(16)
    for factory, accept in _formats():
        try:
            accepted = accept is None or accept(prefix)
            if not accepted or isinstance(accepted, str):
                continue
            file.seek(0)
            image = factory(file, "")
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue  # another format begins in the same way
        check_size(image.size, max_megapixels)
        return image
    raise Image.UnidentifiedImageError


def check_size(size: tuple[int, int], max_megapixels: float) -> None:
    """Raises ValueError if an image of (width, height) is too large to be decoded."""
    width, height = size
    if width < 1 or height < 1:
        raise ValueError("it has no pixels")
    if width * height > max_megapixels * 1e6:
        raise ValueError(
            f"it has {width} x {height} = {width * height / 1e6:.1f} million pixels, "
            f"more than --max_megapixels={max_megapixels:g} allows"
        )
    if max(width, height) > _MOST_SIDE:
        raise ValueError(
            f"it has {width} x {height} pixels; a side may have {_MOST_SIDE}"
        )


def check_limit(max_megapixels: float) -> None:
    """Raises UserError unless it is a limit for images."""
    if not max_megapixels > 0:
        raise UserError(
            f"--max_megapixels={max_megapixels:g} lets no image through: it must be "
            "above 0"
        )


@functools.cache
def _formats() -> list[Any]:
    """Returns how Pillow opens each format; those told by their start first."""
    Image.preinit()
    Image.init()
    names = sorted(
        (name for name in Image.ID if name not in _REFUSED),
        key=lambda name: (Image.OPEN[name][1] is None, name not in _COMMON),
    )
    return [Image.OPEN[name] for name in names]
