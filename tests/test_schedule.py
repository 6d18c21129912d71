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


def test_both_players_may_move_at_every_step():
    plan = Schedule(steps_per_epoch=3, bootstrap_steps=2, num_steps=5, schedule="both")
    order = [plan.update_at(step) for step in range(5)]
    assert order == [Update.BOOTSTRAP] * 2 + [Update.BOTH] * 3


@pytest.mark.parametrize("schedule", ["alternate", "both"])
def test_the_discriminator_may_move_alone_before_the_game(schedule):
    plan = make_schedule(
        num_examples=4,
        batch_size=2,
        bootstrap_epochs=1,
        warmup_epochs=2,
        num_epochs=5,
        schedule=schedule,
    )
    order = [plan.update_at(step) for step in range(plan.num_steps)]
    d, g, both = Update.DISCRIMINATOR, Update.GENERATOR, Update.BOTH
    game = [both] * 4 if schedule == "both" else [d, g, d, g]
    assert order == [Update.BOOTSTRAP] * 2 + [d] * 4 + game
    assert [plan.num_moves[update] for update in Update] == list(
        map(order.count, Update)
    )
    # The warm-up is sent step by step: it is of no pattern that is compiled as one.
    assert runs(plan, fused_steps=2) == [2, 1, 1, 1, 1, 2, 2]


def test_a_run_without_a_game_has_no_warm_up():
    plan = make_schedule(
        num_examples=4, batch_size=2, bootstrap_epochs=3, warmup_epochs=2, num_epochs=3
    )
    assert plan.num_moves[Update.BOOTSTRAP] == plan.num_steps == plan.game_begins


def runs(plan, first_step=0, fused_steps=4, stops=()):
    found = plan.calls(
        first_step, fused_steps=fused_steps, is_stop=lambda done: done in stops
    )
    return [len(run) for run in found]


def test_runs_end_at_stops_and_at_the_change_of_phase():
    plan = Schedule(steps_per_epoch=10, bootstrap_steps=9, num_steps=23)
    assert runs(plan) == [4, 4, 1, 4, 4, 4, 1, 1]
    assert runs(plan, stops=[4, 13]) == [4, 4, 1, 4, 4, 4, 1, 1]
    assert runs(plan, stops=[6, 14]) == [4, 1, 1, 1, 1, 1, 4, 1, 1, 4, 4]
    assert runs(plan, fused_steps=1) == [1] * 23


def test_a_run_that_goes_on_from_a_stop_is_cut_as_if_it_had_never_ended():
    plan = Schedule(steps_per_epoch=10, bootstrap_steps=7, num_steps=60)
    stops = range(0, 60, 13)
    whole = list(plan.calls(0, fused_steps=4, is_stop=lambda done: done in stops))
    for stop in stops:
        rest = list(plan.calls(stop, fused_steps=4, is_stop=lambda done: done in stops))
        assert rest == [run for run in whole if run.start >= stop]


def test_a_run_of_alternating_steps_begins_with_the_discriminator():
    plan = Schedule(steps_per_epoch=10, bootstrap_steps=3, num_steps=40)
    found = plan.calls(0, fused_steps=2, is_stop=lambda done: done % 7 == 0)
    for run in found:
        if len(run) > 1 and run.start >= 3:
            assert plan.update_at(run.start) is Update.DISCRIMINATOR
