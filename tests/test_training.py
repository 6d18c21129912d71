"""A run resumes to the bit, stops at a NaN, and refuses what it cannot go on from."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import jax
import miniature
import numpy as np
import pytest

from salgan_jax import checkpoints, parallel, scalars, training, updates
from salgan_jax.data import records
from salgan_jax.errors import UserError
from salgan_jax.schedule import Update

ROOT = pathlib.Path(__file__).parents[1]
SMOKE_STEPS = 30


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The data that all runs of this file share."""
    folder = tmp_path_factory.mktemp("shared")
    records.open_split("popout/tiny", "train", str(folder / "data"))
    return {
        "TFDS_DATA_DIR": str(folder / "data"),
    }


def start(workdir, environment, *overrides, config="smoke.py"):
    command = [
        sys.executable,
        "launch/train.py",
        f"--config=configs/{config}",
        f"--workdir={workdir}",
        *overrides,
    ]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, environment):
    workdir = tmp_path_factory.mktemp("uninterrupted")
    code, output = finish(start(workdir, environment))
    assert code == 0, output
    return workdir, output


def final_state(workdir):
    step, state, _ = checkpoints.restore_arrays(str(workdir))
    assert step == SMOKE_STEPS
    return state


def test_smoke_run_leaves_checkpoints_scores_curves_and_pictures(uninterrupted):
    workdir, output = uninterrupted
    steps = checkpoints.all_steps(str(workdir))
    assert len(steps) >= 3 and steps[-1] == SMOKE_STEPS
    assert "adversarial phase begins" in output
    series = scalars.read(str(workdir))
    for name in ("content_loss", "adversarial_loss", "discriminator_loss"):
        assert np.isfinite(series[f"train/{name}"][1]).all()
    assert series["eval/nss"][0][-1] == SMOKE_STEPS
    assert (workdir / "panels.png").stat().st_size > 1000
    assert (workdir / "curves.png").stat().st_size > 1000
    assert any((workdir / "tensorboard").iterdir())


def test_the_same_command_again_changes_nothing(uninterrupted, environment):
    workdir, _ = uninterrupted
    before = final_state(workdir)
    code, output = finish(start(workdir, environment))
    assert code == 0, output
    assert not miniature.differing(before, final_state(workdir))


def killed_at(moment, workdir, environment):
    """Starts a run and kills it when `moment` says so; returns what was saved."""
    process = start(workdir, environment)
    saved = workdir / "checkpoints"
    while process.poll() is None and not moment(saved):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    finish(process)
    assert process.returncode == -signal.SIGKILL, "the run ended before the kill"


def is_saving(saved):
    return saved.is_dir() and any("tmp" in path.name for path in saved.iterdir())


def after_a_random_time(seed):
    """Between the first checkpoint and shortly after, wherever that falls."""
    delay = random.Random(seed).uniform(0, 1.5)
    seen = []

    def moment(saved):
        if saved.is_dir() and any(path.name.isdigit() for path in saved.iterdir()):
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() > seen[0] + delay

    return moment


@pytest.mark.parametrize("moment", ["saving", 1, 2])
def test_killed_run_ends_bit_identical_to_an_uninterrupted_one(
    uninterrupted, environment, tmp_path, moment
):
    kill_now = is_saving if moment == "saving" else after_a_random_time(moment)
    killed_at(kill_now, tmp_path, environment)
    code, output = finish(start(tmp_path, environment))
    assert code == 0, output
    if moment != "saving":
        assert "resumed at step" in output
    expected = final_state(uninterrupted[0])
    assert not miniature.differing(expected, final_state(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_many_moments(uninterrupted, environment, tmp_path, seed):
    delay = random.Random(seed).uniform(2, 20)
    begin = time.monotonic()
    process = start(tmp_path, environment)
    while process.poll() is None and time.monotonic() < begin + delay:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    finish(process)
    code, output = finish(start(tmp_path, environment))
    assert code == 0, output
    expected = final_state(uninterrupted[0])
    assert not miniature.differing(expected, final_state(tmp_path))


def test_another_config_is_refused_and_nothing_is_overwritten(
    uninterrupted, environment
):
    workdir, _ = uninterrupted
    before = sorted(path for path in workdir.rglob("*"))
    override = "--config.model.width_multiplier=0.125"
    code, output = finish(start(workdir, environment, override))
    assert code == 2
    assert output.splitlines()[-1].startswith("error: the workdir holds a run of")
    assert "width_multiplier was 0.0625, now 0.125" in output
    assert "Traceback" not in output
    assert sorted(path for path in workdir.rglob("*")) == before


def test_a_mistake_is_one_clear_line_and_leaves_no_trace(environment, tmp_path):
    workdir = tmp_path / "run"
    code, output = finish(start(workdir, environment, "--config.data.dataset=osie"))
    assert code == 2, output
    last = output.splitlines()[-1]
    assert last.startswith("error: ") and "prepare_data.py --dataset=osie" in last
    assert "Traceback" not in output
    assert not workdir.exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("data.dataset", "nosuch", "there is no dataset 'nosuch'"),
        ("data.eval_split", "nosuch", "has no split 'nosuch'"),
        ("data.image_size", (30, 48), "multiples of 16"),
        ("batch_size", 100, "batch_size 100 is larger than the 24"),
        ("num_devices", 9, "num_devices is 9, but there are 8"),
        ("init_from", "nosuch.pth", r"no weights at nosuch\.pth"),
    ],
)
def test_nothing_is_written_when_a_run_cannot_start(
    environment, tmp_path, field, value, message
):
    config = smoke_config(environment)
    config.update_from_flattened_dict({field: value})
    with pytest.raises((UserError, FileNotFoundError), match=message):
        training.train(config, str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_workdir_that_is_a_file_is_refused(environment, tmp_path):
    workdir = tmp_path / "run"
    workdir.write_text("mine")
    code, output = finish(start(workdir, environment))
    assert code == 2
    assert "Traceback" not in output and str(workdir) in output.splitlines()[-1]
    assert workdir.read_text() == "mine"


def smoke_config(environment):
    from configs import smoke  # pyright: ignore[reportMissingImports]

    config = smoke.get_config()
    config.data.data_dir = environment["TFDS_DATA_DIR"]
    config.num_devices = 1
    return config


def test_a_nan_stops_the_run_and_leaves_the_last_good_checkpoint(
    environment, tmp_path, monkeypatch
):
    config = smoke_config(environment)

    def poisoned(recipe, *, axis_name):
        del axis_name
        assert not recipe.skip_not_finite

        def update(state, batch):
            del batch
            loss = jax.numpy.where(state.step == 7, jax.numpy.nan, 0.5)
            return state.replace(step=state.step + 1), {"content_loss": loss}

        return dict.fromkeys(Update, update)

    monkeypatch.setattr(updates, "make_updates", poisoned)
    message = "step 8: content_loss not finite: the generator's loss"
    with pytest.raises(UserError, match=message):
        training.train(config, str(tmp_path))
    assert checkpoints.all_steps(str(tmp_path)) == [5]


@pytest.mark.slow
@pytest.mark.parametrize("fused_steps", [1, 2])
def test_a_run_skips_a_nan_of_each_network_and_ends_finite(
    environment, tmp_path, monkeypatch, fused_steps
):
    make_updates = updates.make_updates

    def poisoned(recipe, *, axis_name):
        def spoil(function):
            def update(state, batch):
                is_bad = jax.numpy.isin(state.step, jax.numpy.array([1, 3, 6, 8]))
                truth = jax.numpy.where(is_bad, jax.numpy.nan, batch.saliency_map)
                return function(state, batch._replace(saliency_map=truth))

            return update

        functions = make_updates(recipe, axis_name=axis_name)
        return {update: spoil(function) for update, function in functions.items()}

    monkeypatch.setattr(updates, "make_updates", poisoned)
    workdir = str(tmp_path / "run")
    config = short_config(environment, on_nan="skip", fused_steps=fused_steps)
    # 1 is of bootstrap and 3 of the discriminator; after the stop, 6 and 8.
    config.phases.num_epochs = 2
    training.train(config, workdir)
    config.phases.num_epochs = 3
    state = training.train(config, workdir)
    assert state.step == 9
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(state))
    series = scalars.read(workdir)
    assert series["train/skipped_generator_updates"][1][-1] == 3
    assert series["train/skipped_discriminator_updates"][1][-1] == 1
    assert np.isfinite(series["train/generator_loss"][1]).all()


def test_released_code_starts_the_adversarial_phase_with_fresh_slots(
    environment, tmp_path
):
    config = smoke_config(environment)
    config.bootstrap_optimizer.rule = "nesterov"
    config.bootstrap_optimizer.momentum = 0.5
    config.phases.carry_optimizer_state = False
    config.phases.bootstrap_epochs = 1
    config.phases.num_epochs = 2
    config.checkpoint.every_steps = 3
    config.evaluation.max_images = 1
    state = training.train(config, str(tmp_path))
    slots = jax.tree.leaves(state.generator.opt_state)
    num_trained = len(jax.tree.leaves(state.generator.params)) - 4
    assert len(slots) == num_trained
    assert all(bool((slot >= 0).all()) for slot in slots)
    assert parallel.local_devices(1) == [jax.devices()[0]]
    again = training.train(config, str(tmp_path))
    assert not miniature.differing(state.generator.params, again.generator.params)
    before_the_change, _, _ = checkpoints.restore_arrays(str(tmp_path), step=3)
    assert before_the_change == 3


def test_a_shorter_bootstrap_can_share_the_start_of_a_longer_one(environment, tmp_path):
    config = smoke_config(environment)
    config.phases.bootstrap_epochs = config.phases.num_epochs = 1
    config.evaluation.max_images = 1
    training.train(config, str(tmp_path))
    with config.unlocked():
        config.phases.num_epochs = 2
    state = training.train(config, str(tmp_path))
    assert int(state.step) == 6
    _, arrays, _ = checkpoints.restore_arrays(str(tmp_path))
    slots = jax.tree.leaves(arrays["discriminator"]["opt_state"])
    assert any(np.asarray(slot).any() for slot in slots)


def short_config(environment, **fields):
    """Three epochs of three steps, the first of them bootstrap; examples flipped."""
    config = smoke_config(environment)
    config.data.horizontal_flip = True
    config.phases.bootstrap_epochs = 1
    config.phases.num_epochs = 3
    config.evaluation.max_images = 1
    config.logging.every_steps = 4
    config.update_from_flattened_dict(fields)
    return config


@pytest.fixture(scope="module")
def short_run(environment, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("short") / "run"
    return training.train(short_config(environment), str(workdir)), workdir


@pytest.mark.parametrize(
    "place", ["host", pytest.param("device", marks=pytest.mark.slow)]
)
def test_a_cache_of_frozen_features_changes_no_bit(
    short_run, environment, tmp_path, place
):
    fields = {"model.cache_frozen_features": True, "data.cache": place}
    config = short_config(environment, **fields, **{"phases.num_epochs": 2})
    training.train(config, str(tmp_path / "run"))
    # The cache is made anew for the rest of an interrupted run.
    config.phases.num_epochs = 3
    state = training.train(config, str(tmp_path / "run"))
    assert not miniature.differing(short_run[0], state)


def test_several_steps_a_call_are_the_same_steps(short_run, environment, tmp_path):
    expected, workdir = short_run
    config = short_config(environment, fused_steps=2)
    state = training.train(config, str(tmp_path / "run"))
    assert state.step == expected.step == 9
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4),
        state.generator.params,
        expected.generator.params,
    )
    fused, single = scalars.read(str(tmp_path / "run")), scalars.read(str(workdir))
    for name in ("content_loss", "discriminator_loss"):
        for values in zip(fused[f"train/{name}"], single[f"train/{name}"], strict=True):
            np.testing.assert_allclose(*values, rtol=1e-3)


@pytest.mark.slow
def test_both_players_can_move_in_each_step(environment, tmp_path):
    config = short_config(environment, schedule="both", **{"phases.num_epochs": 2})
    training.train(config, str(tmp_path / "run"))
    series = scalars.read(str(tmp_path / "run"))
    for name in ("discriminator_loss", "generator_loss"):
        steps, values = series[f"train/{name}"]
        assert steps[-1] == 6 and np.isfinite(values).all()
