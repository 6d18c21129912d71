"""A place in the image is the same place in the frame, and back."""

import numpy as np
import pytest

from salgan_jax.data import geometry

FRAME = (96, 128)
SIZES = [(96, 128), (480, 640), (601, 799), (333, 1001), (900, 301), (17, 5)]


def centroid(saliency_map):
    """(y, x) of a map's centre of mass, as a share of its sides."""
    total = saliency_map.sum()
    y = (saliency_map.sum(axis=1) * (np.arange(len(saliency_map)) + 0.5)).sum() / total
    x = (saliency_map.sum(axis=0) * (np.arange(saliency_map.shape[1]) + 0.5)).sum()
    return np.array([y, x / total])


def dot(height, width, row, column):
    saliency_map = np.zeros((height, width), np.float32)
    saliency_map[row, column] = 1
    return saliency_map


@pytest.mark.parametrize("kind", geometry.GEOMETRIES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", [(0.2, 0.3), (0.7, 0.55), (0.5, 0.9)])
def test_a_dot_lies_where_its_share_of_the_image_says(kind, size, place):
    height, width = size
    row, column = int(place[0] * height), int(place[1] * width)
    frame = geometry.map_to_frame(
        dot(height, width, row, column), frame_size=FRAME, geometry=kind
    )
    assert frame.shape == FRAME
    inner = geometry.placement(height, width, frame_size=FRAME, geometry=kind)
    share = np.array([(row + 0.5) / height, (column + 0.5) / width])
    expected = np.array([inner.top, inner.left]) + share * [inner.height, inner.width]
    # Less than a pixel of the coarser of the two grids.
    coarse = np.maximum(1, np.divide((inner.height, inner.width), size))
    assert (np.abs(centroid(frame) - expected) <= 0.75 * coarse).all()


@pytest.mark.parametrize("kind", geometry.GEOMETRIES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", [(0.25, 0.3), (0.6, 0.75)])
def test_a_dot_of_the_frame_comes_back_to_its_place_in_the_image(kind, size, place):
    height, width = size
    inner = geometry.placement(height, width, frame_size=FRAME, geometry=kind)
    row = inner.top + int(place[0] * inner.height)
    column = inner.left + int(place[1] * inner.width)
    back = geometry.map_from_frame(
        dot(*FRAME, row, column), height=height, width=width, geometry=kind
    )
    assert back.shape == size
    share = (np.array([row - inner.top, column - inner.left]) + 0.5) / [
        inner.height,
        inner.width,
    ]
    coarse = np.maximum(1, np.divide(size, (inner.height, inner.width)))
    assert (np.abs(centroid(back) - share * size) <= 0.75 * coarse).all()


def test_padding_keeps_the_aspect_ratio_and_lies_on_two_sides_alike():
    place = geometry.placement(300, 300, frame_size=FRAME, geometry="pad")
    assert place == (0, 16, 96, 96)
    image = np.full((300, 300, 3), 255, np.uint8)
    frame = geometry.image_to_frame(image, frame_size=FRAME, geometry="pad")
    assert (frame[:, 16:112] == 255).all()
    assert (frame[:, :16] == (124, 116, 104)).all()
    assert (frame[:, 112:] == (124, 116, 104)).all()
    assert not geometry.map_to_frame(
        np.ones((300, 300), np.float32), frame_size=FRAME, geometry="pad"
    )[:, :16].any()


def test_stretching_fills_the_frame():
    image = np.full((300, 10, 3), 7, np.uint8)
    frame = geometry.image_to_frame(image, frame_size=FRAME, geometry="stretch")
    assert frame.shape == (*FRAME, 3)
    assert (frame == 7).all()


def test_an_unknown_geometry_is_refused():
    with pytest.raises(ValueError, match="'crop' is not one of"):
        geometry.placement(3, 4, frame_size=FRAME, geometry="crop")
