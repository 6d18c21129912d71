"""What is measured of a game is exact, of the whole batch, whatever the devices."""

from typing import Any

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import optax
import pytest
import tiny_game

from salgan_jax import losses, not_finite, parallel, updates
from salgan_jax.schedule import Update


def metrics_of(recipe, update, state, batch):
    function = updates.make_updates(recipe)[update]
    _, metrics = jax.jit(function)(state, batch)
    return {name: float(value) for name, value in metrics.items()}


def softplus(x):
    return np.logaddexp(0, x)


def logits_of(recipe, state, batch):
    logits = recipe.generator.apply(
        {"params": state.generator.params}, jnp.float32(batch.image)
    )
    return np.asarray(logits, np.float64)


def test_variance_is_across_images_and_not_within_them():
    recipe, batch = tiny_game.recipe(), miniature.batch()
    state = tiny_game.state(recipe)
    metrics = metrics_of(recipe, Update.BOOTSTRAP, state, batch)
    maps = 1 / (1 + np.exp(-logits_of(recipe, state, batch)))
    assert metrics["map_variance"] == pytest.approx(maps.var(axis=0).mean(), rel=1e-3)
    truth = (batch.saliency_map / 255).var(axis=0).mean()
    assert metrics["true_map_variance"] == pytest.approx(truth, rel=1e-5)
    same = jax.tree.map(lambda x: np.repeat(x[:1], 8, axis=0), batch)
    metrics = metrics_of(recipe, Update.BOOTSTRAP, state, same)
    assert maps.var(axis=(1, 2)).min() > 1e-4
    assert metrics["map_variance"] < 1e-10 and metrics["true_map_variance"] < 1e-10


def test_logits_and_margin_are_means_over_the_examples():
    recipe, batch = tiny_game.recipe(), miniature.batch()
    state = tiny_game.state(recipe)
    metrics = metrics_of(recipe, Update.DISCRIMINATOR, state, batch)
    predicted = jax.nn.sigmoid(logits_of(recipe, state, batch).astype(np.float32))
    truth = jnp.float32(batch.saliency_map) / 255
    real, fake = (
        np.asarray(
            recipe.discriminator.apply(
                {"params": state.discriminator.params}, jnp.float32(batch.image), maps
            )
        )
        for maps in (truth, predicted)
    )
    assert metrics["real_logit"] == pytest.approx(real.mean(), rel=1e-4)
    assert metrics["fake_logit"] == pytest.approx(fake.mean(), rel=1e-4)
    assert metrics["logit_margin"] == pytest.approx(real.mean() - fake.mean(), abs=1e-6)
    assert metrics["real_accuracy"] == (real > 0).mean()
    assert metrics["fake_accuracy"] == (fake <= 0).mean()
    expected = softplus(-real).mean() + softplus(fake).mean()
    assert metrics["discriminator_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_parts_are_weighted_and_their_sum_is_what_moves_the_generator():
    alpha, batch = 0.3, miniature.batch()
    recipe = tiny_game.recipe(generator=optax.sgd(1.0), alpha=alpha)
    before = tiny_game.state(recipe)
    image, target = jnp.float32(batch.image), jnp.float32(batch.saliency_map) / 255

    def content(logits):
        return alpha * losses.content_loss(logits, target, downsample=4)

    def adversarial(logits):
        fake_logits: Any = recipe.discriminator.apply(
            {"params": before.discriminator.params}, image, jax.nn.sigmoid(logits)
        )
        return losses.adversarial_loss(fake_logits)

    def predict(params):
        return recipe.generator.apply({"params": params}, image)

    logits = predict(before.generator.params)
    function = updates.make_updates(recipe)[Update.GENERATOR]
    after, metrics = jax.jit(function)(before, batch)
    for name, part in (("content", content), ("adversarial", adversarial)):
        norm = np.linalg.norm(jax.jit(jax.grad(part))(logits))
        actual = float(metrics[f"{name}_logit_grad_norm"])
        assert actual == pytest.approx(norm, rel=1e-4, abs=1e-12)
    whole = jax.grad(lambda p: content(predict(p)) + adversarial(predict(p)))
    gradient = jax.jit(whole)(before.generator.params)
    moved = jax.tree.map(
        lambda a, b: a - b, before.generator.params, after.generator.params
    )
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-7),
        moved,
        gradient,
    )


def test_metrics_are_the_same_on_eight_devices_and_on_none():
    """Each device has one image then, and of one image alone there is no variance."""
    devices, batch = jax.devices(), miniature.batch()
    with jax.enable_x64(True):
        recipe = tiny_game.recipe(skip_not_finite=True)
        states = [tiny_game.state(recipe, dtype=np.float64) for _ in range(2)]
        functions = updates.make_updates(recipe, axis_name=parallel.AXIS)
        _, metrics = parallel.pmap_update(functions[Update.BOTH], devices)(
            parallel.replicate(states[0], devices),
            next(iter(parallel.prefetch([batch], devices))),
        )
        alone = jax.jit(updates.make_updates(recipe)[Update.BOTH])
        _, expected = alone(states[1], batch)
        metrics, expected = jax.device_get((metrics, expected))
    assert metrics.keys() == expected.keys()
    assert expected["map_variance"] > 1e-5
    for name, value in expected.items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-9, err_msg=name)
        assert value > 0 or "norm" not in name


def test_the_metrics_of_each_network_are_known_by_name():
    recipe, batch = tiny_game.recipe(), miniature.batch()
    names = {
        update: jax.eval_shape(function, tiny_game.state(recipe), batch)[1].keys()
        for update, function in updates.make_updates(recipe).items()
    }
    assert names[Update.DISCRIMINATOR] == not_finite.DISCRIMINATOR_METRICS
    of_generator = names[Update.BOOTSTRAP] | names[Update.GENERATOR]
    assert not of_generator & not_finite.DISCRIMINATOR_METRICS
    assert names[Update.BOTH] == names[Update.DISCRIMINATOR] | names[Update.GENERATOR]
