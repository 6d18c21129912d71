"""Fixation points become maps with x to the right and y downwards."""

import numpy as np
import pytest
import scipy.ndimage

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


POINTS = [
    np.array([[0.0, 0.0], [3.9, 1.2], [3.9, 1.2]], np.float32),
    np.array([[1.5, 0.5]], np.float32),
    np.array([[7.0, 3.9], [0.2, 0.2]], np.float32),
]
SIZES = [(2, 4), (2, 4), (4, 8)]


def test_others_are_all_images_but_one_stretched_to_its_size():
    others = fixations.OtherFixations(POINTS, SIZES)
    # (1, 0) of the second image; (3, 1) and (0, 0) of the third, halved.
    assert others.counts(0).tolist() == [[1, 1, 0, 0], [0, 0, 0, 1]]
    # Of the first (0, 0) and, doubled, twice (7, 2); of the second (3, 1).
    expected = np.zeros((4, 8), int)
    expected[0, 0], expected[2, 7], expected[1, 3] = 1, 2, 1
    assert others.counts(2).tolist() == expected.tolist()
    assert others.counts(0).dtype == np.int32


def test_some_others_are_drawn_for_each_image_and_always_the_same():
    random = np.random.default_rng(0)
    sizes = [(5, 5)] * 30
    each = [random.uniform(0, 5, (2, 2)) for _ in sizes]
    drawn = fixations.OtherFixations(each, sizes, num_others=10)
    again = fixations.OtherFixations(each, sizes, num_others=10)
    for i in range(30):
        assert drawn.counts(i).sum() == 20
        np.testing.assert_array_equal(drawn.counts(i), again.counts(i))
    fewer = fixations.OtherFixations(each[:5], sizes[:5], num_others=10)
    assert fewer.counts(0).sum() == 8  # all there are


def test_many_sizes_and_many_images_are_counted_right():
    random = np.random.default_rng(1)
    sizes = [(int(h), int(w)) for h, w in random.integers(3, 30, (600, 2))]
    each = [random.uniform(size=(3, 2)) * (w, h) for h, w in sizes]
    others = fixations.OtherFixations(each, sizes)
    for i in (0, 299, 599):
        height, width = sizes[i]
        expected = np.zeros((height, width), int)
        for j, (points, (own_height, own_width)) in enumerate(
            zip(each, sizes, strict=True)
        ):
            for x, y in points if j != i else ():
                expected[
                    int(y * (height / own_height)), int(x * (width / own_width))
                ] += 1
        np.testing.assert_array_equal(others.counts(i), expected)


def test_the_density_of_salicon_s_evaluation_counts_a_pixel_once_and_reflects():
    points = np.array([[0.0, 0.0], [0.0, 0.0], [9.0, 9.0]])
    once = fixations.fixated_density_map(points, height=10, width=10, sigma_px=1.5)
    where = np.zeros((10, 10))
    where[0, 0] = where[9, 9] = 1
    expected = scipy.ndimage.gaussian_filter(where, 1.5, mode="reflect")
    np.testing.assert_allclose(once, expected / expected.max(), atol=1e-6)
