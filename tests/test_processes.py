"""Several processes make the same parameters and scores as one."""

import company
import jax
import numpy as np
import pytest

from salgan_jax import checkpoints
from salgan_jax.data import records
from salgan_jax.processes import Share

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
NUM_EPOCHS = 4


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("data"))
    records.open_split("popout/tiny", "train", folder)
    return folder


def train_together(workdir, data_dir, precision, layout, num_epochs=NUM_EPOCHS):
    command = ["tests/company.py", str(workdir), data_dir, precision, str(num_epochs)]
    is_double = str(int(precision == "float64"))
    count, num_devices = layout
    company.run(command, count, num_devices, {"JAX_ENABLE_X64": is_double})


@pytest.fixture(scope="module")
def alone(tmp_path_factory, data_dir):
    """The workdir of an uninterrupted run of one process, for each precision."""
    made = {}

    def workdir(precision):
        if precision not in made:
            made[precision] = tmp_path_factory.mktemp(precision)
            train_together(made[precision], data_dir, precision, (1, 1))
        return made[precision]

    return workdir


def assert_same_run(workdir, expected, tolerance):
    ours, theirs = (checkpoints.newest_intact(str(w)) for w in (workdir, expected))
    assert ours.step == theirs.step == 3 * NUM_EPOCHS
    flat = [jax.tree.leaves(each.state) for each in (ours, theirs)]
    for a, b in zip(*flat, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)
    assert ours.metrics is not None and theirs.metrics is not None
    assert ours.metrics.keys() == theirs.metrics.keys()
    for name, score in ours.metrics.items():
        assert score == pytest.approx(theirs.metrics[name], abs=100 * tolerance)


def test_two_processes_of_two_devices_make_the_run_of_one(alone, data_dir, tmp_path):
    train_together(tmp_path, data_dir, "float64", (2, 2))
    assert_same_run(tmp_path, alone("float64"), 1e-9)
    params = checkpoints.newest_intact(str(tmp_path)).state["generator"]["params"]
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {np.dtype(np.float64)}


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("layout", [(1, 4), (2, 2), (4, 1)], ids=str)
def test_every_layout_makes_the_same_run(alone, data_dir, tmp_path, layout, precision):
    train_together(tmp_path, data_dir, precision, layout)
    assert_same_run(tmp_path, alone(precision), TOLERANCE[precision])


@pytest.mark.slow
@pytest.mark.parametrize(
    "layouts", [((2, 2), (1, 1)), ((1, 4), (4, 1)), ((1, 1), (2, 1))], ids=str
)
def test_any_layout_goes_on_from_any_other(alone, data_dir, tmp_path, layouts):
    train_together(tmp_path, data_dir, "float64", layouts[0], num_epochs=2)
    train_together(tmp_path, data_dir, "float64", layouts[1])
    assert_same_run(tmp_path, alone("float64"), 1e-9)


def test_shares_are_everything_once():
    pieces = range(11)
    shares = [Share(index, 4).of(pieces) for index in range(4)]
    assert sorted(piece for share in shares for piece in share) == list(pieces)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
