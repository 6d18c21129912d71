"""Imported weights replace what they fit, and nothing is left random unnoticed."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import weight_files

from salgan_jax import initial_weights
from salgan_jax import state as train_state
from salgan_jax.errors import UserError
from salgan_jax.models import vgg16
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator
from salgan_jax.weights import authors, grafting, recognition
from salgan_jax.weights.imported import Imported
from salgan_jax.weights.stored import Stored


@pytest.fixture(scope="module")
def params():
    shapes = jax.eval_shape(
        lambda: train_state.init_params(
            Generator(),
            Discriminator(variant="released_code"),
            key=jax.random.key(0),
            image_size=(192, 256),
        )
    )
    return jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), shapes)


def from_list(arrays):
    stored = [Stored(a.shape, lambda a=a: a) for a in arrays]
    return authors.recognise("list.npz", stored)


def graft(params, imported, frozen_blocks=3, variant="released_code"):
    return grafting.graft(
        params.generator,
        params.discriminator,
        imported,
        frozen_blocks=frozen_blocks,
        variant=variant,
    )


def test_vgg16_replaces_the_encoder_and_leaves_the_rest(params):
    imported = from_list(weight_files.lasagne_vgg16())
    grafted = graft(params, imported)
    np.testing.assert_array_equal(
        grafted.generator["encoder"]["conv5_3"]["kernel"],
        imported.encoder["conv5_3"]["kernel"],
    )
    assert not grafted.generator["decoder"]["decoder_conv5_1"]["kernel"].any()
    assert grafted.loaded == {f"encoder/{name}" for name in imported.encoder}


def test_a_whole_generator_replaces_both_halves(params):
    grafted = graft(params, from_list(weight_files.authors_generator()))
    assert grafted.generator["decoder"]["decoder_output"]["kernel"].any()
    assert len(grafted.loaded) == 13 + 14


def test_a_discriminator_is_loaded_where_it_is_of_the_same_variant(params):
    weights = from_list(weight_files.authors_discriminator())
    grafted = graft(params, weights, frozen_blocks=0)
    assert grafted.discriminator["fc4"]["kernel"].any()
    other = graft(params, weights, frozen_blocks=0, variant="paper")
    assert not other.discriminator["fc4"]["kernel"].any()
    assert not other.loaded


def first_blocks(count):
    full = from_list(weight_files.lasagne_vgg16())
    layers = {k: v for k, v in full.encoder.items() if int(k[4]) <= count}
    return full._replace(encoder=layers)


def test_a_block_is_not_frozen_at_random_values(params):
    graft(params, first_blocks(2), frozen_blocks=2)
    with pytest.raises(
        UserError, match=r"lack conv3_1, conv3_2, conv3_3.*lower it to 2"
    ):
        graft(params, first_blocks(2), frozen_blocks=3)


def test_what_does_not_fit_is_listed(params):
    weights = from_list(weight_files.authors_generator())
    encoder = {**weights.encoder, "conv6_1": weights.encoder["conv5_1"]}
    del encoder["conv5_2"]
    encoder["conv4_1"] = {**encoder["conv4_1"], "bias": np.zeros(7)}
    with pytest.raises(UserError) as caught:
        graft(params, weights._replace(encoder=encoder))
    message = str(caught.value)
    assert "encoder/conv5_2/kernel is missing" in message
    assert "encoder/conv6_1/bias is too much" in message
    assert "encoder/conv4_1/bias is [7], expected [512]" in message


def test_wrong_convention_is_refused():
    weights = Imported("weights", "caffe", {}, {}, {})
    grafting.check_convention(weights, "caffe")
    grafting.check_convention(weights._replace(input_convention=None), "torchvision")
    with pytest.raises(UserError, match="input_convention=caffe"):
        grafting.check_convention(weights, "torchvision")


def test_the_table_tells_loaded_random_and_frozen(params):
    grafted = graft(params, first_blocks(2), frozen_blocks=1)
    mixed = grafted.loaded - {"encoder/conv2_1"}
    table = initial_weights.table(params, mixed, frozen_blocks=1)
    rows = {line[:28].strip(): line[28:].split() for line in table.splitlines()}
    assert rows["encoder block 1"] == ["38,720", "loaded", "frozen"]
    assert rows["encoder block 2"] == ["221,440", "in", "part", "yes"]
    assert rows["encoder block 3"] == ["1,475,328", "random", "yes"]
    assert rows["decoder output"] == ["65", "random", "yes"]
    assert rows["discriminator"][1:] == ["random", "yes"]


def test_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"download\.pytorch\.org.*init_from"):
        initial_weights.load(str(tmp_path / "vgg16.pth"))


def test_the_encoder_computes_what_pytorch_computes(tmp_path):
    """All 13 activations, with random weights in torchvision's format."""
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    torch.manual_seed(0)
    layers, channels = [], 3
    for widths in ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3):
        for width in widths:
            layers += [torch.nn.Conv2d(channels, width, 3, padding=1), torch.nn.ReLU()]
            channels = width
        layers.append(torch.nn.MaxPool2d(2))
    features = torch.nn.Sequential(*layers)
    for layer in features:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.normal_(layer.bias, std=0.1)
    state = {f"features.{name}": x for name, x in features.state_dict().items()}
    torch.save(state, tmp_path / "vgg16.pth")

    encoder = recognition.load(str(tmp_path / "vgg16.pth")).encoder
    image = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3)).astype(np.float32)
    _, seen = vgg16.VGG16Encoder(input_convention="torchvision").apply(
        {"params": jax.tree.map(jnp.asarray, encoder)},
        jnp.asarray(image),
        capture_intermediates=True,
    )
    ours: Any = seen["intermediates"]

    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    x = torch.from_numpy(((image / 255 - mean) / std).astype(np.float32))
    x, names = x.permute(0, 3, 1, 2), iter(recognition.layouts.VGG16_LAYERS)
    with torch.inference_mode():
        for layer in features[:-1]:
            x = layer(x)
            if isinstance(layer, torch.nn.Conv2d):
                (found,) = ours[next(names)[0]]["__call__"]
                expected = x.permute(0, 2, 3, 1).numpy()
                scale = np.abs(expected).max()
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * scale)
    assert next(names, None) is None
