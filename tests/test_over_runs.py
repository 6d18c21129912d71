"""Intervals over images and runs, against a plain loop and against known truths."""

import doctest

import numpy as np
import pytest

from salgan_jax.metrics import intervals, over_runs, resampling


def test_the_examples_in_the_docstrings_are_right():
    assert doctest.testmod(over_runs) == (0, 6)


def scores(num_runs=3, num_images=12, seed=0):
    values = np.random.default_rng(seed).normal(1, 1, (num_runs, num_images))
    values[0, 1] = values[-1, 2] = np.nan
    values[:, 3] = np.nan
    return values


def test_crossed_draws_are_those_of_a_plain_loop():
    values = scores()
    found = over_runs.crossed_mean(values, num_resamples=300)
    known = values[:, [i for i in range(12) if i != 3]]
    runs, images = resampling.draws(3, 300, 1), resampling.draws(11, 300, 0)
    means = []
    for of_runs, of_images in zip(runs, images, strict=True):
        rows = np.repeat(np.arange(3), of_runs)
        columns = np.repeat(np.arange(11), of_images)
        drawn = [
            known[i, j] for i in rows for j in columns if known[i, j] == known[i, j]
        ]
        means.append(sum(drawn) / len(drawn))
    assert found.low == pytest.approx(np.percentile(means, 2.5))
    assert found.high == pytest.approx(np.percentile(means, 97.5))
    assert found.mean == pytest.approx(np.nanmean(values))
    assert (found.num_images, found.num_runs) == (11, 3)


def test_as_many_are_drawn_as_there_are_and_all_alike():
    counts = resampling.draws(7, 2000, 5)
    assert (counts.sum(axis=1) == 7).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.08)
    nested = resampling.nested_draws((2, 5), 2000, 0)
    assert set(nested.sum(axis=1)) == {4, 7, 10}
    assert (nested[:, :2].sum(axis=1) % 2 == 0).all()


def test_nested_draws_take_whole_folds_and_then_images_of_them():
    folds = [np.array([1.0, 2.0]), np.array([5.0, np.nan, 7.0])]
    found = over_runs.nested_mean(folds, num_resamples=400)
    means = []
    for counts in resampling.nested_draws((2, 3), 400, 0):
        drawn = np.repeat(np.concatenate(folds), counts)
        means.append(np.nanmean(drawn) if not np.isnan(drawn).all() else np.nan)
    assert (found.low, found.high) == pytest.approx(
        np.nanpercentile(means, [2.5, 97.5])
    )
    assert (found.mean, found.num_images, found.num_runs) == (3.75, 4, 2)


def test_of_one_run_it_is_the_bootstrap_over_images():
    one, other = scores(1), scores(1, seed=1)
    images = intervals.bootstrap_difference(one[0], other[0])
    assert over_runs.crossed_difference(one, other)[:5] == images
    assert over_runs.nested_difference(list(one), list(other))[:5] == images
    assert over_runs.crossed_mean(one)[:4] == intervals.bootstrap_mean(one[0])


def test_without_any_score_all_is_nan_and_the_counts_are_zero():
    none = np.full((2, 3), np.nan)
    assert over_runs.crossed_mean(none)[3:] == (0, 0)
    assert over_runs.crossed_difference(none, none)[4:] == (0, 0)
    assert over_runs.nested_difference(list(none), list(none))[4:] == (0, 0)


@pytest.mark.parametrize("is_nested", [False, True])
def test_where_runs_vary_the_interval_covers_and_that_over_images_does_not(is_nested):
    """Eight runs that vary by 0.5, images by 0.5 and the rest by 0.5; true mean 0."""
    random = np.random.default_rng(0)
    covered, covered_by_images, ratios = [], [], []
    for _ in range(60):
        values = random.normal(0, 0.5, (8, 1)) + random.normal(0, 0.5, (8, 40))
        if is_nested:
            values += random.normal(0, 0.5, (8, 40))
            found = over_runs.nested_mean(list(values), num_resamples=400)
        else:
            values += random.normal(0, 0.5, (1, 40))
            found = over_runs.crossed_mean(values, num_resamples=400)
        flat = values.ravel() if is_nested else values.mean(axis=0)
        images = intervals.bootstrap_mean(flat, num_resamples=400)
        covered.append(found.low <= 0 <= found.high)
        covered_by_images.append(images.low <= 0 <= images.high)
        ratios.append((found.high - found.low) / (images.high - images.low))
    assert np.mean(covered) >= 0.85
    assert np.mean(covered_by_images) < 0.7
    assert np.median(ratios) > 1.5


def test_runs_that_disagree_leave_a_large_mean_difference_undecided():
    better = np.ones((3, 50)) + np.array([[0.6], [-0.3], [0.6]])
    found = over_runs.crossed_difference(better, np.ones((3, 50)))
    assert found.low < 0 < found.mean
    assert found.p_value > 0.05
    together = intervals.bootstrap_difference(better.mean(axis=0), np.ones(50))
    assert together.p_value < 0.001
