"""How an image of any size fills the network's frame, and how a map comes back.

`stretch` gives both axes a scale of their own, as the authors do; `pad` keeps the
aspect ratio and fills what is left, on two sides alike, with the mean colour of
ImageNet (zero after VGG-16's preprocessing) and, in maps, with zero.
"""

from typing import NamedTuple

import numpy as np

from salgan_jax.data import images
from salgan_jax.data.post_processing import Enlarge

GEOMETRIES = ("stretch", "pad")
_MEAN_COLOUR = (124, 116, 104)  # RGB; models.vgg16's means, rounded


class Placement(NamedTuple):
    """The part of the frame that an image covers, in pixels."""

    top: int
    left: int
    height: int
    width: int


def placement(
    height: int, width: int, *, frame_size: tuple[int, int], geometry: str
) -> Placement:
    """Returns where an image of `height` x `width` lies in a frame (height, width).

    >>> placement(480, 640, frame_size=(192, 256), geometry="pad")
    Placement(top=0, left=0, height=192, width=256)
    >>> placement(1000, 500, frame_size=(192, 256), geometry="pad")
    Placement(top=0, left=80, height=192, width=96)
    """
    frame_height, frame_width = frame_size
    if geometry == "stretch":
        return Placement(0, 0, frame_height, frame_width)
    if geometry != "pad":
        raise ValueError(f"geometry {geometry!r} is not one of {GEOMETRIES}")
    scale = min(frame_height / height, frame_width / width)
    inner_height = min(max(round(height * scale), 1), frame_height)
    inner_width = min(max(round(width * scale), 1), frame_width)
    return Placement(
        (frame_height - inner_height) // 2,
        (frame_width - inner_width) // 2,
        inner_height,
        inner_width,
    )


def image_to_frame(
    image: np.ndarray, *, frame_size: tuple[int, int], geometry: str
) -> np.ndarray:
    """Returns an image uint8 [H, W, 3] as the network sees it, uint8 [*frame, 3]."""
    place = placement(*image.shape[:2], frame_size=frame_size, geometry=geometry)
    inner = images.resize_image(image, height=place.height, width=place.width)
    if inner.shape[:2] == tuple(frame_size):
        return inner
    frame = np.empty((*frame_size, 3), np.uint8)
    frame[:] = _MEAN_COLOUR
    frame[_window(place)] = inner
    return frame


def map_to_frame(
    saliency_map: np.ndarray, *, frame_size: tuple[int, int], geometry: str
) -> np.ndarray:
    """Returns a map float32 [H, W] over the network's frame, float32 [*frame]."""
    place = placement(*saliency_map.shape, frame_size=frame_size, geometry=geometry)
    inner = images.resize_map(saliency_map, height=place.height, width=place.width)
    frame = np.zeros(frame_size, np.float32)
    frame[_window(place)] = inner
    return frame


def fixations_to_frame(
    points: np.ndarray,
    *,
    size: tuple[int, int],
    frame_size: tuple[int, int],
    geometry: str,
) -> np.ndarray:
    """Returns how many fixations fall on each pixel of the frame, uint8 [*frame].

    Args:
        points: float [N, 2], (x, y) in pixels of an image (height, width) of `size`.
        size: of the image.
        frame_size, geometry: as in `placement`.
    """
    place = placement(*size, frame_size=frame_size, geometry=geometry)
    height, width = size
    inside = np.floor(points) + 0.5  # the middle of the pixel that was looked at
    row = place.top + (inside[:, 1] * place.height / height).astype(np.intp)
    column = place.left + (inside[:, 0] * place.width / width).astype(np.intp)
    counts = np.zeros(frame_size, np.int64)
    np.add.at(counts, (row, column), 1)
    return np.minimum(counts, 255).astype(np.uint8)


def map_from_frame(
    saliency_map: np.ndarray,
    *,
    height: int,
    width: int,
    geometry: str,
    enlarge: Enlarge = images.resize_map,
) -> np.ndarray:
    """Returns the part of a frame's map that is the image, float32 [height, width]."""
    frame_height, frame_width = saliency_map.shape
    place = placement(
        height, width, frame_size=(frame_height, frame_width), geometry=geometry
    )
    return enlarge(saliency_map[_window(place)], height=height, width=width)


def _window(place: Placement) -> tuple[slice, slice]:
    return (
        slice(place.top, place.top + place.height),
        slice(place.left, place.left + place.width),
    )
