"""VGG-16 weights: exact where they fit, refused with a list where they do not."""

import jax
import numpy as np
import pytest

from salgan_jax import state as train_state
from salgan_jax.errors import UserError
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator
from salgan_jax.weights import vgg16


def write_keras_npz(path, *, blocks=5, width=64):
    random = np.random.default_rng(0)
    arrays, channels = {}, 3
    for position, (block, index) in enumerate(vgg16._LAYERS):
        out = width * 2 ** min(block - 1, 3)
        arrays[f"b{position}_q4_11"] = random.normal(size=out).astype(np.float32)
        if block <= blocks:
            shape = (3, 3, channels, out)
            kernel = random.normal(size=shape).astype(np.float32)
            arrays[f"block{block}_conv{index}_W"] = kernel
        channels = out
    np.savez(path, **arrays)
    return arrays


@pytest.fixture(scope="module")
def params():
    shapes = jax.eval_shape(
        lambda: train_state.init_params(
            Generator(),
            Discriminator(),
            key=jax.random.key(0),
            image_size=(16, 16),
        )
    )
    return jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), shapes.generator)


def test_layers_of_the_file_replace_those_of_the_encoder(tmp_path, params):
    arrays = write_keras_npz(tmp_path / "vgg.npz", blocks=2)
    weights = vgg16.load(str(tmp_path / "vgg.npz"))
    grafted = vgg16.graft(params, weights, frozen_blocks=2)
    assert weights.input_convention == "caffe"
    layer = grafted["encoder"]["conv2_1"]
    np.testing.assert_array_equal(layer["kernel"], arrays["block2_conv1_W"])
    np.testing.assert_array_equal(layer["bias"], arrays["b2_q4_11"])
    assert not grafted["encoder"]["conv3_1"]["kernel"].any()
    assert grafted["decoder"] is params["decoder"]


def test_a_block_is_not_frozen_at_random_values(tmp_path, params):
    write_keras_npz(tmp_path / "vgg.npz", blocks=2)
    weights = vgg16.load(str(tmp_path / "vgg.npz"))
    with pytest.raises(
        UserError, match=r"lack conv3_1, conv3_2, conv3_3.*lower it to 2"
    ):
        vgg16.graft(params, weights, frozen_blocks=3)


def test_layers_of_another_width_are_listed(tmp_path, params):
    write_keras_npz(tmp_path / "vgg.npz", blocks=1, width=32)
    weights = vgg16.load(str(tmp_path / "vgg.npz"))
    with pytest.raises(UserError, match=r"conv1_1/kernel is \(3, 3, 3, 32\), expected"):
        vgg16.graft(params, weights, frozen_blocks=1)


def test_wrong_convention_is_refused(tmp_path):
    write_keras_npz(tmp_path / "vgg.npz", blocks=1)
    weights = vgg16.load(str(tmp_path / "vgg.npz"))
    vgg16.check_convention(weights, "caffe")
    with pytest.raises(UserError, match="input_convention=caffe"):
        vgg16.check_convention(weights, "torchvision")


def test_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"download\.pytorch\.org.*init_from"):
        vgg16.load(str(tmp_path / "vgg16.pth"))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 torn archive", b"\x93"])
def test_a_broken_npz_is_named(tmp_path, content):
    path = tmp_path / "broken.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.npz"):
        vgg16.load(str(path))


def test_torchvision_state_dict_is_transposed_and_checked():
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    state = {"classifier.0.weight": torch.zeros(1)}
    channels = 3
    for (block, _), index in zip(
        vgg16._LAYERS, vgg16._TORCHVISION_INDICES, strict=True
    ):
        out = 64 * 2 ** min(block - 1, 3)
        state[f"features.{index}.weight"] = torch.randn(out, channels, 3, 3)
        state[f"features.{index}.bias"] = torch.randn(out)
        channels = out
    weights = vgg16._from_torchvision("vgg16.pth", state)
    kernel = weights.layers["conv3_2"]["kernel"]
    expected = state["features.12.weight"].numpy()
    np.testing.assert_array_equal(kernel[2, 1, 5, 7], expected[7, 5, 2, 1])
    state["features.1.running_mean"] = torch.zeros(64)
    with pytest.raises(UserError, match=r"extra: features\.1\.running_mean"):
        vgg16._from_torchvision("vgg16_bn.pth", state)


def test_real_blocks_are_the_known_ones(shared_data):
    path = shared_data / "vgg16_partial" / "vgg16_keras_block1_2.npz"
    weights = vgg16.load(str(path))
    largest = [
        float(np.abs(weights.layers[name]["kernel"]).max())
        for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2")
    ]
    expected = [0.6714, 0.289171, 0.416611, 0.277376]
    np.testing.assert_allclose(largest, expected, rtol=1e-4)
