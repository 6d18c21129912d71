"""Weights & Biases gets what it is asked for, and its failures harm no run."""

import importlib.util
import json
import sys
import types

import company
import miniature
import numpy as np
import pytest

from salgan_jax import training, wandb_run
from salgan_jax.errors import UserError


class Service:
    """What stands for the package: keeps what it is told, and fails when it is to."""

    def __init__(self):
        self.told, self.begun, self.broken = [], [], ()

    def do(self, what, *arguments):
        if what in self.broken:
            raise ConnectionError(f"no\nnetwork for {what}")
        self.told.append((what, *arguments))

    def init(self, **arguments):
        self.do("init")
        self.begun.append(arguments)
        run = types.SimpleNamespace(id=arguments["id"])
        run.define_metric = lambda *_, **__: None
        run.log = lambda values: self.do("log", values)
        run.finish = lambda exit_code: self.do("finish", exit_code)
        return run


@pytest.fixture
def service(monkeypatch):
    made = Service()
    module = types.ModuleType("wandb")
    module.init = made.init  # pyright: ignore[reportAttributeAccessIssue]
    module.Settings = dict  # pyright: ignore[reportAttributeAccessIssue]
    module.Image = np.shape  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "wandb", module)
    return made


def tracked(folder, project="salgan"):
    return wandb_run.WandbRun(str(folder), project=project, name="a", config={"x": 1})


def test_scalars_and_pictures_arrive_with_their_step(service, tmp_path):
    with tracked(tmp_path) as run:
        run.write(3, {"train/content_loss": 0.5})
        run.write_image(3, "curves", np.zeros((4, 6, 3), np.uint8))
    assert service.told == [
        ("init",),
        ("log", {"step": 3, "train/content_loss": 0.5}),
        ("log", {"step": 3, "curves": (4, 6, 3)}),
        ("finish", 0),
    ]


def test_the_next_start_goes_on_with_the_same_run(service, tmp_path):
    for project in ("salgan", "salgan", "other"):
        with tracked(tmp_path, project):
            pass
    first, second, other = service.begun
    assert first["id"] == second["id"] != other["id"]
    assert first["resume"] == "allow" and first["config"] == {"x": 1}


def test_a_run_that_fails_is_known_as_failed(service, tmp_path):
    with pytest.raises(KeyError), tracked(tmp_path):
        raise KeyError
    assert service.told[-1] == ("finish", 1)


@pytest.mark.parametrize(("broken", "calls"), [("init", 0), ("log", 1), ("finish", 3)])
def test_a_failure_is_one_line_and_the_run_goes_on(
    service, tmp_path, caplog, broken, calls
):
    service.broken = (broken,)
    with tracked(tmp_path) as run:
        run.write(1, {"a": 1.0})
        run.write(2, {"a": 1.0})
    (line,) = [each.message for each in caplog.records if "failed" in each.message]
    assert line == (
        "W&B failed, and the run goes on without it: ConnectionError: no network for "
        f"{broken}"
    )
    assert len(service.told) == calls


def test_a_kept_identity_that_is_broken_is_such_a_failure(service, tmp_path, caplog):
    (tmp_path / wandb_run.FILE_NAME).write_text("{")
    with tracked(tmp_path) as run:
        run.write(1, {"a": 1.0})
    assert "the run goes on without it" in caplog.text and not service.told


def test_without_a_project_nothing_happens(service, tmp_path):
    with tracked(tmp_path, "") as run:
        run.write(1, {"a": 1.0})
        run.write_image(1, "curves", np.zeros((4, 6, 3), np.uint8))
    assert not service.told and not list(tmp_path.iterdir())


def test_a_project_without_the_package_is_a_mistake_before_anything_else(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    config = miniature.config()
    config.logging.wandb_project = "salgan"
    with pytest.raises(UserError, match=r"pip install -r requirements-wandb\.txt"):
        training.train(config, str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    wandb_run.check_installed("")


@pytest.mark.slow
def test_an_interrupted_run_is_one_run_at_wandb_and_changes_no_bit(tmp_path):
    pytest.importorskip("wandb", reason="requirements-wandb.txt is not installed")
    environment = {
        "WANDB_MODE": "offline",
        "TFDS_DATA_DIR": str(tmp_path / "data"),
        "HOME": str(tmp_path),
    }

    def train(name, *overrides):
        command = [
            *("launch/train.py", "--config=configs/smoke.py", f"--workdir={name}"),
            *("--config.evaluation.max_images=2", *overrides),
        ]
        company.run(command, 1, 1, environment)

    run, plain = tmp_path / "run", tmp_path / "plain"
    for num_epochs in (5, 6):
        epochs = f"--config.phases.num_epochs={num_epochs}"
        train(run, "--config.logging.wandb_project=salgan", epochs)
    train(plain, "--config.phases.num_epochs=6")
    kept = json.loads((run / wandb_run.FILE_NAME).read_text())
    files = sorted(run.glob("wandb/offline-run-*/run-*.wandb"))
    assert [file.stem for file in files] == [f"run-{kept['id']}"] * 2
    for file in files:
        content = file.read_bytes()
        for name in (b"train/content_loss", b"eval/cc", b"eval/panels", b"curves"):
            assert name in content
    from salgan_jax import checkpoints

    states = [checkpoints.newest_intact(str(each)).state for each in (run, plain)]
    assert not miniature.differing(*states)
