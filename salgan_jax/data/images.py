"""Reading images of any mode, and the one resize that training and prediction share."""

import io
import os
import struct

import numpy as np
from PIL import Image, ImageOps

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

    Shrinks by averaging areas, enlarges bilinearly, each axis by itself.
    Differs from the released code, which shrinks with OpenCV's INTER_AREA: Pillow's box
    filter gives a source pixel to a mean wholly or not at all, never in part.
    """
    return np.array(_resize(Image.fromarray(image), height=height, width=width))


def resize_map(saliency_map: np.ndarray, *, height: int, width: int) -> np.ndarray:
    """Returns a float32 [H, W] map at another size, never outside its old range.

    The same averaging and interpolation as `resize_image`, without rounding.
    """
    saliency_map = np.asarray(saliency_map, np.float32)
    resized = _resize(Image.fromarray(saliency_map), height=height, width=width)
    # Rounding may pass the largest value by one unit in the last place.
    return np.clip(np.array(resized), saliency_map.min(), saliency_map.max())


def encode_png(image: np.ndarray) -> bytes:
    """Returns a uint8 [H, W, 3] or uint8/uint16 [H, W] array as the bytes of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def encode_map(saliency_map: np.ndarray) -> bytes:
    """Returns a map in [0, 1] as a 16-bit grey PNG: exact to 1 / 131070."""
    return encode_png(np.rint(saliency_map * 65535.0).astype(np.uint16))


def decode_map(data: bytes) -> np.ndarray:
    """Returns an 8-bit or 16-bit grey PNG as a float32 [H, W] map in [0, 1]."""
    with Image.open(io.BytesIO(data)) as image:
        levels = 255 if image.mode == "L" else 65535
        return np.array(image).astype(np.float32) / np.float32(levels)


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


def _resize(image: Image.Image, *, height: int, width: int) -> Image.Image:
    """Returns the image at another size, each axis with the filter that suits it."""
    by_width = _filter(image.width, width)
    by_height = _filter(image.height, height)
    if by_width != by_height:
        image = image.resize((width, image.height), by_width)
    return image.resize((width, height), by_height)


def _filter(old_length: int, new_length: int) -> Image.Resampling:
    """Returns area averaging for shrinking, linear interpolation for enlarging."""
    shrinks = new_length <= old_length
    return Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
