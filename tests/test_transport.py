"""The earth mover's distance of hand-worked maps."""

import numpy as np
import pytest

from salgan_jax.metrics import transport


def test_mass_moves_the_shortest_way():
    saliency_map, density_map = np.zeros((4, 4)), np.zeros((4, 4))
    saliency_map[0, 0], saliency_map[0, 3] = 1, 1
    density_map[3, 0], density_map[3, 3] = 2, 2  # scale does not matter
    assert transport.emd([saliency_map], [density_map])[0] == pytest.approx(3)
    density_map[3, 3] = 0  # half goes 3 down, half the diagonal of 3 and 3
    expected = (3 + np.hypot(3, 3)) / 2
    assert transport.emd([saliency_map], [density_map])[0] == pytest.approx(expected)


def test_degenerate_maps():
    spot, zero, ones = np.eye(1, 3), np.zeros((1, 3)), np.ones((1, 3))
    no_score, uniform, negative = transport.emd(
        [spot, zero, -ones + spot], [zero, ones, spot]
    )
    assert np.isnan(no_score)
    assert uniform == pytest.approx(0)
    assert negative == pytest.approx(0)
