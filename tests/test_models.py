"""The two networks: their sizes, names, and agreement with plain arithmetic."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from salgan_jax.models import vgg16
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Decoder, Generator


def shapes(module, *inputs):
    structs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in inputs]
    return jax.eval_shape(module.init, jax.random.key(0), *structs)["params"]


def count(params):
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def test_generator_has_the_published_number_of_parameters():
    params = shapes(Generator(), (1, 192, 256, 3))
    frozen = [params["encoder"][f"conv{b}_{i}"] for b in (1, 2) for i in (1, 2)]
    frozen += [params["encoder"][f"conv3_{i}"] for i in (1, 2, 3)]
    assert count(params) == 31_787_009
    assert count(params) - count(frozen) == 30_051_521


@pytest.mark.parametrize(
    ("variant", "expected"),
    [("article", 5_045_792), ("paper", 5_045_696), ("released_code", 1_359_296)],
)
def test_discriminator_variants_have_their_number_of_parameters(variant, expected):
    params = shapes(Discriminator(variant), (1, 192, 256, 3), (1, 192, 256, 1))
    assert count(params) == expected


def test_layers_are_named_as_in_vgg():
    params = shapes(Generator(), (1, 32, 32, 3))
    assert set(params["encoder"]) == {
        f"conv{block}_{index}"
        for block, number in enumerate((2, 2, 3, 3, 3), start=1)
        for index in range(1, number + 1)
    }
    assert params["decoder"]["decoder_conv4_1"]["kernel"].shape == (3, 3, 512, 512)
    assert params["decoder"]["decoder_conv2_1"]["kernel"].shape == (3, 3, 256, 128)
    assert params["decoder"]["decoder_output"]["kernel"].shape == (1, 1, 64, 1)


@pytest.mark.parametrize("size", [(16, 16), (48, 80), (192, 256)])
def test_generator_takes_any_multiple_of_16(size):
    image = jax.ShapeDtypeStruct((2, *size, 3), jnp.float32)
    generator = Generator(1 / 16, 1 / 16)
    params = shapes(generator, (1, 32, 32, 3))
    logits = jax.eval_shape(generator.apply, {"params": params}, image)
    assert logits.shape == (2, *size, 1)


def test_generator_names_a_size_it_cannot_take():
    with pytest.raises(ValueError, match=r"40x64 pixels: .* multiples of 16"):
        shapes(Generator(), (1, 40, 64, 3))


def test_initial_kernels_are_glorot_uniform_and_biases_zero():
    params = jax.jit(Generator(0.25, 0.25).init)(
        jax.random.key(0), jnp.zeros((1, 16, 16, 3))
    )["params"]
    layer = params["encoder"]["conv3_2"]
    limit = np.sqrt(6 / (9 * 64 + 9 * 64))
    assert 0.99 * limit < jnp.abs(layer["kernel"]).max() <= limit
    assert layer["kernel"].std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert not layer["bias"].any()


def test_released_conv3_does_not_depend_on_the_length_of_its_kernels():
    small = Discriminator("released_code", width_multiplier=0.25)
    keys = jax.random.split(jax.random.key(0), 3)
    image = 255 * jax.random.uniform(keys[0], (2, 32, 48, 3))
    saliency_map = jax.random.uniform(keys[1], (2, 32, 48, 1))
    params: Any = small.init(keys[2], image, saliency_map)["params"]
    layer = params["conv3_1"]
    longer = {**params, "conv3_1": {**layer, "kernel": 7 * layer["kernel"]}}
    logits, same = (
        np.asarray(small.apply({"params": p}, image, saliency_map))
        for p in (params, longer)
    )
    np.testing.assert_allclose(logits, same, rtol=1e-3)


def test_discriminator_sees_the_saliency_map():
    small = Discriminator(width_multiplier=0.25)
    image = jnp.full((1, 32, 32, 3), 100.0)
    maps = jnp.zeros((1, 32, 32, 1)), jnp.ones((1, 32, 32, 1))
    params = small.init(jax.random.key(0), image, maps[0])["params"]
    first, second = (small.apply({"params": params}, image, s) for s in maps)
    assert abs(float(first[0] - second[0])) > 1e-6


def test_preprocessing_follows_torchvision_and_caffe():
    pixel = jnp.array([255.0, 0.0, 127.5]).reshape(1, 1, 1, 3)
    torchvision = vgg16.preprocess(pixel, "torchvision")[0, 0, 0]
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.5 - 0.406) / 0.225]
    np.testing.assert_allclose(torchvision, expected, rtol=1e-5)
    caffe = vgg16.preprocess(pixel, "caffe")[0, 0, 0]
    expected = [127.5 - 103.939, 0 - 116.779, 255 - 123.68]
    np.testing.assert_allclose(caffe, expected, rtol=1e-5)


@pytest.mark.parametrize("frozen_blocks", range(6))
def test_a_prediction_does_not_depend_on_what_is_frozen(frozen_blocks):
    image = jax.random.uniform(jax.random.key(1), (2, 32, 48, 3), maxval=255.0)
    whole = vgg16.VGG16Encoder(1 / 16, kernel_init="he_uniform")
    params: Any = whole.init(jax.random.key(0), image)
    split = Generator(1 / 16, 1 / 16, frozen_blocks, kernel_init="he_uniform")
    of_generator: Any = split.init(jax.random.key(2), image)["params"]
    of_generator["encoder"] = params["params"]

    def logits(features):
        decoder = Decoder(1 / 16, kernel_init="he_uniform")
        return decoder.apply({"params": of_generator["decoder"]}, features)

    expected: Any = logits(whole.apply(params, image))
    actual: Any = split.apply({"params": of_generator}, image)
    np.testing.assert_allclose(actual, expected, atol=1e-5)
