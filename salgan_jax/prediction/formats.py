"""What is written for an image and for a video: which pictures, and how files end."""

import math
import os
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib
import numpy as np

from salgan_jax import visualization
from salgan_jax.errors import UserError, chosen, printable

_STRIP = 256  # rows
_ENDINGS = {
    "png": ".png",
    "overlay": "_overlay.png",
    "heatmap": "_heatmap.png",
    "contour": "_contour.png",
    "npy": ".npy",
}
FORMATS = tuple(_ENDINGS)
# A folder's videos are not read: one is taken where it is named, or by a glob.
VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
    *(".mts", ".ogv", ".ts", ".webm", ".wmv"),
)
# What else a video is in, its predictions are in Matroska, which takes any sound.
_KEPT_CONTAINERS = (".mkv", ".mov", ".mp4", ".m4v")


class Style(NamedTuple):
    """How pictures look.

    Attributes:
        colormap: a matplotlib name.
        contours: where lines are drawn, as fractions of a map's maximum.
    """

    colormap: str = "inferno"
    contours: tuple[float, ...] = (0.25, 0.5, 0.75)


class Wanted(NamedTuple):
    """The formats to write, and how their pictures look.

    Attributes:
        images: formats, in the order of `FORMATS`.
        videos: the same; none is "npy".
        style: of the pictures.
    """

    images: tuple[str, ...] = ("png",)
    videos: tuple[str, ...] = ("overlay",)
    style: Style = Style()

    def endings(self, name: str) -> dict[str, str]:
        """Returns what the names of an input's files end with, by format.

        Raises:
          UserError: it is a video, and arrays are asked for.
        """
        if not is_video(name):
            return {each: _ENDINGS[each] for each in self.images}
        if "npy" in self.videos:
            raise UserError(
                f"the video {printable(name)} cannot be written as npy: leave that "
                "format out, or predict images and videos apart"
            )
        suffix = os.path.splitext(name)[1].lower()
        container = suffix if suffix in _KEPT_CONTAINERS else ".mkv"
        endings = {each: f"_{each}{container}" for each in self.videos}
        if "png" in endings:
            endings["png"] = f"_map{container}"
        return endings


MAPS = Wanted()


def is_video(name: str) -> bool:
    """Whether a file's name is that of a video."""
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES


def wanted(
    formats: Sequence[str] = (), *, colormap: str, contours: Sequence[str | float]
) -> Wanted:
    """Returns what to write; without formats the map of an image, overlays of a video.

    Raises:
      UserError: a format or a colour map is unknown, or a contour no fraction.
    """
    for each in formats:
        chosen(each, FORMATS, "format")
    chosen(colormap, matplotlib.colormaps, "colormap")
    style = Style(colormap, tuple(sorted(map(_fraction, contours))))
    if not formats:
        return Wanted(style=style)
    if "contour" in formats and not contours:
        raise UserError("contours has no fractions: give some, as in 0.25,0.5,0.75")
    ordered = tuple(each for each in FORMATS if each in formats)
    return Wanted(ordered, ordered, style)


def picture(
    name: str, image: np.ndarray, saliency_map: np.ndarray, style: Style
) -> np.ndarray:
    """Returns a picture as uint8, [H, W] for "png" and [H, W, 3] for the others."""
    if name == "png":
        return grey_levels(saliency_map)
    if name == "heatmap":
        return visualization.heatmap(saliency_map, colormap=style.colormap)
    if name == "contour":
        return visualization.contours(
            image, saliency_map, style.contours, colormap=style.colormap
        )
    return visualization.overlay(image, saliency_map, colormap=style.colormap)


def grey_levels(saliency_map: np.ndarray) -> np.ndarray:
    """The map as uint8 [H, W]: round(255 * saliency), 255 being saliency 1."""
    levels = np.empty(saliency_map.shape, np.uint8)
    for top in range(0, len(levels), _STRIP):  # bounds the memory of a large map
        rows = slice(top, top + _STRIP)
        levels[rows] = np.round(saliency_map[rows] * 255)
    return levels


def _fraction(text: str | float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise UserError(
            f"contours={text}: a contour is a fraction of the map's maximum, between 0 "
            "and 1"
        )
    return value
