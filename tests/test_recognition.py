"""Each published file is recognised and comes out in the layout of our parameters."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import weight_files

from salgan_jax.errors import UserError
from salgan_jax.models import reference_forms
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator
from salgan_jax.weights import layouts, recognition

NAMES = [name for name, _ in layouts.VGG16_LAYERS]


def shapes(layers):
    return {
        name: {k: x.shape for k, x in layer.items()} for name, layer in layers.items()
    }


@pytest.fixture(scope="module")
def expected():
    image = jax.ShapeDtypeStruct((1, 192, 256, 3), np.float32)
    params = jax.eval_shape(Generator().init, jax.random.key(0), image)["params"]
    return shapes(params["encoder"]), shapes(params["decoder"])


def true_convolution_by_hand(image, kernel):
    """Lasagne's convolution [out, in, h, w] of an image [H, W, in], zero-padded."""
    height, width, _ = image.shape
    reach = kernel.shape[-1] // 2
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)))
    out = np.zeros((height, width, len(kernel)))
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            # A true convolution sees at distance (y, x) the kernel's opposite side.
            seen = padded[reach - y : reach - y + height, reach - x : reach - x + width]
            out += seen @ kernel[:, :, reach + y, reach + x].T
    return out


def test_torchvision_s_vgg16_is_recognised(tmp_path, expected):
    state = weight_files.torchvision_state()
    state["classifier.0.bias"] = weight_files.numbers(5)
    path = tmp_path / "weights"
    weight_files.write_torch_zip_by_hand(path, state)
    imported = recognition.load(str(path))
    assert imported.what == "torchvision VGG-16 (PyTorch)"
    assert imported.input_convention == "torchvision"
    assert shapes(imported.encoder) == expected[0]
    kernel = imported.encoder["conv3_2"]["kernel"]
    assert kernel[2, 1, 5, 7] == state["features.12.weight"][7, 5, 2, 1]
    np.testing.assert_array_equal(
        imported.encoder["conv3_2"]["bias"], state["features.12.bias"]
    )


def test_timm_s_vgg16_and_wrapped_names_are_recognised(tmp_path, expected):
    state = {f"module.{k}": x for k, x in weight_files.torchvision_state().items()}
    state["module.head.fc.bias"] = weight_files.numbers(5)
    weight_files.write_safetensors(tmp_path / "model", state)
    imported = recognition.load(str(tmp_path / "model"))
    assert imported.what == "timm VGG-16 (safetensors)"
    assert shapes(imported.encoder) == expected[0]


@pytest.mark.parametrize("new_names", [False, True])
def test_keras_vgg16_is_recognised(tmp_path, expected, new_names):
    layers = weight_files.numbered_layers()
    arrays = weight_files.as_keras(layers, new_names=new_names)
    weight_files.write_keras(tmp_path / "w.h5", arrays)
    imported = recognition.load(str(tmp_path / "w.h5"))
    assert imported.input_convention == "caffe"
    assert shapes(imported.encoder) == expected[0]


def test_keras_vgg16_is_taken_whole_or_not_at_all(tmp_path):
    arrays = weight_files.as_keras(weight_files.numbered_layers())
    first_blocks = {
        k: x for k, x in arrays.items() if k.startswith(("block1", "block2"))
    }
    weight_files.write_named(tmp_path / "a.npz", first_blocks)
    with pytest.raises(UserError, match=r"missing: conv3_1/bias, conv3_1/kernel"):
        recognition.load(str(tmp_path / "a.npz"))


def test_keras_vgg19_is_not_taken_for_vgg16(tmp_path):
    arrays = weight_files.as_keras(weight_files.numbered_layers())
    for block in (3, 4, 5):
        layer = f"block{block}_conv4/block{block}_conv4"
        arrays[f"{layer}_W_1:0"] = weight_files.numbers(3, 3, 2, 2)
        arrays[f"{layer}_b_1:0"] = weight_files.numbers(2)
    weight_files.write_keras(tmp_path / "vgg19.h5", arrays)
    with pytest.raises(UserError, match="is VGG-19"):
        recognition.load(str(tmp_path / "vgg19.h5"))


def test_an_optimizer_s_state_is_not_taken_for_weights(tmp_path):
    arrays = weight_files.as_keras(weight_files.numbered_layers(), new_names=True)
    name = "optimizer_weights/Adam/block1_conv1/kernel/m:0"
    arrays[name] = weight_files.numbers(3, 3, 3, 64)
    weight_files.write_keras(tmp_path / "w.h5", arrays)
    with pytest.raises(UserError, match="holds conv1_1/kernel more than once"):
        recognition.load(str(tmp_path / "w.h5"))


@pytest.mark.parametrize("is_pickle", [False, True])
def test_lasagne_s_vgg16_is_recognised_and_not_turned(tmp_path, expected, is_pickle):
    arrays, path = weight_files.lasagne_vgg16(), tmp_path / "vgg16"
    write = weight_files.write_lasagne if is_pickle else weight_files.write_list
    write(path, arrays)
    imported = recognition.load(str(path))
    assert (imported.what, imported.input_convention) == ("Lasagne VGG-16", "caffe")
    assert shapes(imported.encoder) == expected[0]
    kernel = imported.encoder["conv2_1"]["kernel"]
    assert kernel[0, 2, 5, 7] == arrays[4][7, 5, 0, 2]


def test_the_authors_generator_has_a_turned_decoder_and_an_encoder_as_it_is(
    tmp_path, expected
):
    arrays, path = (
        weight_files.authors_generator(),
        tmp_path / "gen_modelWeights0090.npz",
    )
    assert len(arrays) == 54
    weight_files.write_list(path, arrays)
    imported = recognition.load(str(path))
    assert imported.what == "the authors' generator"
    assert imported.is_generator and imported.input_convention == "caffe"
    assert (shapes(imported.encoder), shapes(imported.decoder)) == expected
    assert imported.encoder["conv1_1"]["kernel"][0, 2, 1, 7] == arrays[0][7, 1, 0, 2]
    image = np.random.default_rng(0).normal(size=(5, 6, 512)).astype(np.float32)
    kernel = imported.decoder["decoder_conv5_1"]["kernel"]
    ours = reference_forms.conv(jnp.asarray(image[None]), jnp.asarray(kernel))
    np.testing.assert_allclose(
        ours[0], true_convolution_by_hand(image, arrays[26]), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize(
    ("variant", "layout"),
    [
        ("released_code", {"first_size": 1, "pool": 16, "has_scales": True}),
        ("paper", {"first_size": 1, "pool": 8, "has_scales": False}),
        ("article", {"first_size": 3, "pool": 8, "has_scales": False}),
    ],
)
def test_discriminators_are_told_by_their_shapes(tmp_path, variant, layout):
    arrays, path = weight_files.authors_discriminator(**layout), tmp_path / "d.npz"
    weight_files.write_list(path, arrays)
    imported = recognition.load(str(path))
    assert imported.variant == variant
    assert imported.what == f"discriminator, variant {variant}"
    image = jax.ShapeDtypeStruct((1, 192, 256, 3), np.float32)
    saliency = jax.ShapeDtypeStruct((1, 192, 256, 1), np.float32)
    params = jax.eval_shape(
        Discriminator(variant=variant).init, jax.random.key(0), image, saliency
    )
    assert shapes(imported.discriminator) == shapes(params["params"])


def test_the_discriminator_s_map_comes_last_and_its_flat_features_are_reordered(
    tmp_path,
):
    arrays = weight_files.authors_discriminator()
    weight_files.write_list(tmp_path / "d", arrays)
    layers = recognition.load(str(tmp_path / "d")).discriminator
    # The authors stack [map, red, green, blue], we [red, green, blue, map].
    assert layers["conv1_1"]["kernel"][0, 0, 3, 2] == arrays[0][2, 0, 0, 0]
    assert layers["conv1_1"]["kernel"][0, 0, 0, 2] == arrays[0][2, 1, 0, 0]
    assert layers["conv2_1"]["kernel"][0, 2, 3, 4] == arrays[4][4, 3, 2, 0]
    # Feature c at (y, x): our row (y * 16 + x) * 64 + c, theirs (c * 12 + y) * 16 + x.
    fc4 = layers["fc4"]["kernel"]
    np.testing.assert_array_equal(
        fc4[(7 * 16 + 3) * 64 + 9], arrays[-6][(9 * 12 + 7) * 16 + 3]
    )


def test_the_scale_of_weight_normalisation_may_come_before_the_bias(tmp_path):
    arrays = weight_files.authors_discriminator()
    weight_files.write_list(tmp_path / "a", arrays)
    arrays[9], arrays[10] = arrays[10], arrays[9]
    weight_files.write_list(tmp_path / "b", arrays)
    a, b = (recognition.load(str(tmp_path / name)).discriminator for name in "ab")
    np.testing.assert_array_equal(a["conv3_1"]["bias"], b["conv3_1"]["bias"])
    arrays[9] = arrays[9] * 2
    weight_files.write_list(tmp_path / "c", arrays)
    with pytest.raises(UserError, match=r"conv3_1 is the scale"):
        recognition.load(str(tmp_path / "c"))


def test_a_list_that_fits_nothing_is_refused_with_its_shapes(tmp_path):
    arrays = weight_files.authors_discriminator()[:-2]
    weight_files.write_list(tmp_path / "odd.npz", arrays)
    with pytest.raises(UserError, match=r"18 arrays.*3x4x1x1, 3, 32x3x3x3.*12288x100"):
        recognition.load(str(tmp_path / "odd.npz"))


def test_other_vggs_are_refused_with_the_reason(tmp_path):
    state: dict = {
        f"features.{i}.weight": np.zeros((2, 2, 3, 3), np.float32) for i in range(16)
    }
    weight_files.write_safetensors(tmp_path / "a", state)
    with pytest.raises(UserError, match="is VGG-19"):
        recognition.load(str(tmp_path / "a"))
    state["features.1.running_mean"] = np.zeros(2, np.float32)
    weight_files.write_safetensors(tmp_path / "b", state)
    with pytest.raises(UserError, match=r"batch normalisation \(vgg16_bn"):
        recognition.load(str(tmp_path / "b"))


def test_missing_extra_and_misshapen_names_are_listed(tmp_path):
    state: dict = weight_files.torchvision_state()
    del state["features.5.bias"]
    state["features.7.scale"] = np.zeros(1, np.float32)
    state["features.0.bias"] = np.zeros(63, np.float32)
    weight_files.write_safetensors(tmp_path / "a", state)
    with pytest.raises(UserError) as caught:
        recognition.load(str(tmp_path / "a"))
    assert "missing: features.5.bias" in str(caught.value)
    assert "too much: features.7.scale" in str(caught.value)
    assert "features.0.bias [63] instead of [64]" in str(caught.value)


def test_what_is_no_network_of_ours_is_described(tmp_path):
    np.savez(tmp_path / "a.npz", embedding=np.zeros((3, 4), np.float32))
    with pytest.raises(
        UserError, match=r"neither VGG-16 nor SalGAN.*embedding \[3, 4\]"
    ):
        recognition.load(str(tmp_path / "a.npz"))


def test_an_export_of_ours_comes_back_bit_by_bit(tmp_path):
    layers = {"encoder.conv1_1": (3, 3, 3, 4), "decoder.decoder_output": (1, 1, 4, 1)}
    arrays = {}
    for name, shape in layers.items():
        arrays[f"{name}.kernel"] = np.random.default_rng(0).normal(size=shape)
        arrays[f"{name}.bias"] = np.zeros(shape[-1])
    arrays = {name: x.astype(np.float32) for name, x in arrays.items()}
    config = {"name": "osie", "model": {"input_convention": "caffe"}}
    metadata = {
        "format": "salgan_jax", "kind": "generator", "config": json.dumps(config),
        "step": "7",
    }  # fmt: skip
    weight_files.write_safetensors(tmp_path / "ours", arrays, metadata)
    imported = recognition.load(str(tmp_path / "ours"))
    assert imported.is_generator and imported.config == config and imported.step == 7
    kernel = imported.encoder["conv1_1"]["kernel"]
    assert kernel.tobytes() == arrays["encoder.conv1_1.kernel"].tobytes()
    weight_files.write_safetensors(tmp_path / "bare", arrays, {"format": "salgan_jax"})
    with pytest.raises(UserError, match="no config in its metadata"):
        recognition.load(str(tmp_path / "bare"))
