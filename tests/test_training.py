"""A run resumes to the bit, stops at a NaN, and refuses what it cannot go on from."""

import os
import signal
import time

import company
import jax
import miniature
import numpy as np
import pytest

from salgan_jax import (
    beginning,
    checkpoints,
    experiment,
    inference,
    parallel,
    preemption,
    provenance,
    scalars,
    training,
    training_input,
    updates,
)
from salgan_jax.data import records
from salgan_jax.errors import UserError
from salgan_jax.reproduction.ingredients import INGREDIENTS
from salgan_jax.schedule import Update


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The data that all runs of this file share."""
    folder = tmp_path_factory.mktemp("shared")
    records.open_split("popout/tiny", "train", str(folder / "data"))
    return {
        "TFDS_DATA_DIR": str(folder / "data"),
    }


def finish(workdir, environment, *overrides):
    command = ["launch/train.py", "--config=configs/smoke.py", f"--workdir={workdir}"]
    ((code, output),) = company.finish(
        company.start([*command, *overrides], 1, 1, environment)
    )
    return code, output


def test_a_mistake_is_one_clear_line_and_leaves_no_trace(environment, tmp_path):
    workdir = tmp_path / "run"
    code, output = finish(workdir, environment, "--config.data.dataset=osie")
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
    code, output = finish(workdir, environment)
    assert code == 2
    assert output.splitlines()[-1].startswith(f"error: the workdir {workdir} is a file")
    assert "Traceback" not in output
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_run_with_every_ingredient_resumes_to_the_bit(
    environment, tmp_path, monkeypatch
):
    fields = {
        name: value
        for each in INGREDIENTS.values()
        for name, value in each.fields.items()
        if not name.endswith("_epochs")
    }
    fields |= {"model.frozen_blocks": 1, "model.cache_frozen_features": True}
    fields |= INGREDIENTS["adamw"].fields
    fields |= {"data.image_size": (miniature.HEIGHT, miniature.WIDTH)}
    fields |= {"batch_size": short_config(environment).batch_size}
    config = short_config(environment, **fields)
    expected = training.train(config, str(tmp_path / "whole"))
    assert expected.generator.average is not None

    is_due = preemption.Notice.is_due
    calls = iter(range(100))
    with monkeypatch.context() as interrupted:
        interrupted.setattr(
            preemption.Notice,
            "is_due",
            lambda notice: next(calls) == 4 or is_due(notice),
        )
        part = training.train(config, str(tmp_path / "run"))
    assert part.step == 5
    state = training.train(config, str(tmp_path / "run"))
    assert state.step == expected.step == 9
    assert not miniature.differing(expected, state)
    predicted = checkpoints.load_generator(str(tmp_path / "run")).params
    assert not miniature.differing(expected.generator.average, predicted)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["host", "device"])
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_sigterm_while_evaluating_saves_at_once_and_the_scores_are_made_up_for(
    short_run, environment, tmp_path, monkeypatch
):
    fields = {"evaluation.max_images": 3, "evaluation.batch_size": 1}
    config = short_config(environment, **fields)
    make_predictor = inference.make_predictor
    predicted = []

    def told_after_one_image(*arguments):
        predictor = make_predictor(*arguments)

        def predict(images):
            predicted.append(len(images))
            os.kill(os.getpid(), signal.SIGTERM)
            return predictor(images)

        return predict

    workdir = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(inference, "make_predictor", told_after_one_image)
        assert training.train(config, str(workdir)).step == 3
        # Told again while it makes up for the scores, the run does not go on without.
        assert training.train(config, str(workdir)).step == 3
    assert predicted == [1, 1]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert checkpoints.saved_metrics(str(workdir)) == {3: None}
    state = training.train(config, str(workdir))
    assert not miniature.differing(short_run[0], state)
    assert scalars.read(str(workdir))["eval/cc"][0] == [3, 9]


def test_every_start_of_a_run_is_recorded(short_run):
    _, workdir = short_run
    (start,) = provenance.read(str(workdir))
    assert (start["first_step"], start["num_steps"]) == (0, 9)
    config = provenance.read_config(str(workdir))
    assert config and config["data"]["dataset"] == "popout/tiny"
    assert config["precision"]["generator"] == "float32"  # what "auto" was


def test_sigterm_before_the_first_step_ends_without_a_trace(
    environment, tmp_path, monkeypatch
):
    def told(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(beginning, "begin", told)
    with pytest.raises(SystemExit) as end:
        training.train(short_config(environment), str(tmp_path / "run"))
    assert not end.value.code
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("hours", [-50, 50])
def test_a_clock_that_jumps_changes_nothing(
    short_run, environment, tmp_path, monkeypatch, hours
):
    clock, write, jumped = time.time, scalars.Writer.write, []

    def write_and_jump(*arguments):
        jumped.append(hours)
        write(*arguments)

    monkeypatch.setattr(time, "time", lambda: clock() + 3600 * sum(jumped[:1]))
    monkeypatch.setattr(scalars.Writer, "write", write_and_jump)
    config, workdir = short_config(environment), str(tmp_path / "run")
    try:
        state = training.train(config, workdir)
    except UserError as error:  # Orbax gives up what it was saving at that moment
        assert hours > 0 and "a checkpoint cannot be written" in str(error)
        state = training.train(config, workdir)
    assert jumped
    assert not miniature.differing(short_run[0], state)
    speeds = scalars.read(workdir)["train/images_per_second"][1]
    assert all(speed > 0 for speed in speeds)


def test_an_output_bias_is_of_new_decoders_only(environment, tmp_path):
    config = short_config(environment)
    config.model.output_bias = True

    def begun(workdir="run"):
        run = beginning.begin(config, str(tmp_path / workdir))
        return run, run.setup.params.generator["decoder"]["decoder_output"]["bias"]

    run, bias = begun()
    mean = training_input.mean_map_value(run.source, run.config)
    np.testing.assert_allclose(bias, np.log(mean / (1 - mean)), rtol=1e-5)
    state = {"generator": {"params": jax.tree.map(np.zeros_like, run.setup.params[0])}}
    checkpoints.save_weights(str(tmp_path / "whole"), state, run.config)
    config.init_from = str(tmp_path / "whole")
    assert float(begun("another")[1][0]) == 0  # the decoder's that was loaded
    encoder = {"encoder": state["generator"]["params"]["encoder"]}
    state = {"generator": {"params": encoder}}
    checkpoints.save_weights(str(tmp_path / "encoder"), state, run.config)
    config.init_from = str(tmp_path / "encoder")
    np.testing.assert_allclose(begun("third")[1], bias)


def test_images_are_prepared_as_the_initial_weights_expect(environment, tmp_path):
    config = short_config(environment)
    described = config.copy_and_resolve_references()
    described.model.input_convention = "caffe"
    generator = experiment.make_experiment(config).params.generator
    state = {"generator": {"params": jax.tree.map(np.asarray, generator)}}
    checkpoints.save_weights(str(tmp_path / "weights"), state, described)
    config.init_from = str(tmp_path / "weights")
    run = beginning.begin(config, str(tmp_path / "run"))
    assert run.config.model.input_convention == "caffe"
    assert run.setup.recipe.generator.input_convention == "caffe"
    # A run that goes on keeps it, whether the weights are still there or not.
    resumed = experiment.with_input_convention(config, saved=run.config)
    assert resumed.model.input_convention == "caffe"
    random = experiment.with_input_convention(config)
    assert random.model.input_convention == "torchvision"
