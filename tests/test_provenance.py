"""Each start of a run is recorded beside its checkpoints, and nothing secret."""

import json
import pathlib
import resource
import subprocess
import sys

import jax
import miniature
import pytest

import salgan_jax
from salgan_jax import inspection, provenance
from salgan_jax.errors import UserError


def record(workdir, config=None, first_step=0):
    provenance.record(
        str(workdir),
        config or miniature.config(),
        first_step=first_step,
        num_steps=30,
        devices=jax.devices()[:2],
    )


def test_a_start_says_what_ran_where_and_how(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["launch/train.py", "--config=a b.py"])
    monkeypatch.setenv("WANDB_API_KEY", "secret-of-mine")
    record(tmp_path, first_step=5)
    (start,) = provenance.read(str(tmp_path))
    assert start["command"] == ["launch/train.py", "--config=a b.py"]
    assert (start["first_step"], start["num_steps"]) == (5, 30)
    assert start["versions"]["jax"] == jax.__version__
    assert start["versions"]["salgan_jax"] == salgan_jax.__version__
    assert {"python", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy"} <= set(
        start["versions"]
    )
    machine = start["machine"]
    assert machine["devices"] == {"cpu": 2} and machine["processes"] == 1
    assert machine["host"] and machine["platform"] and machine["cpu"]
    assert machine["cores"] >= 1
    assert start["time"].endswith("+00:00")
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    assert "secret-of-mine" not in written


def test_the_config_is_kept_whole_and_its_changes_are_named(tmp_path):
    config = miniature.config()
    record(tmp_path, config)
    config.phases.num_epochs = 121
    record(tmp_path, config, first_step=9)
    first, second = provenance.read(str(tmp_path))
    assert first["config_changes"] == {}
    assert second["config_changes"] == {
        "phases.num_epochs": {"before": 120, "now": 121}
    }
    kept = json.loads((tmp_path / "config.json").read_text())
    assert kept == json.loads(json.dumps(config.to_dict()))
    line = provenance.in_words(second)
    assert "from step 9: salgan_jax 0.1.0" in line and "2 x cpu on " in line
    assert line.endswith("; phases.num_epochs was 120, now 121")


def test_half_a_line_of_a_killed_run_is_dropped_and_the_rest_kept(tmp_path, caplog):
    record(tmp_path)
    path = tmp_path / provenance.STARTS
    whole = path.read_text()
    path.write_text(whole + "no json\n" + whole[:40])
    assert len(provenance.read(str(tmp_path))) == 1
    record(tmp_path, first_step=7)
    lines = path.read_text().split("\n")
    assert lines[0] + "\n" == whole and lines[1] == "no json" and lines[3:] == [""]
    assert [x["first_step"] for x in provenance.read(str(tmp_path))] == [0, 7]
    assert "line 2 of" in caplog.text


def test_a_disk_that_cannot_be_written_is_one_line(tmp_path):
    record(tmp_path)
    before = (tmp_path / provenance.STARTS).read_text()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(UserError, match=r"cannot write to .*: File too large"):
            record(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / provenance.STARTS).read_text() == before
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json",
        "provenance.jsonl",
    }


def test_a_broken_config_does_not_stop_the_next_start(tmp_path, caplog):
    (tmp_path / "config.json").write_text('{"batch_')
    record(tmp_path)
    assert provenance.read(str(tmp_path))[0]["config_changes"] == {}
    config = provenance.read_config(str(tmp_path))
    assert config and config["batch_size"] == 32
    assert "config.json is no JSON" in caplog.text


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True)


def test_the_revision_is_that_of_the_code_and_a_change_is_noticed(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert provenance.git_state(package) is None  # outside a repository
    git(tmp_path, "init", "-q")
    assert provenance.git_state(package) is None  # installed inside somebody else's
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    clean = provenance.git_state(package)
    assert clean and not clean["is_dirty"] and len(clean["revision"]) == 40
    (tmp_path / "new_config.py").write_text("")
    dirty = provenance.git_state(package)
    assert dirty == {"revision": clean["revision"], "is_dirty": True}


def test_without_git_there_is_no_revision(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.git_state(pathlib.Path(salgan_jax.__file__).parent) is None


def test_a_start_without_git_is_described_too(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "git_state", lambda folder: None)
    record(tmp_path)
    assert "salgan_jax 0.1.0, jax " in provenance.in_words(
        provenance.read(str(tmp_path))[0]
    )


def test_a_checkpoint_is_shown_with_the_starts_of_its_run(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["launch/train.py", "--config=a b.py"])
    record(tmp_path)
    checkpoints = inspection.checkpoints
    config = miniature.config()
    monkeypatch.setattr(checkpoints, "saved_metrics", lambda workdir: {})
    monkeypatch.setattr(
        checkpoints, "restore_arrays", lambda workdir, step: (5, {}, config)
    )
    lines = inspection.describe(str(tmp_path)).splitlines()
    assert lines[1].startswith("started 2") and " from step 0: " in lines[1]
    assert lines[2] == "  by launch/train.py '--config=a b.py'"


@pytest.mark.parametrize("workdir", ["absent"])
def test_a_run_from_before_there_was_provenance_has_none(tmp_path, workdir):
    assert provenance.read(str(tmp_path / workdir)) == []
    assert provenance.read_config(str(tmp_path / workdir)) is None
