"""Every form of a primitive is the reference, values and gradients."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from salgan_jax.models import cpu_forms, primitives, reference_forms
from salgan_jax.models.generator import Generator

FORMS = sorted(primitives.FORMS)
SIZES = [(1, 1), (2, 3), (5, 4), (48, 64)]


def test_convolution_is_the_sum_over_a_zero_padded_window():
    random = np.random.default_rng(0)
    x, kernel = random.normal(size=(1, 3, 4, 2)), random.normal(size=(3, 3, 2, 5))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = np.zeros((1, 3, 4, 5))
    for row in range(3):
        for column in range(4):
            window = padded[0, row : row + 3, column : column + 3]
            expected[0, row, column] = np.einsum("hwc,hwcd->d", window, kernel)
    actual = reference_forms.conv(jnp.float32(x), jnp.float32(kernel))
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_upsampling_repeats_pixels():
    x = jnp.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    np.testing.assert_array_equal(reference_forms.upsample2(x)[0, ..., 0], expected)


def value_and_gradients(primitive, *inputs):
    """The output, and the gradients of a random sum of it."""

    def total(*inputs):
        output = primitive(*inputs)
        return jnp.sum(jax.random.normal(jax.random.key(9), output.shape) * output)

    gradients = jax.grad(total, argnums=tuple(range(len(inputs))))(*inputs)
    return primitive(*inputs), *gradients


def assert_equals_reference(name, form, *inputs):
    actual = value_and_gradients(getattr(primitives.FORMS[form], name), *inputs)
    expected = value_and_gradients(getattr(primitives.REFERENCE, name), *inputs)
    for tolerance, ours, theirs in zip(
        (1e-5, 1e-4, 1e-4), actual, expected, strict=False
    ):
        assert ours.dtype == theirs.dtype
        scale = max(1, np.abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, atol=tolerance * scale)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["conv3x3", "upsample2_conv3x3"])
@pytest.mark.parametrize("form", FORMS)
def test_a_convolution_equals_the_reference(form, name, size):
    keys = jax.random.split(jax.random.key(0), 2)
    x = jax.random.normal(keys[0], (2, *size, 3))
    kernel = jax.random.normal(keys[1], (3, 3, 3, 4))
    assert_equals_reference(name, form, x, kernel)


@pytest.mark.parametrize("name", ["conv3x3", "upsample2_conv3x3"])
@pytest.mark.parametrize("form", FORMS)
def test_a_convolution_in_half_precision_stays_close(form, name):
    keys = jax.random.split(jax.random.key(0), 2)
    x = jax.random.normal(keys[0], (2, 16, 24, 8))
    kernel = jax.random.normal(keys[1], (3, 3, 8, 4))
    exact = value_and_gradients(getattr(primitives.REFERENCE, name), x, kernel)
    half = value_and_gradients(
        getattr(primitives.FORMS[form], name),
        x.astype(jnp.bfloat16),
        kernel.astype(jnp.bfloat16),
    )
    for ours, theirs in zip(half, exact, strict=True):
        assert ours.dtype == jnp.bfloat16
        error = np.linalg.norm(ours.astype(jnp.float32) - theirs)
        assert error < 0.01 * np.linalg.norm(theirs)


@pytest.mark.parametrize("size", [(2, 2), (4, 6), (6, 4)], ids=str)
@pytest.mark.parametrize("form", FORMS)
def test_a_pool_is_bit_identical_to_the_reference_ties_included(form, size):
    x = jnp.round(jax.random.normal(jax.random.key(0), (2, *size, 3)))
    ours = value_and_gradients(primitives.FORMS[form].max_pool2, x)
    theirs = value_and_gradients(primitives.REFERENCE.max_pool2, x)
    for actual, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("size", "expected"), [((192, 256), 8), ((96, 128), 16), ((13, 400), 1)]
)
def test_a_band_divides_the_picture_and_stays_in_the_cache(size, expected):
    assert cpu_forms._band_rows(*size) == expected


def test_auto_is_the_form_of_this_platform(monkeypatch):
    assert primitives.select() is primitives.FORMS["cpu"]
    for platform in ("gpu", "tpu"):
        monkeypatch.setattr(jax, "default_backend", lambda name=platform: name)
        assert primitives.select() is primitives.FORMS[platform]
    assert primitives.select("reference") is primitives.REFERENCE


def test_forms_that_are_not_there_are_named():
    with pytest.raises(ValueError, match="'abacus': use one of auto, reference, cpu"):
        primitives.select("abacus")


def test_parameters_do_not_depend_on_the_form():
    image = jax.random.uniform(jax.random.key(1), (1, 32, 48, 3), maxval=255.0)
    networks = {
        name: Generator(1 / 16, kernel_init="he_uniform", forms=name) for name in FORMS
    }
    params = {
        name: jax.jit(network.init)(jax.random.key(0), image)
        for name, network in networks.items()
    }
    expected = jax.tree.map(np.asarray, params["reference"])
    logits: Any = networks["reference"].apply(expected, image)
    for name, network in networks.items():
        jax.tree.map(np.testing.assert_array_equal, params[name], expected)
        ours: Any = network.apply(expected, image)
        np.testing.assert_allclose(ours, logits, atol=1e-5)


def test_frozen_features_are_half_of_the_generator():
    generator = Generator(1 / 16, frozen_blocks=3, kernel_init="he_uniform")
    image = jax.random.uniform(jax.random.key(1), (2, 32, 48, 3), maxval=255.0)
    params: Any = generator.init(jax.random.key(0), image)
    features = generator.apply(params, image, method=generator.frozen_features)
    assert isinstance(features, jax.Array)
    assert features.shape == (2, 4, 6, 16)
    logits: Any = generator.apply(
        params, features, method=generator.from_frozen_features
    )
    whole: Any = generator.apply(params, image)
    np.testing.assert_array_equal(logits, whole)
