"""The plan of a run: when bootstrap ends, who moves first, how many steps there are."""

import pytest

from salgan_jax.schedule import Schedule, Update, make_schedule


def test_article_runs_150000_iterations():
    plan = make_schedule(
        num_examples=10_000, batch_size=8, bootstrap_epochs=15, num_epochs=120
    )
    assert (plan.bootstrap_steps, plan.num_steps) == (18_750, 150_000)


def test_authors_batch_leaves_out_the_incomplete_last_batch():
    plan = make_schedule(
        num_examples=10_000, batch_size=32, bootstrap_epochs=15, num_epochs=120
    )
    assert (plan.steps_per_epoch, plan.num_steps) == (312, 37_440)


def test_discriminator_moves_first_and_then_they_alternate():
    plan = Schedule(steps_per_epoch=3, bootstrap_steps=3, num_steps=9)
    order = [plan.update_at(step) for step in range(9)]
    d, g = Update.DISCRIMINATOR, Update.GENERATOR
    assert order == [Update.BOOTSTRAP] * 3 + [d, g, d, g, d, g]


def test_phase_changes_once_and_not_at_all_without_adversarial_steps():
    plan = Schedule(steps_per_epoch=3, bootstrap_steps=3, num_steps=9)
    assert [step for step in range(9) if plan.is_phase_change(step)] == [3]
    content_only = Schedule(steps_per_epoch=3, bootstrap_steps=9, num_steps=9)
    assert not any(content_only.is_phase_change(step) for step in range(10))


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="batch_size 8 is larger than the 5 training"):
        make_schedule(num_examples=5, batch_size=8, bootstrap_epochs=0, num_epochs=1)
