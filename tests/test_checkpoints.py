"""What is saved comes back; what is not there, or does not fit, is said in a line."""

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
    restored = checkpoints.restore(str(tmp_path), 3, like=miniature.state())
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
