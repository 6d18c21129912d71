"""Area averaging gives every old pixel its exact share in the new ones."""

import numpy as np
import pytest

from salgan_jax.data import area, images


def by_hand(array, height, width):
    """The mean over each area, from a copy in which every border is a pixel border."""
    old_height, old_width = array.shape[:2]
    fine = np.repeat(np.repeat(array.astype(float), height, 0), width, 1)
    tall = fine.reshape(height, old_height, *fine.shape[1:]).mean(1)
    return tall.reshape(height, width, old_width, *array.shape[2:]).mean(2)


@pytest.mark.parametrize("old", [(48, 64, 3), (31, 47), (33, 20, 3), (16, 16)])
@pytest.mark.parametrize("new", [(16, 16), (7, 13), (1, 1)])
def test_shrinking_averages_areas(old, new):
    array = np.random.default_rng(0).integers(0, 256, old, dtype=np.uint8)
    shrunk = area.shrink(array, height=new[0], width=new[1])
    assert shrunk.dtype == np.float32
    np.testing.assert_allclose(shrunk, by_hand(array, *new), rtol=1e-5)


def test_salicons_factor_of_two_and_a_half():
    row = np.array([[10, 20, 30, 40, 50]] * 5, np.uint8)
    expected = [(10 + 20 + 15) / 2.5, (15 + 40 + 50) / 2.5]
    shrunk = area.shrink(row, height=2, width=2)
    np.testing.assert_allclose(shrunk, [expected, expected], rtol=1e-6)


def test_one_axis_may_shrink_while_the_other_grows():
    image = np.full((100, 10, 3), 9, np.uint8)
    image[:50] = 200
    resized = images.resize_image(image, height=10, width=40)
    assert resized.shape == (10, 40, 3)
    assert (resized[:5] == 200).all() and (resized[5:] == 9).all()


def test_an_image_of_the_right_size_stays_as_it_is():
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    resized = images.resize_image(image, height=7, width=9)
    np.testing.assert_array_equal(resized, image)
    assert resized is not image
