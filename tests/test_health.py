"""What is wrong with a game is said once, in time, and not of a healthy one."""

import logging

import jax
import miniature
import numpy as np
import optax
import pytest
import tiny_game

from salgan_jax import health, scalars, updates
from salgan_jax.schedule import Update

GOOD = {
    "real_accuracy": 0.9,
    "fake_accuracy": 0.85,
    "logit_margin": 2.0,
    "logit_change": 2.0,
    "discriminator_loss": 0.8,
    "map_variance": 0.02,
    "true_map_variance": 0.04,
    "content_logit_grad_norm": 1e-6,
    "adversarial_logit_grad_norm": 1e-4,
}
COIN = {"logit_margin": 0.001, "discriminator_loss": 1.386}
BAD = {
    "discriminator_saturated": [
        {"real_accuracy": 0.999, "fake_accuracy": 1.0, "logit_margin": 9.0}
    ],
    "discriminator_lost": [
        {"real_accuracy": 1.0, "fake_accuracy": 0.0, **COIN},
        {"real_accuracy": 0.0, "fake_accuracy": 1.0, **COIN},
        {"real_accuracy": 0.4, "fake_accuracy": 0.6, **COIN},
    ],
    "discriminator_blind": [
        {"real_accuracy": 1.0, "fake_accuracy": 0.0, **COIN, "logit_change": 0.001},
        # Its logits differ between images, and not between maps.
        {
            **{"real_accuracy": 0.6, "fake_accuracy": 0.4, "logit_margin": 0.0},
            **{"discriminator_loss": 1.6, "logit_change": 0.009},
        },
    ],
    "generator_collapsed": [{"map_variance": 0.0008}, {"map_variance": 0.0}],
    "adversarial_loss_unheard": [{"adversarial_logit_grad_norm": 1e-9}],
}
PROVOKED = [(name, means) for name, several in BAD.items() for means in several]
ALMOST = [
    {"real_accuracy": 0.97, "fake_accuracy": 1.0, "logit_margin": 9.0},
    {"real_accuracy": 1.0, "fake_accuracy": 1.0, "logit_margin": 3.0},
    # Undecided, but not blind: its logits tell the two apart.
    {"real_accuracy": 0.6, "fake_accuracy": 0.6, "discriminator_loss": 1.37},
    {"real_accuracy": 1.0, "fake_accuracy": 0.0, **COIN, "logit_margin": 0.4},
    # It is seldom wrong, with logits that are all small.
    {"logit_margin": 0.008, "discriminator_loss": 1.38, "logit_change": 0.008},
    # It cannot tell, but looks: maps move its logits both ways.
    {"logit_margin": 0.0, "logit_change": 0.02},
    {"map_variance": 0.004},
    {"adversarial_logit_grad_norm": 1.0},
]


def said(rows):
    """(step, name, whether it began) of each change, from (step, means)."""
    standings, found = {}, []
    for step, means in rows:
        before = set(health.names_on(standings))
        standings, changes = health.watch(standings, step, means)
        changed = before ^ set(health.names_on(standings))
        assert len(changed) == len(changes)
        found += [(step, name, name not in before) for name in sorted(changed)]
    return found


def every(num_steps, *, of, until, first=0):
    return [
        (step, GOOD | of) for step in range(first + num_steps, until + 1, num_steps)
    ]


@pytest.mark.parametrize(("name", "means"), PROVOKED)
def test_a_condition_is_said_once_when_it_has_held_and_once_when_it_passed(name, means):
    rows = every(20, of=means, until=600) + every(20, of={}, first=600, until=1200)
    begins = 300 if name == "generator_collapsed" else 100
    words = name.replace("_", " ")
    assert said(rows) == [(begins, words, True), (700, words, False)]


@pytest.mark.parametrize("means", [{}, *ALMOST])
def test_a_healthy_run_is_told_nothing(means):
    assert said(every(20, of=means, until=2000)) == []


@pytest.mark.parametrize(("name", "means"), PROVOKED)
def test_one_interval_says_nothing_however_long(name, means):
    del name
    assert said(every(5000, of=means, until=5000)) == []


@pytest.mark.parametrize(("name", "means"), PROVOKED)
def test_a_few_batches_say_nothing(name, means):
    del name
    assert said(every(1, of=means, until=60)) == []


def test_what_comes_and_goes_is_not_said():
    (bad,) = BAD["discriminator_saturated"]
    rows = [(s, GOOD | (bad if s % 80 else {})) for s in range(20, 2000, 20)]
    assert said(rows) == []
    # And one good interval is no recovery.
    rows = every(20, of=bad, until=400)
    rows += every(20, of={}, first=400, until=420)
    rows += every(20, of=bad, first=420, until=600)
    assert said(rows) == [(100, "discriminator saturated", True)]


def test_players_that_take_turns_in_intervals_of_one_step_are_judged_too():
    (bad,) = BAD["discriminator_saturated"]
    of_generator = {k: v for k, v in GOOD.items() if "grad_norm" in k or "map" in k}
    rows = [(s, GOOD | bad if s % 2 else of_generator) for s in range(1, 400)]
    assert said(rows) == [(101, "discriminator saturated", True)]


def test_a_bootstrap_phase_does_not_count_for_the_discriminator():
    of_generator = {"map_variance": 0.02, "true_map_variance": 0.04}
    bootstrap = [(step, of_generator) for step in range(20, 1001, 20)]
    (bad, *_) = BAD["discriminator_lost"]
    rows = bootstrap + every(20, of=bad, first=1000, until=1200)
    assert said(rows) == [(1100, "discriminator lost", True)]


def test_black_maps_and_batches_of_one_say_nothing_of_a_collapse():
    none = {"map_variance": 0.0, "true_map_variance": 0.0}
    assert said(every(20, of=none, until=1000)) == []


def test_intervals_read_again_stand_as_they_stood():
    (bad,) = BAD["generator_collapsed"][:1]
    rows = every(20, of=bad, until=280)
    standings = health.replay(rows)
    assert health.names_on(standings) == []
    standings, changes = health.watch(standings, 300, GOOD | bad)
    assert [change.is_on for change in changes] == [True]
    assert health.names_on(standings) == ["generator collapsed"]
    assert health.scalars(standings)["health/generator_collapsed"] == 1


def test_each_warning_has_numbers_and_says_what_to_try():
    for name, means in PROVOKED:
        rows = every(20, of=means, until=400)
        standings, lines = {}, []
        for row in rows:
            standings, changes = health.watch(standings, *row)
            lines += [change.line for change in changes]
        assert len(lines) == 1 and "try" in lines[0], name
        assert "{" not in lines[0] and any(c.isdigit() for c in lines[0])


def play(tmp_path, caplog, recipe, update, *, num_steps, state=None):
    """Warnings, and health scalars at the end, of a run that is really made."""
    caplog.set_level(logging.INFO)
    with tiny_game.log(tmp_path) as log:
        tiny_game.play(
            log,
            updates.make_updates(recipe)[update],
            state or tiny_game.state(recipe),
            num_steps=num_steps,
        )
    warned = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    series = scalars.read(str(tmp_path))
    flags = {k: v[-1] for k, (_, v) in series.items() if k.startswith("health/")}
    return warned, {name.removeprefix("health/") for name, on in flags.items() if on}


@pytest.mark.slow
def test_a_healthy_game_is_told_nothing(tmp_path, caplog):
    recipe = tiny_game.recipe()
    warned, on = play(tmp_path, caplog, recipe, Update.BOTH, num_steps=320)
    assert warned == [] and on == set()
    variance = scalars.read(str(tmp_path))["train/map_variance"][1]
    assert variance[-1] > 10 * variance[0]  # it has learnt


def test_a_discriminator_that_wins_at_once_is_called_saturated(tmp_path, caplog):
    recipe = tiny_game.recipe(
        generator=optax.sgd(0.0), discriminator=optax.adam(0.03), alpha=0.001
    )
    warned, on = play(tmp_path, caplog, recipe, Update.BOTH, num_steps=200)
    assert on == {"discriminator_saturated"}
    (line,) = warned
    assert line.startswith("step ") and "the discriminator is saturated" in line


def test_a_discriminator_that_sees_no_map_is_called_blind(tmp_path, caplog):
    recipe = tiny_game.recipe()
    state = tiny_game.state(recipe)
    # Where tanh is flat, as what raw RGB does to the real one.
    state.discriminator.params["Dense_0"]["bias"][:] = 60
    warned, on = play(
        tmp_path, caplog, recipe, Update.DISCRIMINATOR, num_steps=160, state=state
    )
    assert on == {"discriminator_blind"}
    (line,) = warned
    assert "its logits do not change when maps are swapped (by 0.0000" in line
    assert "model.discriminator_map=standardized" in line


def test_a_generator_with_one_map_for_all_images_is_called_collapsed(tmp_path, caplog):
    recipe = tiny_game.recipe(generator=optax.sgd(0.0))
    state = tiny_game.state(recipe)
    state.generator.params["Conv_0"]["kernel"][:] = 0
    warned, on = play(
        tmp_path, caplog, recipe, Update.BOOTSTRAP, num_steps=320, state=state
    )
    assert on == {"generator_collapsed"}
    (line,) = warned
    assert line.startswith("step 300: the generator predicts nearly the same map")


@pytest.mark.slow
def test_a_huge_alpha_drowns_the_adversarial_loss(tmp_path, caplog):
    recipe = tiny_game.recipe(alpha=1e4)
    _, on = play(tmp_path, caplog, recipe, Update.BOTH, num_steps=120)
    assert on == {"adversarial_loss_unheard"}


@pytest.mark.slow
def test_salgan_itself_in_miniature_saturates_on_dark_images(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    recipe = miniature.experiment().recipe
    recipe = recipe._replace(discriminator_optimizer=optax.adagrad(1e-2, 0.0, 1e-6))
    initial = miniature.state()
    slots = recipe.discriminator_optimizer.init(initial.discriminator.params)
    state = initial.replace(
        discriminator=initial.discriminator.replace(opt_state=slots)
    )
    with tiny_game.log(tmp_path) as log:
        tiny_game.play(
            log,
            updates.make_updates(recipe)[Update.DISCRIMINATOR],
            state,
            num_steps=260,
            change=lambda batch: batch._replace(image=batch.image // 64),
        )
    assert "the discriminator is saturated" in caplog.text


@pytest.mark.slow
def test_a_resumed_run_says_what_still_holds_and_goes_on(tmp_path, caplog):
    recipe = tiny_game.recipe(generator=optax.sgd(0.0))
    state = tiny_game.state(recipe)
    state.generator.params["Conv_0"]["kernel"][:] = 0
    update = updates.make_updates(recipe)[Update.BOOTSTRAP]
    with tiny_game.log(tmp_path) as log:
        state = tiny_game.play(log, update, state, num_steps=160)
    state = jax.tree.map(np.asarray, state)
    with tiny_game.log(tmp_path, first_step=160) as log:
        tiny_game.play(log, update, state, num_steps=160)
    steps, flags = scalars.read(str(tmp_path))["health/generator_collapsed"]
    assert dict(zip(steps, flags, strict=True)) == {
        step: float(step >= 300) for step in range(20, 321, 20)
    }
    assert caplog.text.count("nearly the same map") == 1
