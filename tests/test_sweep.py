"""A sweep runs every point once, says which failed, and averages over seeds."""

import csv
import doctest
import json
import pathlib
import signal
import subprocess
import time

import company
import pytest

from salgan_jax import checkpoints, fields
from salgan_jax import config as config_module
from salgan_jax.errors import UserError
from salgan_jax.sweep import devices, grid, points, running, story

# What launch/train.py leaves of a run, by a script that takes no time. It fails at
# seed 13; at seed 7 it is told to end, at half, the first time.
RUN = """
import json, os, pathlib, signal, sys, time
flags = dict(word[2:].split("=", 1) for word in sys.argv[1:])
seed, alpha = int(flags["config.seed"]), float(flags.get("config.losses.alpha", 1))
folder = pathlib.Path(flags["workdir"])
print("seed", seed, os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
if seed == 13:
    sys.exit("error: an unlucky number")
is_first = not (folder / "checkpoints").exists()
step = 5 if is_first and seed == 7 else 10
(folder / "checkpoints" / str(step)).mkdir(parents=True)
with (folder / "provenance.jsonl").open("a") as file:
    file.write(json.dumps({"first_step": 0, "num_steps": 10}) + "\\n")
with (folder / "scalars.jsonl").open("a") as file:
    for at, cc in ((4, 0.9), (step, seed * alpha)):
        file.write(json.dumps({"step": at, "eval/cc": cc, "train/x": 1.0}) + "\\n")
if is_first and seed == 8:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("saved"))
    (folder / "checkpoints" / "10").rmdir()
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(30)
"""


def small(**changes):
    config = config_module.default()
    config.init_from = "random"
    config.data.dataset = "popout/tiny"
    config.update_from_flattened_dict(changes)
    return config


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Sweeps with a script that takes no time; returns exit code and workdir."""
    monkeypatch.setattr(grid.training_input, "with_full_names", lambda config: config)
    script = tmp_path / "run.py"
    script.write_text(RUN)

    def sweep(*words, slots=({},), is_best=False, **overrides):
        recipe = story.Recipe(script, "smoke.py", overrides, small(**overrides))
        workdir = str(tmp_path / "sweep")
        return story.sweep(recipe, workdir, words, slots=slots, is_best=is_best)

    sweep.workdir = tmp_path / "sweep"
    return sweep


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def status(workdir):
    return {each.name: each.status for each in points.read_all(workdir)}


def test_the_examples_in_the_docstrings_are_right():
    assert doctest.testmod(grid) == (0, 1)


# ---- the grid ----------------------------------------------------------------------


def test_a_grid_is_every_combination_in_the_order_of_the_config():
    axes = grid.parse(["losses.alpha=0.005,5e-2", "config.seed=0,1"], small())
    assert list(axes) == ["seed", "losses.alpha"]
    assert [grid.name_of(point) for point in grid.points(axes)] == [
        "seed=0,losses.alpha=0.005",
        "seed=0,losses.alpha=0.05",
        "seed=1,losses.alpha=0.005",
        "seed=1,losses.alpha=0.05",
    ]


def test_values_may_hold_commas_in_brackets_and_quotes():
    words = ["data.image_size=(32,48),(64,80)", "data.dataset='osie:1,popout:2',osie"]
    axes = grid.parse(words, small())
    assert axes["data.image_size"] == [(32, 48), (64, 80)]
    assert axes["data.dataset"] == ["osie:1,popout:2", "osie"]


def test_every_name_is_one_that_a_disk_takes():
    point = {"data.dataset": "a/b c", "data.image_size": (32, 48), "name": "ü" * 90}
    name = grid.name_of(point)
    assert name.startswith("data.dataset=a%2Fb%20c,data.image_size=(32%2C48),name=")
    assert len(name) < 200 and name.isascii()
    assert name != grid.name_of(point | {"name": "ü" * 91})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["loss.alpha=1"], "no field 'loss.alpha'; did you mean losses.alpha?"),
        (["seed"], "write a field and its values, as in seed=0,1,2"),
        (["seed=0,1.5"], "config.seed is '1.5': it must be a whole number"),
        (["seed=0,0"], "0 is there twice"),
        (["seed=0", "seed=1"], "seed is there twice"),
        (["schedule=both,bot"], "--grid at schedule=bot: .* did you mean both"),
        (["seed=0", "batch_size=8,0"], "--grid at seed=0, batch_size=0: .*1 or more"),
        (["init_from=random,no.pth"], "--grid at init_from=no.pth: no weights at"),
    ],
)
def test_a_wrong_grid_is_one_line_and_nothing_is_begun(run, words, message):
    with pytest.raises(UserError, match=message):
        run(*words)
    assert not run.workdir.exists()


def test_a_data_set_that_there_is_not_is_noticed_before_the_first_run(tmp_path):
    recipe = story.Recipe(tmp_path / "absent", "smoke.py", {}, small())
    with pytest.raises(UserError, match="did you mean popout/tiny"):
        story.sweep(
            recipe,
            str(tmp_path / "sweep"),
            ["data.dataset=popout/tny"],
            slots=[{}],
            is_best=False,
        )
    assert not (tmp_path / "sweep").exists()


def test_every_value_arrives_as_its_flag_says_it():
    config = small()
    point = {"data.image_size": (32, 48), "data.horizontal_flip": True, "name": ""}
    assert grid.overrides(point) == [
        "--config.data.image_size=(32,48)",
        "--config.data.horizontal_flip=True",
        "--config.name=",
    ]
    for field, value in point.items():
        (text,) = (x.partition("=")[2] for x in grid.overrides({field: value}))
        like = fields.flat(config.to_dict())[field]
        assert fields.parse(field, text, like) == value


# ---- the runs ----------------------------------------------------------------------


def test_means_and_deviations_are_over_seeds(run, capsys):
    assert run("seed=1,2,6", "losses.alpha=1,0.5", slots=({}, {})) == 0
    first, second = read(run.workdir / "sweep.csv")
    # 1, 2, 6: mean 3, deviation sqrt((4 + 1 + 9) / 2); and half of each.
    assert (first["losses.alpha"], first["n"]) == ("0.5", "3")
    assert float(first["cc_mean"]) == 1.5
    assert float(first["cc_std"]) == pytest.approx(7**0.5 / 2)
    assert float(second["cc_mean"]) == 3
    assert float(second["cc_std"]) == pytest.approx(7**0.5)
    rows = read(run.workdir / "sweep_runs.csv")
    assert [(row["seed"], row["losses.alpha"], row["cc"]) for row in rows[:3]] == [
        ("1", "0.5", "0.5"),
        ("1", "1.0", "1.0"),
        ("2", "0.5", "1.0"),
    ]
    assert {row["step"] for row in rows} == {"10"}
    kept = json.loads((run.workdir / "sweep.json").read_text())
    assert len(kept["means"]) == 2 and len(kept["runs"]) == 6
    assert "3.0000 ± 2.6458" in capsys.readouterr().out


def test_finished_runs_are_left_alone_and_a_larger_grid_adds_some(run):
    assert run("seed=1,2") == 0
    log = run.workdir / "seed=1" / points.LOG
    before = log.read_text()
    assert run("seed=1,2,3") == 0
    assert log.read_text() == before
    (row,) = read(run.workdir / "sweep.csv")
    assert (row["n"], float(row["cc_mean"])) == ("3", 2)


def test_another_axis_keeps_the_runs_of_the_earlier_grid_apart(run):
    assert run("seed=1,2") == 0
    assert run("losses.alpha=2", "seed=5") == 0
    rows = read(run.workdir / "sweep.csv")
    found = [(row["losses.alpha"], row["n"], float(row["cc_mean"])) for row in rows]
    assert found == [("0.005", "2", 1.5), ("2.0", "1", 10)]


def test_a_run_that_a_killed_sweep_left_is_shown_as_interrupted(run):
    points.write(run.workdir / "seed=4", small(seed=4), points.RUNNING)
    assert run("seed=1") == 0
    rows = read(run.workdir / "sweep_runs.csv")
    assert [(row["run"], row["status"], row["step"]) for row in rows] == [
        ("seed=1", "finished", "10"),
        ("seed=4", "interrupted", ""),
    ]


def test_a_run_of_another_config_is_not_taken_for_finished(run):
    assert run("seed=1") == 0
    run("seed=1", batch_size=8)
    assert (run.workdir / "seed=1" / points.LOG).read_text().count("seed 1") == 2


def test_a_failed_run_is_named_and_the_others_go_on(run, capsys, caplog):
    with caplog.at_level("INFO"):
        assert run("seed=13,1") == 1
    assert status(run.workdir) == {"seed=13": "failed", "seed=1": "finished"}
    assert "seed=13: failed: exit code 1: error: an unlucky number" in caplog.text
    assert "failed: seed=13; the logs are train.log in each" in capsys.readouterr().out
    assert [row["n"] for row in read(run.workdir / "sweep.csv")] == ["1"]


def test_a_run_that_ended_early_is_not_finished_and_goes_on(run, capsys):
    assert run("seed=7") == 0
    assert status(run.workdir) == {"seed=7": "interrupted"}
    assert "left to do: seed=7; the same command goes on" in capsys.readouterr().out
    assert run("seed=7") == 0
    assert status(run.workdir) == {"seed=7": "finished"}


def test_sigterm_is_passed_on_and_no_other_run_is_begun(run):
    before = signal.getsignal(signal.SIGTERM)
    assert run("seed=8,9") == 0
    assert status(run.workdir) == {"seed=8": "interrupted", "seed=9": "waiting"}
    assert "saved" in (run.workdir / "seed=8" / points.LOG).read_text()
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_best_evaluation_can_be_asked_for(run):
    assert run("seed=0", is_best=True) == 0
    (row,) = read(run.workdir / "sweep_runs.csv")
    assert (row["step"], row["cc"]) == ("4", "0.9")


def test_each_slot_shows_its_runs_its_device(run):
    slots = [{"CUDA_VISIBLE_DEVICES": "3"}, {"CUDA_VISIBLE_DEVICES": "5"}]
    assert run("seed=0,1", slots=slots) == 0
    logs = [(run.workdir / f"seed={i}" / points.LOG).read_text() for i in (0, 1)]
    assert [log.split()[-1] for log in logs] == ["3", "5"]


def test_two_sweeps_in_one_folder_are_refused(run):
    run.workdir.mkdir()
    with (
        running.alone(run.workdir),
        pytest.raises(UserError, match="a sweep is at work in"),
    ):
        run("seed=0")
    assert run("seed=0") == 0


def test_a_sweep_in_a_bucket_is_refused():
    recipe = story.Recipe(pathlib.Path("x"), "smoke.py", {}, small())
    with pytest.raises(UserError, match="on a disk"):
        story.sweep(recipe, "gs://b/x", ["seed=0"], slots=[{}], is_best=False)


# ---- devices -----------------------------------------------------------------------


def test_a_run_sees_one_device_of_those_that_the_user_chose(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert devices.environment("gpu", 1) == {"CUDA_VISIBLE_DEVICES": "1"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4, 6")
    assert devices.environment("gpu", 1) == {"CUDA_VISIBLE_DEVICES": "6"}
    assert devices.environment("gpu", 0, is_rocm=True) == {"HIP_VISIBLE_DEVICES": "0"}
    assert devices.environment("tpu", 2)["TPU_VISIBLE_CHIPS"] == "2"


def answering(monkeypatch, *answer):
    said = subprocess.CompletedProcess([], 0, json.dumps(answer), "")
    monkeypatch.setattr(devices.subprocess, "run", lambda *a, **k: said)


def test_there_is_a_run_for_each_device(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    answering(monkeypatch, "gpu", False, 2)
    assert devices.slots("devices", 1) == [
        {"CUDA_VISIBLE_DEVICES": "0"},
        {"CUDA_VISIBLE_DEVICES": "1"},
    ]
    assert devices.slots("none", 3) == [{}, {}, {}]
    with pytest.raises(UserError, match="leave out --num_parallel=2"):
        devices.slots("devices", 2)


def test_without_an_accelerator_the_other_flag_is_named(monkeypatch):
    answering(monkeypatch, "cpu", False, 8)
    with pytest.raises(UserError, match=r"no accelerator.*; use --num_parallel=N"):
        devices.slots("devices", 1)


# ---- the command -------------------------------------------------------------------


def start(workdir, environment, *words):
    command = [
        *("launch/sweep.py", "--config=configs/smoke.py", f"--workdir={workdir}"),
        *("--config.phases.num_epochs=5", "--config.evaluation.max_images=2"),
        *("--num_parallel=2", "--grid", *words),
    ]
    return company.start(command, 1, 1, environment)[0]


@pytest.mark.slow
def test_ctrl_c_saves_every_run_and_the_same_command_goes_on(tmp_path):
    environment = {"TFDS_DATA_DIR": str(tmp_path / "data")}
    words = ("seed=0,1", "losses.alpha=0.05")
    workdir = tmp_path / "sweep"
    process = start(workdir, environment, *words)
    logs = [workdir / f"seed={i},losses.alpha=0.05" / points.LOG for i in (0, 1)]
    while not all(log.exists() and "first step" in log.read_text() for log in logs):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    ((code, output),) = company.finish([process])
    assert code == 130, output
    assert "left to do: seed=0,losses.alpha=0.05, seed=1,losses.alpha=0.05; " in output
    for log in logs:
        assert "told to end; saved" in log.read_text()
    ((code, output),) = company.finish([start(workdir, environment, *words)])
    assert code == 0, output
    assert [row["n"] for row in read(workdir / "sweep.csv")] == ["2"]
    for log in logs:
        assert "resumed at step" in log.read_text()
        assert checkpoints.newest_intact(str(log.parent)).step == 15
    ((code, output),) = company.finish([start(workdir, environment, *words)])
    assert code == 0 and "2 runs, 2 finished before" in output


@pytest.mark.slow
def test_runs_outlive_a_killed_sweep_and_keep_the_next_one_out(tmp_path):
    environment = {"TFDS_DATA_DIR": str(tmp_path / "data")}
    workdir = tmp_path / "sweep"
    process = start(workdir, environment, "seed=0")
    log = workdir / "seed=0" / points.LOG
    while not (log.exists() and "config:" in log.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    ((code, output),) = company.finish([start(workdir, environment, "seed=0")])
    assert code == 2 and "or a run that it left behind" in output
    while not checkpoints.has_checkpoints(str(workdir / "seed=0")):
        time.sleep(0.1)
    company.finish([process])
