"""Several processes make the same parameters and scores as one."""

import company
import jax
import numpy as np
import pytest
from PIL import Image

from salgan_jax import checkpoints
from salgan_jax.data import records
from salgan_jax.processes import Share

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
NUM_EPOCHS = 3


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


@pytest.mark.slow
def test_two_processes_make_the_run_of_one(alone, data_dir, tmp_path):
    train_together(tmp_path, data_dir, "float64", (2, 1))
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


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, data_dir):
    workdir = tmp_path_factory.mktemp("short")
    train_together(workdir, data_dir, "float32", (1, 1), num_epochs=2)
    return workdir


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
def test_several_processes_score_each_image_exactly_once(
    checkpoint, data_dir, tmp_path, count
):
    def evaluate(number):
        output = tmp_path / str(number)
        company.run(
            [
                "launch/evaluate.py",
                f"--checkpoint={checkpoint}",
                f"--data_dir={data_dir}",
                f"--output={output}",
            ],
            number,
            1,
        )
        return output

    one, several = evaluate(1), evaluate(count)
    for name in ("metrics.csv", "metrics.json"):
        assert (one / name).read_bytes() == (several / name).read_bytes()


@pytest.mark.slow
def test_several_processes_predict_each_image_once_and_agree_on_the_outcome(
    checkpoint, tmp_path
):
    photos = tmp_path / "photos"
    photos.mkdir()
    random = np.random.default_rng(0)
    for index in range(7):
        image = random.integers(0, 256, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(image).save(photos / f"{index}.png")

    def predict(number):
        output = tmp_path / str(number)
        flags = [f"--checkpoint={checkpoint}", f"--input={photos}"]
        command = ["launch/predict.py", *flags, f"--output={output}"]
        printed = company.run(command, number, 1)
        return output, printed

    (one, _), (several, printed) = predict(1), predict(3)
    assert "7 of 7 images predicted with step 6" in printed[0]
    assert len(list(several.glob("manifest-*-of-00003.jsonl"))) == 3
    for index in range(7):
        name = f"{index}.png"
        assert (one / name).read_bytes() == (several / name).read_bytes()
    (photos / "broken.png").write_bytes(b"no image")
    flags = [f"--checkpoint={checkpoint}", f"--input={photos}", f"--output={several}"]
    results = company.finish(company.start(["launch/predict.py", *flags], 2, 1))
    assert [code for code, _ in results] == [1, 1], results
    assert "0 of 8 images predicted" in results[0][1]
    assert "done before: 7" in results[0][1]
    assert sum("broken.png" in output for _, output in results) == 1


def test_flags_of_processes_without_distributed_are_a_mistake(tmp_path):
    flags = ["--config=configs/smoke.py", f"--workdir={tmp_path}", "--process_id=1"]
    ((code, output),) = company.finish(company.start(["launch/train.py", *flags], 1, 1))
    assert code == 2 and output.startswith("error:") and "--distributed" in output


def started_with(data_dir, *flags_of_each):
    """Results of one process for each list of flags, all of one run."""
    address, count = f"localhost:{company.free_port()}", len(flags_of_each)
    command = ["launch/train.py", "--config=configs/smoke.py"]
    data = {"TFDS_DATA_DIR": data_dir}
    started = [
        company.start_one([*command, *flags, *company.joining(address, count, i)], data)
        for i, flags in enumerate(flags_of_each)
    ]
    return company.finish(started)


@pytest.mark.slow
def test_processes_that_were_told_different_things_say_so(tmp_path, data_dir):
    workdir = f"--workdir={tmp_path}/run"
    seeds = ["--config.seed=0"], ["--config.seed=1"]
    results = started_with(data_dir, *([workdir, *seed] for seed in seeds))
    assert all(code != 0 for code, _ in results)
    assert any("the processes of this run differ" in output for _, output in results)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_workdir_that_only_one_process_sees_is_a_mistake(tmp_path, data_dir):
    workdirs = [f"--workdir={tmp_path}/0"], [f"--workdir={tmp_path}/1"]
    results = started_with(data_dir, *workdirs)
    assert all(code != 0 for code, _ in results)
    assert "process 1 does not see what process 0 wrote" in results[1][1]
