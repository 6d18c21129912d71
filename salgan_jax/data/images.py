"""Reading images of any mode, and the one resize that training and prediction share."""

import io
import os
import struct

import numpy as np
from PIL import Image, ImageOps

from salgan_jax.data import area
from salgan_jax.errors import UserError

# What Pillow raises on bytes that are no image, or are one only in part.
_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    struct.error,
    Image.DecompressionBombError,
)
_COLOUR_TOLERANCE = 2  # grey levels between the channels of a grey JPEG


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Returns the image in a file as uint8 [H, W, 3] RGB; see `decode_image`.

    Raises:
      FileNotFoundError: there is no such file.
      UserError: the file is not a complete image; the message names it.
    """
    with open(path, "rb") as file:
        return decode_image(file.read(), os.fspath(path))


def decode_image(data: bytes, name: str) -> np.ndarray:
    """Returns an encoded image as uint8 [H, W, 3] RGB, the way up a viewer shows it.

    The EXIF orientation is applied. Transparent pixels lie over white. 16-bit grey is
    scaled by 255 / 65535. Of an animation the first frame is taken.

    Args:
      data: the bytes of a JPEG, PNG, or any other format that Pillow reads.
      name: what an error message calls the image, usually its path.

    Raises:
      UserError: the bytes are not a complete image of a known kind.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.array(_to_rgb(ImageOps.exif_transpose(image)))
    except _UNREADABLE as error:
        # Pillow says only "cannot identify image file <_io.BytesIO ...>".
        known = not isinstance(error, Image.UnidentifiedImageError)
        reason = str(error) if known else "not a known image format"
        raise UserError(f"cannot read the image {name}: {reason}") from error


def resize_image(image: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns a uint8 [H, W, 3] image at another size, uint8 [height, width, 3].

    Shrinks by averaging areas, exactly as OpenCV's INTER_AREA, enlarges bilinearly,
    each axis by itself.
    """
    if image.shape[0] > height or image.shape[1] > width:
        shrunk = area.shrink(image, height=height, width=width)
        image = np.rint(shrunk).astype(np.uint8)
    return _enlarge(image, height=height, width=width)


def resize_map(saliency_map: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns a float32 [H, W] map at another size, never outside its old range.

    The same averaging and interpolation as `resize_image`, without rounding.
    """
    saliency_map = np.asarray(saliency_map, np.float32)
    shrunk = saliency_map
    if saliency_map.shape[0] > height or saliency_map.shape[1] > width:
        shrunk = area.shrink(saliency_map, height=height, width=width)
    resized = _enlarge(shrunk, height=height, width=width)
    # Rounding may pass the largest value by one unit in the last place.
    return np.clip(resized, saliency_map.min(), saliency_map.max())


def encode_png(image: np.ndarray) -> bytes:
    """Returns a uint8 [H, W, 3] or uint8/uint16 [H, W] array as the bytes of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def encode_map(saliency_map: np.ndarray) -> bytes:
    """Returns a map in [0, 1] as a 16-bit grey PNG: exact to 1 / 131070."""
    return encode_png(np.rint(saliency_map * 65535.0).astype(np.uint16))


def decode_map(data: bytes, name: str) -> np.ndarray:
    """Returns an encoded grey image as a float32 [H, W] map in [0, 1].

    8 bits are divided by 255, 16 bits by 65535. Colour is taken where its channels are
    equal, as a grey JPEG has them.

    Args:
      data: the bytes of a PNG, a JPEG or any other format that Pillow reads.
      name: what an error message calls the map, usually its path.

    Raises:
      UserError: the bytes are not a complete grey image.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _grey_map(image)
    except _UNREADABLE as error:
        known = not isinstance(error, Image.UnidentifiedImageError)
        reason = str(error) if known else "not a known image format"
        raise UserError(f"cannot read the map {name}: {reason}") from error


def _grey_map(image: Image.Image) -> np.ndarray:
    """Returns the levels of a grey image as fractions of its largest level."""
    if image.mode.startswith("I"):
        levels = np.array(image)
        if levels.min(initial=0) < 0 or levels.max(initial=0) > 65535:
            raise ValueError("its pixels have 32 bits; save it with 8 or 16")
        return levels.astype(np.float32) / np.float32(65535)
    if image.mode == "F":
        raise ValueError("its pixels are floats of unknown range; save it with 8 bits")
    if image.mode not in ("1", "L", "LA"):
        colours = np.array(image.convert("RGB"), np.int16)
        if np.ptp(colours, axis=-1).max(initial=0) > _COLOUR_TOLERANCE:
            raise ValueError("it is a picture in colour; a map is grey")
    return np.array(image.convert("L")).astype(np.float32) / np.float32(255)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Returns the image in mode RGB, whatever its mode was."""
    if image.mode.startswith("I"):
        return Image.fromarray(_grey_from_16_bits(np.array(image))).convert("RGB")
    if image.mode == "F":
        raise ValueError("its pixels are floats of unknown range; save it with 8 bits")
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _grey_from_16_bits(grey: np.ndarray) -> np.ndarray:
    """Returns 16-bit grey levels as uint8."""
    if grey.min() < 0 or grey.max() > 65535:
        raise ValueError("its pixels have 32 bits; save it with 8 or 16")
    return np.rint(grey / 257.0).astype(np.uint8)


def _enlarge(array: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns an array at a size that is not smaller, by bilinear interpolation."""
    if array.shape[:2] == (height, width):
        return array.copy()
    image = Image.fromarray(array)
    return np.array(image.resize((width, height), Image.Resampling.BILINEAR))
