"""Every command that docs/ shows runs, on files made small."""

import shutil

import jax
import miniature
import numpy as np
import osie_files
import publishers_files
import pytest
import salicon_files
import tiny_game
import weight_files
from shown_commands import blocks, commands, make_clone, page, run, run_all

from salgan_jax import config as config_module
from salgan_jax import health, updates
from salgan_jax.data.builders import BUILDERS
from salgan_jax.export import story
from salgan_jax.metrics.batches import METRICS
from salgan_jax.metrics.conventions import CONVENTIONS
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


def write_vgg16(folder):
    """Writes a file like torchvision's, of weights through which a signal passes."""
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(0, 0.02, array.shape).astype(np.float32)
        for name, array in weight_files.torchvision_state().items()
    }
    weight_files.write_torch_zip_by_hand(folder / "vgg16-397923af.pth", weights)


@pytest.mark.slow
def test_every_command_about_data_runs(folder):
    salicon_files.write_salicon(folder / "SALICON", {"train": 3, "val": 2})
    salicon_files.write_mit1003(folder / "MIT1003")
    for i in range(10):
        publishers_files.write_image(folder / "FOLDER" / "images" / f"{i}.jpg")
        publishers_files.write_map(folder / "FOLDER" / "maps" / f"{i}.png")
    shown = shown_in("docs/datasets.md")
    assert len(shown) == 5
    run_all(shown, folder)


@pytest.mark.slow
def test_every_command_about_weights_runs(folder):
    write_vgg16(folder)
    weight_files.write_list(
        folder / "gen_modelWeights0090.npz", weight_files.authors_generator()
    )
    weight_files.write_list(
        folder / "discrim_modelWeights0090.npz", weight_files.authors_discriminator()
    )
    publishers_files.write_image(folder / "photo.jpg")
    shown = shown_in("docs/weights.md")
    assert len(shown) == 8
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
def test_every_command_about_speed_runs(folder):
    write_vgg16(folder)
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
