"""import_weights makes a checkpoint that everything else can open, or nothing."""

import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest
import weight_files

from salgan_jax import checkpoints, experiment, importing, initial_weights
from salgan_jax import config as config_module
from salgan_jax.errors import UserError

_ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, f"launch/{script}.py", *map(str, arguments)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )


@pytest.fixture(scope="module")
def authors(tmp_path_factory):
    """An import of the authors' two files, and what the command printed."""
    folder = tmp_path_factory.mktemp("authors")
    weight_files.write_list(folder / "g.npz", weight_files.authors_generator())
    weight_files.write_list(folder / "d.npz", weight_files.authors_discriminator())
    sources = [f"--source={folder / name}" for name in ("g.npz", "d.npz")]
    done = run("import_weights", *sources, f"--output={folder / 'imported'}")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_it_prints_what_it_recognised(authors):
    _, printed = authors
    assert "the authors' generator" in printed
    assert "discriminator, variant released_code" in printed
    assert "input convention: caffe" in printed
    assert "17,072,321 parameters" in printed
    assert "(not known)" in printed


def test_the_import_is_a_checkpoint_of_a_whole_generator(authors):
    folder, _ = authors
    loaded = checkpoints.load_generator(str(folder / "imported"))
    assert loaded.step == 0
    assert loaded.config.model.input_convention == "caffe"
    assert loaded.config.model.discriminator == "released_code"
    arrays = weight_files.authors_generator()
    kernel = loaded.params["decoder"]["decoder_conv4_2"]["kernel"]
    assert kernel[0, 2, 5, 7] == arrays[34][7, 5, 2, 0]


def test_an_imported_generator_starts_a_run_whole(authors, caplog):
    folder, _ = authors
    config = config_module.default()
    config.init_from = str(folder / "imported")
    config.model.discriminator = "released_code"
    setup = experiment.make_experiment(config)
    imported = initial_weights.load(config.init_from)
    config.model.input_convention = "torchvision"
    with pytest.raises(UserError, match="input_convention=caffe"):
        experiment.with_initial_weights(setup, config, imported)
    config.model.input_convention = "auto"
    config = experiment.with_input_convention(config, imported)
    assert config.model.input_convention == "caffe"
    with caplog.at_level("INFO", "absl"):
        params = experiment.with_initial_weights(setup, config, imported).params
    np.testing.assert_array_equal(
        params.discriminator["fc6"]["bias"], weight_files.numbers(1)
    )
    assert "decoder output" in caplog.text and "random" not in caplog.text
    description = run("inspect_checkpoint", folder / "imported")
    assert description.returncode == 0, description.stderr
    assert "decoder_output" in description.stdout


def test_vgg16_alone_is_a_start_and_no_predictor(tmp_path):
    weight_files.write_keras(tmp_path / "keras.h5")
    sources = importing.read([str(tmp_path / "keras.h5")])
    importing.write(sources, str(tmp_path / "vgg16"))
    with pytest.raises(UserError, match=r"VGG-16 only.*--config\.init_from="):
        checkpoints.load_generator(str(tmp_path / "vgg16"))
    imported = experiment.initial_weights.load(str(tmp_path / "vgg16"))
    assert imported.input_convention == "caffe" and not imported.decoder
    np.testing.assert_array_equal(
        imported.encoder["conv1_1"]["kernel"], weight_files.numbers(3, 3, 3, 64)
    )


def test_a_discriminator_alone_is_no_generator(tmp_path):
    weight_files.write_list(tmp_path / "d", weight_files.authors_discriminator())
    importing.write(importing.read([str(tmp_path / "d")]), str(tmp_path / "out"))
    with pytest.raises(UserError, match="holds no generator; it holds discriminator"):
        checkpoints.load_generator(str(tmp_path / "out"))


def test_published_files_are_known_by_their_checksums(tmp_path, monkeypatch):
    path = tmp_path / "d"
    weight_files.write_list(path, weight_files.authors_discriminator())
    (source,) = importing.read([str(path)])
    assert not source.known_as
    known = {source.sha256[:8]: "the published one"}
    monkeypatch.setattr(importing, "_KNOWN_SHA256", known)
    assert importing.read([str(path)])[0].known_as == "the published one"


def test_nothing_is_written_after_an_error(tmp_path):
    (tmp_path / "empty.pth").touch()
    done = run(
        "import_weights",
        f"--source={tmp_path / 'empty.pth'}",
        f"--output={tmp_path / 'out'}",
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"error: {tmp_path / 'empty.pth'} is empty"]
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_not_touched(tmp_path):
    weight_files.write_list(tmp_path / "d", weight_files.authors_discriminator())
    sources = importing.read([str(tmp_path / "d")])
    with pytest.raises(UserError, match="not an empty folder"):
        importing.write(sources, str(tmp_path))
    assert os.listdir(tmp_path) == ["d"]
    with pytest.raises(UserError, match="both have the discriminator"):
        importing.read([str(tmp_path / "d")] * 2)


def test_a_run_of_ours_can_be_the_start_of_another(tmp_path):
    import miniature

    config = miniature.config()
    setup = miniature.experiment()
    state = {"generator": {"params": jax.tree.map(np.asarray, setup.params.generator)}}
    checkpoints.save_weights(str(tmp_path / "run"), state, config)
    config.init_from = str(tmp_path / "run")
    config.seed = 99
    imported = initial_weights.load(config.init_from)
    config = experiment.with_input_convention(config, imported)
    fresh = experiment.make_experiment(config)
    started = experiment.with_initial_weights(fresh, config, imported)
    assert not miniature.differing(setup.params.generator, started.params.generator)
    wide = miniature.config(width_multiplier=1 / 8)
    wide = experiment.with_input_convention(wide, imported)
    with pytest.raises(UserError, match=r"encoder/conv1_1/kernel is \[3, 3, 3, 4\]"):
        experiment.with_initial_weights(
            experiment.make_experiment(wide), wide, imported
        )
