"""The doors predict.py and inspect_checkpoint.py on a small, real checkpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from PIL import Image

from salgan_jax import checkpoints, config, inspection, optimizers, state
from salgan_jax.models.discriminator import Discriminator

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    workdir = str(tmp_path_factory.mktemp("run"))
    settings = config.default()
    with settings.unlocked():
        settings.model.width_multiplier = 1 / 16
        settings.data.image_size = (32, 48)
    with checkpoints.open_manager(workdir, max_to_keep=3, best_metric="cc") as manager:
        for step in (1, 2):
            train_state = _train_state(settings, step)
            checkpoints.save(manager, step, train_state, settings, {"cc": step / 10})
    return workdir


def _train_state(settings, step):
    def create(key):
        params = state.init_params(
            checkpoints.make_generator(settings),
            Discriminator(width_multiplier=1 / 16),
            key=key,
            image_size=(32, 48),
        )
        labels = optimizers.generator_labels(params.generator, frozen_blocks=3)
        return state.create(
            params,
            generator_optimizer=_adagrad(labels),
            discriminator_optimizer=_adagrad(
                optimizers.discriminator_labels(params.discriminator)
            ),
        )

    # Filled by NumPy: compiling the initialisers takes longer than all these tests.
    shapes: Any = jax.eval_shape(create, jax.random.key(0))
    rng = np.random.default_rng(step)
    filled = jax.tree.map(lambda s: np.asarray(rng.random(s.shape), s.dtype), shapes)
    return jax.tree.map(jax.numpy.asarray, filled.replace(step=np.int32(step)))


def _adagrad(labels):
    return optimizers.make_optimizer(
        labels,
        rule="adagrad",
        learning_rate=3e-4,
        initial_accumulator_value=0.0,
        epsilon=1e-6,
        momentum=0.0,
        weight_decay=1e-4,
    )


def _run(script, *arguments, **environment):
    command = [sys.executable, f"launch/{script}.py", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_description_of_a_real_checkpoint(workdir):
    lines = inspection.describe(workdir).splitlines()
    assert "step 2 (shown below): cc 0.2" in lines
    assert "config.data.image_size=(32, 48)" in lines
    starts = [line.split()[0] for line in lines if line]
    for name in ("encoder/conv1_1/kernel", "decoder/decoder_output/bias", "fc6/kernel"):
        assert starts.count(name) == 1
    assert sum("sum_of_squares" in line for line in lines) == 2


def test_predict_writes_what_it_can_exits_with_1_and_goes_on_later(workdir, tmp_path):
    bad = ["b.jpg", "new\nline.jpg", os.fsdecode(b"\xff.jpg"), "東京.jpg"]
    for name in ("a.png", "sub/a.png"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(0).integers(0, 256, (50, 70), np.uint8)
        Image.fromarray(noise).save(tmp_path / "in" / name)
    for name in bad:
        (tmp_path / "in" / name).write_bytes(b"not an image")
    os.mkfifo(tmp_path / "in" / "pipe.jpg")
    maps = tmp_path / "Karten für 東京"
    flags = f"--checkpoint={workdir}", f"--input={tmp_path}/in", "--format=png,overlay"
    ascii_only = {"LANG": "C", "PYTHONIOENCODING": "ascii"}
    result = _run("predict", *flags, f"--output={maps}", **ascii_only)
    assert result.returncode == 1, result.stderr
    lines = result.stderr.splitlines()
    skipped = [line for line in lines if line.startswith("skipped: cannot read")]
    assert len(skipped) == len(bad) + 1 and all(line.isascii() for line in skipped)
    for shown in ("b.jpg", r"new\nline.jpg", r"\xff.jpg", r"\u6771\u4eac.jpg"):
        assert sum(f"/{shown}: not a known" in line for line in skipped) == 1, lines
    assert "Traceback" not in result.stderr
    assert "2 of 7 images" in result.stdout
    written = {str(path.relative_to(maps)) for path in maps.rglob("*.png")}
    expected = {"a.png", "a_overlay.png", "sub/a.png", "sub/a_overlay.png"}
    assert written == expected
    again = _run("predict", *flags, f"--output={maps}", "--max_megapixels=1", "--json")
    assert again.returncode == 1
    summary = json.loads(again.stdout)
    failures = summary.pop("failures")
    assert {each["path"] for each in failures} == {
        f"{tmp_path}/in/{shown}"
        for shown in ("b.jpg", r"new\nline.jpg", r"\xff.jpg", "東京.jpg", "pipe.jpg")
    }
    assert all("cannot read the image" in each["reason"] for each in failures)
    assert summary.pop("seconds") >= 0
    assert summary == {
        "step": 2,
        "output": str(maps),
        "inputs": 7,
        "videos": 0,
        "written": 0,
        "done_before": 2,
        "num_failures": 5,
        "frames": 0,
        "images_per_second": 0.0,
    }


def test_predict_says_in_one_line_what_the_user_did_wrong(workdir, tmp_path):
    flags = f"--checkpoint={workdir}", f"--output={tmp_path}/maps"
    result = _run("predict", *flags, f"--input={tmp_path}/absent.jpg")
    assert result.returncode == 2
    assert result.stderr.strip().splitlines()[-1].startswith("error: no image matches")
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize(("other_step", "code"), [(2, 0), (1, 1), (7, 2)])
def test_inspect_compares_two_checkpoints_by_exit_code(workdir, other_step, code):
    flags = f"--diff={workdir}", f"--diff_step={other_step}"
    result = _run("inspect_checkpoint", workdir, *flags)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
