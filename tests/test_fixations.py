"""Fixation points become maps with x to the right and y downwards."""

import numpy as np
import pytest

from salgan_jax.data import fixations


def test_point_lies_in_row_y_and_column_x():
    points = np.array([[2.0, 1.0], [3.99, 0.0], [0.0, 1.99]], np.float32)
    expected = [[False, False, False, True], [True, False, True, False]]
    fixation_map = fixations.fixation_map(points, height=2, width=4)
    assert fixation_map.dtype == bool
    assert fixation_map.tolist() == expected


@pytest.mark.parametrize("point", [(-0.1, 0), (0, -0.1), (4, 0), (0, 2)])
def test_point_outside_of_the_image_is_refused(point):
    with pytest.raises(ValueError, match="outside of the image of 4 x 2 pixels"):
        fixations.fixation_map(np.array([point]), height=2, width=4)


def test_density_of_one_point_is_a_gaussian_with_maximum_1():
    density = fixations.density_map(
        np.array([[30.5, 20.5]]), height=41, width=61, sigma_px=4.0
    )
    assert density.dtype == np.float32
    y, x = np.mgrid[:41, :61]
    expected = np.exp(-((x - 30) ** 2 + (y - 20) ** 2) / (2 * 4.0**2))
    # Cut off at four sigma, where the Gaussian is 3e-4.
    np.testing.assert_allclose(density, expected, atol=4e-4)
    assert density.max() == 1


def test_density_counts_every_fixation_of_a_pixel():
    points = np.array([[10, 10]] * 3 + [[50, 10]])
    density = fixations.density_map(points, height=20, width=60, sigma_px=2.0)
    assert density[10, 10] == 1
    np.testing.assert_allclose(density[10, 50], 1 / 3, rtol=1e-5)


def test_density_is_not_reflected_at_the_border():
    density = fixations.density_map(
        np.array([[0, 0], [50, 50]]), height=100, width=100, sigma_px=3.0
    )
    np.testing.assert_allclose(density[0, 0], density[50, 50], rtol=1e-5)


def test_without_fixations_both_maps_are_empty():
    none = np.zeros((0, 2), np.float32)
    assert not fixations.fixation_map(none, height=3, width=5).any()
    density = fixations.density_map(none, height=3, width=5, sigma_px=2.0)
    assert density.shape == (3, 5)
    assert not density.any()
