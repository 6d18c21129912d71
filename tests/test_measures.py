"""What is measured of the game in each update is of the whole batch, and cheap."""

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import pytest

from salgan_jax import measures, updates
from salgan_jax.schedule import Update


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


@pytest.mark.slow
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
