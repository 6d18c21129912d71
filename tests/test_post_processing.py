"""Maps as the authors' code makes them: 8 bits, bicubic, 5 x 5 binomial weights."""

import numpy as np
import pytest

from salgan_jax.data import geometry, images, post_processing


def test_levels_are_cut_not_rounded():
    almost = np.full((8, 8), 100.99 / 255, np.float32)
    found = post_processing.released_code(almost, height=16, width=16)
    np.testing.assert_allclose(found, 100 / 255, rtol=1e-6)


def test_a_dot_becomes_the_binomial_weights():
    """At the same size nothing is interpolated: 255 * [1 4 6 4 1] / 16, twice."""
    dot = np.zeros((9, 9), np.float32)
    dot[4, 4] = 1
    found = np.rint(255 * post_processing.released_code(dot, height=9, width=9))
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    np.testing.assert_array_equal(found[2:7, 2:7], np.rint(255 * weights))
    assert found.sum() == np.rint(255 * weights).sum()


def test_interpolation_is_opencv_s_bicubic():
    """Doubling a step: OpenCV's weights at 1/4 and 3/4 are those of a = -0.75."""
    matrix = post_processing._bicubic(8, 16)
    near = [-0.10546875, 0.87890625, 0.26171875, -0.03515625]
    np.testing.assert_allclose(matrix[7, 2:6], near)
    np.testing.assert_allclose(matrix[8, 2:6], near[::-1])
    np.testing.assert_allclose(matrix.sum(axis=1), 1)


def test_a_map_of_known_levels_is_that_of_opencv():
    """cv2.resize(..., INTER_CUBIC) and cv2.GaussianBlur(..., (5, 5), 0) of OpenCV 5."""
    levels = np.array([[0, 40, 80, 120], [255, 200, 10, 60], [30, 90, 150, 210]])
    found = post_processing.released_code(
        (levels + 0.5).astype(np.float32) / 255, height=6, width=8
    )
    np.testing.assert_allclose(np.rint(255 * found), OPENCV, atol=1)


OPENCV = np.array(
    [
        [62, 63, 66, 67, 69, 78, 91, 98],
        [99, 98, 94, 82, 69, 69, 80, 87],
        [162, 159, 142, 110, 75, 61, 69, 76],
        [170, 167, 154, 124, 92, 81, 91, 99],
        [117, 120, 123, 119, 114, 121, 138, 147],
        [83, 89, 101, 113, 125, 143, 163, 173],
    ]
)


@pytest.mark.parametrize("name", ["stretch", "pad"])
def test_it_takes_the_place_of_our_own_enlarging(name):
    saliency_map = np.random.default_rng(0).uniform(size=(48, 64)).astype(np.float32)
    for enlarge in (images.resize_map, post_processing.released_code):
        found = geometry.map_from_frame(
            saliency_map, height=90, width=70, geometry=name, enlarge=enlarge
        )
        assert found.shape == (90, 70) and found.dtype == np.float32
