"""The log of a run says where a NaN was, counts what was skipped, and reads itself."""

import logging

import jax
import numpy as np
import pytest
import tiny_game

from salgan_jax import not_finite, scalars, updates
from salgan_jax.errors import UserError
from salgan_jax.schedule import Update

NAN = float("nan")
OF_DISCRIMINATOR = {"discriminator_loss": 1.0, "discriminator_grad_norm": 2.0}
OF_GENERATOR = {"generator_loss": 3.0, "generator_grad_norm": 4.0}


def skip_metrics(*, generator=None, discriminator=None):
    """Metrics of a step with "skip": of each network, whether it was skipped."""
    metrics = {}
    for network, good, is_skipped in (
        ("discriminator", OF_DISCRIMINATOR, discriminator),
        ("generator", OF_GENERATOR, generator),
    ):
        if is_skipped is not None:
            metrics |= dict.fromkeys(good, NAN) if is_skipped else good
            metrics[f"skipped_{network}_updates"] = float(is_skipped)
    return metrics


def add(log, metrics, *, first=0):
    for step, of_step in enumerate(metrics, start=first):
        log.add(range(step, step + 1), of_step)
    log.flush()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            {"discriminator_grad_norm": NAN},
            "step 8: discriminator_grad_norm not finite: the discriminator's gradient",
        ),
        (
            {"generator_loss": NAN, "generator_grad_norm": float("inf")},
            "step 8: generator_grad_norm, generator_loss not finite: the generator's "
            "gradient is not finite",
        ),
        ({"discriminator_loss": NAN}, "the discriminator's loss is not finite"),
        ({"map_variance": NAN}, "the generator's prediction is not finite"),
        (
            {"discriminator_grad_norm": NAN, "generator_grad_norm": NAN},
            "the discriminator's gradient and the generator's gradient are not finite",
        ),
    ],
)
def test_a_nan_stops_the_run_naming_step_and_network(tmp_path, bad, message):
    good = OF_DISCRIMINATOR | OF_GENERATOR
    steps = [good] * 7 + [good | bad] + [good]
    with (
        pytest.raises(UserError, match=message),
        tiny_game.log(tmp_path) as log,
    ):
        add(log, steps)


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_real_nan_in_one_network_is_said_to_be_in_it(tmp_path, player):
    """The discriminator's NaN is in what the generator's update reads, and reverse."""
    recipe = tiny_game.recipe()
    state = tiny_game.state(recipe)
    other = {"generator": "discriminator", "discriminator": "generator"}[player]
    layer = {"generator": "Conv_0", "discriminator": "Dense_0"}[other]
    getattr(state, other).params[layer]["bias"][0] = NAN
    update = {
        "generator": Update.GENERATOR,
        "discriminator": Update.DISCRIMINATOR,
    }[player]
    with (
        pytest.raises(UserError, match=f"^step 1: .*: the {player}'s gradient is not"),
        tiny_game.log(tmp_path) as log,
    ):
        function = updates.make_updates(recipe)[update]
        tiny_game.play(log, function, state, num_steps=1, every_steps=1)


def test_skipped_updates_are_left_out_of_means_counted_and_said(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with tiny_game.log(tmp_path) as log:
        turns = [
            skip_metrics(discriminator=False),
            skip_metrics(generator=True),
            skip_metrics(discriminator=True),
            skip_metrics(generator=False),
            # Both at once, of which one is skipped.
            skip_metrics(discriminator=False, generator=True),
        ]
        add(log, turns)
    series = scalars.read(str(tmp_path))
    assert series["train/skipped_generator_updates"] == ([5], [2])
    assert series["train/skipped_discriminator_updates"] == ([5], [1])
    for name, value in (OF_GENERATOR | OF_DISCRIMINATOR).items():
        assert series[f"train/{name}"] == ([5], [value])
    lines = [record.getMessage() for record in caplog.records]
    said = "step {}: {} update skipped, its gradient is not finite ({} so far)"
    for step, network, count in (
        (2, "generator", 1),
        (3, "discriminator", 1),
        (5, "generator", 2),
    ):
        assert lines.count(said.format(step, network, count)) == 1
    assert lines[-1] == "skipped updates: discriminator 1, generator 2"


def test_steps_of_one_call_are_counted_by_their_own_step(tmp_path, caplog):
    of_discriminator = {
        "discriminator_loss": np.array([1.0, NAN]),
        "skipped_discriminator_updates": np.array([0.0, 1.0]),
    }
    of_generator = {
        "generator_loss": np.array([NAN, 5.0]),
        "skipped_generator_updates": np.array([1.0, 0.0]),
    }
    with tiny_game.log(tmp_path) as log:
        log.add(range(8, 12), (of_discriminator, of_generator))
        log.flush()
    assert "step 11: discriminator update skipped, its loss" in caplog.text
    assert "step 10: generator update skipped, its loss" in caplog.text
    series = scalars.read(str(tmp_path))
    assert series["train/generator_loss"] == ([12], [5.0])
    assert series["train/discriminator_loss"] == ([12], [1.0])


def test_an_interval_without_a_good_update_has_counts_only(tmp_path):
    with tiny_game.log(tmp_path) as log:
        add(log, [skip_metrics(generator=True)] * 3)
    series = scalars.read(str(tmp_path))
    assert series["train/skipped_generator_updates"] == ([3], [3])
    assert "train/generator_loss" not in series


def test_counts_go_on_in_a_resumed_run_and_forget_what_is_done_again(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with tiny_game.log(tmp_path) as log:
        add(log, [skip_metrics(generator=True), skip_metrics(generator=False)])
        add(log, [skip_metrics(generator=True)] * 4, first=2)
    with tiny_game.log(tmp_path, first_step=2) as log:
        add(log, [skip_metrics(generator=True)], first=2)
    series = scalars.read(str(tmp_path))
    assert series["train/skipped_generator_updates"] == ([2, 3], [1, 2])
    assert caplog.records[-1].getMessage() == "skipped updates: generator 2"


def test_a_run_that_stops_at_a_nan_writes_no_counts(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with tiny_game.log(tmp_path) as log:
        add(log, [OF_GENERATOR])
    assert not any("skipped" in name for name in scalars.read(str(tmp_path)))
    assert "skipped" not in caplog.text


@pytest.mark.parametrize("network", not_finite.NETWORKS)
def test_a_long_row_of_skipped_updates_stops_the_run(tmp_path, network):
    """Though the other network moves on between them."""
    (other,) = set(not_finite.NETWORKS) - {network}
    turns = [skip_metrics(**{network: True}), skip_metrics(**{other: False})] * 49
    recovered = [skip_metrics(**{network: False})]
    with tiny_game.log(tmp_path) as log:
        add(log, turns + recovered + turns)
    last = skip_metrics(**{network: True})
    message = f"step 198: the last 50 updates of the {network} were all skipped"
    with (
        pytest.raises(UserError, match=message),
        tiny_game.log(tmp_path) as log,
    ):
        add(log, turns + recovered + turns + [last])


def test_a_nan_that_was_not_skipped_stops_a_run_that_skips(tmp_path):
    metrics = skip_metrics(generator=False) | {"map_variance": NAN}
    with (
        pytest.raises(UserError, match="step 1: map_variance not finite"),
        tiny_game.log(tmp_path) as log,
    ):
        add(log, [metrics])


def test_a_game_with_a_bad_batch_now_and_then_learns_all_the_same(
    tmp_path, monkeypatch
):
    content_loss = updates.players._content_loss

    def spoilt(recipe, logits, batch):
        is_bad = batch.image[0, 0, 0, 0] == 255
        factor = jax.numpy.where(is_bad, NAN, 1.0)
        return content_loss(recipe, logits, batch) * factor

    monkeypatch.setattr(updates.players, "_content_loss", spoilt)
    recipe = tiny_game.recipe(skip_not_finite=True)

    def spoil_some(batch):
        if batch.image[0, 0, 0, 0] % 2:
            batch.image[0, 0, 0, 0] = 255
        return batch

    with tiny_game.log(tmp_path) as log:
        state = tiny_game.play(
            log,
            updates.make_updates(recipe)[Update.BOTH],
            tiny_game.state(recipe),
            num_steps=120,
            change=spoil_some,
        )
    series = scalars.read(str(tmp_path))
    losses = series["train/content_loss"][1]
    assert np.isfinite(losses).all() and losses[-1] < 0.6 * losses[0]
    count = series["train/skipped_generator_updates"][1][-1]
    assert 15 <= count <= 105 and count % 15 == 0
    assert series["train/skipped_discriminator_updates"][1][-1] == 0
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(state))
