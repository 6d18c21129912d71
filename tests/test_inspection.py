import ml_collections
import numpy as np
import pytest

from salgan_jax import checkpoints, inspection


def _layer(value=1.0):
    kernel = np.full((3, 3, 2, 4), value, np.float32)
    return {"kernel": kernel, "bias": np.zeros(4, np.float32)}


def _state():
    slot = {"count": np.int32(5), "sum_of_squares": {"decoder": {"out": _layer(4.0)}}}
    params = {"encoder": {"conv1_1": _layer(2.0)}, "decoder": {"out": _layer()}}
    return {
        "step": np.int32(5),
        "generator": {"params": params, "opt_state": {"trained": [slot, None]}},
        "discriminator": {"params": {"fc4": _layer()}, "opt_state": {}},
    }


@pytest.fixture
def described(monkeypatch):
    config = ml_collections.ConfigDict({"seed": 3, "model": {"frozen_blocks": 1}})
    monkeypatch.setattr(
        checkpoints, "restore_arrays", lambda workdir, step: (5, _state(), config)
    )
    scores = {2: None, 5: {"nss": 1.25, "cc": 0.5}}
    monkeypatch.setattr(checkpoints, "saved_metrics", lambda workdir: scores)
    return inspection.describe("runs/a").splitlines()


def _line(lines, start):
    (line,) = [line for line in lines if line.startswith(start)]
    return line.split()


def test_description_lists_steps_with_their_scores_and_the_config(described):
    assert described[:3] == [
        "checkpoint runs/a",
        "step 2: not evaluated",
        "step 5 (shown below): nss 1.25, cc 0.5",
    ]
    assert "config.seed=3" in described
    assert "config.model.frozen_blocks=1" in described


def test_description_lists_each_parameter_with_label_and_norm(described):
    # 72 values of 2: norm 2 * sqrt(72).
    kernel = _line(described, "encoder/conv1_1/kernel")
    assert kernel[1:] == ["3x3x2x4", "float32", "72", "frozen", "16.9706"]
    assert _line(described, "decoder/out/bias")[1:5] == ["4", "float32", "4", "trained"]
    assert _line(described, "fc4/kernel")[4] == "trained"


def test_description_counts_trained_and_frozen_parameters(described):
    assert "generator: 152 parameters, 76 trained, 76 frozen" in described
    assert "discriminator: 76 parameters, 76 trained, 0 frozen" in described


def test_description_sums_optimizer_slots_over_the_parameters(described):
    slot = _line(described, "trained/0/sum_of_squares")
    assert slot[1:] == ["2", "76", "float32", "0", "4", "33.9411"]
    assert _line(described, "trained/0/count")[1:4] == ["1", "1", "int32"]
    assert "discriminator: no optimizer slots" in described


def test_equal_states_have_no_difference():
    state = _state()
    state["generator"]["params"]["decoder"]["out"]["bias"][0] = np.nan
    found = inspection.difference(state, state)
    assert found.is_empty() and found.num_identical == 10
    assert "identical" in inspection.describe_difference(found, "a", "b")


@pytest.mark.parametrize(
    ("value", "size"), [(0.5, 0.5), (-0.0, 0.0), (np.nan, np.nan), (np.inf, np.inf)]
)
def test_one_other_bit_is_a_difference(value, size):
    other = _state()
    slots = other["generator"]["opt_state"]["trained"][0]["sum_of_squares"]
    slots["decoder"]["out"]["bias"][2] = value
    found = inspection.difference(_state(), other)
    name = "generator/opt_state/trained/0/sum_of_squares/decoder/out/bias"
    assert not found.is_empty()
    assert list(found.other_values) == [name]
    np.testing.assert_equal(found.other_values[name], size)


def test_nan_of_other_bits_is_a_difference():
    one, other = np.array([np.nan], np.float32), np.array([-np.nan], np.float32)
    assert inspection.difference({"a": one}, {"a": one.copy()}).is_empty()
    assert inspection.difference({"a": one}, {"a": other}).other_values == {"a": 0.0}


def test_step_belongs_to_the_state():
    other = _state() | {"step": np.int32(7)}
    found = inspection.difference(_state(), other)
    assert found.other_values == {"step": 2.0}


def test_differences_are_named_largest_first():
    one = {name: np.zeros(3) for name in "abcd"}
    other = {
        "a": one["a"] + 1,
        "b": one["b"] * np.nan,
        "c": one["c"] - 3,
        "d": one["d"],
    }
    found = inspection.difference(one, other)
    assert list(found.other_values) == ["b", "c", "a"]
    text = inspection.describe_difference(found, "runs/a", "runs/b", top=2)
    assert text.index("  nan ") < text.index("  3 ")
    assert "and 1 more" in text and "different: 1 arrays" in text


def test_names_and_kinds_of_one_side_are_listed():
    one = {"a": np.zeros(2), "b": np.zeros(2), "c": np.zeros((2, 1))}
    other = {"b": np.zeros(2, np.float32), "c": np.zeros((1, 2)), "d": np.zeros(1)}
    found = inspection.difference(one, other)
    assert (found.only_first, found.only_second) == (["a"], ["d"])
    assert found.other_kind == {
        "b": "(2,) float64 | (2,) float32",
        "c": "(2, 1) float64 | (1, 2) float64",
    }
    text = inspection.describe_difference(found, "runs/a", "runs/b")
    assert "only in a: a" in text and "only in b: d" in text and "(2, 1)" in text
