"""The KDE centre prior: bandwidth, leaving out, and its shape on images."""

import numpy as np
import pytest

from salgan_jax.metrics import kernel_density


def histograms(seed, spread, number=60, each=15):
    random = np.random.default_rng(seed)
    points = random.normal(0.5, spread, (number, each, 2)).clip(0, 0.999)
    return [
        kernel_density.histogram(p * (100, 50), height=50, width=100) for p in points
    ]


def test_a_histogram_counts_fixations_in_units_of_the_sides():
    points = np.array([[0.0, 0.0], [99.9, 49.9], [50.0, 25.0], [50.1, 25.1]])
    cells = kernel_density.histogram(points, height=50, width=100)
    assert cells.shape == (96, 128) and cells.sum() == 4
    assert cells[0, 0] == cells[-1, -1] == 1
    assert cells[48, 64] == 2


def test_the_bandwidth_suits_how_much_is_known():
    """Few fixations must be smeared further than many."""
    few = histograms(0, 0.15, number=4, each=5)
    many = histograms(0, 0.15, number=200, each=50)
    wide = kernel_density.fit(np.sum(few, axis=0), few).bandwidth
    narrow = kernel_density.fit(np.sum(many, axis=0), many).bandwidth
    assert narrow < wide
    # Silverman's rule for 10,000 points in two dimensions: 0.15 * 10,000 ** (-1 / 6).
    assert narrow == pytest.approx(0.15 * 10_000 ** (-1 / 6), rel=0.6)


def test_the_prior_is_a_density_of_the_fixations():
    each = histograms(1, 0.1)
    estimate = kernel_density.fit(np.sum(each, axis=0), each)
    prior = kernel_density.prior(estimate, height=60, width=200)
    assert prior.shape == (60, 200) and prior.min() > 0
    assert prior.sum() == pytest.approx(1, abs=1e-5)
    y, x = np.mgrid[:60, :200]
    for axis, side in ((x, 200), (y, 60)):
        place = (axis + 0.5) / side
        mean = (prior * place).sum()
        spread = np.sqrt((prior * (place - mean) ** 2).sum())
        assert mean == pytest.approx(0.5, abs=0.01)
        expected = np.hypot(0.1, estimate.bandwidth)
        assert spread == pytest.approx(expected, rel=0.08)


def test_an_image_can_be_left_out():
    left = kernel_density.histogram(np.full((9, 2), 10.0), height=50, width=50)
    right = kernel_density.histogram(np.full((9, 2), 40.0), height=50, width=50)
    estimate = kernel_density.KernelDensity(left + right, 0.05)
    without = kernel_density.prior(
        estimate, height=50, width=50, without=np.full((9, 2), 10.0)
    )
    assert without[40, 40] > 100 * without[10, 10]
    with pytest.raises(ValueError, match="no fixations of other images"):
        kernel_density.prior(
            kernel_density.KernelDensity(left, 0.05),
            height=50,
            width=50,
            without=np.full((9, 2), 10.0),
        )
