"""Which examples a step sees depends on the step, the seed and the counts alone."""

import itertools

import numpy as np
import pytest

from salgan_jax.data import sampling
from salgan_jax.data.sampling import Sampling

PLAN = Sampling(
    counts=(10,), weights=(1.0,), batch_size=4, seed=3, horizontal_flip=False
)
MIXED = Sampling(
    counts=(30, 10), weights=(1.0, 3.0), batch_size=8, seed=0, horizontal_flip=False
)


def rows(steps, plan=PLAN):
    return [sampling.rows_at(step, plan).row.tolist() for step in steps]


def together(lists):
    return list(itertools.chain(*lists))


def test_same_step_and_seed_give_the_same_rows_in_any_order():
    assert rows([7, 0, 3]) == rows([3, 7, 0])[1:] + rows([3])
    assert rows(range(6)) != rows(range(6), PLAN._replace(seed=4))


def test_an_epoch_sees_no_example_twice_and_epochs_differ():
    epochs = [together(rows((2 * epoch, 2 * epoch + 1))) for epoch in range(6)]
    for epoch in epochs:
        assert len(set(epoch)) == len(epoch) == 8
    assert len({tuple(epoch) for epoch in epochs}) > 1
    assert set().union(*epochs) == set(range(10))


def test_half_of_the_examples_are_mirrored_where_asked_for():
    plan = PLAN._replace(horizontal_flip=True)
    mirrored = [sampling.rows_at(step, plan).is_mirrored for step in range(100)]
    assert 0.4 < np.mean(mirrored) < 0.6
    assert not any(sampling.rows_at(step, PLAN).is_mirrored.any() for step in range(9))


def test_data_sets_are_mixed_by_weight():
    drawn = np.array(together(rows(range(500), MIXED)))
    assert np.mean(drawn >= 30) == pytest.approx(0.75, abs=0.02)
    assert set(drawn.tolist()) == set(range(40))


def test_an_example_comes_again_only_after_all_others_of_its_data_set():
    for epoch in range(4):
        drawn = together(rows(range(5 * epoch, 5 * epoch + 5), MIXED))
        counts = np.bincount(np.array(drawn), minlength=40)
        assert np.ptp(counts[30:]) <= 1
        assert counts[:30].max() <= 1
