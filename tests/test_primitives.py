"""Every form of a primitive is the reference, values and gradients."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import optax
import pytest

from salgan_jax import experiment, updates
from salgan_jax import state as train_state
from salgan_jax.models import cpu_forms, primitives, reference_forms, winograd_forms
from salgan_jax.models.generator import Generator
from salgan_jax.schedule import Update

# Each set of forms once, under one of its names.
FORMS = sorted({forms: name for name, forms in primitives.FORMS.items()}.values())
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


@functools.partial(jax.jit, static_argnums=0)
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
@pytest.mark.parametrize("name", ["conv3x3", "dilated2_conv3x3", "upsample2_conv3x3"])
@pytest.mark.parametrize("form", FORMS)
def test_a_convolution_equals_the_reference(form, name, size):
    keys = jax.random.split(jax.random.key(0), 2)
    x = jax.random.normal(keys[0], (2, *size, 3))
    kernel = jax.random.normal(keys[1], (3, 3, 3, 4))
    assert_equals_reference(name, form, x, kernel)


DEEP = cpu_forms._WINOGRAD_CHANNELS


@pytest.mark.parametrize("size", [(3, 2), (4, 6), (30, 28)], ids=str)
@pytest.mark.parametrize("batch", [1, 2])
def test_a_deep_convolution_equals_the_reference(size, batch):
    keys = jax.random.split(jax.random.key(0), 2)
    x = jax.random.normal(keys[0], (batch, *size, DEEP))
    kernel = jax.random.normal(keys[1], (3, 3, DEEP, DEEP + 3))
    assert_equals_reference("conv3x3", "cpu", x, kernel)


@pytest.mark.parametrize(
    ("size", "channels", "dtype", "is_less"),
    [
        ((4, 6), (DEEP, DEEP), jnp.float32, True),
        ((4, 6), (DEEP - 1, DEEP), jnp.float32, False),
        ((4, 6), (DEEP, DEEP - 1), jnp.float32, False),
        ((3, 6), (DEEP, DEEP), jnp.float32, False),
        ((4, 6), (DEEP, DEEP), jnp.bfloat16, False),
    ],
    ids=str,
)
def test_deep_convolutions_on_a_cpu_multiply_less(size, channels, dtype, is_less):
    x = jax.ShapeDtypeStruct((8, *size, channels[0]), dtype)
    kernel = jax.ShapeDtypeStruct((3, 3, *channels), dtype)

    def num_flops(convolve):
        def total(x, kernel):
            return jnp.sum(jnp.square(convolve(x, kernel)))

        gradients = jax.jit(jax.grad(total, argnums=(0, 1))).lower(x, kernel)
        cost: Any = gradients.cost_analysis()
        return cost["flops"]

    reference = num_flops(reference_forms.conv3x3)
    assert (num_flops(cpu_forms.conv3x3) < 0.7 * reference) == is_less


@pytest.mark.parametrize(
    ("batch", "tiles", "expected"), [(4, 192, 1), (4, 48, 4), (6, 96, 2), (5, 1, 5)]
)
def test_small_pictures_are_convolved_together(batch, tiles, expected):
    assert winograd_forms._images_at_once(batch, tiles) == expected


@pytest.mark.parametrize("name", ["conv3x3", "dilated2_conv3x3", "upsample2_conv3x3"])
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
        name: Generator(1 / 16, 1 / 16, kernel_init="he_uniform", forms=name)
        for name in FORMS
    }
    params = {
        name: jax.jit(network.init)(jax.random.key(0), image)
        for name, network in networks.items()
    }
    expected = jax.tree.map(np.asarray, params["reference"])
    logits: Any = jax.jit(networks["reference"].apply)(expected, image)
    for name, network in networks.items():
        jax.tree.map(np.testing.assert_array_equal, params[name], expected)
        ours: Any = jax.jit(network.apply)(expected, image)
        np.testing.assert_allclose(ours, logits, atol=1e-5)


@functools.cache
def gradients(form, width_multiplier):
    """Of the generator: of the content loss, and of the loss through D."""
    config = miniature.config()
    config.model.width_multiplier = width_multiplier
    setup = experiment.make_experiment(config)
    recipe = setup.recipe._replace(
        generator=setup.recipe.generator.clone(forms=form),
        discriminator=setup.recipe.discriminator.clone(forms=form),
        alpha=0.0,
    )
    sgd = optax.sgd(1.0)
    recipe = recipe._replace(bootstrap_optimizer=sgd, generator_optimizer=sgd)
    state = train_state.create(
        setup.params, generator_optimizer=sgd, discriminator_optimizer=sgd
    )
    moved = [
        jax.jit(updates.make_updates(recipe)[update])(state, miniature.batch())[0]
        for update in (Update.BOOTSTRAP, Update.GENERATOR)
    ]
    return [
        jax.tree.map(jnp.subtract, state.generator.params, after.generator.params)
        for after in moved
    ]


@pytest.mark.parametrize(
    ("form", "width_multiplier"),
    [
        *((form, 1 / 16) for form in FORMS if form != "reference"),
        pytest.param("cpu", 1 / 2, marks=pytest.mark.slow),  # deep enough for Winograd
    ],
)
def test_gradients_of_a_whole_network_do_not_depend_on_the_form(form, width_multiplier):
    ours = gradients(form, width_multiplier)
    theirs = gradients("reference", width_multiplier)
    for tolerance, actual, expected in zip((1e-3, 1e-2), ours, theirs, strict=True):
        difference = optax.tree.sub(actual, expected)
        assert optax.tree.norm(difference) < tolerance * optax.tree.norm(expected)


def test_frozen_features_are_half_of_the_generator():
    generator = Generator(1 / 16, 1 / 16, frozen_blocks=3, kernel_init="he_uniform")
    image = jax.random.uniform(jax.random.key(1), (2, 32, 48, 3), maxval=255.0)
    params: Any = jax.jit(generator.init)(jax.random.key(0), image)
    features = generator.apply(params, image, method=generator.frozen_features)
    assert isinstance(features, jax.Array)
    assert features.shape == (2, 4, 6, 16)
    logits: Any = generator.apply(
        params, features, method=generator.from_frozen_features
    )
    whole: Any = generator.apply(params, image)
    np.testing.assert_array_equal(logits, whole)
