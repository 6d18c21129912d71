"""Reading images of any mode, and the one resize that training and prediction share."""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image

from salgan_jax.data import area, opening
from salgan_jax.data.opening import MAX_MEGAPIXELS

_TILE = 2048  # pixels, of both sides
_COLOUR_TOLERANCE = 2  # grey levels between the channels of a grey JPEG


def read_image(
    path: str | os.PathLike[str], *, max_megapixels: float = MAX_MEGAPIXELS
) -> np.ndarray:
    """Returns the image in a file as uint8 [H, W, 3] RGB; see `decode_image`.

    Raises:
      FileNotFoundError: there is no such file.
      UserError: the file is not a complete image; the message names it.
    """
    with opening.regular_file(path, max_megapixels=max_megapixels) as file:
        return _decode(file, os.fspath(path), max_megapixels)


def read_size(
    path: str | os.PathLike[str], *, max_megapixels: float = MAX_MEGAPIXELS
) -> tuple[int, int]:
    """Returns the two sides of the image in a file, in pixels, as its header has them.

    Raises:
      OSError, UserError: as `read_image`; what follows the header is not looked at.
    """
    with (
        opening.regular_file(path, max_megapixels=max_megapixels) as file,
        opening.refusing(f"the image {os.fspath(path)}"),
        opening.open_image(file, max_megapixels=max_megapixels) as image,
    ):
        return image.size


def decode_image(
    data: bytes, name: str, *, max_megapixels: float = MAX_MEGAPIXELS
) -> np.ndarray:
    """Returns an encoded image as uint8 [H, W, 3] RGB, the way up a viewer shows it.

    The EXIF orientation is applied. Transparent pixels lie over white. 16-bit grey is
    scaled by 255 / 65535. Of an animation the first frame is taken.

    Args:
      data: the bytes of a JPEG, PNG, or any other format that Pillow reads by itself.
      name: what an error message calls the image, usually its path.
      max_megapixels: larger images are refused before they are decoded.

    Raises:
      UserError: the bytes are not a complete image of a known kind, or too large.
    """
    return _decode(data, name, max_megapixels)


def from_pillow(picture: Image.Image) -> np.ndarray:
    """Returns a picture that is open already as uint8 [H, W, 3]; see `decode_image`.

    Raises:
      UserError: its file is not complete, or its pixels are no colours.
    """
    with opening.refusing(f"the image {getattr(picture, 'filename', '')!r}"):
        picture.load()
        return _upright_rgb(picture)


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


def read_map(
    path: str | os.PathLike[str], *, max_megapixels: float = MAX_MEGAPIXELS
) -> np.ndarray:
    """Returns the map in a grey image's file; see `decode_map`."""
    data = opening.read_bytes(path, max_megapixels=max_megapixels)
    return decode_map(data, os.fspath(path), max_megapixels=max_megapixels)


def decode_map(
    data: bytes, name: str, *, max_megapixels: float = MAX_MEGAPIXELS
) -> np.ndarray:
    """Returns an encoded grey image as a float32 [H, W] map in [0, 1].

    8 bits are divided by 255, 16 bits by 65535. Colour is taken where its channels are
    equal, as a grey JPEG has them.

    Args:
      data: the bytes of a PNG, a JPEG or any other format that Pillow reads.
      name: what an error message calls the map, usually its path.
      max_megapixels: larger maps are refused before they are decoded.

    Raises:
      UserError: the bytes are not a complete grey image, or too large.
    """
    with _loaded(data, f"the map {name}", max_megapixels) as image:
        return _grey_map(image)


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


def _decode(file: BinaryIO | bytes, name: str, max_megapixels: float) -> np.ndarray:
    with _loaded(file, f"the image {name}", max_megapixels) as image:
        return _upright_rgb(image)


@contextlib.contextmanager
def _loaded(
    file: BinaryIO | bytes, what: str, max_megapixels: float
) -> Iterator[Image.Image]:
    """The decoded picture in a file; what cannot be used of it is said of `what`."""
    with (
        opening.refusing(what),
        opening.open_image(file, max_megapixels=max_megapixels) as image,
    ):
        image.load()
        # An icon may hold another picture than its header says.
        opening.check_size(image.size, max_megapixels)
        yield image


def _upright_rgb(image: Image.Image) -> np.ndarray:
    """Returns the image as a viewer shows it, tile by tile: without a second copy."""
    width, height = image.size
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    size = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    upright = np.empty((*size, 3), np.uint8)
    stored = _as_stored(upright, orientation)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            box = left, top, min(left + _TILE, width), min(top + _TILE, height)
            is_all = box == (0, 0, width, height)
            tile = _to_rgb(image if is_all else image.crop(box))
            stored[top : box[3], left : box[2]] = np.asarray(tile)
    return upright


def _as_stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """Returns a view of an image [H, W, 3] in the order in which a file stores it."""
    if orientation in (5, 7):
        upright = upright.swapaxes(0, 1)
    turns = {3: 2, 4: 2, 6: 1, 7: 2, 8: 3}.get(orientation, 0)
    mirrored = upright[:, ::-1] if orientation in (2, 4) else upright
    return np.rot90(mirrored, turns)


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
    return image if image.mode == "RGB" else image.convert("RGB")


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
