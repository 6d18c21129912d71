"""A run that is ill is told so in plain words, once; a healthy one is left alone."""

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import pytest

from salgan_jax import health, measures, updates
from salgan_jax.schedule import Update

HEALTHY = {
    "real_accuracy": 0.8,
    "fake_accuracy": 0.7,
    "logit_margin": 1.2,
    "discriminator_loss": 1.0,
    "map_variance": 0.02,
    "true_map_variance": 0.03,
    "content_logit_grad_norm": 1e-4,
    "adversarial_logit_grad_norm": 1e-3,
}
ILLNESSES = {
    "discriminator_saturated": {
        "real_accuracy": 1.0,
        "fake_accuracy": 0.999,
        "logit_margin": 6.0,
        "discriminator_loss": 0.05,
    },
    "discriminator_lost": {
        "real_accuracy": 1.0,
        "fake_accuracy": 0.0,
        "logit_margin": 0.001,
        "discriminator_loss": 1.39,
    },
    "generator_collapsed": {"map_variance": 1e-5},
    "adversarial_loss_unheard": {"adversarial_logit_grad_norm": 1e-7},
}


def watched(intervals, every=20):
    """(step, what was said) after each interval of means."""
    standings, said = {}, []
    for index, means in enumerate(intervals, 1):
        standings, changes = health.watch(standings, index * every, means)
        said += [(index * every, change) for change in changes]
    return standings, said


def test_a_healthy_run_is_told_nothing():
    standings, said = watched([HEALTHY] * 50)
    assert said == []
    assert set(health.scalars(standings).values()) == {0.0}


@pytest.mark.parametrize("name", ILLNESSES)
def test_an_illness_is_said_once_after_a_while_and_once_that_it_has_passed(name):
    ill = HEALTHY | ILLNESSES[name]
    _, said = watched([HEALTHY] * 5 + [ill] * 40 + [HEALTHY] * 40)
    (begun, warning), (ended, relief) = said
    assert warning.is_on and not relief.is_on
    assert name.replace("_", " ") in relief.line
    assert begun >= 100 + 100 and ended >= 20 * 45 + 100
    assert ": try" in warning.line or "try " in warning.line
    assert not any(character in warning.line for character in "{}")


@pytest.mark.parametrize("name", ILLNESSES)
def test_single_bad_intervals_are_noise(name):
    ill = HEALTHY | ILLNESSES[name]
    _, said = watched([HEALTHY, HEALTHY, ill, ill] * 30)
    assert said == []


def test_a_run_that_goes_on_knows_what_was_said_before():
    ill = HEALTHY | ILLNESSES["discriminator_saturated"]
    rows = [(20 * i, ill) for i in range(1, 31)]
    standings = health.replay(rows[:20])
    assert standings["discriminator_saturated"].is_on
    for step, means in rows[20:]:
        standings, changes = health.watch(standings, step, means)
        assert changes == []


def test_a_batch_of_one_image_or_of_black_maps_tells_nothing_about_collapse():
    blank = HEALTHY | {"map_variance": 0.0, "true_map_variance": 0.0}
    assert watched([blank] * 50)[1] == []


def test_variance_is_across_images_not_within_them():
    one = np.random.default_rng(0).random((1, 4, 6, 1))
    same = jnp.asarray(np.repeat(one, 5, axis=0))
    assert float(measures.map_variance(same, None)) < 1e-12
    grey = jnp.asarray(np.arange(5.0).reshape(5, 1, 1, 1) * np.ones((5, 4, 6, 1)))
    assert float(measures.map_variance(grey, None)) == pytest.approx(2.0)


@pytest.mark.slow
def test_gradients_of_the_parts_are_those_of_the_weighted_losses():
    recipe = miniature.experiment().recipe
    metrics = {}
    for alpha in (recipe.alpha, 10 * recipe.alpha):
        update = updates.make_updates(recipe._replace(alpha=alpha))[Update.GENERATOR]
        _, metrics[alpha] = jax.jit(update)(miniature.state(), miniature.batch())
    low, high = metrics.values()
    content, adversarial = "content_logit_grad_norm", "adversarial_logit_grad_norm"
    assert float(high[content] / low[content]) == pytest.approx(10, rel=1e-4)
    assert float(high[adversarial]) == pytest.approx(float(low[adversarial]), rel=1e-4)


def test_a_collapsed_generator_shows_in_the_metrics_of_a_real_update():
    state = miniature.state()
    decoder = state.generator.params["decoder"]
    constant = jax.tree.map(np.zeros_like, decoder["decoder_output"])
    params = state.generator.params | {
        "decoder": decoder | {"decoder_output": constant}
    }
    collapsed = state.replace(generator=state.generator.replace(params=params))
    update = jax.jit(
        updates.make_updates(miniature.experiment().recipe)[Update.BOOTSTRAP]
    )
    _, metrics = update(collapsed, miniature.batch())
    _, healthy = update(state, miniature.batch())
    assert float(metrics["map_variance"]) < 1e-12 < float(healthy["map_variance"])
    means = HEALTHY | {name: float(value) for name, value in metrics.items()}
    ((_, change),) = watched([means] * 30)[1]
    assert "nearly the same map for every image" in change.line
