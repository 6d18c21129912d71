"""Numbers written on a picture, where its points are."""

import os
from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_LEAST_SIDE = 480  # pixels of the longer side: numbers would hide a smaller picture
_RADIUS = 1 / 45  # of the longer side
_FINER = 4  # discs are drawn so many times as large: Pillow has no smooth ones
_INK = (20, 20, 20)


def numbered(picture: np.ndarray, places: Sequence[tuple[float, float]]) -> np.ndarray:
    """Returns a picture with 1, 2, ... in discs at these places, uint8 [H, W, 3].

    A small picture is enlarged first if it gets any. Earlier numbers lie over later
    ones, and at the picture's edges the discs are moved inwards.

    Args:
      picture: uint8 [h, w, 3].
      places: (x, y), as fractions of the picture's width and height.
    """
    canvas = Image.fromarray(picture)
    longest = max(canvas.size)
    if places and longest < _LEAST_SIDE:
        factor = -(-_LEAST_SIDE // longest)
        size = canvas.width * factor, canvas.height * factor
        canvas = canvas.resize(size, Image.Resampling.BICUBIC)
    radius = max(canvas.size) * _RADIUS
    for number in range(len(places), 0, -1):
        x, y = places[number - 1]
        disc = _disc(str(number), radius)
        left = _inside(x, disc.width, canvas.width)
        top = _inside(y, disc.height, canvas.height)
        canvas.paste(disc, (left, top), disc)
    return np.array(canvas)


def _inside(place: float, disc: int, side: int) -> int:
    begin = round(place * side - disc / 2)
    return max(0, min(begin, side - disc))


def _disc(text: str, radius: float) -> Image.Image:
    """A dark number on a white disc with a dark rim, which shows on any ground."""
    side = round(2 * radius * _FINER)
    disc = Image.new("RGBA", (side, side), (*_INK, 0))
    pen = ImageDraw.Draw(disc)
    pen.ellipse((0, 0, side - 1, side - 1), fill=(*_INK, 255))
    rim = side * 0.07
    pen.ellipse((rim, rim, side - 1 - rim, side - 1 - rim), fill="white")
    fonts = os.path.join(matplotlib.get_data_path(), "fonts", "ttf")
    height = side * (0.68 if len(text) == 1 else 0.55)
    font = ImageFont.truetype(os.path.join(fonts, "DejaVuSans-Bold.ttf"), height)
    pen.text((side / 2, side / 2), text, font=font, fill=_INK, anchor="mm")
    size = round(2 * radius), round(2 * radius)
    return disc.resize(size, Image.Resampling.LANCZOS)
