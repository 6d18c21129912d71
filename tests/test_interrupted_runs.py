"""Whatever ends a run, the same command goes on, and ends with the same bits."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import company
import miniature
import numpy as np
import pytest

from salgan_jax import checkpoints, scalars
from salgan_jax.data import records

SMOKE_STEPS = 30
# (what the log says, the most seconds from then to the kill): setting up, bootstrap,
# saving, evaluation, change of phase, adversarial phase, the last evaluation and save.
MOMENTS = [
    ("config:", 1.0),
    ("first step", 0.1),
    (": checkpoint", 0.05),
    ("step 9/30", 0.02),
    ("step 12/30", 1.0),
    ("adversarial phase begins", 1.0),
    ("step 15/30", 0.05),
    (": checkpoint", 0.05),
    ("step 24/30", 0.02),
    ("step 30/30", 1.0),
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The data that all runs of this file share."""
    folder = str(tmp_path_factory.mktemp("shared"))
    records.open_split("popout/tiny", "train", folder)
    return {"TFDS_DATA_DIR": folder}


def start(workdir, environment, *overrides):
    command = ["launch/train.py", "--config=configs/smoke.py", f"--workdir={workdir}"]
    return company.start([*command, *overrides], 1, 1, environment)[0]


def finish(process):
    ((code, output),) = company.finish([process])
    return code, output


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, environment):
    workdir = tmp_path_factory.mktemp("uninterrupted")
    code, output = finish(start(workdir, environment))
    assert code == 0, output
    return workdir, output


def final_state(workdir):
    saved = checkpoints.newest_intact(str(workdir))
    assert saved.step == SMOKE_STEPS and not saved.damaged
    return saved.state


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


def until(process, said):
    """Reads the log up to a line; returns whether the process still runs then."""
    return any(said in line for line in process.stdout)


def assert_intact(workdir, uninterrupted):
    """Every checkpoint that is listed loads, and is that of an uninterrupted run."""
    if not checkpoints.has_checkpoints(str(workdir)):
        return
    expected = checkpoints.all_steps(str(uninterrupted))
    for step in checkpoints.all_steps(str(workdir)):
        state = checkpoints.newest_intact(str(workdir), step).state
        if step in expected:
            other = checkpoints.newest_intact(str(uninterrupted), step).state
            assert not miniature.differing(other, state)


@pytest.mark.timeout(0)  # --kills=1000 takes hours
def test_killed_again_and_again_a_run_ends_bit_identical(
    uninterrupted, environment, tmp_path, num_kills
):
    expected, workdir = final_state(uninterrupted[0]), tmp_path / "run"
    draw, killed, moments = random.Random(0), 0, itertools.cycle(MOMENTS)
    while killed < num_kills:
        said, most = next(moments)
        process = start(workdir, environment)
        is_running = until(process, said)
        time.sleep(draw.uniform(0, most) if is_running else 0)
        process.send_signal(signal.SIGKILL)
        code, output = finish(process)
        assert code in (0, -signal.SIGKILL), output
        killed += code != 0
        assert_intact(workdir, uninterrupted[0])
        if code == 0:
            assert not miniature.differing(expected, final_state(workdir))
            shutil.rmtree(workdir)
    code, output = finish(start(workdir, environment))
    assert code == 0, output
    assert not miniature.differing(expected, final_state(workdir))


def gone_back(workdir, uninterrupted, step):
    """A copy of a run that has come to a step only."""
    shutil.copytree(uninterrupted, workdir)
    for later in checkpoints.all_steps(str(workdir)):
        if later > step:
            shutil.rmtree(workdir / "checkpoints" / str(later))
    return workdir


@pytest.mark.slow
def test_sigterm_saves_and_the_run_goes_on_from_that_step(
    uninterrupted, environment, tmp_path
):
    workdir = gone_back(tmp_path / "run", uninterrupted[0], 20)
    process = start(workdir, environment)
    assert until(process, "resumed at step 20")
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    code, output = finish(process)
    assert code == 0, output
    assert time.monotonic() - told < 30
    assert checkpoints.all_steps(str(workdir))[-1] == 21
    assert "step 21: told to end; saved" in output
    code, output = finish(start(workdir, environment))
    assert code == 0 and "resumed at step 21" in output
    assert not miniature.differing(final_state(uninterrupted[0]), final_state(workdir))


@pytest.mark.slow
def test_a_damaged_checkpoint_is_passed_over_and_kept(
    uninterrupted, environment, tmp_path
):
    workdir = tmp_path / "run"
    shutil.copytree(uninterrupted[0], workdir)
    for damaged in (workdir / "checkpoints" / "30" / "state" / "d").iterdir():
        damaged.write_bytes(damaged.read_bytes()[:-1])
    code, output = finish(start(workdir, environment))
    assert code == 0, output
    assert "step 30 is damaged" in output and "resumed at step 25" in output
    assert "Traceback" not in output
    (kept,) = (workdir / "damaged_checkpoints").iterdir()
    assert kept.name == "30-0"
    assert not miniature.differing(final_state(uninterrupted[0]), final_state(workdir))


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


SMALL_DISK = """
mount -t tmpfs -o size={size} tmpfs {folder} || exit 77
{train} & run=$!
while ! [ -d {folder}/run/checkpoints/20 ] && kill -0 $run 2>/dev/null; do
  sleep 0.02
done
if {read_only}; then
  mount --bind {folder}/run {folder}/run && mount -o remount,bind,ro {folder}/run
fi
wait $run; echo "exit code $?"
umount {folder}/run 2>/dev/null
mount -o remount,size=100m {folder}
{train}; echo "exit code $?"
cp -r {folder}/run {kept}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ("2m", "No space left"),
        ("3m", "No space left"),
        ("90m", "Read-only file system"),
    ],
)
def test_a_disk_that_cannot_be_written_is_one_line_and_loses_nothing(
    uninterrupted, environment, tmp_path, size, reason
):
    folder = tmp_path / "disk"
    folder.mkdir()
    steps = "--config.checkpoint.max_to_keep=3"
    door = f"{sys.executable} launch/train.py --config=configs/smoke.py"
    train = f"{door} --workdir={folder}/run"
    script = SMALL_DISK.format(
        size=size,
        folder=folder,
        kept=tmp_path / "kept",
        train=f"{train} {steps}",
        read_only="true" if reason.startswith("Read") else "false",
    )
    result = subprocess.run(
        ["unshare", "-Urm", "bash", "-c", script],
        cwd=company.ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    if result.returncode == 77 or "unshare" in result.stderr:
        pytest.skip("this machine does not let a test mount a disk")
    assert result.stdout.split("\n")[:2] == ["exit code 2", "exit code 0"], (
        result.stderr
    )
    (line,) = [each for each in result.stderr.splitlines() if each.startswith("error:")]
    assert reason in line
    assert not miniature.differing(
        final_state(uninterrupted[0]), final_state(tmp_path / "kept")
    )


@pytest.mark.slow
def test_a_killed_reader_of_data_is_one_line(environment, tmp_path):
    process = start(
        tmp_path,
        environment,
        "--config.data.cache=none",
        "--config.data.num_workers=2",
        "--config.phases.num_epochs=3000",
    )
    assert until(process, "step 15/9000")
    children = ["pgrep", "-P", str(process.pid), "-f", "spawn_main"]
    found = subprocess.run(children, capture_output=True, text=True, check=True)
    os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
    code, output = finish(process)
    assert code == 2
    (line,) = [each for each in output.splitlines() if each.startswith("error:")]
    assert "a process that reads the data has died" in line
    assert "Traceback" not in output


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["none", "host"])
def test_a_run_outlives_the_files_of_its_data(
    uninterrupted, environment, tmp_path, cache
):
    data = tmp_path / "data"
    shutil.copytree(environment["TFDS_DATA_DIR"], data)
    process = start(
        tmp_path / "run", {"TFDS_DATA_DIR": str(data)}, f"--config.data.cache={cache}"
    )
    assert until(process, "first step")
    shutil.rmtree(data)
    code, output = finish(process)
    assert code == 0, output
    expected = final_state(uninterrupted[0])
    assert not miniature.differing(expected, final_state(tmp_path / "run"))


def started_together(workdir, environment):
    command = ["launch/train.py", "--config=configs/smoke.py", f"--workdir={workdir}"]
    endless = ["--config.phases.num_epochs=30000", "--config.checkpoint.every_steps=9"]
    return company.start([*command, *endless], 2, 1, environment)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_when_one_of_two_hosts_is_lost_the_other_says_so_and_ends(
    environment, tmp_path, victim, how
):
    both = started_together(tmp_path, environment)
    assert until(both[0], "step 18/")
    both[victim].send_signal(how)
    lost = time.monotonic()
    ((code, output),) = company.finish([both[1 - victim]], timeout=200)
    assert time.monotonic() - lost < 150
    both[victim].kill()
    company.finish([both[victim]])
    assert code != 0
    ours, of_jax = "another process of this run has ended", "another task died"
    assert ours in output or of_jax in output
    assert checkpoints.newest_intact(str(tmp_path)).step >= 9


@pytest.mark.slow
@pytest.mark.parametrize("told", [0, 1])
def test_when_one_of_two_hosts_is_told_to_end_both_save_the_same_step(
    environment, tmp_path, told
):
    both = started_together(tmp_path, environment)
    assert until(both[0], "step 18/")
    both[told].send_signal(signal.SIGTERM)
    results = company.finish(both)
    assert [code for code, _ in results] == [0, 0], results
    step = checkpoints.newest_intact(str(tmp_path)).step
    assert f"step {step}: told to end; saved" in results[0][1]
