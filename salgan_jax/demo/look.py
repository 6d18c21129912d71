"""One image, as every checkpoint sees it, and the pictures of that."""

import pathlib
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax import salient_points, visualization
from salgan_jax.data import images, opening
from salgan_jax.demo import numbers
from salgan_jax.demo.models import Model
from salgan_jax.prediction import formats
from salgan_jax.prediction.bounded_work import Room
from salgan_jax.salient_points import SalientPoint

# The first five are uniform to the eye, and told apart by colour-blind eyes.
COLORMAPS = ("inferno", "viridis", "cividis", "magma", "plasma", "turbo", "jet")
MOST_POINTS = 20
MIN_DISTANCE = 0.1  # between two points, of the image's diagonal
_MOST_SIDE = 1280  # pixels of a picture on the page


class Prediction(NamedTuple):
    """What one checkpoint predicts.

    Attributes:
        saliency_map: float32 [h, w] in [0, 1], of the page's size.
        maximum: of the map at the image's own size.
        points: the most salient ones, in pixels of the image's own size.
        seconds: from the image in memory to its map: network, resizing before and
            after it.
    """

    saliency_map: np.ndarray
    maximum: float
    points: list[SalientPoint]
    seconds: float


class Look(NamedTuple):
    """An image with its predictions.

    Attributes:
        name: of its file.
        height: of the image itself, as is `width`.
        image: uint8 [h, w, 3], of the page's size.
        predictions: one for each checkpoint.
        seconds: that all of it took, reading the file included.
    """

    name: str
    height: int
    width: int
    image: np.ndarray
    predictions: list[Prediction]
    seconds: float


class Pictures(NamedTuple):
    """What the page shows of a prediction, uint8: overlay [H, W, 3], map [h, w]."""

    overlay: np.ndarray
    saliency_map: np.ndarray


def look(
    models: Sequence[Model],
    path: str,
    *,
    room: Room,
    max_megapixels: float = opening.MAX_MEGAPIXELS,
) -> Look:
    """Returns the image in a file with the predictions of all models.

    Args:
      models: asked one after the other.
      path: of a file of which nothing is known.
      room: of pixels, for all that are looked at at the same time.
      max_megapixels: larger images are refused before a pixel is decoded.

    Raises:
      UserError: it is no image, or too large, or what is predicted is not finite. The
        message has the name of the file, not its path.
    """
    begin = time.perf_counter()
    name = pathlib.Path(path).name
    data = opening.read_bytes(path, max_megapixels=max_megapixels)
    with opening.refusing(f"the image {name}"):
        width, height = opening.open_image(data, max_megapixels=max_megapixels).size
    with room.taken(width * height):
        image = images.decode_image(data, name, max_megapixels=max_megapixels)
        height, width = image.shape[:2]
        size = _size_on_page(height, width)
        predictions = [_predicted(model, image, size) for model in models]
        shown = _at(images.resize_image, image, size)
    seconds = time.perf_counter() - begin
    return Look(name, height, width, shown, predictions, seconds)


def draw(
    seen: Look,
    prediction: Prediction,
    *,
    opacity: float,
    colormap: str,
    num_points: int,
) -> Pictures:
    """Returns the pictures of a prediction, numbered at its first points.

    The map's grey levels are those that are written as its PNG: black 0, white 1.
    """
    overlay = visualization.overlay(
        seen.image, prediction.saliency_map, opacity=opacity, colormap=colormap
    )
    places = [
        ((point.x + 0.5) / seen.width, (point.y + 0.5) / seen.height)
        for point in prediction.points[:num_points]
    ]
    return Pictures(
        numbers.numbered(overlay, places),
        formats.grey_levels(prediction.saliency_map),
    )


def _predicted(model: Model, image: np.ndarray, size: tuple[int, int]) -> Prediction:
    begin = time.perf_counter()
    (saliency_map,) = model.predictor(1)([image])
    seconds = time.perf_counter() - begin
    points = salient_points.salient_points(
        saliency_map, count=MOST_POINTS, min_distance=MIN_DISTANCE
    )
    shown = _at(images.resize_map, saliency_map, size)
    return Prediction(shown, float(saliency_map.max()), points, seconds)


def _size_on_page(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, _MOST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _at(resize, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return resize(picture, height=height, width=width)
