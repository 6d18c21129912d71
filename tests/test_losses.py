"""The losses against numbers worked out by hand or with plain NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from salgan_jax import losses


def logit(p):
    return np.log(p / (1 - p))


def cross_entropy(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def test_content_loss_compares_averages_of_4x4_blocks_after_the_sigmoid():
    random = np.random.default_rng(0)
    predicted = random.uniform(0.05, 0.95, (2, 8, 12, 1))
    target = random.uniform(0, 1, (2, 8, 12, 1))
    total = []
    for example in range(2):
        for row in range(0, 8, 4):
            for column in range(0, 12, 4):
                block = np.s_[example, row : row + 4, column : column + 4]
                total.append(
                    cross_entropy(predicted[block].mean(), target[block].mean())
                )
    actual = losses.content_loss(
        jnp.float32(logit(predicted)), jnp.float32(target), downsample=4
    )
    assert float(actual) == pytest.approx(np.mean(total), rel=1e-5)


def test_content_loss_without_downsampling_is_the_mean_over_pixels():
    predicted, target = np.array([0.2, 0.9]), np.array([0.0, 0.7])
    actual = losses.content_loss(
        jnp.float32(logit(predicted)).reshape(1, 1, 2, 1),
        jnp.float32(target).reshape(1, 1, 2, 1),
        downsample=1,
    )
    # -(log .8 + .7 log .9 + .3 log .1) / 2
    assert float(actual) == pytest.approx(0.493836, rel=1e-5)


@pytest.mark.parametrize("downsample", [1, 2, 4, 8])
def test_content_loss_of_the_ground_truth_is_its_entropy(downsample):
    target = jnp.full((1, 8, 8, 1), 0.25)
    value = losses.content_loss(
        jnp.full((1, 8, 8, 1), logit(0.25)), target, downsample=downsample
    )
    assert float(value) == pytest.approx(0.562335, rel=1e-5)


@pytest.mark.parametrize("downsample", [1, 4])
def test_content_loss_and_its_gradient_are_finite_when_certain_and_wrong(downsample):
    logits = jnp.full((1, 4, 4, 1), -200.0)
    value, gradient = jax.value_and_grad(losses.content_loss)(
        logits, jnp.ones((1, 4, 4, 1)), downsample=downsample
    )
    assert np.isfinite(value) and value > 10
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("downsample", [1, 4])
def test_content_loss_is_computed_in_float32(downsample):
    logits = jnp.full((1, 4, 4, 1), 0.3, jnp.bfloat16)
    value = losses.content_loss(
        logits, jnp.zeros((1, 4, 4, 1), jnp.bfloat16), downsample=downsample
    )
    assert value.dtype == jnp.float32


def test_adversarial_loss_is_minus_log_of_the_judgement():
    value = losses.adversarial_loss(jnp.float32(logit(np.array([0.5, 0.8]))))
    assert float(value) == pytest.approx(-(np.log(0.5) + np.log(0.8)) / 2, rel=1e-5)


def test_adversarial_loss_does_not_saturate_when_the_generator_loses():
    gradient = jax.grad(losses.adversarial_loss)(jnp.array([-30.0]))
    assert float(gradient[0]) == pytest.approx(-1)


def test_discriminator_loss_is_the_sum_of_both_cross_entropies():
    real, fake = np.array([0.9, 0.6]), np.array([0.2, 0.3])
    value = losses.discriminator_loss(
        jnp.float32(logit(real)), jnp.float32(logit(fake))
    )
    expected = -np.log(real).mean() - np.log(1 - fake).mean()
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_generator_loss_weights_content_with_alpha():
    value = losses.generator_loss(jnp.float32(0.4), jnp.float32(2.0), alpha=5e-3)
    assert float(value) == pytest.approx(2.002)
