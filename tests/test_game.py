"""The options of the game: what the discriminator sees, its losses, and its balance."""

import functools
import json
import types
from typing import Any

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import optax
import pytest
import tiny_game

from salgan_jax import experiment, health, initial_weights, losses, players, updates
from salgan_jax import recipe as recipes
from salgan_jax import state as train_state
from salgan_jax.models import discriminator as judges
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.reproduction import game
from salgan_jax.schedule import Update
from salgan_jax.state import Batch, CachedBatch
from salgan_jax.weights import grafting

IMAGE = jax.random.uniform(jax.random.key(1), (2, 32, 48, 3), maxval=255.0)
MAPS = jax.random.uniform(jax.random.key(2), (2, 32, 48, 1))
LOGITS = jnp.array([-3.0, 0.0, 0.5, 4.0])


def judged(network, image=IMAGE, maps=MAPS):
    """A function from maps to logits, of a network with new parameters."""
    params = jax.jit(network.init)(jax.random.key(0), image, maps)
    apply = jax.jit(network.apply)
    return lambda maps, image=image: apply(params, image, maps)


# ---- what the discriminator sees ---------------------------------------------------


def test_maps_are_seen_as_their_names_say():
    values = np.asarray(MAPS, np.float64)
    axes = (1, 2, 3)
    for name, expected in {
        "probability": values,
        "standardized": (values - values.mean(axes, keepdims=True))
        / values.std(axes, keepdims=True),
        "density": values / values.mean(axes, keepdims=True),
        "maximum": values / values.max(axes, keepdims=True),
    }.items():
        found = judges.MAP_INPUTS[name](MAPS)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", judges.MAP_INPUTS)
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_map_that_is_the_same_everywhere_is_seen_without_nan(name, value):
    def seen(maps):
        return jnp.sum(judges.MAP_INPUTS[name](maps) ** 2)

    found, gradient = jax.value_and_grad(seen)(jnp.full((1, 4, 4, 1), value))
    assert jnp.isfinite(found) and jnp.isfinite(gradient).all()


def test_a_standardized_map_is_judged_by_where_and_not_by_how_bright():
    judge = judged(Discriminator(width_multiplier=1 / 4, map_input="standardized"))
    np.testing.assert_allclose(judge(0.1 + 0.3 * MAPS), judge(MAPS), rtol=1e-3)
    assert not np.allclose(judge(MAPS[:, ::-1]), judge(MAPS), rtol=1e-3)


def test_a_mean_over_places_leaves_64_inputs_whatever_the_size_of_the_image():
    network = Discriminator(final_pooling="mean", bottleneck=0, first_outputs=8)
    shapes = jax.eval_shape(network.init, jax.random.key(0), IMAGE, MAPS)["params"]
    assert shapes["conv1_1"]["kernel"].shape == (3, 3, 4, 8)
    assert shapes["fc4"]["kernel"].shape == (64, 100)
    assert "fc5" not in shapes and shapes["fc6"]["kernel"].shape == (100, 1)


def test_where_relu_is_dead_leaky_relu_passes_a_gradient_on():
    def gradient(activation):
        network: Any = Discriminator(width_multiplier=1 / 4, activation=activation)
        params = network.init(jax.random.key(0), IMAGE, MAPS)["params"]
        params["conv1_1"]["bias"] -= 1e4
        judge = functools.partial(network.apply, {"params": params}, IMAGE)
        return float(jnp.abs(jax.grad(lambda maps: judge(maps).sum())(MAPS)).sum())

    assert gradient("relu") == 0 < gradient("leaky_relu")


@pytest.mark.parametrize(("variant", "pool"), [("article", 2), ("released_code", 4)])
def test_a_map_that_enters_late_is_averaged_and_passes_no_first_block(variant, pool):
    network: Any = Discriminator(
        variant, width_multiplier=1 / 4, map_enters="second_block"
    )
    params = network.init(jax.random.key(0), IMAGE, MAPS)["params"]
    assert params["conv1_1"]["kernel"].shape[2:] == (3, 3)
    assert params["conv2_1"]["kernel"].shape[2] == 8 + 1
    params["conv1_2"]["bias"] -= 1e4  # the first block is dead
    judge = functools.partial(network.apply, {"params": params}, IMAGE)
    batch, height, width, _ = MAPS.shape
    small = MAPS.reshape(batch, height // pool, pool, width // pool, pool, 1)
    blocky = small.mean(axis=(2, 4), keepdims=True) * jnp.ones_like(small)
    np.testing.assert_allclose(
        judge(blocky.reshape(MAPS.shape)), judge(MAPS), rtol=1e-4
    )
    assert not np.allclose(judge(MAPS[:, ::-1]), judge(MAPS), rtol=1e-4)


@pytest.mark.parametrize("variant", ["article", "paper"])
def test_a_first_layer_that_passes_the_map_has_it_as_its_first_channel(variant):
    network: Any = Discriminator(variant, first_init="passes_map", first_outputs=5)
    variables = network.init(jax.random.key(0), IMAGE, MAPS)
    _, state = network.apply(variables, IMAGE, MAPS, capture_intermediates=True)
    captured: Any = state["intermediates"]
    first = captured["conv1_1"]["__call__"][0]
    np.testing.assert_allclose(first[..., :1], MAPS, atol=1e-6)
    kernel = np.asarray(variables["params"]["conv1_1"]["kernel"])
    assert (np.abs(kernel[..., 1:]) > 0).all()


def test_frozen_features_are_the_same_computed_and_from_the_cache():
    config = miniature.config(
        discriminator_input="frozen_features", frozen_blocks=3, encoder_width=1 / 8
    )
    setup = experiment.make_experiment(config)
    recipe, params = setup.recipe, setup.params
    assert {"conv_image", "conv_joint"} <= params.discriminator.keys()
    state = train_state.create(
        params,
        generator_optimizer=recipe.generator_optimizer,
        discriminator_optimizer=recipe.discriminator_optimizer,
    )
    batch = miniature.batch(2)
    features = recipe.generator.apply(
        {"params": params.generator},
        jnp.asarray(batch.image, jnp.float32),
        method=recipe.generator.frozen_features,
    )
    cached = CachedBatch(batch.image, batch.saliency_map, None, features)
    computed, stored = (
        recipes.condition(recipe, state, each) for each in (batch, cached)
    )
    assert computed.shape == (2, 4, 6, 32)
    np.testing.assert_allclose(computed, stored, rtol=1e-5)
    for update in updates.make_updates(recipe).values():
        jax.eval_shape(update, state, batch)


def test_a_discriminator_of_another_kind_begins_at_random(tmp_path):
    published, other = miniature.config(), miniature.config()
    other.model.discriminator_map = "standardized"  # the same shapes
    kinds = [initial_weights.discriminator_kind(each) for each in (published, other)]
    assert kinds == ["article", "article, discriminator_map=standardized"]
    first = miniature.config()
    first.model.discriminator_first_init = "passes_map"  # the same network, begun anew
    assert initial_weights.discriminator_kind(first) not in kinds
    setup = miniature.experiment()
    layers = jax.tree.map(lambda x: np.array(x) + 1, setup.params.discriminator)
    imported: Any = types.SimpleNamespace(
        what="a run", encoder={}, decoder={}, discriminator=layers, variant=kinds[0]
    )
    for kind, is_loaded in zip(kinds, (True, False), strict=True):
        grafted = grafting.graft(
            setup.params.generator,
            setup.params.discriminator,
            imported,
            frozen_blocks=0,
            variant=kind,
        )
        differs = miniature.differing(setup.params.discriminator, grafted.discriminator)
        assert bool(differs) == is_loaded


# ---- the losses of the game --------------------------------------------------------


def test_games_are_what_their_sources_say():
    real, fake = LOGITS, -LOGITS[::-1]
    r, f = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    expected = {
        "cross_entropy": (
            np.log1p(np.exp(-r)).mean() + np.log1p(np.exp(f)).mean(),
            np.log1p(np.exp(-f)).mean(),
        ),
        "hinge": (
            np.log(2) * (np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean()),
            -f.mean(),
        ),
        "least_squares": (
            np.log(2) * (((r - 1) ** 2).mean() + ((f + 1) ** 2).mean()),
            ((f - 1) ** 2).mean(),
        ),
    }
    assert expected.keys() == set(losses.GAMES)
    for name, (of_judge, of_generator) in expected.items():
        found = losses.discriminator_loss(real, fake, name)
        assert float(found) == pytest.approx(of_judge, rel=1e-5)
        found = losses.adversarial_loss(fake, name)
        assert float(found) == pytest.approx(of_generator, rel=1e-5)


@pytest.mark.parametrize("name", losses.GAMES)
def test_in_every_game_who_says_the_same_of_all_has_the_loss_of_two_coins(name):
    logits = jnp.linspace(-3, 3, 13)
    found = np.array(
        [losses.discriminator_loss(each[None], each[None], name) for each in logits]
    )
    assert found.min() == pytest.approx(2 * np.log(2)) == found[6]
    assert found[0] > found[6] < found[-1]


def test_the_sum_of_the_articles_words_is_the_mean_times_the_pixels_of_a_small_map():
    logits = jax.random.normal(jax.random.key(3), (2, 32, 48, 1))
    found = {
        reduction: float(
            losses.weighted_content_loss(
                logits,
                MAPS,
                None,
                weights=losses.ContentWeights(bce=0.5),
                downsample=4,
                reduction=reduction,
            )
        )
        for reduction in losses.CONTENT_REDUCTIONS
    }
    assert found["sum"] == pytest.approx(8 * 12 * found["mean"], rel=1e-5)


BY_SHARE = tiny_game.recipe(generator=optax.sgd(1.0))._replace(adversarial_share=1.0)


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_the_adversarial_gradient_is_a_share_of_the_content_losses(share):
    recipe = tiny_game.recipe()._replace(adversarial_share=share)
    state, batch = tiny_game.state(recipe), miniature.batch()
    update = updates.make_updates(recipe)[Update.GENERATOR]
    _, metrics = jax.jit(update)(state, batch)
    ratio = float(metrics["adversarial_logit_grad_norm"]) / float(
        metrics["content_logit_grad_norm"]
    )
    assert ratio == pytest.approx(share, rel=1e-4)


def shards(batch):
    return Batch(*(x.reshape(2, 4, *x.shape[1:]) for x in batch[:2]))


def assert_as_on_two_devices(moved, state, batch, **tolerances):
    """Compares parameters after a move of the whole batch, and of its halves."""
    whole = jax.jit(functools.partial(moved, None))(state, batch)
    parts = jax.pmap(
        functools.partial(moved, "devices"),
        axis_name="devices",
        in_axes=(None, 0),
        devices=jax.devices()[:2],
    )(state, shards(batch))
    for one, several in zip(
        jax.tree.leaves(whole.params), jax.tree.leaves(parts.params), strict=True
    ):
        np.testing.assert_allclose(several[0], one, **tolerances)


def test_the_share_is_of_the_whole_batch_on_however_many_devices():
    recipe = BY_SHARE
    state, batch = tiny_game.state(recipe), miniature.batch()

    def moved(axis_name, state, batch):
        prediction = recipes.predict_for_gradient(recipe, state, batch)
        return players.generator_move(recipe, state, batch, prediction, axis_name)[0]

    assert_as_on_two_devices(moved, state, batch, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 5e-3])
def test_of_a_discriminator_without_gradient_content_loss_is_left(alpha):
    recipe = BY_SHARE._replace(alpha=alpha)
    state, batch = tiny_game.state(recipe), miniature.batch()
    state.discriminator.params["Dense_1"]["kernel"][:] = 0
    after = []
    for kind in (Update.GENERATOR, Update.BOOTSTRAP):
        update = updates.make_updates(recipe)[kind]
        moved, metrics = jax.jit(update)(state, batch)
        assert float(metrics["generator_grad_norm"]) > 1e-3
        if kind is Update.GENERATOR:
            assert float(metrics["adversarial_logit_grad_norm"]) == 0
        after.append(moved.generator.params)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-7), *after
    )


FLOODED = tiny_game.recipe(discriminator=optax.sgd(1.0))


def discriminated(level, axis_name, state, batch):
    recipe = FLOODED._replace(discriminator_flood=level)
    logits = recipes.predict(recipe, state.generator.params, batch)
    return players.discriminator_move(recipe, state, batch, logits, axis_name)


def moves(state, player):
    return jax.tree.map(lambda new, old: new - old, player, state.discriminator.params)


def test_below_the_flood_the_discriminator_climbs_and_above_it_descends():
    state, batch = tiny_game.state(FLOODED), miniature.batch()
    found = []
    for level in (0.0, 0.5, 100.0):
        player, metrics = jax.jit(functools.partial(discriminated, level, None))(
            state, batch
        )
        found.append(moves(state, player.params))
        assert 0.5 < float(metrics["discriminator_loss"]) < 100
    dry, low, flooded = found
    assert max(float(jnp.abs(x).max()) for x in jax.tree.leaves(dry)) > 1e-4
    jax.tree.map(np.testing.assert_array_equal, low, dry)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, -y, rtol=1e-4, atol=1e-7),
        flooded,
        dry,
    )


def test_the_flood_is_that_of_the_whole_batch_on_however_many_devices():
    state, batch = tiny_game.state(FLOODED), miniature.batch()
    halves = [Batch(*(x[i] for x in shards(batch)[:2])) for i in range(2)]
    plain = jax.jit(functools.partial(discriminated, 0.0, None))
    low, high = sorted(float(plain(state, x)[1]["discriminator_loss"]) for x in halves)
    level = low + 0.25 * (high - low)  # the whole is above it, a half below

    def moved(axis_name, state, batch):
        return discriminated(level, axis_name, state, batch)[0]

    assert_as_on_two_devices(moved, state, batch, rtol=1e-3, atol=1e-6)


# ---- how a game went ---------------------------------------------------------------


WARM_UP = 200  # steps in which only the discriminator moves


def a_run(folder, losses_of_step):
    folder.mkdir()
    rows = [
        {
            "step": step,
            "train/discriminator_loss": loss,
            "train/real_accuracy": 0.7,
            "train/fake_accuracy": 0.6,
            "train/logit_margin": 0.5,
        }
        | ({"train/adversarial_loss": 0.9} if step > WARM_UP else {})
        for step, loss in losses_of_step.items()
    ]
    (folder / "scalars.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    run: Any = types.SimpleNamespace(folder=folder, name=folder.name)
    found = game.of_run(run)
    assert found is not None
    return found


def test_a_game_is_judged_by_windows_after_its_first_100_steps(tmp_path):
    steps = {50: 1.39, 100: 1.39, 150: 1.0, 200: 1.2, 250: 1.4, 300: 1.5}
    found = a_run(tmp_path / "perceptual-seed0", steps)
    assert [(each.step, each.is_healthy) for each in found.windows] == [
        (200, True),
        (300, False),
    ]
    assert found.windows[0].means["discriminator_loss"] == pytest.approx(1.1)
    assert game.table([found]).rows == [
        [
            "perceptual-seed0",
            "1.27 (1.10 to 1.45)",
            *("0.70 (0.70 to 0.70)", "0.60 (0.60 to 0.60)"),
            *("0.90 (0.90 to 0.90)", "0.50 (0.50 to 0.50)"),
            "1 of 2",
        ]
    ]
    assert "of 2 windows" in game.verdict([found]) and "1 have" in game.verdict([found])


def test_what_is_left_over_after_the_last_window_is_a_part_of_it(tmp_path):
    found = a_run(tmp_path / "a", {100: 1.39, 200: 1.0, 300: 1.2, 320: 0.8})
    assert [each.step for each in found.windows] == [200, 320]
    assert found.windows[1].means["discriminator_loss"] == pytest.approx(1.0)
    short = a_run(tmp_path / "b", {100: 1.39, 180: 1.0})
    assert game.verdict([short]).startswith("The game: too short to say")


def test_what_a_game_is_called_follows_from_its_windows(tmp_path):
    living = a_run(tmp_path / "a", {100: 1.39, 200: 1.0, 300: 0.9})
    dead = a_run(tmp_path / "b", {100: 1.0, 200: 1.386, 300: 1.386})
    short = a_run(tmp_path / "c", {40: 1.0, 80: 0.9})
    assert game.verdict([living]).startswith("The game lives: of 2 windows")
    assert game.verdict([dead]).startswith("The game is dead")
    assert game.verdict([living, dead]).startswith("The game does not live all")
    assert game.verdict([short]).startswith("The game: too short to say")
    assert game.table([short]).rows[0][1:] == [*["-"] * 5, "0 of 0"]


def test_a_run_of_content_loss_alone_has_no_game(tmp_path):
    (tmp_path / "scalars.jsonl").write_text('{"step": 1, "train/content_loss": 1.0}\n')
    run: Any = types.SimpleNamespace(folder=tmp_path, name="content")
    assert game.of_run(run) is None


@pytest.mark.parametrize(
    "change",
    [
        {"discriminator_loss": 1.386},
        {"discriminator_loss": 0.01},
        {"real_accuracy": 0.5},
        {"fake_accuracy": 1.0},
    ],
)
def test_the_band_has_two_players(change):
    healthy = {
        "discriminator_loss": 1.0,
        "real_accuracy": 0.7,
        "fake_accuracy": 0.6,
    }
    assert health.is_in_band(healthy) and not health.is_in_band(healthy | change)
