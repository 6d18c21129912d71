"""Pictures of maps for people: overlays and labelled panels.

Images are uint8 [H, W, 3] RGB, saliency maps float [H, W] in [0, 1].
"""

import os
from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from salgan_jax import atomic

_INK = (40, 40, 40)
_STRIP = 256  # rows


def overlay(
    image: np.ndarray,
    saliency_map: np.ndarray,
    *,
    opacity: float = 0.75,
    colormap: str = "inferno",
) -> np.ndarray:
    """The image with its saliency map laid over it as colour, uint8 [H, W, 3].

    The map is divided by its maximum first: an overlay shows where, not how much.
    The colour covers the image in proportion to the square root of that relative
    saliency: weak places still show, and what nobody looks at stays as photographed.

    Args:
      image: uint8 [H, W, 3].
      saliency_map: float [H, W], not negative; any scale.
      opacity: how much the colour covers the image at the map's maximum, 0 to 1.
      colormap: a matplotlib name; the default is perceptually uniform.
    """
    if image.shape[:2] != saliency_map.shape:
        raise ValueError(
            f"overlay: the image is {image.shape[:2]} but the map {saliency_map.shape} "
            "(height, width); they must be equal"
        )
    maximum = float(saliency_map.max()) or 1.0
    mixed = np.empty_like(image)
    for top in range(0, len(image), _STRIP):  # bounds the memory of a large photograph
        rows = slice(top, top + _STRIP)
        relative = np.asarray(saliency_map[rows] / maximum, np.float32)
        covered = opacity * np.sqrt(relative)[..., np.newaxis]
        blend = (1 - covered) * image[rows] + covered * _colored(relative, colormap)
        mixed[rows] = np.round(blend)
    return mixed


def heatmap(saliency_map: np.ndarray, *, colormap: str = "inferno") -> np.ndarray:
    """The saliency map in colour, divided by its maximum first, uint8 [H, W, 3].

    Args:
      saliency_map: float [H, W], not negative; any scale.
      colormap: a matplotlib name.
    """
    maximum = float(saliency_map.max()) or 1.0
    colored = np.empty((*saliency_map.shape, 3), np.uint8)
    for top in range(0, len(colored), _STRIP):
        rows = slice(top, top + _STRIP)
        colored[rows] = _colored(saliency_map[rows] / maximum, colormap)
    return colored


def contours(
    image: np.ndarray,
    saliency_map: np.ndarray,
    fractions: Sequence[float],
    *,
    colormap: str = "inferno",
) -> np.ndarray:
    """The image with a line around all that is at least so salient, uint8 [H, W, 3].

    A line has a dark rim and is as wide as a 300th of the shorter side, at least two
    pixels. Colours are from the upper half of the map of colours, so that none is as
    dark as its rim.

    Args:
      image: uint8 [H, W, 3].
      saliency_map: float [H, W], not negative; any scale.
      fractions: of the map's maximum, between 0 and 1.
      colormap: a matplotlib name.
    """
    maximum = float(saliency_map.max()) or 1.0
    width = max(2.0, min(image.shape[:2]) / 300)
    colors = _colored((1 + np.array(fractions, np.float32)) / 2, colormap)
    drawn = image.copy()
    for top in range(0, len(image), _STRIP):
        # Slopes need a row more on both sides.
        start, end = max(0, top - 1), min(len(image), top + _STRIP + 1)
        rows = slice(top - start, top - start + _STRIP)
        relative = np.asarray(saliency_map[start:end] / maximum, np.float32)
        slope = _slope(relative)[rows]
        strip = drawn[top : top + _STRIP]
        for fraction, color in zip(fractions, colors, strict=True):
            away = np.abs(relative[rows] - fraction) / slope  # pixels
            near = away < width / 2 + 1.5
            strip[near] = _inked(strip[near], away[near], color, width)
    return drawn


def _inked(
    pixels: np.ndarray, away: np.ndarray, color: np.ndarray, width: float
) -> np.ndarray:
    """Pixels [n, 3] under a line and its rim, from which they are so far away."""
    inked = pixels.astype(np.float32)
    for ink, half in ((_INK, width / 2 + 1), (color, width / 2)):
        covered = np.clip(half + 0.5 - away, 0, 1)[:, np.newaxis]
        inked += covered * (np.asarray(ink, np.float32) - inked)
    return np.round(inked).astype(np.uint8)


def _slope(values: np.ndarray) -> np.ndarray:
    """How much a map changes in a pixel where it is steepest, never 0."""
    down, right = (
        np.gradient(values, axis=axis) if values.shape[axis] > 1 else np.zeros(1)
        for axis in (0, 1)
    )
    return np.maximum(np.hypot(down, right), 1e-6).astype(np.float32)


def panels(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    *,
    labels: Sequence[str] = (),
    row_height: int = 192,
    colormap: str = "gray",
) -> np.ndarray:
    """A grid of pictures under their column titles, uint8 [H, W, 3].

    Maps are drawn at their absolute scale (0 black, 1 white), so that a weak
    prediction looks weak beside its ground truth.

    Args:
      rows: each a sequence of cells, usually (image, ground truth, prediction); a cell
        is an image, uint8 [H, W, 3], or a map, float [H, W] in [0, 1], of any size.
      titles: one per column.
      labels: one per row, written upwards at its left; none by default.
      row_height: height of every cell in pixels; widths follow each cell's shape.
      colormap: a matplotlib name, for the maps.
    """
    cells = [[_cell(cell, row_height, colormap) for cell in row] for row in rows]
    widths = [max(cell.width for cell in column) for column in zip(*cells, strict=True)]
    gutter = max(4, row_height // 32)
    band = max(20, row_height // 7)
    left = band if labels else gutter
    size = (
        left + sum(widths) + gutter * len(widths),
        band + (row_height + gutter) * len(rows),
    )
    canvas = Image.new("RGB", size, "white")
    tops = [band + row * (row_height + gutter) for row in range(len(rows))]
    x = left
    for title, width, column in zip(
        titles, widths, zip(*cells, strict=True), strict=True
    ):
        canvas.paste(_written(title, width, band), (x, 0))
        for cell, top in zip(column, tops, strict=True):
            canvas.paste(cell, (x + (width - cell.width) // 2, top))
        x += width + gutter
    for label, top in zip(labels, tops, strict=False):
        upwards = _written(label, row_height, band).rotate(90, expand=True)
        canvas.paste(upwards, (0, top))
    return np.array(canvas)


def save_image(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Writes a uint8 [H, W, 3] or [H, W] image as PNG, whole or not at all."""
    with atomic.written_aside(path) as file:
        Image.fromarray(image).save(file, format="PNG")


def _colored(saliency_map: np.ndarray, colormap: str) -> np.ndarray:
    table = matplotlib.colormaps[colormap](np.arange(256), bytes=True)[:, :3]
    return table[np.round(np.clip(saliency_map, 0, 1) * 255).astype(np.uint8)]


def _cell(cell: np.ndarray, height: int, colormap: str) -> Image.Image:
    picture = Image.fromarray(cell if cell.ndim == 3 else _colored(cell, colormap))
    width = max(1, round(picture.width * height / picture.height))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _written(text: str, width: int, height: int) -> Image.Image:
    """The text in the middle of a white strip, cut with an ellipsis where too long."""
    fonts = os.path.join(matplotlib.get_data_path(), "fonts", "ttf")
    font = ImageFont.truetype(os.path.join(fonts, "DejaVuSans.ttf"), height * 0.55)
    if font.getlength(text) > width:
        while text and font.getlength(text + "…") > width:
            text = text[:-1]
        text += "…"
    strip = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(strip).text(
        (width / 2, height / 2), text, font=font, fill=_INK, anchor="mm"
    )
    return strip
