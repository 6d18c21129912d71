"""A NaN stops the run and is named, or its update is left out and counted."""

import functools
import math

import jax
import jax.numpy as jnp
import miniature
import pytest

from salgan_jax import losses, not_finite, updates
from salgan_jax.errors import UserError
from salgan_jax.not_finite import Skipped
from salgan_jax.schedule import Update

POISONED = {
    Update.BOOTSTRAP: ("content_loss", "generator"),
    Update.GENERATOR: ("adversarial_loss", "generator"),
    Update.DISCRIMINATOR: ("discriminator_loss", "discriminator"),
}


def poisoned(function):
    """The loss, with a value that is fine and a gradient that is not."""

    @jax.custom_jvp
    def spoil(x):
        return x

    spoil.defjvp(lambda primals, tangents: (primals[0], tangents[0] * jnp.nan))

    @functools.wraps(function)
    def loss(*arguments, **options):
        return spoil(function(*arguments, **options))

    return loss


@pytest.mark.parametrize("update", POISONED)
def test_a_poisoned_update_leaves_its_network_bit_identical(update, monkeypatch):
    loss, network = POISONED[update]
    monkeypatch.setattr(losses, loss, poisoned(getattr(losses, loss)))
    recipe = miniature.experiment().recipe._replace(skip_not_finite=True)
    before = miniature.state()
    after, metrics = jax.jit(updates.make_updates(recipe)[update])(
        before, miniature.batch()
    )
    assert not miniature.differing(before.generator, after.generator)
    assert not miniature.differing(before.discriminator, after.discriminator)
    assert int(after.step) == 1
    assert float(metrics[f"skipped_{network}_updates"]) == 1
    found = not_finite.look(1, jax.device_get(metrics), {})
    assert found.skipped[network] == Skipped(1, 1)
    assert f"step 1: {network} update skipped, its gradient is not" in found.lines[0]
    assert not any(name.startswith(network) for name in found.metrics)


@pytest.mark.slow
def test_of_both_players_only_the_poisoned_one_stays(monkeypatch):
    monkeypatch.setattr(
        losses, "discriminator_loss", poisoned(losses.discriminator_loss)
    )
    recipe = miniature.experiment().recipe._replace(skip_not_finite=True)
    before = miniature.state()
    after, metrics = jax.jit(updates.make_updates(recipe)[Update.BOTH])(
        before, miniature.batch()
    )
    assert not miniature.differing(before.discriminator, after.discriminator)
    assert miniature.differing(before.generator, after.generator)
    assert float(metrics["skipped_generator_updates"]) == 0
    assert math.isfinite(float(metrics["generator_grad_norm"]))


@pytest.mark.slow
def test_a_healthy_update_is_the_same_with_skipping():
    for skip in (False, True):
        recipe = miniature.experiment().recipe._replace(skip_not_finite=skip)
        update = jax.jit(updates.make_updates(recipe)[Update.DISCRIMINATOR])
        after, _ = update(miniature.state(), miniature.batch())
        if not skip:
            expected = after
    assert not miniature.differing(expected, after)


@pytest.mark.parametrize(
    ("metric", "network"),
    [
        ("discriminator_grad_norm", "the discriminator's gradient"),
        ("generator_grad_norm", "the generator's gradient"),
        ("content_loss", "the generator's loss"),
    ],
)
def test_a_stop_names_step_metric_and_network(metric, network):
    metrics = {metric: math.nan, "map_variance": 0.1}
    with pytest.raises(UserError) as raised:
        not_finite.look(8, metrics, {})
    assert f"step 8: {metric} not finite: {network} is not finite" in str(raised.value)


def test_skipping_for_ever_is_divergence():
    metrics = {"generator_grad_norm": math.inf, "skipped_generator_updates": 1.0}
    good = {"generator_grad_norm": 1.0, "skipped_generator_updates": 0.0}
    skipped = {"generator": Skipped(7, 0)}
    for step in range(1, not_finite.MOST_IN_A_ROW):
        skipped = not_finite.look(step, metrics, skipped).skipped
    assert not_finite.look(50, good, skipped).skipped["generator"] == Skipped(56, 0)
    with pytest.raises(UserError, match="the last 50 updates of the generator"):
        not_finite.look(50, metrics, skipped)
