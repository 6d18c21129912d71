"""Each export computes what the checkpoint computes, or is not kept."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import jax
import miniature
import numpy as np
import pytest
from PIL import Image

from salgan_jax import checkpoints, compatibility, experiment, initial_weights
from salgan_jax.errors import UserError
from salgan_jax.export import chain, model_card, sample, story
from salgan_jax.weights import recognition

_ROOT = pathlib.Path(__file__).resolve().parents[1]
FORMATS = ["safetensors", "stablehlo", "onnx", "tflite", "torch"]


def make_run(workdir, **model):
    """A checkpoint of a small generator with biases, so that its maps vary."""
    config = miniature.config(input_convention="caffe", **model)
    config.data.dataset = "popout/tiny"
    config.data.data_dir = str(workdir.parent / "nothing")
    random = np.random.default_rng(0)
    generator = jax.tree.map(
        lambda x: (
            np.asarray(x)
            if x.ndim > 1
            else random.normal(0, 0.3, x.shape).astype(np.float32)
        ),
        miniature.experiment().params.generator,
    )
    with checkpoints.open_manager(
        str(workdir), max_to_keep=1, best_metric="cc"
    ) as manager:
        state = miniature.state()
        player = state.generator.replace(params=generator)
        state = state.replace(generator=player)
        checkpoints.save(manager, 7, state, config, {"cc": 0.5, "nss": 1.25})
    return str(workdir)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("export") / "run")


def needs(name):
    missing = [p for p in story.FORMATS[name].packages if not installed(p)]
    if missing:
        pytest.skip(f"{name} needs {missing}, see requirements-export.txt")


def installed(package):
    return importlib.util.find_spec(package) is not None


def image_of(loaded):
    _, image = sample.choose(None, loaded.config)
    return image


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_predicts_what_the_checkpoint_predicts(workdir, tmp_path, name):
    needs(name)
    loaded = checkpoints.load_generator(workdir)
    cards = []

    def make_card(difference):
        cards.append(difference)
        return "card"

    made = story.export(
        loaded, name, str(tmp_path / "out"), image_of(loaded), make_card
    )
    assert made.highest - made.lowest > 0.1
    assert made.max_abs_difference <= story.FORMATS[name].tolerance
    assert cards == [made.max_abs_difference]
    assert (tmp_path / "out" / "MODEL_CARD.md").read_text() == "card"
    assert sorted(os.listdir(tmp_path / "out")) == [path.name for path in made.files]


@pytest.mark.parametrize("name", ["stablehlo", "onnx", "torch"])
def test_an_export_takes_any_number_of_images(workdir, tmp_path, name):
    needs(name)
    loaded = checkpoints.load_generator(workdir)
    story.export(loaded, name, str(tmp_path), image_of(loaded), lambda _: "")
    images = np.random.default_rng(0).uniform(0, 255, (5, 32, 48, 3))
    images = images.astype(np.float32)
    found = story.FORMATS[name].run(tmp_path, images)
    np.testing.assert_allclose(found, chain.predict(loaded, images), atol=1e-4)


@pytest.mark.parametrize("has_options", [False, True])
def test_an_exported_generator_comes_back_bit_by_bit(workdir, tmp_path, has_options):
    loaded = checkpoints.load_generator(workdir)
    if has_options:
        options = {"dilated": True, "skip_connections": True, "centre_prior": True}
        config = miniature.config(
            input_convention="caffe", smoothing_sigma=1, **options
        )
        params = experiment.make_experiment(config).params.generator
        params = jax.tree.map(lambda x: np.asarray(x) + np.float32(0.01), params)
        loaded = checkpoints.as_loaded("here", params, config, step=7)
    story.export(loaded, "safetensors", str(tmp_path), image_of(loaded), lambda _: "")
    imported = recognition.load(str(tmp_path / "salgan.safetensors"))
    found = {"encoder": imported.encoder, "decoder": imported.decoder}
    assert not miniature.differing(dict(loaded.params), found)
    described = compatibility.complete(imported.config or {})
    assert described.to_json() == loaded.config.to_json()
    started = initial_weights.load(str(tmp_path / "salgan.safetensors"))
    assert started.is_generator and started.step == 7


def test_an_export_that_differs_is_not_kept(workdir, tmp_path, monkeypatch):
    loaded = checkpoints.load_generator(workdir)
    right = story.FORMATS["safetensors"]
    wrong = right._replace(run=lambda folder, x: right.run(folder, x) + 1e-3)
    monkeypatch.setitem(story.FORMATS, "safetensors", wrong)
    (tmp_path / "salgan.safetensors").write_text("an earlier one")
    with pytest.raises(RuntimeError, match=r"differs from the checkpoint by 0\.001"):
        story.export(
            loaded, "safetensors", str(tmp_path), image_of(loaded), lambda _: ""
        )
    assert os.listdir(tmp_path) == ["salgan.safetensors"]
    assert (tmp_path / "salgan.safetensors").read_text() == "an earlier one"


def test_not_a_number_is_not_kept_either(workdir, tmp_path, monkeypatch):
    loaded = checkpoints.load_generator(workdir)
    right = story.FORMATS["safetensors"]
    wrong = right._replace(run=lambda folder, x: right.run(folder, x) * np.nan)
    monkeypatch.setitem(story.FORMATS, "safetensors", wrong)
    with pytest.raises(RuntimeError, match="differs"):
        story.export(
            loaded, "safetensors", str(tmp_path), image_of(loaded), lambda _: ""
        )


def test_a_converter_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(
        story.FORMATS, "onnx", story.FORMATS["onnx"]._replace(packages=("no_such",))
    )
    with pytest.raises(UserError, match=r"no_such.*-r requirements-export\.txt"):
        story.check_format("onnx")
    with pytest.raises(UserError, match="use one of safetensors, stablehlo, onnx"):
        story.check_format("pb")


def test_the_card_tells_what_the_checkpoint_knows(workdir):
    config = checkpoints.saved_config(workdir)
    settings = {"file_format": "onnx", "compared_on": "a.jpg", "max_abs_difference": 0}
    card = model_card.make_card(config, step=7, scores={"cc": 0.5}, **settings)
    assert "popout/tiny, split train" in card
    assert "cc 0.5000" in card and "this is step 7" in card
    assert "float32 [N, 32, 48, 3], RGB in 0..255" in card
    config = config.copy_and_resolve_references()
    config.data.dataset = "salicon/2017:3,mine:1"
    card = model_card.make_card(config, step=7, scores=None, **settings)
    assert "Not evaluated" in card
    assert "CC BY 4.0" in card and "mine: see its publishers" in card


def test_the_command_compares_on_the_image_it_is_given(workdir, tmp_path):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (50, 70, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")

    def run(*flags):
        return subprocess.run(
            [sys.executable, "launch/export.py", f"--checkpoint={workdir}", *flags],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )

    done = run("--format=safetensors", f"--image={tmp_path / 'photo.png'}")
    assert done.returncode == 0, done.stderr
    assert "difference to the checkpoint on photo.png: 0 (" in done.stdout
    assert (pathlib.Path(workdir) / "export/safetensors/MODEL_CARD.md").exists()
    missing = run("--format=safetensors", "--image=nowhere.png")
    assert missing.returncode == 2
    assert missing.stderr.startswith("error: nowhere.png")


def test_the_torch_module_runs_on_a_photograph(workdir, tmp_path):
    needs("torch")
    loaded = checkpoints.load_generator(workdir)
    story.export(loaded, "torch", str(tmp_path), image_of(loaded), lambda _: "")
    Image.new("RGB", (70, 50), (200, 30, 90)).save(tmp_path / "photo.jpg")
    command = [sys.executable, "salgan_torch.py", "photo.jpg", "map.png"]
    subprocess.run(command, cwd=tmp_path, check=True)
    with Image.open(tmp_path / "map.png") as saliency_map:
        assert (saliency_map.size, saliency_map.mode) == ((70, 50), "L")


def test_a_generator_that_is_no_chain_is_refused_by_the_formats_that_need_one(tmp_path):
    loaded = checkpoints.load_generator(make_run(tmp_path / "run"))
    generator = loaded.generator.clone(dilated=True)
    with pytest.raises(UserError, match=r"config.model.dilated .*--format=stablehlo"):
        chain.make_chain(loaded._replace(generator=generator))
