"""Search displays: one odd item, anywhere, and simulated eyes that find it."""

from typing import Any

import numpy as np

from salgan_jax.data import fixations, records
from salgan_jax.data.builders import popout, popout_displays


def test_popout_records_are_the_displays_of_the_seed(tmp_path):
    record: Any = records.open_split("popout/tiny", "validation", str(tmp_path))[3]
    display = popout_displays.make_display((popout.SEED, 1, 3))
    assert record.id == f"validation_00003_{display.feature}"
    np.testing.assert_array_equal(record.image, display.image)
    np.testing.assert_array_equal(record.fixations, display.fixations)
    np.testing.assert_array_equal(record.observers, display.observers)
    np.testing.assert_allclose(record.density_map, display.density_map, atol=1e-5)


def test_density_is_highest_at_the_odd_item():
    for seed in range(20):
        display = popout_displays.make_display((seed,))
        row, column = np.unravel_index(display.density_map.argmax(), (120, 160))
        assert abs(row + 0.5 - display.target.y) <= 4
        assert abs(column + 0.5 - display.target.x) <= 4


def test_most_fixations_lie_on_the_odd_item_and_some_do_not():
    distances = []
    for seed in range(40):
        display = popout_displays.make_display((seed,))
        away = display.fixations - (display.target.x, display.target.y)
        distances.append(np.hypot(*away.T))
        assert set(display.observers) == set(range(12))
    near = np.mean(np.concatenate(distances) < 10)
    assert 0.7 < near < 0.9


def test_odd_items_lie_anywhere_so_that_a_centre_prior_scores_nothing():
    y, x = np.mgrid[:120, :160]
    centre_prior = np.exp(-(((x - 79.5) / 40) ** 2 + ((y - 59.5) / 30) ** 2) / 2)
    normalised = (centre_prior - centre_prior.mean()) / centre_prior.std()
    scores = []
    for seed in range(200):
        points = popout_displays.make_display((seed,)).fixations
        fixated = fixations.fixation_map(points, height=120, width=160)
        scores.append(normalised[fixated].mean())
    assert abs(np.mean(scores)) < 0.2
