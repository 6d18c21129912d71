"""Each update lowers its own loss, has a real gradient, and touches nothing else."""

from typing import Any

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import pytest

from salgan_jax import losses, updates
from salgan_jax.schedule import Update
from salgan_jax.state import CachedBatch


@pytest.fixture(scope="module")
def compiled():
    functions = updates.make_updates(miniature.experiment().recipe)
    return {update: jax.jit(function) for update, function in functions.items()}


# Of one player.
SINGLE = [Update.BOOTSTRAP, Update.DISCRIMINATOR, Update.GENERATOR]
TOUCHED = {
    Update.BOOTSTRAP: "generator",
    Update.DISCRIMINATOR: "discriminator",
    Update.GENERATOR: "generator",
}
OWN_LOSS = {
    Update.BOOTSTRAP: "content_loss",
    Update.DISCRIMINATOR: "discriminator_loss",
    Update.GENERATOR: "generator_loss",
}


@pytest.mark.parametrize("update", SINGLE)
def test_update_leaves_the_other_player_and_frozen_blocks_bit_identical(
    compiled, update
):
    before = miniature.state()
    after, _ = compiled[update](before, miniature.batch())
    other = {"generator": "discriminator", "discriminator": "generator"}
    untouched = other[TOUCHED[update]]
    assert not miniature.differing(
        getattr(before, untouched), getattr(after, untouched)
    )
    frozen = [
        (player.generator.params["encoder"][name])
        for player in (before, after)
        for name in ("conv1_1", "conv1_2")
    ]
    assert not miniature.differing(frozen[:2], frozen[2:])
    assert after.step == before.step + 1


@pytest.mark.parametrize("update", SINGLE)
def test_update_changes_every_trained_parameter_and_its_slots(compiled, update):
    before = miniature.state()
    batch = miniature.batch()
    after = before
    for _ in range(3):
        after, _ = compiled[update](after, batch)
    old, new = (getattr(state, TOUCHED[update]) for state in (before, after))
    changed = miniature.differing(old.params, new.params)
    num_frozen = 4 if TOUCHED[update] == "generator" else 0
    assert len(changed) == len(jax.tree.leaves(old.params)) - num_frozen
    slots = len(jax.tree.leaves(new.opt_state))
    assert slots == len(jax.tree.leaves(old.params)) - num_frozen
    assert len(miniature.differing(old.opt_state, new.opt_state)) == slots


@pytest.mark.parametrize("update", SINGLE)
def test_update_lowers_its_own_loss_on_a_fixed_batch(compiled, update):
    state, batch = miniature.state(), miniature.batch()
    values = []
    for _ in range(20):
        state, metrics = compiled[update](state, batch)
        values.append(float(metrics[OWN_LOSS[update]]))
    assert values[-1] < values[0] - 1e-4


def test_generator_is_moved_by_the_discriminators_judgement():
    recipe = miniature.experiment().recipe._replace(alpha=0.0)
    before, batch = miniature.state(), miniature.batch()
    after, metrics = jax.jit(
        lambda s, b: updates.generator_update(s, b, recipe=recipe)
    )(before, batch)
    assert float(metrics["generator_grad_norm"]) > 0
    changed = miniature.differing(before.generator.params, after.generator.params)
    assert any("conv5_3" in name for name in changed)
    assert any("decoder_output" in name for name in changed)


def test_generator_loss_is_alpha_times_content_plus_adversarial_loss(compiled):
    _, metrics = compiled[Update.GENERATOR](miniature.state(), miniature.batch())
    content = metrics["generator_loss"] - metrics["adversarial_loss"]
    expected = 5e-3 * float(metrics["content_loss"])
    assert float(content) == pytest.approx(expected, rel=1e-3)


def test_bootstrap_moves_by_the_gradient_of_the_content_loss(compiled):
    recipe, before = miniature.experiment().recipe, miniature.state()
    batch = miniature.batch()

    def content(params):
        image = jnp.float32(batch.image)
        logits: Any = recipe.generator.apply({"params": params}, image)
        target = jnp.float32(batch.saliency_map) / 255
        return losses.content_loss(logits, target, downsample=4)

    gradient = jax.jit(jax.grad(content))(before.generator.params)
    gradient = gradient["decoder"]["decoder_output"]
    after, _ = compiled[Update.BOOTSTRAP](before, batch)
    for kind in ("kernel", "bias"):
        old = before.generator.params["decoder"]["decoder_output"][kind]
        coupled = gradient[kind] + 2e-4 * old
        expected = old - 3e-4 * coupled / jnp.sqrt(coupled**2 + 1e-6)
        actual = after.generator.params["decoder"]["decoder_output"][kind]
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-8)


def test_no_gradient_is_computed_for_frozen_blocks():
    recipe, state = miniature.experiment().recipe, miniature.state()
    image = jnp.float32(miniature.batch().image)

    def total(params):
        logits: Any = recipe.generator.apply({"params": params}, image)
        return jnp.sum(logits)

    encoder = jax.jit(jax.grad(total))(state.generator.params)["encoder"]
    assert not encoder["conv1_2"]["kernel"].any()
    assert encoder["conv2_1"]["kernel"].any()


def test_both_is_the_discriminators_update_and_then_the_generators(compiled):
    batch = miniature.batch()
    in_turn, of_discriminator = compiled[Update.DISCRIMINATOR](miniature.state(), batch)
    in_turn, of_generator = compiled[Update.GENERATOR](in_turn, batch)
    at_once, metrics = compiled[Update.BOTH](miniature.state(), batch)
    assert at_once.step == 1
    assert metrics.keys() == of_discriminator.keys() | of_generator.keys()
    for name, value in (of_discriminator | of_generator).items():
        np.testing.assert_allclose(metrics[name], value, rtol=1e-5)
    for player in ("generator", "discriminator"):
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5),
            getattr(at_once, player).params,
            getattr(in_turn, player).params,
        )


def test_both_predicts_once():
    recipe = miniature.experiment().recipe
    arguments = miniature.state(), miniature.batch()

    def num_flops(*functions):
        def run(state, batch):
            for function in functions:
                state, _ = function(state, batch, recipe=recipe)
            return state

        cost: Any = jax.jit(run).lower(*arguments).cost_analysis()
        return cost["flops"]

    shared = num_flops(updates.both_update)
    separate = num_flops(updates.discriminator_update, updates.generator_update)
    image = jnp.float32(arguments[1].image)
    forward = jax.jit(recipe.generator.apply).lower(
        {"params": arguments[0].generator.params}, image
    )
    prediction: Any = forward.cost_analysis()
    assert shared < separate - 0.9 * prediction["flops"]


@pytest.mark.parametrize("kinds", [[Update.BOOTSTRAP], SINGLE[1:]])
def test_scanned_updates_are_the_updates_one_after_another(compiled, kinds):
    functions = updates.make_updates(miniature.experiment().recipe)
    batches = [miniature.batch(seed=seed) for seed in range(4)]
    stack = jax.tree.map(lambda *x: np.stack(x), *batches)
    scanned = jax.jit(updates.scanned([functions[kind] for kind in kinds]))
    at_once, metrics = scanned(miniature.state(), stack)
    state = miniature.state()
    for step, batch in enumerate(batches):
        round_, turn = divmod(step, len(kinds))
        state, expected = compiled[kinds[turn]](state, batch)
        for name, value in expected.items():
            assert float(metrics[turn][name][round_]) == pytest.approx(
                float(value), rel=1e-3
            )
    assert at_once.step == state.step == 4
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4),
        at_once.generator.params,
        state.generator.params,
    )


@pytest.mark.parametrize(
    ("update", "dtype"),
    [
        (Update.BOOTSTRAP, None),
        pytest.param(Update.BOTH, jnp.bfloat16, marks=pytest.mark.slow),
    ],
)
def test_cached_features_change_no_bit_of_an_update(update, dtype):
    recipe = miniature.experiment().recipe
    generator = recipe.generator.clone(dtype=dtype)
    function = jax.jit(
        updates.make_updates(recipe._replace(generator=generator))[update]
    )
    state, batch = miniature.state(), miniature.batch()
    features = jax.jit(
        lambda params, image: generator.apply(
            {"params": params}, jnp.float32(image), method=generator.frozen_features
        )
    )(state.generator.params, batch.image)
    expected, _ = function(state, batch)
    actual, _ = function(miniature.state(), CachedBatch(*batch, features))
    assert not miniature.differing(expected, actual)


def test_half_precision_predicts_maps_without_steps():
    generator = miniature.experiment().recipe.generator.clone(dtype=jnp.bfloat16)
    params = miniature.state().generator.params
    image = jnp.float32(miniature.batch().image)
    logits: Any = jax.jit(generator.apply)({"params": params}, image)
    assert logits.dtype == jnp.float32
    in_steps = logits.astype(jnp.bfloat16).astype(jnp.float32) == logits
    assert float(jnp.mean(in_steps)) < 0.1


@pytest.mark.slow
def test_half_precision_keeps_parameters_slots_and_losses_in_single():
    recipe = miniature.experiment().recipe
    half = recipe._replace(
        generator=recipe.generator.clone(dtype=jnp.bfloat16),
        discriminator=recipe.discriminator.clone(dtype=jnp.bfloat16),
    )
    batch = miniature.batch()
    results = [
        jax.jit(updates.make_updates(each)[Update.BOTH])(miniature.state(), batch)
        for each in (half, recipe)
    ]
    (state, metrics), (exact, expected) = results
    assert all(x.dtype in (jnp.float32, jnp.int32) for x in jax.tree.leaves(state))
    assert miniature.differing(state, exact)
    for name, value in metrics.items():
        assert value.dtype == jnp.float32
        if name.endswith("_loss"):
            assert float(value) == pytest.approx(float(expected[name]), rel=0.1)
