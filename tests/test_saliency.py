"""The three lines of Python, on whatever holds a generator."""

import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import pytest
from PIL import Image
from shown_commands import ROOT, blocks, page

import salgan_jax
from salgan_jax import checkpoints, loading
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.errors import UserError
from salgan_jax.export import safetensors_format


def _loaded():
    config = miniature.config()
    params = jax.tree.map(np.asarray, miniature.experiment().params.generator)
    return LoadedGenerator(checkpoints.make_generator(config), params, config, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with runs/osie, a safetensors file, and two photographs."""
    folder = tmp_path_factory.mktemp("here")
    loaded = _loaded()
    state = {"generator": {"params": loaded.params}}
    checkpoints.save_weights(str(folder / "runs" / "osie"), state, loaded.config)
    (folder / "exported").mkdir()
    safetensors_format.write(loaded, folder / "exported")
    random = np.random.default_rng(0)
    for name, size in (("photo.jpg", (32, 48)), ("another.jpg", (50, 40))):
        noise = random.integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(noise).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def salgan(folder):
    return salgan_jax.load(folder / "runs" / "osie")


def _by_hand(image):
    """What the network makes of an image of its own size."""
    loaded = _loaded()
    batch = image[np.newaxis].astype(np.float32)
    logits = loaded.generator.apply({"params": loaded.params}, jnp.asarray(batch))
    return 1 / (1 + np.exp(-np.asarray(logits)[0, ..., 0]))


def test_the_lines_of_the_page_give_a_map_for_each_image(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (lines,) = blocks("python", page("docs/predict.md"))
    variables: dict = {}
    exec(lines, variables)
    maps = variables["maps"]
    assert [m.shape for m in maps] == [(32, 48), (50, 40)]
    assert all(m.dtype == np.float32 and 0 <= m.min() < m.max() <= 1 for m in maps)
    with Image.open("photo.jpg") as photo:
        expected = _by_hand(np.asarray(photo))
    np.testing.assert_allclose(maps[0], expected, atol=1e-5)


def test_one_image_in_any_form_gives_one_map(folder, salgan):
    path = folder / "photo.jpg"
    with Image.open(path) as picture:
        array = np.asarray(picture)
        forms = [str(path), path, picture, array]
        maps = [salgan(form) for form in forms]
        assert all(map_.tobytes() == maps[0].tobytes() for map_ in maps)
        together = salgan(iter(forms))
    assert [m.tobytes() for m in together] == [maps[0].tobytes()] * 4
    assert [m.shape for m in salgan(np.stack([array, array, array]))] == [(32, 48)] * 3
    assert salgan([]) == []


def test_picture_is_turned_upright_and_laid_on_white(salgan):
    clear = np.zeros((20, 30, 4), np.uint8)
    picture = Image.fromarray(clear)
    picture.getexif()[0x0112] = 6
    white = np.full((30, 20, 3), 255, np.uint8)
    np.testing.assert_array_equal(salgan(picture), salgan(white))


@pytest.mark.parametrize(
    "place",
    ["runs/osie/checkpoints/0", "exported", f"exported/{safetensors_format.FILE}"],
)
def test_step_and_export_hold_the_same_network(folder, place):
    found = loading.load_generator(folder / place)
    assert found.step == 0 and found.config.data.image_size == (32, 48)
    assert miniature.differing(_loaded().params, found.params) == []


def _write_part(path, part):
    loaded = _loaded()
    params = {name: layers for name, layers in loaded.params.items() if name == part}
    path.parent.mkdir()
    safetensors_format.write(loaded._replace(params=params), path.parent)


def test_what_cannot_be_loaded_is_said_in_one_line(folder, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"\x08\x07" * 20)
    _write_part(tmp_path / "encoder" / "salgan.safetensors", "encoder")
    shutil.copytree(folder / "runs/osie/checkpoints/0", tmp_path / "best")
    for place, message in (
        ("a.onnx", "export.py --format=safetensors wrote"),
        ("encoder", "holds VGG-16 only"),
        ("best", "is not called by its step: rename it"),
        (folder / "runs/osie/checkpoints/7", "no checkpoint of step 7: there are 0"),
        ("nothing", "no checkpoint in"),
    ):
        with pytest.raises((UserError, FileNotFoundError), match=message):
            salgan_jax.load(tmp_path / place)
    with pytest.raises(UserError, match="of step 0, not of step 5"):
        salgan_jax.load(folder / "exported", step=5)


@pytest.mark.parametrize(
    ("images", "given"),
    [
        (np.zeros((4, 4), np.uint8), r"uint8 \[4, 4\]"),
        (np.zeros((4, 4, 3)), r"float64 \[4, 4, 3\]"),
        ([np.zeros((4, 4, 4), np.uint8)], r"uint8 \[4, 4, 4\]"),
        (7, "int"),
        ([None], "NoneType"),
        (np.zeros((0, 4, 3), np.uint8), "no pixels"),
    ],
)
def test_what_is_no_image_is_the_users_mistake(salgan, images, given):
    with pytest.raises(UserError, match=given):
        salgan(images)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backend": "openvinno"}, "did you mean openvino"),
        ({"precision": "float16"}, "did you mean bfloat16"),
        ({"post_processing": "realeased_code"}, "did you mean released_code"),
        ({"batch_size": -1}, "batch_size=-1"),
    ],
)
def test_setting_that_is_unknown_is_the_users_mistake(folder, settings, message):
    with pytest.raises(UserError, match=message):
        salgan_jax.load(folder / "runs" / "osie", **settings)


def test_load_is_there_before_jax_is():
    program = (
        "import sys, salgan_jax\n"
        "assert 'load' in salgan_jax.__all__ and not hasattr(salgan_jax, 'lode')\n"
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
