"""What is saved comes back; what is not there, or does not fit, is said in a line."""

import random
import shutil

import jax
import miniature
import numpy as np
import orbax.checkpoint as ocp
import pytest

from salgan_jax import checkpoints
from salgan_jax.errors import UserError


def save(workdir, steps, *, scores=None, config=None, max_to_keep=2, metric="cc"):
    state = miniature.state()
    with checkpoints.open_manager(
        str(workdir), max_to_keep=max_to_keep, best_metric=metric
    ) as manager:
        for step in steps:
            checkpoints.save(
                manager,
                step,
                state.replace(step=np.int32(step)),
                config or miniature.config(),
                (scores or {}).get(step),
            )
    return state


def test_state_comes_back_bit_identical_with_its_types(tmp_path):
    state = save(tmp_path, [3])
    saved = checkpoints.newest_intact(str(tmp_path), 3)
    restored = checkpoints.as_state(saved.state, like=miniature.state())
    assert not miniature.differing(state.replace(step=np.int32(3)), restored)


def test_newest_are_kept_and_the_best_besides(tmp_path):
    scores = {1: {"cc": 0.1}, 2: {"cc": 0.9}, 4: {"cc": 0.5}}
    save(tmp_path, [1, 2, 3, 4, 5], scores=scores)
    assert checkpoints.all_steps(str(tmp_path)) == [2, 4, 5]
    assert checkpoints.best_step(str(tmp_path), "cc") == 2
    assert checkpoints.saved_metrics(str(tmp_path))[4] == {"cc": 0.5}


def test_lowest_kl_divergence_is_the_best(tmp_path):
    scores = {step: {"kld": kld} for step, kld in enumerate([2.0, 0.5, 1.0], 1)}
    save(tmp_path, [1, 2, 3], scores=scores, max_to_keep=1, metric="kld")
    assert checkpoints.all_steps(str(tmp_path)) == [2, 3]
    assert checkpoints.best_step(str(tmp_path), "kld") == 2


def test_generator_is_loaded_with_the_config_it_was_trained_with(tmp_path):
    state = save(tmp_path, [4, 8])
    loaded = checkpoints.load_generator(str(tmp_path))
    assert loaded.step == 8
    assert loaded.config.model.width_multiplier == 1 / 16
    assert not miniature.differing(dict(state.generator.params), dict(loaded.params))
    image = np.zeros((1, 32, 48, 3), np.float32)
    logits = jax.jit(loaded.generator.apply)({"params": loaded.params}, image)
    assert logits.shape == (1, 32, 48, 1)
    assert checkpoints.load_generator(str(tmp_path), step=4).step == 4


def test_plain_orbax_reads_the_checkpoint(tmp_path):
    state = save(tmp_path, [8])
    with ocp.StandardCheckpointer() as checkpointer:
        path = tmp_path / "checkpoints" / "8" / "state"
        names = checkpointer.metadata(path).item_metadata.tree
    kernel = names["generator"]["params"]["encoder"]["conv3_2"]["kernel"]
    expected = state.generator.params["encoder"]["conv3_2"]["kernel"]
    assert kernel.shape == expected.shape


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir()])
def test_a_folder_without_checkpoint_is_named(tmp_path, make):
    make(tmp_path / "runs")
    with pytest.raises(FileNotFoundError, match=r"no checkpoint in .*runs"):
        checkpoints.load_generator(str(tmp_path / "runs"))


def test_a_step_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    save(tmp_path, [4, 8])
    with pytest.raises(FileNotFoundError, match=r"no checkpoint of step 5: .* 4, 8"):
        checkpoints.restore_arrays(str(tmp_path), step=5)


def test_arrays_of_another_architecture_are_refused(tmp_path):
    wider = miniature.config(width_multiplier=1 / 8)
    save(tmp_path, [1], config=wider)
    with pytest.raises(UserError, match="another architecture"):
        checkpoints.load_generator(str(tmp_path))


def test_a_torn_save_is_not_listed(tmp_path):
    save(tmp_path, [4])
    torn = tmp_path / "checkpoints" / "8.orbax-checkpoint-tmp-1"
    torn.mkdir()
    (torn / "state").mkdir()
    assert checkpoints.all_steps(str(tmp_path)) == [4]
    assert checkpoints.load_generator(str(tmp_path)).step == 4


def flip_a_bit(path, draw):
    data = bytearray(path.read_bytes())
    if data:
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)


def cut(path, draw):
    data = path.read_bytes()
    path.write_bytes(data[: draw.randrange(len(data))] if data else b"")


def remove(path, draw):
    del draw
    path.unlink()


@pytest.fixture(scope="module")
def three_steps(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("three") / "run"
    scores = {2: {"cc": 0.2}, 3: {"cc": 0.3}}
    return workdir, save(workdir, [1, 2, 3], scores=scores, max_to_keep=3)


@pytest.mark.parametrize("num_trials", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_a_broken_file_is_noticed_or_does_not_matter(three_steps, tmp_path, num_trials):
    original, state = three_steps
    draw = random.Random(num_trials)
    last = original / "checkpoints" / "3"
    files = sorted(p.relative_to(last) for p in last.rglob("*") if p.is_file())
    for trial in range(num_trials):
        workdir = tmp_path / str(trial)
        shutil.copytree(original, workdir)
        path = workdir / "checkpoints" / "3" / draw.choice(files)
        draw.choice([flip_a_bit, cut, remove])(path, draw)
        saved = checkpoints.newest_intact(str(workdir))
        assert saved.step == (2 if saved.damaged else 3), path
        found = checkpoints.as_state(saved.state, state)
        expected = state.replace(step=np.int32(saved.step))
        assert not miniature.differing(expected, found), path
        assert saved.metrics == {"cc": saved.step / 10}
        checkpoints.set_aside_damaged(str(workdir), saved.damaged)
        save(workdir, [4], max_to_keep=3)
        assert checkpoints.all_steps(str(workdir))[-1] == 4


def test_a_damaged_step_that_is_asked_for_is_an_error_and_no_other_is_given(tmp_path):
    save(tmp_path, [4, 8])
    metadata = tmp_path / "checkpoints" / "8" / "config" / "metadata"
    metadata.write_text(metadata.read_text().replace('"seed": 0', '"seed": 1'))
    message = "step 8 is damaged: config differ"
    with pytest.raises(UserError, match=message):
        checkpoints.load_generator(str(tmp_path), step=8)
    assert checkpoints.load_generator(str(tmp_path)).step == 4
    shutil.rmtree(tmp_path / "checkpoints" / "4")
    with pytest.raises(UserError, match=r"every checkpoint in .* is damaged"):
        checkpoints.load_generator(str(tmp_path))


def test_a_checkpoint_older_than_checksums_is_read(tmp_path):
    save(tmp_path, [4])
    shutil.rmtree(tmp_path / "checkpoints" / "4" / "checksums")
    assert checkpoints.load_generator(str(tmp_path)).step == 4


def test_a_save_that_fails_is_one_line_with_the_reason_and_what_is_complete(
    tmp_path, monkeypatch
):
    save(tmp_path, [1])

    def fail(*_, **__):
        raise ValueError("a long story: to write 9 bytes [os_error_code='28']\nmore")

    monkeypatch.setattr(ocp.CheckpointManager, "save", fail)
    with pytest.raises(UserError) as raised:
        save(tmp_path, [2])
    assert "\n" not in str(raised.value)
    assert "No space left on device; complete are those of steps 1:" in str(
        raised.value
    )
    assert checkpoints.newest_intact(str(tmp_path)).step == 1
