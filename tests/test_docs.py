"""Every command that docs/ shows runs, on files made small."""

import inspect
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request

import demo_server
import jax
import miniature
import osie_files
import publishers_files
import pytest
import salicon_files
import tiny_game
import weight_files
from shown_commands import ROOT, SMALL, blocks, commands, make_clone, page, run, run_all

from salgan_jax import checkpoints, health, provenance, updates
from salgan_jax import config as config_module
from salgan_jax.data import opening
from salgan_jax.data.builders import BUILDERS
from salgan_jax.demo.look import COLORMAPS, MIN_DISTANCE, MOST_POINTS
from salgan_jax.export import story
from salgan_jax.metrics.batches import METRICS
from salgan_jax.metrics.conventions import CONVENTIONS
from salgan_jax.prediction import formats, predicted_with
from salgan_jax.prediction.summary import Summary
from salgan_jax.reproduction import experiments
from salgan_jax.submission.benchmarks import BENCHMARKS


def shown_in(name):
    return commands("".join(blocks("bash", page(name))))


@pytest.fixture
def folder(tmp_path):
    """A working directory like the repository's, with OSIE prepared."""
    osie_files.write(tmp_path / "DIR", num_images=7, num_observers=3)
    folder = make_clone(tmp_path)
    command = "python launch/prepare_data.py --dataset=osie --source=DIR"
    code, output = run(command, folder)
    assert code == 0, output
    return folder


@pytest.mark.slow
def test_every_command_about_data_runs(folder):
    salicon_files.write_salicon(folder / "SALICON", {"train": 3, "val": 2})
    salicon_files.write_mit1003(folder / "MIT1003")
    for i in range(10):
        publishers_files.write_image(folder / "FOLDER" / "images" / f"{i}.jpg")
        publishers_files.write_map(folder / "FOLDER" / "maps" / f"{i}.png")
    figrim = folder / "FIGRIM"
    for i in range(6):
        publishers_files.write_image(figrim / "images" / f"{i}.jpg")
    (figrim / "fixations.csv").write_text("image,x,y\n0.jpg,1,2\n1.jpg,3,4\n")
    shown = shown_in("docs/datasets.md")
    assert len(shown) == 6
    run_all(shown, folder)


@pytest.mark.slow
def test_every_command_about_weights_runs(folder):
    weight_files.write_random_vgg16(folder)
    weight_files.write_list(
        folder / "gen_modelWeights0090.npz", weight_files.authors_generator()
    )
    weight_files.write_list(
        folder / "discrim_modelWeights0090.npz", weight_files.authors_discriminator()
    )
    publishers_files.write_image(folder / "photo.jpg")
    shown = shown_in("docs/weights.md")
    assert len(shown) == 9
    run_all(shown, folder, width=1)


@pytest.mark.slow
def test_every_command_about_scores_runs(folder):
    train = "python launch/train.py --config=configs/osie.py --workdir=runs/osie"
    stimuli = "--input=DIR/data/stimuli --output=maps"
    predict = f"python launch/predict.py --checkpoint=runs/osie {stimuli}"
    run_all([train, predict], folder)
    shutil.copytree(folder / "runs" / "osie", folder / "runs" / "osie_content")
    for i in range(1, 301):
        path = folder / "BenchmarkIMAGES" / f"i{i}.jpg"
        publishers_files.write_image(path, seed=i)
    shown = shown_in("docs/scores.md")
    assert len(shown) == 5
    run_all(shown, folder)


@pytest.mark.slow
def test_every_command_about_reports_runs(folder):
    train = "python launch/train.py --config=configs/osie.py --workdir=runs/"
    run_all([f"{train}osie", f"{train}osie_content --config.seed=1"], folder)
    shown = shown_in("docs/report.md")
    assert len(shown) == 4
    run_all(shown, folder)
    assert len(list(folder.glob("*.html"))) == 3


@pytest.mark.slow
def test_every_command_about_prediction_runs(folder):
    pytest.importorskip("av", reason="PyAV is not installed: requirements-apps.txt")
    import video_files

    run_all(
        ["python launch/train.py --config=configs/osie.py --workdir=runs/osie"], folder
    )
    for name in ("photo.jpg", "photos/a.jpg", "photos/below/b.jpg", "photos/c.png"):
        publishers_files.write_image(folder / name)
    video_files.write(folder / "clip.mp4", [0, 40, 80])
    *shown, camera = shown_in("docs/predict.md")
    assert len(shown) == 4
    run_all(shown, folder)
    (piped,) = re.findall(r"^find .*", page("docs/predict.md"), re.MULTILINE)
    result = subprocess.run(
        ["bash", "-c", piped.replace("| python", f"| {sys.executable}")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert json.loads(result.stdout)["written"] == 2, result.stderr
    for output, number in (
        *(("maps", 3), ("maps_of_jpegs", 2), ("pictures", 12), ("listed", 2)),
    ):
        assert len(list((folder / output).rglob("*.png"))) == number
    assert [path.name for path in (folder / "videos").glob("*.mp4")] == [
        "clip_overlay.mp4"
    ]
    if not pathlib.Path("/dev/video0").exists():
        assert run(camera, folder)[0] == 2


def test_the_page_about_prediction_names_every_limit_and_every_setting():
    text = page("docs/predict.md")
    named = f"`--max_megapixels`, {opening.MAX_MEGAPIXELS:g} million"
    assert named in text
    arguments = inspect.signature(predicted_with.describe).parameters
    assert all(f"`{name}`" in text for name in [*arguments][1:])
    assert all(f"| `{name}` |" in text for name in formats.FORMATS)
    fields = [*Summary._fields, "images_per_second"]
    assert all(f"`{name}`" in text for name in fields)


@pytest.mark.slow
def test_every_command_about_speed_runs(folder):
    weight_files.write_random_vgg16(folder)
    publishers_files.write_image(folder / "photo.jpg")
    (folder / "page.md").write_text("")
    shown = shown_in("docs/performance.md")
    assert len(shown) == 6
    shown = [command.replace("popout/large", "popout/tiny") for command in shown]
    # All of it would take half an hour; tests/test_benchmark.py has more.
    briefly = "--minutes=0.01 --output=results --page=page.md"
    run_all(
        [f"{x} {briefly}" if "benchmark.py" in x else x for x in shown], folder, width=1
    )


@pytest.mark.slow
def test_every_command_about_the_demo_serves_a_page(tmp_path):
    pytest.importorskip("gradio", reason="no Gradio: requirements-apps.txt has it")
    folder = make_clone(tmp_path)
    for name in ("osie", "other"):
        demo_server.write_checkpoint(folder / "runs" / name)
    shown = shown_in("docs/demo.md")
    assert len(shown) == 2
    for command in shown:
        words = shlex.split(command.replace("7861", str(demo_server.free_port())))
        with (
            demo_server.started(*words[2:], cwd=folder) as (url, _),
            urllib.request.urlopen(url) as answer,
        ):
            assert b"gradio_config" in answer.read()


def test_the_page_about_the_demo_names_every_flag_and_every_control():
    text = page("docs/demo.md")
    own = re.findall(r'DEFINE_\w+\(\s*"(\w+)"', page("launch/demo.py"))
    shared = re.findall(
        r'^    "(\w+)": \(', page("salgan_jax/predictor_flags.py"), re.M
    )
    flags = own + shared
    assert len(flags) == 11
    named = [f"`--{flag}`" for flag in flags] + [f"`{name}`" for name in COLORMAPS]
    assert [name for name in named if name not in text] == []
    assert f"0 to {MOST_POINTS} |" in text and MIN_DISTANCE == 0.1
    assert f"| `--max_megapixels` | `{opening.MAX_MEGAPIXELS:g}` |" in text


def test_every_command_about_tpus_is_understood(tmp_path):
    """A dry run of tpu_vm.sh; what needs a cloud, data or minutes is only named."""
    for name in ("gcloud", "python"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*"\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "vgg16-397923af.pth").touch()
    script = "".join(blocks("bash", page("docs/tpu.md")))
    assert script.count("launch/tpu_vm.sh") == 7
    dry = f"{ROOT}/launch/tpu_vm.sh --dry_run"
    result = subprocess.run(
        ["bash", "-eu", "-c", script.replace("./launch/tpu_vm.sh", dry)],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    for line in (
        "gcloud storage cp ",
        "python launch/prepare_data.py ",
        "gcloud compute tpus tpu-vm create salgan --accelerator-type=v5litepod-8 ",
        "gcloud compute tpus tpu-vm scp ",
        "gcloud compute tpus tpu-vm delete salgan ",
        "python launch/compile_for.py ",
    ):
        assert f"\n{line}" in f"\n{result.stdout}"


def test_the_page_about_tpus_names_the_software_of_every_chip():
    text = (ROOT / "launch" / "tpu_vm.sh").read_text()
    versions = re.findall(r"-\*\) echo (\S+) ;;", text)
    assert len(versions) == 4
    assert all(f"`{version}`" in page("docs/tpu.md") for version in versions)


@pytest.mark.slow
def test_two_processes_as_the_page_starts_them_make_one_run(tmp_path):
    (script,) = blocks("bash", page("docs/reliability.md"))
    folder = make_clone(tmp_path)
    (folder / "bin").mkdir()
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    result = subprocess.run(
        ["bash", "-ec", script],
        cwd=folder,
        env=os.environ
        | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "TFDS_DATA_DIR": str(folder / "datasets"),
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert checkpoints.newest_intact(str(folder / "runs" / "two")).step == 30


@pytest.mark.slow
def test_every_command_about_health_runs(folder):
    (shown,) = shown_in("docs/health.md")
    run_all([f"{shown} --config.data.dataset=popout/tiny"], folder)


def test_the_page_about_health_names_every_metric_and_condition():
    text = page("docs/health.md")
    recipe = tiny_game.recipe(skip_not_finite=True)
    state, batch = tiny_game.state(recipe), miniature.batch()
    for function in updates.make_updates(recipe).values():
        for name in jax.eval_shape(function, state, batch)[1]:
            assert f"`{name}`" in text, name
    for condition in health.CONDITIONS:
        assert f"| `{condition.name}` |" in text
    assert all(f"| `{value}`" in text for value in ("stop", "skip"))


@pytest.mark.slow
def test_every_command_about_configs_runs(folder):
    train = "python launch/train.py --config=configs/osie.py --workdir=runs/osie"
    shown = shown_in("docs/configs.md")
    assert len(shown) == 3
    run_all([train, *shown], folder)


def test_the_page_about_configs_names_all_that_is_recorded_of_a_start(tmp_path):
    provenance.record(
        str(tmp_path),
        miniature.config(),
        first_step=0,
        num_steps=1,
        devices=jax.devices(),
    )
    (start,) = provenance.read(str(tmp_path))
    text = page("docs/configs.md")
    for name in (*start, *start["machine"], "revision", "is_dirty"):
        assert f"`{name}`" in text, name


@pytest.mark.slow
def test_every_command_about_sweeps_runs(folder, monkeypatch):
    pytest.importorskip("wandb", reason="requirements-wandb.txt is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    sweep, train = shown_in("docs/sweeps.md")
    small = shlex.join([*SMALL, "--config.model.width_multiplier=0.0625"])
    code, output = run(
        sweep.replace("--grid", f"--config.data.dataset=popout/tiny {small} --grid"),
        folder,
    )
    assert code == 0, output
    assert len(list((folder / "runs" / "sweep").glob("*/checkpoints"))) == 6
    code, output = run(f"{train} --config.data.dataset=popout/tiny", folder)
    assert code == 0, output
    assert len(list((folder / "runs" / "tracked").glob("wandb/offline-run-*"))) == 1


@pytest.mark.slow
def test_every_command_about_comparisons_runs(folder):
    two_losses, ingredients, report, alone, transfer = shown_in("docs/reproduce.md")
    two_losses += f" --config=configs/smoke.py {shlex.join(SMALL)} --seeds=0"
    ingredients += f" {shlex.join(SMALL)} --config.model.width_multiplier=0.0625"
    workdir = "runs/perceptual_vs_content-salicon_2015"
    mixture = "osie:440,eyecrowd:320,image_folder/figrim:1440"
    assert mixture in transfer
    transfer = transfer.replace(mixture, "osie:6,popout/tiny:24")
    transfer += f" {shlex.join(SMALL)} --config.model.width_multiplier=0.0625 --seeds=0"
    ingredients = ingredients.replace("folds=5", "folds=2")
    ingredients += " --arms=skip_connections,kld"  # all take more than a test may
    alone = alone.replace("0,1,2,3,4,5,6,7 --updates=320", "0,1 --updates=3")
    alone = alone.replace("=osie", "=popout/tiny")
    two_epochs = shlex.join(SMALL).replace("bootstrap_epochs=1", "bootstrap_epochs=2")
    alone += f" {two_epochs} --arms=mended,mended_features"
    shown = [
        *(two_losses, ingredients, report, f"{alone} --config.init_from=random"),
        f"{transfer} --config.init_from=random",
    ]
    smaller = two_losses.replace("salicon/2015", "popout/tiny")
    run_all([f"{smaller} --workdir={workdir}", *shown[1:]], folder)
    assert (folder / "report.html").exists()
    assert len(list((folder / "runs").glob("ingredients-osie/runs/*-fold?"))) >= 4


def test_the_page_about_comparisons_names_every_experiment_arm_and_flag():
    text = page("docs/reproduce.md")
    for name, make in experiments.EXPERIMENTS.items():
        assert f"| `{name}` |" in text
        if name not in ("ingredients", "transfer"):  # which have many, or their own
            for arm in make(config_module.default()).arms:
                assert f"`{arm.name}`" in text, arm.name
    for flag in re.findall(r'DEFINE_\w+\(\s*"(\w+)"', page("launch/reproduce.py")):
        assert f"`--{flag}`" in text, flag


def test_the_page_about_speed_names_every_setting():
    text = page("docs/performance.md")
    default = config_module.default()
    names = [f"precision.{name}" for name in default.precision]
    names += ["model.cache_frozen_features", "data.cache", "fused_steps", "schedule"]
    assert all(f"| `{name}` |" in text for name in [*names, "compilation_cache"])


def test_the_page_about_scores_names_every_column_convention_and_benchmark():
    text = page("docs/scores.md")
    for name in (*METRICS, "emd", *CONVENTIONS, *BENCHMARKS):
        assert f"`{name}`" in text, name
    for row in (
        "uniform",
        "centre_prior",
        "kde_prior",
        "mean_training_map",
        "shuffled",
    ):
        assert f"| `{row}` |" in text, row


def test_the_page_about_data_names_every_dataset_and_every_setting():
    text = page("docs/datasets.md")
    assert all(f"| `{name}" in text or f"`{name}/" in text for name in BUILDERS)
    mentioned = {"data_dir", "train_split", "eval_split", "image_size"}
    for field in set(config_module.default().data) - mentioned:
        assert f"`{field}`" in text, field


def test_the_page_about_weights_names_every_format():
    assert all(f"| `{name}` |" in page("docs/weights.md") for name in story.FORMATS)
