"""The discriminator alone: the published one is blind, the mended one learns."""

import functools
import importlib.util
import pathlib
from typing import Any

import jax
import numpy as np
import pytest
import tiny_game

from salgan_jax import health, training
from salgan_jax.errors import UserError
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.reproduction import (
    discriminator_alone,
    discriminator_arms,
    discriminator_story,
    layers,
    runs,
)
from salgan_jax.reproduction import discriminator_shown as shown
from salgan_jax.reproduction.discriminator_alone import Trial
from salgan_jax.sweep import grid

CONFIGS = pathlib.Path(__file__).parents[1] / "configs"
NUM_UPDATES = 40
SEEDS = range(5)
TINY = {
    "init_from": "random",
    "data.dataset": "popout/tiny",
    "data.image_size": (32, 48),
    "data.horizontal_flip": False,
    "model.width_multiplier": 1 / 16,
    "model.decoder_width": 0.0,
    "model.discriminator_width": 1 / 2,
    "model.frozen_blocks": 1,
    "model.kernel_init": "he_uniform",
    "model.cache_frozen_features": False,
    "phases.bootstrap_epochs": 4,
    "phases.num_epochs": 4,
    "logging.num_panels": 0,
    "compilation_cache": "none",
}


def living():
    spec = importlib.util.spec_from_file_location("living", CONFIGS / "living.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config()


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """Images of popout/tiny, with what a generator after four epochs makes of them."""
    folder = tmp_path_factory.mktemp("alone")
    config = grid.at_point(living(), TINY | {"data.data_dir": str(folder / "data")})
    training.train(config, str(folder / "run"))
    return config, *(
        discriminator_alone.predicted(config, str(folder / "run"), split)
        for split in ("train", "validation")
    )


def trial(examples, changes, num_updates=NUM_UPDATES) -> Trial:
    config, seen, held_out = examples
    return Trial(grid.at_point(config, changes), seen, held_out, num_updates)


def arm(examples, name):
    arms = discriminator_arms.experiment(examples[0]).arms
    (found,) = [each.overrides for each in arms if each.name == name]
    return found


def test_examples_are_those_of_the_split_with_their_predictions(examples):
    _, seen, held_out = examples
    assert (len(seen.logits), len(held_out.logits)) == (24, 8)
    batch, logits = seen.take(np.array([3, 5]))
    assert batch.image.shape == (2, 32, 48, 3) and logits.shape == (2, 32, 48, 1)
    assert batch.frozen_features.shape[0] == 2


def test_the_living_recipe_tells_maps_apart_from_every_initialisation(examples):
    alone = trial(examples, {})
    for seed in SEEDS:
        *_, last = alone.looks(seed)
        held_out = last["held_out"]
        right = (held_out["real_accuracy"] + held_out["fake_accuracy"]) / 2
        assert right > 0.7, (seed, held_out)
        assert min(held_out["real_accuracy"], held_out["fake_accuracy"]) > 0.5
        assert last["logit_change"] > health.BLIND_CHANGE
        assert last["layers"]["fc6"]["map_share"] > 0.1
        assert last["layers"]["fc4"]["probe"] > 0.7


def test_the_published_one_is_blind_and_health_says_so(examples):
    published = trial(examples, arm(examples, "published"))
    first, *_, last = published.looks(0)
    assert not shown.lives(last)
    # What reaches the first matrix is due to the image alone, from the start on.
    assert first["layers"]["fc4"]["map_share"] < 0.01
    assert abs(first["layers"]["fc4"]["probe"] - 0.5) < 0.2
    standings, lines = {}, []
    for step in range(20, 141, 20):
        standings, changes = health.watch(standings, step, last)
        lines += [change.line for change in changes]
    assert "the discriminator does not see the map" in lines[0]


def test_looks_are_the_same_for_the_same_seed_and_know_each_layer(examples):
    alone = trial(examples, {"model.discriminator_width": 1 / 8}, num_updates=3)
    first, again, other = (list(alone.looks(seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert [look["updates"] for look in first] == [0, 3]
    start = first[0]
    assert [*start["layers"]][:: len(start["layers"]) - 1] == ["conv1_1", "fc6"]
    for layer in start["layers"].values():
        found = layers.Layer(**layer)
        assert 0 <= found.map_share <= 1 and 0 <= found.silent <= 1
        assert 0 <= found.probe <= 1
        assert found.grad_norm > 0


@pytest.mark.parametrize(("activation", "silent"), [("relu", 1), ("leaky_relu", 0)])
def test_below_zero_a_channel_is_silent_but_for_a_leaky_relu(activation, silent):
    network: Any = Discriminator(width_multiplier=1 / 16, activation=activation)
    recipe = tiny_game.recipe()._replace(discriminator=network)
    keys = jax.random.split(jax.random.key(0), 3)
    image, real, fake = (
        jax.random.uniform(key, (8, 16, 16, channels))
        for key, channels in zip(keys, (3, 1, 1), strict=True)
    )
    seen = layers.Judged(image, real, fake)
    params = jax.jit(network.init)(keys[0], image, real)["params"]
    bias = np.full_like(params["conv2_1"]["bias"], -1e6)
    params["conv2_1"] = params["conv2_1"] | {"bias": bias}
    found = jax.jit(functools.partial(layers.look, recipe))(params, seen, seen)
    assert found["conv2_1"].silent == silent


def test_two_generators_that_are_the_same_are_refused(tmp_path):
    config = grid.at_point(living(), TINY | {"phases.bootstrap_epochs": 1})
    plan = discriminator_story.Plan(
        discriminator_arms.experiment(config),
        runs.Source("configs/living.py", {}, config),
        seeds=(0,),
        num_updates=1,
        folder=tmp_path / "alone",
    )
    with pytest.raises(UserError, match="bootstrap_epochs is 1: make it 2 or more"):
        discriminator_story.study(plan, pathlib.Path("train.py"), [{}])
    assert not (tmp_path / "alone").exists()


def test_a_mismatch_is_a_true_map_of_another_image(examples):
    config, seen, held_out = examples
    batch = held_out.batch
    one_map = np.repeat(batch.saliency_map[:1], len(batch.saliency_map), axis=0)
    of_one = discriminator_alone.Examples(
        batch._replace(saliency_map=one_map), held_out.logits
    )
    margins = []
    for shown_maps in (of_one, held_out):
        alone = Trial(config, seen, shown_maps, num_updates=1)
        *_, last = alone.looks(0)
        margins.append(last["held_out"]["mismatch_margin"])
    assert margins[0] == pytest.approx(0, abs=1e-7) and abs(margins[1]) > 1e-6


# ---- what is shown -----------------------------------------------------------------


def looks(loss, right, map_share):
    """What is seen of a discriminator with this loss at the end."""
    layer = {"map_share": map_share, "probe": 0.75, "silent": 0.25, "grad_norm": 0.5}
    measures = {
        "discriminator_loss": loss,
        "real_accuracy": right,
        "fake_accuracy": right,
        "logit_margin": 1.5,
        "mismatch_margin": 0.25,
    }
    start = {"updates": 0, "layers": {"conv1_1": layer, "fc6": layer}}
    return [start, start | {"updates": 20} | measures | {"held_out": measures}]


def test_a_discriminator_lives_that_is_right_about_both_and_better_than_a_coin():
    assert shown.lives(looks(1.0, 0.8, 0.5)[-1])
    assert not shown.lives(looks(1.386, 0.8, 0.5)[-1])
    assert not shown.lives(looks(1.0, 0.5, 0.5)[-1])


def test_tables_say_who_lives_and_what_layers_know():
    whole = discriminator_arms.experiment(living())
    some = runs.of_arms(whole, ["mended"])
    of_arm = {
        "published": {f"seed{i}": looks(1.386, 0.5, 0.0) for i in range(3)},
        "mended": {
            "seed0": looks(1.39, 0.5, 0.125),
            "seed1": looks(0.75, 0.875, 0.25),
            "seed2": looks(0.5, 0.75, 0.5),
        },
    }
    provenance = {
        **{"seeds": [0, 1, 2], "folds": 0, "devices": {"cpu": 1}, "hours": 1.0},
        **{"config": {"file": "living.py", "overrides": {}}, "commit": ["01234567"]},
        **{"machine": ["host"], "command": "python"},
    }
    found = shown.shown(some, {"bad": of_arm, "good": of_arm}, provenance)
    assert len(found.verdicts) == 2
    assert "published 0 of 3, mended 2 of 3" in found.verdicts[1]
    bad, good, map_shares, *_ = found.tables
    assert bad.rows == good.rows
    assert good.rows[1][1:] == ["0.75, 2 of 3", "0.75", "0.75", "1.50", "0.25"]
    assert good.header[1] == "at 20"
    assert map_shares.rows == [
        ["published", "0 → 0", "0 → 0"],
        ["mended", "0.25 → 0.25", "0.25 → 0.25"],
    ]
    (figure,) = found.figures
    assert figure.png.startswith(b"\x89PNG") and "mended 2 of 3" in figure.alt
