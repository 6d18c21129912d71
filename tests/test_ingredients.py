"""What the paper does not have: each option does what it says, and off is SalGAN."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import pytest
import tiny_game
import weight_files

from salgan_jax import checkpoints, experiment, initial_weights, losses, updates
from salgan_jax import config as config_module
from salgan_jax import state as train_state
from salgan_jax.errors import UserError
from salgan_jax.models import kernel_norms, vgg16
from salgan_jax.models.centre_prior import CentrePrior
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Decoder, Generator
from salgan_jax.models.smoothing import gaussian_blur
from salgan_jax.schedule import Update
from salgan_jax.weights import grafting
from salgan_jax.weights.imported import Imported

IMAGE = jax.random.uniform(jax.random.key(1), (2, 32, 48, 3), maxval=255.0)
LOGITS = jax.random.normal(jax.random.key(2), (2, 8, 12, 1))


def init(module, *inputs) -> Any:
    """New parameters; linen's types for them fit nothing."""
    return jax.jit(module.init)(jax.random.key(0), *inputs)["params"]


def apply(module, params, *inputs, **options) -> Any:
    compiled = jax.jit(functools.partial(module.apply, **options))
    return compiled({"params": params}, *inputs)


def shapes(module, *inputs):
    params = jax.eval_shape(module.init, jax.random.key(0), *inputs)["params"]
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf.shape
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }


# ---- the generator -----------------------------------------------------------------


def test_full_width_blocks_have_the_kernels_of_vgg16_and_the_rest_is_narrow():
    whole = shapes(vgg16.VGG16Encoder(), IMAGE)
    some = shapes(vgg16.VGG16Encoder(1 / 8, full_width_blocks=2), IMAGE)
    kept = [name for name in whole if name.split("/")[0][4] in "12"]
    assert len(kept) == 8
    assert {name: some[name] for name in kept} == {name: whole[name] for name in kept}
    assert some["conv3_1/kernel"] == (3, 3, 128, 32)
    assert some["conv3_2/kernel"] == (3, 3, 32, 32)


def test_encoder_decoder_and_discriminator_have_widths_of_their_own():
    config = miniature.config(encoder_width=1 / 8, discriminator_width=1 / 2)
    networks = experiment.make_networks(config)
    generator = shapes(networks.generator, IMAGE)
    judge = shapes(networks.discriminator, IMAGE, IMAGE[..., :1])
    assert generator["encoder/conv1_1/kernel"] == (3, 3, 3, 8)
    assert generator["decoder/decoder_conv5_1/kernel"] == (3, 3, 64, 32)
    assert generator["decoder/decoder_conv1_1/kernel"] == (3, 3, 8, 4)
    assert judge["conv1_2/kernel"] == (3, 3, 3, 16)


def test_one_width_is_that_of_all_three_as_it_was():
    assert networks_of(miniature.config()) == networks_of(
        miniature.config(
            width_multiplier=1.0,
            encoder_width=1 / 16,
            decoder_width=1 / 16,
            discriminator_width=1 / 16,
        )
    )


def networks_of(config):
    networks = experiment.make_networks(config)
    return shapes(networks.generator, IMAGE), shapes(
        networks.discriminator, IMAGE, IMAGE[..., :1]
    )


def test_a_narrow_encoder_refuses_the_weights_of_vgg16(tmp_path):
    state = weight_files.torchvision_state()
    weight_files.write_safetensors(tmp_path / "vgg16", state)
    imported = initial_weights.load(str(tmp_path / "vgg16"))
    config = miniature.config(frozen_blocks=0)
    config = experiment.with_input_convention(config, imported)
    setup = experiment.make_experiment(config)
    with pytest.raises(UserError, match=r"conv1_1/kernel is \[3, 3, 3, 64\], expected"):
        experiment.with_initial_weights(setup, config, imported)


def test_a_narrow_generator_takes_the_blocks_of_a_whole_vgg16_that_keep_their_width():
    config = miniature.config(full_width_blocks=1, frozen_blocks=1)
    fresh = experiment.make_experiment(config).params.generator
    layers = {
        name: {"kernel": np.ones(shape, np.float32), "bias": np.ones(shape[-1:])}
        for name, shape in shapes(vgg16.VGG16Encoder(), IMAGE).items()
        if name.endswith("kernel")
    }
    layers = {name.split("/")[0]: layer for name, layer in layers.items()}
    whole = Imported("VGG-16", "torchvision", layers, {}, {})
    grafted = grafting.graft(
        fresh,
        {},
        grafting.first_blocks(whole, 1),
        frozen_blocks=1,
        variant="article",
    )
    assert grafted.loaded == {"encoder/conv1_1", "encoder/conv1_2"}


def test_a_dilated_block_has_the_same_weights_and_works_at_an_eighth():
    encoder = vgg16.VGG16Encoder(1 / 16, frozen_blocks=0)
    dilated = vgg16.VGG16Encoder(1 / 16, frozen_blocks=0, dilated=True)
    assert shapes(encoder, IMAGE) == shapes(dilated, IMAGE)
    features = jax.eval_shape(dilated.init_with_output, jax.random.key(0), IMAGE)[0]
    assert features.shape == (2, 4, 6, 32)
    # One pixel of block 5's input reaches two pixels further at each of its layers.
    params = jax.tree.map(np.abs, init(dilated, IMAGE))
    x = jnp.zeros((1, 16, 16, 32)).at[0, 8, 8].set(1.0)
    y = apply(dilated, params, x, first=5)
    rows = np.flatnonzero(np.asarray(y).any(axis=(0, 2, 3)))
    assert rows.tolist() == list(range(2, 15, 2))


@pytest.mark.parametrize(
    "options",
    [
        {"skip_connections": True},
        {"dilated": True, "skip_connections": True, "centre_prior": True},
    ],
    ids=["skips", "all"],
)
@pytest.mark.parametrize("frozen_blocks", [0, 3])
def test_a_generator_is_its_encoder_and_its_decoder_whatever_is_frozen(
    options, frozen_blocks
):
    generator = Generator(
        1 / 16, 1 / 16, frozen_blocks, kernel_init="he_uniform", **options
    )
    params = init(generator, IMAGE)
    params = jax.tree.map(lambda x: x + 0.01, params)  # no skip adds nothing
    logits = apply(generator, params, IMAGE)
    assert logits.shape == (2, 32, 48, 1)
    dilated = options.get("dilated", False)
    encoder = vgg16.VGG16Encoder(1 / 16, frozen_blocks=0, dilated=dilated)
    encoded = functools.partial(apply, encoder, params["encoder"], IMAGE)
    skips = {
        block: encoded(last=block - 1) for block in (3, 4) if block > frozen_blocks
    }
    decoder = Decoder(
        1 / 16, dilated=dilated, centre_prior=options.get("centre_prior", False)
    )
    expected = apply(decoder, params["decoder"], encoded(), skips)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    without = apply(decoder, params["decoder"], encoded(), {})
    assert float(jnp.abs(without - expected).max()) > 1e-3
    features = apply(generator, params, IMAGE, method=generator.frozen_features)
    if frozen_blocks:
        np.testing.assert_allclose(features, encoded(last=frozen_blocks), rtol=1e-4)


def test_skips_are_what_goes_into_blocks_3_and_4_and_count():
    generator = Generator(
        1 / 16, 1 / 16, 0, skip_connections=True, kernel_init="he_uniform"
    )
    names = [name for name in shapes(generator, IMAGE) if "skip" in name]
    assert {name.split("/")[1] for name in names} == {"skip3", "skip4"}
    params = init(generator, IMAGE)
    plain = Generator(1 / 16, 1 / 16, 0, kernel_init="he_uniform")
    logits = apply(generator, params, IMAGE)
    # At first they add nothing, and then as much for features of any size.
    np.testing.assert_array_equal(logits, apply(plain, params, IMAGE))
    decoder = params["decoder"]
    skip = {**decoder["skip3"], "kernel": decoder["skip3"]["kernel"] + 0.1}
    features = jax.random.uniform(jax.random.key(3), (2, 2, 3, 32))
    shallow = jax.random.uniform(jax.random.key(4), (2, 8, 12, 8))
    found = [
        apply(Decoder(1 / 16), decoder | {"skip3": skip}, features, skips)
        for skips in ({}, {3: shallow}, {3: 300 * shallow})
    ]
    assert float(jnp.abs(found[1] - found[0]).max()) > 1e-3
    np.testing.assert_allclose(found[1], found[2], rtol=1e-3, atol=1e-5)


def test_smoothed_logits_are_a_gaussian_around_each_and_keep_a_constant():
    point = jnp.zeros((1, 41, 41, 1)).at[0, 20, 20].set(1.0)
    blurred = np.asarray(gaussian_blur(point, 2.0))[0, ..., 0]
    assert blurred.sum() == pytest.approx(1.0, rel=1e-4)
    # exp(-(3^2 + 4^2) / (2 * 2^2)) of the centre's.
    assert blurred[23, 24] == pytest.approx(blurred[20, 20] * np.exp(-25 / 8), rel=1e-3)
    constant = jnp.full((1, 8, 12, 1), 3.0)
    np.testing.assert_allclose(gaussian_blur(constant, 2.0), constant, rtol=1e-5)
    plain = Generator(1 / 16, 1 / 16, kernel_init="he_uniform")
    smoothed = plain.clone(smoothing_sigma=2.0)
    params = init(plain, IMAGE)
    np.testing.assert_allclose(
        apply(smoothed, params, IMAGE),
        gaussian_blur(apply(plain, params, IMAGE), 2.0),
        rtol=1e-4,
        atol=1e-6,
    )


def test_a_centre_prior_begins_as_nothing_and_is_where_it_says_at_any_size():
    prior = CentrePrior()
    params = init(prior, LOGITS)
    np.testing.assert_array_equal(apply(prior, params, LOGITS), LOGITS)
    params = params | {"amplitude": jnp.float32(2.0), "centre": jnp.array([0.0, 0.5])}
    for height, width in ((9, 18), (45, 82)):
        added = apply(prior, params, jnp.zeros((1, height, width, 1)))
        peak = np.unravel_index(int(jnp.argmax(added)), (height, width))
        assert peak == (height // 2, int(0.75 * width))
        assert 1.9 < float(added.max()) <= 2.0


# ---- the discriminator -------------------------------------------------------------


def test_spectral_norm_divides_by_the_largest_singular_value():
    kernel = jax.random.normal(jax.random.key(0), (3, 3, 4, 6))
    largest = np.linalg.svd(np.reshape(kernel, (36, 6)), compute_uv=False)[0]
    np.testing.assert_allclose(
        kernel_norms.spectral(kernel), kernel / largest, rtol=1e-5
    )
    grads = jax.grad(lambda k: kernel_norms.spectral(k).sum())(kernel)
    # What does not depend on the length of a kernel has no gradient along it.
    assert abs(float(jnp.sum(grads * kernel))) < 1e-3


@pytest.mark.parametrize("variant", ["article", "released_code"])
def test_a_normalised_discriminator_does_not_depend_on_the_length_of_its_kernels(
    variant,
):
    network = Discriminator(variant, 1 / 4, norm="spectral")
    maps = IMAGE[..., :1] / 255
    params = init(network, IMAGE, maps)
    longer = {
        name: {**layer, "kernel": 3 * layer["kernel"]} for name, layer in params.items()
    }
    first, second = (apply(network, each, IMAGE, maps) for each in (params, longer))
    np.testing.assert_allclose(first, second, rtol=2e-3, atol=1e-5)


def test_a_normalised_image_is_of_the_size_of_a_map():
    maps = IMAGE[..., :1] / 255
    network = Discriminator(width_multiplier=1 / 4)
    params = init(network, IMAGE, maps)
    mean = jnp.broadcast_to(jnp.array([123.675, 116.28, 103.53]), IMAGE.shape)
    normalised = apply(network.clone(image_input="normalized"), params, mean, maps)
    as_zeros = apply(network, params, jnp.zeros_like(IMAGE), maps)
    np.testing.assert_allclose(normalised, as_zeros, rtol=1e-5, atol=1e-6)


# ---- the losses --------------------------------------------------------------------


def test_kl_divergence_cc_and_nss_are_the_scores_of_the_maps():
    predicted = np.asarray(jax.nn.sigmoid(LOGITS), np.float64).reshape(2, -1)
    random = np.random.default_rng(0)
    truth = random.uniform(size=(2, 96))
    counts = random.integers(0, 3, (2, 96))
    expected = []
    for p, q, c in zip(predicted, truth, counts, strict=True):
        density = q / q.sum()
        kld = np.sum(density * np.log(density / (p / p.sum())))
        cc = np.corrcoef(p, q)[0, 1]
        nss = np.average((p - p.mean()) / p.std(), weights=c)
        expected.append((kld, cc, nss))
    kld, cc, nss = np.mean(expected, axis=0)
    saliency_map = jnp.asarray(truth.reshape(LOGITS.shape), jnp.float32)
    fixations = jnp.asarray(counts.reshape(LOGITS.shape), jnp.float32)
    close = functools.partial(pytest.approx, rel=1e-4)
    assert float(losses.kl_divergence(LOGITS, saliency_map)) == close(kld)
    assert float(losses.correlation(LOGITS, saliency_map)) == close(cc)
    assert float(losses.normalized_scanpath_saliency(LOGITS, fixations)) == close(nss)
    found = losses.weighted_content_loss(
        LOGITS,
        saliency_map,
        fixations,
        weights=losses.ContentWeights(bce=2.0, kld=3.0, cc=5.0, nss=7.0),
        downsample=4,
    )
    bce = float(losses.content_loss(LOGITS, saliency_map, downsample=4))
    assert float(found) == close(2 * bce + 3 * kld - 5 * cc - 7 * nss)


@pytest.mark.parametrize("logits", [jnp.zeros_like(LOGITS), 200 * LOGITS], ids=len)
def test_scores_have_finite_gradients_for_constant_and_for_empty_maps(logits):
    zeros = jnp.zeros_like(LOGITS)
    loss = functools.partial(
        losses.weighted_content_loss,
        weights=losses.ContentWeights(bce=1.0, kld=1.0, cc=1.0, nss=1.0),
        downsample=4,
    )
    for truth, counts in ((zeros, zeros), (zeros + 0.5, zeros + 1)):
        value, grads = jax.jit(jax.value_and_grad(loss))(logits, truth, counts)
        assert np.isfinite(value) and np.isfinite(grads).all()


def test_the_published_content_loss_is_cross_entropy_alone():
    truth = jax.nn.sigmoid(LOGITS[::-1])
    found = losses.weighted_content_loss(
        LOGITS, truth, None, weights=losses.ContentWeights(), downsample=4
    )
    expected = losses.content_loss(LOGITS, truth, downsample=4)
    assert float(found) == float(expected)


def test_r1_is_half_the_squared_gradient_at_true_maps_and_reaches_the_parameters():
    """Through the CPU's forms, whose gradients are written by hand, twice."""
    config = miniature.config()
    config.losses.r1_penalty = 10.0
    setup = experiment.make_experiment(config)
    batch = miniature.batch(size=2)
    state = miniature.state(setup.params)
    step = updates.make_updates(setup.recipe)[Update.DISCRIMINATOR]
    _, metrics = jax.jit(step)(state, batch)

    plain = setup.recipe.discriminator.clone(forms="gpu")

    def total(maps, params):
        image = jnp.asarray(batch.image, jnp.float32)
        return apply(plain, params, image, maps).sum()

    maps = jnp.asarray(batch.saliency_map, jnp.float32) / 255
    grads = jax.jit(jax.grad(total))(maps, state.discriminator.params)
    assert float(metrics["r1_penalty"]) == pytest.approx(
        float(jnp.sum(grads**2)) / 2 / 2, rel=1e-3
    )

    def penalty(params):
        return losses.r1_penalty(jax.grad(total)(maps, params))

    of_penalty = jax.jit(jax.grad(penalty))(state.discriminator.params)
    assert float(jnp.abs(of_penalty["conv1_2"]["kernel"]).max()) > 0


def test_the_penalty_is_in_the_discriminators_update():
    recipe = tiny_game.recipe()
    batch, gradients = miniature.batch(), []
    for weight in (0.0, 10.0):
        update = updates.make_updates(recipe._replace(r1_penalty=weight))
        step = jax.jit(update[Update.DISCRIMINATOR])
        _, metrics = step(tiny_game.state(recipe), batch)
        assert ("r1_penalty" in metrics) == bool(weight)
        gradients.append(float(metrics["discriminator_grad_norm"]))
    assert abs(gradients[0] - gradients[1]) > 1e-6


# ---- the average of parameters -----------------------------------------------------


def test_the_average_follows_slowly_and_what_is_frozen_stays_to_the_bit():
    config = miniature.config()
    config.phases.average_decay = 0.9
    setup = experiment.make_experiment(config)
    state = train_state.create(
        setup.params,
        generator_optimizer=setup.recipe.bootstrap_optimizer,
        discriminator_optimizer=setup.recipe.discriminator_optimizer,
        keeps_average=True,
    )
    step = jax.jit(updates.make_updates(setup.recipe)[Update.BOOTSTRAP])
    expected = np.asarray(state.generator.params["decoder"]["decoder_output"]["kernel"])
    for number in range(3):
        state, _ = step(state, miniature.batch(size=2, seed=number))
        decay = min(0.9, (1 + number) / (10 + number))
        now = np.asarray(state.generator.params["decoder"]["decoder_output"]["kernel"])
        expected = decay * expected + (1 - decay) * now
    average = state.generator.for_prediction
    np.testing.assert_allclose(
        average["decoder"]["decoder_output"]["kernel"], expected, rtol=1e-4
    )
    assert not miniature.differing(
        setup.params.generator["encoder"]["conv1_1"], average["encoder"]["conv1_1"]
    )


def test_without_a_decay_no_average_is_kept_and_the_parameters_predict():
    player = miniature.state().generator
    assert player.average is None
    assert player.for_prediction is player.params


def test_the_average_is_what_a_checkpoint_predicts_with(tmp_path):
    config = miniature.config()
    config.phases.average_decay = 0.99
    params = miniature.experiment().params
    average = jax.tree.map(lambda x: x + 1, params.generator)
    state = miniature.state()
    state = state.replace(generator=state.generator.replace(average=average))
    with checkpoints.open_manager(
        str(tmp_path), max_to_keep=1, best_metric="cc"
    ) as manager:
        checkpoints.save(manager, 3, state, config)
    loaded = checkpoints.load_generator(str(tmp_path))
    assert not miniature.differing(average, loaded.params)


def test_a_tiny_game_with_an_average_is_the_same_game():
    recipe = tiny_game.recipe()
    averaging = recipe._replace(average_decay=0.9)
    before = tiny_game.state(recipe)
    kept = before.replace(
        generator=before.generator.replace(average=before.generator.params)
    )
    batch = miniature.batch()
    plain, averaged = (
        jax.jit(updates.make_updates(each)[Update.BOTH])(state, batch)[0]
        for each, state in ((recipe, before), (averaging, kept))
    )
    assert not miniature.differing(plain.generator.params, averaged.generator.params)


# ---- where it begins ---------------------------------------------------------------


def test_an_output_bias_makes_an_untrained_generator_predict_the_mean_map():
    setup = experiment.make_experiment(miniature.config())
    setup = experiment.with_output_bias(setup, 0.1)
    before = setup.params.generator["decoder"]["decoder_output"]
    assert float(before["bias"][0]) == pytest.approx(-2.1972, abs=1e-4)  # log(1 / 9)
    silent = {**before, "kernel": jnp.zeros_like(before["kernel"])}
    params = dict(setup.params.generator)
    params["decoder"] = {**params["decoder"], "decoder_output": silent}
    logits = apply(setup.recipe.generator, params, IMAGE)
    np.testing.assert_allclose(jax.nn.sigmoid(logits), 0.1, rtol=1e-5)


# ---- configs -----------------------------------------------------------------------


def test_every_field_reaches_the_networks_and_the_loss():
    config = config_module.default()
    fields = {
        **{"encoder_width": 1 / 16, "decoder_width": 1 / 8, "full_width_blocks": 1},
        **{"frozen_blocks": 2, "input_convention": "caffe", "smoothing_sigma": 1.5},
        **{"dilated": True, "skip_connections": True, "centre_prior": True},
        "kernel_init": "he_uniform",
    }
    config.model.update(fields)
    config.model.update(discriminator="paper", discriminator_width=1 / 4)
    config.model.update(discriminator_input="normalized", discriminator_norm="spectral")
    config.model.update(
        discriminator_map="density",
        discriminator_map_enters="second_block",
        discriminator_first_outputs=5,
        discriminator_first_init="passes_map",
        discriminator_activation="leaky_relu",
        discriminator_pooling="mean",
        discriminator_bottleneck=7,
    )
    config.losses.update(bce=0.1, kld=0.2, cc=0.3, nss=0.4, r1_penalty=0.5, alpha=0.6)
    config.losses.update(content_reduction="sum", game="hinge", adversarial_share=0.7)
    config.losses.discriminator_flood = 0.3
    networks = experiment.make_networks(config)
    of_generator = {field.name for field in dataclasses.fields(Generator)}
    assert of_generator - {"dtype", "forms", "parent", "name"} == fields.keys()
    for name, value in fields.items():
        assert getattr(networks.generator, name) == value, name
    judge = networks.discriminator
    assert (judge.variant, judge.width_multiplier) == ("paper", 1 / 4)
    assert (judge.image_input, judge.norm) == ("normalized", "spectral")
    assert (judge.map_input, judge.first_outputs) == ("density", 5)
    assert (judge.map_enters, judge.first_init) == ("second_block", "passes_map")
    assert (judge.activation, judge.final_pooling) == ("leaky_relu", "mean")
    assert judge.bottleneck == 7
    params = train_state.InitialParams({"encoder": {}, "decoder": {}}, {})
    recipe = experiment.make_recipe(networks, params, config)
    assert recipe.content == losses.ContentWeights(bce=0.1, kld=0.2, cc=0.3, nss=0.4)
    assert (recipe.r1_penalty, recipe.alpha) == (0.5, 0.6)
    assert (recipe.content_reduction, recipe.game) == ("sum", "hinge")
    assert (recipe.adversarial_share, recipe.discriminator_flood) == (0.7, 0.3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phases.average_decay": 1.0}, "must be below 1"),
        ({"losses.kld": -1.0}, "must be 0 or more"),
        ({"losses.bce": 0.0}, "the content loss needs one"),
        ({"model.encoder_width": 5.0}, "encoder_width is 5.0: it must be at most 4"),
        ({"model.smoothing_sigma": -1.0}, "must be 0 or more"),
        ({"model.skip_connections": True, "model.frozen_blocks": 4}, "use 3 or less"),
        ({"losses.r1_penalty": -1.0}, "must be 0 or more"),
        ({"model.discriminator_norm": "spectrl"}, "did you mean spectral"),
        ({"model.discriminator_map": "standardised"}, "did you mean standardized"),
        ({"losses.game": "hing"}, "did you mean hinge"),
        ({"losses.adversarial_share": -1.0}, "must be 0 or more"),
        ({"losses.discriminator_flood": -1.0}, "must be 0 or more"),
        ({"model.discriminator_first_outputs": 0}, "must be 1 or more"),
        ({"phases.discriminator_warmup_epochs": 106}, "phase of 105 epochs"),
        ({"phases.discriminator_warmup_epochs": 105}, "nothing is left for the gen"),
        ({"losses.discriminator_flood": 1.4}, "flood is 1.4: from 1.386 on, the loss"),
        (
            {
                "model.discriminator_input": "frozen_features",
                "model.frozen_blocks": 2,
            },
            "needs config.model.frozen_blocks=3, which is 2",
        ),
        (
            {
                "model.discriminator_map_enters": "second_block",
                "model.discriminator_first_init": "passes_map",
            },
            "first_init='passes_map' needs the map in the first layer",
        ),
        (
            {
                "model.discriminator_map_enters": "second_block",
                "model.discriminator_input": "frozen_features",
            },
            "input='frozen_features' needs the map in the first layer",
        ),
        (
            {"generator_optimizer.schedule": "warmup_cosine"},
            "carry_optimizer_state=False",
        ),
    ],
)
def test_options_that_cannot_be_are_one_clear_line(changes, message):
    config = config_module.default()
    config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=message):
        config_module.validate(config)
