"""A NaN stops a run, or is skipped without leaving a trace in its network."""

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import pytest
import tiny_game

from salgan_jax import not_finite, parallel, players, updates
from salgan_jax import recipe as recipes
from salgan_jax.schedule import Update

FOR_GENERATOR, FOR_DISCRIMINATOR = 251, 252
HITS = [
    (Update.BOOTSTRAP, FOR_GENERATOR, jnp.inf),
    (Update.GENERATOR, FOR_GENERATOR, jnp.nan),
    (Update.DISCRIMINATOR, FOR_DISCRIMINATOR, jnp.nan),
]


@pytest.fixture
def poison(request, monkeypatch):
    """Spoils one player's loss on batches that carry its mark."""
    value = getattr(request, "param", jnp.nan)
    content_loss, judge = players._content_loss, recipes.judge

    def factor(is_hit):
        return jnp.where(is_hit, value, 1.0)

    def content(recipe, logits, batch):
        is_hit = jnp.any(batch.image == FOR_GENERATOR)
        return content_loss(recipe, logits, batch) * factor(is_hit)

    def judged(recipe, params, image, saliency_map):
        # A ground truth that the generator's step does not show to the discriminator.
        corner = saliency_map[:, 0, 0, 0]
        is_hit = jnp.abs(corner - FOR_DISCRIMINATOR / 255) < 1e-6
        return judge(recipe, params, image, saliency_map) * factor(is_hit)

    monkeypatch.setattr(players, "_content_loss", content)
    monkeypatch.setattr(recipes, "judge", judged)


def marked(mark, seed=0):
    """A batch that spoils the loss of one player; of none, if the mark is 0."""
    batch = miniature.batch(seed=seed)
    if mark == FOR_GENERATOR:
        batch.image[0, 0, 0, 0] = mark
    elif mark == FOR_DISCRIMINATOR:
        batch.saliency_map[0, 0, 0, 0] = mark
    return batch


def warm(recipe, function):
    """A state whose slots are not as they were made."""
    return function(tiny_game.state(recipe), marked(0))[0]


@pytest.mark.parametrize(("update", "mark", "poison"), HITS, indirect=["poison"])
def test_a_skipped_update_leaves_no_bit_changed_but_the_step(update, mark, poison):
    del poison
    recipe = tiny_game.recipe(skip_not_finite=True)
    function = jax.jit(updates.make_updates(recipe)[update])
    before = warm(recipe, function)
    after, metrics = function(before, marked(mark, seed=1))
    name = "discriminator" if update is Update.DISCRIMINATOR else "generator"
    assert metrics[f"skipped_{name}_updates"] == 1
    assert not np.isfinite(metrics[f"{name}_grad_norm"])
    assert after.step == before.step + 1 == 2
    assert miniature.differing(before, after) == [".step"]
    moved, metrics = function(after, marked(0, seed=2))
    assert metrics[f"skipped_{name}_updates"] == 0
    assert miniature.differing(after, moved) != [".step"]
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(moved))


def test_a_loss_that_is_not_finite_is_enough(monkeypatch):
    """Where a ReLU or a pool drops the NaN on the way back, the gradient is finite."""
    content_loss = players._content_loss

    def without_gradient(recipe, logits, batch):
        poison = jax.lax.stop_gradient(jnp.float32(jnp.nan))
        return content_loss(recipe, logits, batch) + poison

    monkeypatch.setattr(players, "_content_loss", without_gradient)
    recipe = tiny_game.recipe(skip_not_finite=True)
    function = jax.jit(updates.make_updates(recipe)[Update.BOOTSTRAP])
    before = tiny_game.state(recipe)
    after, metrics = function(before, miniature.batch())
    assert np.isfinite(metrics["generator_grad_norm"])
    assert metrics["skipped_generator_updates"] == 1
    assert miniature.differing(before, after) == [".step"]


def test_the_other_player_moves_as_if_nothing_had_happened(poison):
    recipe = tiny_game.recipe(skip_not_finite=True, dtype=jnp.bfloat16)
    both = jax.jit(updates.make_updates(recipe)[Update.BOTH])
    before = warm(recipe, both)
    alone = {
        "generator": jax.jit(updates.make_updates(recipe)[Update.GENERATOR]),
        "discriminator": jax.jit(updates.make_updates(recipe)[Update.DISCRIMINATOR]),
    }
    for mark, skipped, moved in (
        (FOR_DISCRIMINATOR, "discriminator", "generator"),
        (FOR_GENERATOR, "generator", "discriminator"),
    ):
        batch = marked(mark, seed=1)
        after, metrics = both(before, batch)
        assert metrics[f"skipped_{skipped}_updates"] == 1
        assert metrics[f"skipped_{moved}_updates"] == 0
        old, new = getattr(before, skipped), getattr(after, skipped)
        assert not miniature.differing(old, new)
        expected, _ = alone[moved](before, batch)
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
            getattr(after, moved),
            getattr(expected, moved),
        )


def test_a_finite_step_is_the_same_whether_others_would_be_skipped_or_not():
    results = []
    for skip in (False, True):
        recipe = tiny_game.recipe(skip_not_finite=skip)
        both = jax.jit(updates.make_updates(recipe)[Update.BOTH])
        results.append(both(tiny_game.state(recipe), miniature.batch()))
    (stop, of_stop), (skip, of_skip) = results
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), stop, skip)
    extra = {f"skipped_{name}_updates" for name in not_finite.NETWORKS}
    assert of_skip.keys() - of_stop.keys() == extra
    assert not of_stop.keys() - of_skip.keys()


def test_steps_in_one_call_and_on_eight_devices_are_skipped_one_by_one(poison):
    recipe = tiny_game.recipe(skip_not_finite=True)
    functions = updates.make_updates(recipe, axis_name=parallel.AXIS)
    turns = [functions[Update.DISCRIMINATOR], functions[Update.GENERATOR]]
    devices = jax.devices()
    marks = [0, 0, FOR_DISCRIMINATOR, 0, 0, FOR_GENERATOR, 0, 0]
    batches = [marked(mark, seed=i) for i, mark in enumerate(marks)]
    stack = jax.tree.map(lambda *x: np.stack(x), *batches)
    scanned = parallel.pmap_update(updates.scanned(turns), devices)
    state, metrics = scanned(
        parallel.replicate(tiny_game.state(recipe), devices),
        next(iter(parallel.prefetch([stack], devices))),
    )
    of_discriminator, of_generator = jax.device_get(metrics)
    assert of_discriminator["skipped_discriminator_updates"].tolist() == [0, 1, 0, 0]
    assert of_generator["skipped_generator_updates"].tolist() == [0, 0, 1, 0]
    assert np.isfinite(of_generator["generator_loss"]).tolist() == [1, 1, 0, 1]
    assert state.step == 8
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(jax.device_get(state)))
