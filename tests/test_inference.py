import concurrent.futures
import subprocess
import sys
from typing import Any

import jax
import jax.numpy as jnp
import miniature
import ml_collections
import numpy as np
import pytest

from salgan_jax import inference
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.data import images as image_files
from salgan_jax.errors import UserError
from salgan_jax.export import openvino_runtime
from salgan_jax.models.generator import Generator


class RedIsSalient:
    """Stands in for a generator: the sigmoid of its logits is red / 255 * gain."""

    num_traces = 0

    def apply(self, variables, image):
        self.num_traces += 1
        saliency_map = image[..., :1] / 255 * variables["params"]["gain"]
        return jnp.log(saliency_map) - jnp.log1p(-saliency_map)


def _loaded(generator: Any = None, gain=0.5):
    config = ml_collections.ConfigDict(
        {"data": {"image_size": (32, 48), "geometry": "stretch"}}
    )
    params = {"gain": np.float32(gain)}
    stand_in: Any = RedIsSalient() if generator is None else generator
    return LoadedGenerator(stand_in, params, config, 7)


def _image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_maps_have_the_sizes_of_their_images():
    images = [_image(100, 60), _image(1, 1), _image(33, 47), _image(20, 300)]
    maps = inference.make_predictor(_loaded(), batch_size=3)(images)
    assert [m.shape for m in maps] == [image.shape[:2] for image in images]
    assert all(m.dtype == np.float32 for m in maps)
    assert all(m.min() >= 0 and m.max() <= 1 for m in maps)


def test_map_of_a_plain_image_is_the_sigmoid_of_its_logits():
    red = np.full((10, 20, 3), (102, 0, 255), np.uint8)
    (saliency_map,) = inference.make_predictor(_loaded(gain=0.5))([red])
    np.testing.assert_allclose(saliency_map, 0.2, rtol=1e-5)


def test_images_are_resized_as_for_training():
    image = _image(90, 120)
    (saliency_map,) = inference.make_predictor(_loaded())([image])
    small = image_files.resize_image(image, height=32, width=48)[..., 0] / 255 * 0.5
    small = small.astype(np.float32)
    expected = image_files.resize_map(small, height=90, width=120)
    np.testing.assert_allclose(saliency_map, expected, atol=1e-5)


def test_map_does_not_depend_on_the_other_images_of_its_batch():
    images = [_image(40, 50, seed) for seed in range(5)]
    predict = inference.make_predictor(_loaded(), batch_size=2)
    for alone, together in zip(
        [predict([image])[0] for image in images], predict(images), strict=True
    ):
        np.testing.assert_array_equal(alone, together)


def test_generator_is_compiled_once_for_all_batches_and_parameters():
    generator = RedIsSalient()
    predict = inference.make_predictor(_loaded(generator), batch_size=2)
    predict([_image(10, 10)] * 5)
    predict([_image(70, 80)])
    inference.make_predictor(_loaded(generator, gain=0.7), batch_size=2)([_image(5, 5)])
    assert generator.num_traces == 1


def test_no_images_give_no_maps():
    assert inference.make_predictor(_loaded())([]) == []


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)],
    ids=["float", "grey"],
)
def test_an_array_that_is_no_rgb_image_is_refused(image):
    with pytest.raises(ValueError, match=r"uint8 \[H, W, 3\]"):
        inference.make_predictor(_loaded())([image])


def test_a_diverged_generator_is_named_by_its_step():
    predict = inference.make_predictor(_loaded(gain=np.nan))
    with pytest.raises(UserError, match=r"step 7 .* not finite"):
        predict([_image(4, 4)])


def test_the_real_generator_predicts_the_sigmoid_of_its_logits():
    generator = Generator(1 / 16, 1 / 16)
    image = _image(32, 48)
    batch = jnp.asarray(image[np.newaxis], jnp.float32)
    # Filled by NumPy: compiling the initialisers takes longer than all other tests.
    shapes: Any = jax.eval_shape(generator.init, jax.random.key(0), batch)["params"]
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda s: 0.1 * rng.standard_normal(s.shape, s.dtype), shapes)
    loaded = _loaded(generator)._replace(params=params)
    (saliency_map,) = inference.make_predictor(loaded, batch_size=1)([image])
    logits: Any = jax.jit(generator.apply)({"params": params}, batch)
    expected = 1 / (1 + np.exp(-np.asarray(logits)[0, :, :, 0]))
    np.testing.assert_allclose(saliency_map, expected, rtol=1e-4)


def _small_generator():
    setup = miniature.experiment()
    return LoadedGenerator(
        setup.recipe.generator, setup.params.generator, miniature.config(), 0
    )


def test_openvino_predicts_the_same_from_any_thread():
    pytest.importorskip("openvino", reason="requirements-export.txt is not installed")
    images = [_image(40, 50, seed) for seed in range(6)]
    expected = inference.make_predictor(_small_generator(), 2)(images)
    predict = inference.make_predictor(_small_generator(), 2, backend="openvino")
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
        in_threads = list(threads.map(predict, [images[:2], images[2:4], images[4:]]))
    for theirs in (predict(images), [m for maps in in_threads for m in maps]):
        for actual, wanted in zip(theirs, expected, strict=True):
            # OpenVINO may choose half precision.
            np.testing.assert_allclose(actual, wanted, atol=0.03)
    assert np.ptp(expected[0]) > 0.1


@pytest.mark.slow
def test_the_first_requests_to_openvino_come_together_and_do_not_wait_forever():
    pytest.importorskip("openvino", reason="requirements-export.txt is not installed")
    program = (
        "import sys, threading\n"
        "sys.path.insert(0, 'tests')\n"
        "import test_inference as tests\n"
        "predict = tests.inference.make_predictor(\n"
        "    tests._small_generator(), 2, backend='openvino')\n"
        "sys.setswitchinterval(1e-6)\n"
        "together = threading.Barrier(8)\n"
        "def ask():\n"
        "    together.wait()\n"
        "    predict([tests._image(40, 50)])\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    for _ in range(8):  # without the request that is made first, most hang
        subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_a_backend_that_is_not_installed_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(openvino_runtime, "PACKAGES", ("onnx", "nosuchpackage"))
    with pytest.raises(UserError, match=r"needs nosuchpackage, .*requirements-export"):
        inference.make_predictor(_small_generator(), backend="openvino")
