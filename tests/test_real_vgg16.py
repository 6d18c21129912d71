"""The real VGG-16 computes the known activations, whichever kind of file holds it.

The activations say that the numbers mean what they should: the order of the axes and of
the channels, the input convention, the padding. They cannot see everything: channels
that are silent on this image, or the order of the outputs of conv5_3, which no layer
follows. A checksum of the numbers of each layer sees that.
"""

import functools
import hashlib
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import weight_files
from PIL import Image

from salgan_jax import importing, initial_weights
from salgan_jax.models import vgg16
from salgan_jax.weights import layouts, recognition

NAMES = [name for name, _ in layouts.VGG16_LAYERS]

# Relative. Float32 is off by less than 1e-6; of 1,800 pairs of input channels, the two
# most alike changed something by 3.7e-5 when they were exchanged.
TOLERANCE = 2e-5

# The first digits of the SHA-256 of kernel [3, 3, in, out] and bias in little-endian
# float32, of the file that the activations were computed with.
CHECKSUMS = {
    "conv1_1": "32314ce545bb80d6",
    "conv1_2": "e94df3db9672bf8c",
    "conv2_1": "3433a2611003b893",
    "conv2_2": "dd4bc0521dbbf66a",
    "conv3_1": "854cf503b56db996",
    "conv3_2": "5eb0344bac37c019",
    "conv3_3": "0a5d598d159d78c4",
    "conv4_1": "bbd31456d83dcb21",
    "conv4_2": "0b5df0bf7a506cdd",
    "conv4_3": "3a13b289451687bf",
    "conv5_1": "3b6e2093a4562fd9",
    "conv5_2": "510ec1a86d78ec8f",
    "conv5_3": "20510d8c6736741b",
}


@pytest.fixture(scope="module")
def folder(shared_data):
    folder = shared_data / "vgg16"
    if not folder.is_dir():
        pytest.skip("no VGG-16: the folder ../shared/data/vgg16 is absent")
    return folder


@pytest.fixture(scope="module")
def real(folder):
    """The weights, from the file that is there."""
    return recognition.load(str(folder / "vgg16_caffe.npz"))


@pytest.fixture(scope="module")
def image(folder):
    return np.array(Image.open(folder / "persian_cat.png"), np.float32)[None]


@pytest.fixture(scope="module")
def reference(folder):
    """Of each of our layers: statistics and five values, computed in float64."""
    layers = json.loads((folder / "activations_float64.json").read_text())
    found = {f"conv{name[5]}_{name[-1]}": layer for name, layer in layers.items()}
    assert list(found) == NAMES
    return found


@functools.cache
def program(convention, forms):
    encoder = vgg16.VGG16Encoder(input_convention=convention, forms=forms)

    @jax.jit
    def run(encoder_params, image):
        variables = {"params": encoder_params}
        _, seen = encoder.apply(variables, image, capture_intermediates=True)
        convolved: Any = seen["intermediates"]
        return {name: jax.nn.relu(convolved[name]["__call__"][0][0]) for name in NAMES}

    return run


def activations(layers, image, convention="caffe", forms="auto"):
    """What the encoder makes of the image: each layer's [h, w, c], after ReLU."""
    found = program(convention, forms)(layers, jnp.asarray(image))
    return {name: np.asarray(array) for name, array in found.items()}


def differing(found, reference):
    """The layers whose activations are not the known ones, in order."""
    return [name for name in NAMES if not _is_known(found[name], reference[name])]


def _is_known(array, known):
    measured = [array.mean(dtype=np.float64), array.max(), (array == 0).mean()]
    expected = [known["mean"], known["max"], known["share_of_zeros"]]
    scales = [known["mean"], known["max"], 1.0]
    for place, value in known["at"].items():
        measured.append(array[tuple(map(int, place.split(",")))])
        expected.append(value)
        scales.append(known["max"])
    assert len(measured) == 3 + 5 and list(array.shape) == known["shape"]
    errors = np.abs(np.subtract(measured, expected)) / scales
    return bool((errors <= TOLERANCE).all())


def checksums(layers):
    return {name: _checksum(**layers[name]) for name in NAMES}


def _checksum(kernel, bias):
    numbers = (np.asarray(array, "<f4").tobytes() for array in (kernel, bias))
    return hashlib.sha256(b"".join(numbers)).hexdigest()[:16]


# --- The weights ---


@pytest.mark.parametrize("forms", ["auto", "reference"])
def test_all_thirteen_activations_are_the_known_ones(real, image, reference, forms):
    assert real.what == "Keras VGG-16 (NumPy)"
    found = activations(real.encoder, image, real.input_convention, forms)
    assert differing(found, reference) == []
    assert checksums(real.encoder) == CHECKSUMS


def test_the_first_activations_are_those_that_keras_printed(folder, real, image):
    printed = json.loads((folder / "block1_conv1_reference.json").read_text())
    channels = printed["channels"]
    found = activations(real.encoder, image)["conv1_1"]
    pixels = {(0, column): f"col{column}" for column in (0, 1, 2, 221, 222, 223)}
    for (row, column), key in {**pixels, (1, 0): "col0"}.items():
        expected = printed[f"row{row}"][key]
        np.testing.assert_allclose(
            found[row, column, channels], expected, rtol=1e-5, atol=1e-3
        )


def test_blue_comes_first(real, image):
    """The cat is grey: only the means tell its channels apart, so a picture is made."""
    assert (image == image[..., :1]).all()
    red, green, blue = image[..., 0], image[:, ::-1, :, 0], image[:, :, ::-1, 0]
    coloured = np.stack([red, green, blue], axis=-1)
    patch = coloured[0, 99:102, 36:39, ::-1] - np.array([103.939, 116.779, 123.68])
    layer = real.encoder["conv1_1"]
    expected = np.einsum("hwc,hwcd->d", patch, layer["kernel"]) + layer["bias"]
    found = activations(real.encoder, coloured)["conv1_1"][100, 37]
    np.testing.assert_allclose(found, np.maximum(expected, 0), rtol=1e-5, atol=1e-3)


# --- The readers ---


def as_authors_generator(layers):
    encoder = weight_files.as_lasagne(layers)
    return encoder + weight_files.authors_generator()[len(encoder) :]


def as_ours(layers):
    return {
        f"encoder.{name}.{kind}": array
        for name, layer in layers.items()
        for kind, array in layer.items()
    }


def write_ours(path, arrays):
    config = {"name": "a", "model": {"input_convention": "caffe"}}
    metadata = {"format": "salgan_jax", "config": json.dumps(config), "step": "0"}
    weight_files.write_safetensors(path, arrays, metadata)


def write_torch(path, state, *, is_zip):
    """As PyTorch does, with kernels that lie in memory in another order."""
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    for name, tensor in tensors.items():
        if tensor.ndim == 4:
            tensors[name] = tensor.to(memory_format=torch.channels_last)
    torch.save(tensors, path, _use_new_zipfile_serialization=is_zip)


write_torch_zip = functools.partial(write_torch, is_zip=True)
write_torch_legacy = functools.partial(write_torch, is_zip=False)
as_keras, as_lasagne = weight_files.as_keras, weight_files.as_lasagne
as_new_keras = functools.partial(as_keras, new_names=True)
as_torchvision = weight_files.as_torchvision

# What names and orders the arrays, what writes them, and the convention of such a file.
WRITERS = {
    "Keras, HDF5": (as_keras, weight_files.write_keras, "caffe"),
    "Keras, HDF5, new names": (as_new_keras, weight_files.write_keras, "caffe"),
    "Keras, safetensors": (as_keras, weight_files.write_safetensors, "caffe"),
    "Lasagne, pickle": (as_lasagne, weight_files.write_lasagne, "caffe"),
    "Lasagne, list": (as_lasagne, weight_files.write_list, "caffe"),
    "the authors": (as_authors_generator, weight_files.write_list, "caffe"),
    "ours": (as_ours, write_ours, "caffe"),
    "safetensors": (as_torchvision, weight_files.write_safetensors, "torchvision"),
    "PyTorch": (as_torchvision, weight_files.write_torch_zip_by_hand, "torchvision"),
    "PyTorch, strided": (as_torchvision, write_torch_zip, "torchvision"),
    "PyTorch before 1.6": (as_torchvision, write_torch_legacy, "torchvision"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_reader_puts_every_number_in_its_place(
    name, tmp_path, real, image, reference
):
    named, write, convention = WRITERS[name]
    path = tmp_path / "weights"
    write(path, named(real.encoder))
    imported = recognition.load(str(path))
    path.unlink()
    assert imported.input_convention == convention
    assert checksums(imported.encoder) == CHECKSUMS
    # A layout like torchvision's is taken for torchvision's numbers; these are Caffe's.
    found = activations(imported.encoder, image, "caffe")
    assert differing(found, reference) == []


def test_an_import_keeps_every_number(tmp_path, folder):
    sources = importing.read([str(folder / "vgg16_caffe.npz")])
    importing.write(sources, str(tmp_path / "imported"))
    imported = initial_weights.load(str(tmp_path / "imported"))
    assert imported.input_convention == "caffe"
    assert checksums(imported.encoder) == CHECKSUMS


# --- What these tests notice ---


def exchanged(layer, a, b, *, axis):
    """The layer with two channels in each other's place."""
    order = np.arange(layer["kernel"].shape[axis])
    order[[a, b]] = b, a
    kernel = np.take(layer["kernel"], order, axis)
    return {
        "kernel": kernel,
        "bias": layer["bias"][order] if axis == 3 else layer["bias"],
    }


# What can go wrong with the axes of a kernel without a change of its shape.
REARRANGED = {
    "rows": lambda k: k[::-1],
    "columns": lambda k: k[:, ::-1],
    "rows and columns": lambda k: k[::-1, ::-1],
    "rows for columns": lambda k: k.transpose(1, 0, 2, 3),
    "inputs": lambda k: k[:, :, ::-1],
    "inputs for outputs": lambda k: k.swapaxes(2, 3).reshape(k.shape),
    "PyTorch's memory": lambda k: k.transpose(3, 2, 0, 1).reshape(k.shape),
    "inputs' memory first": lambda k: k.transpose(2, 3, 0, 1).reshape(k.shape),
    "Fortran's memory": lambda k: k.ravel("F").reshape(k.shape),
}


def with_kernel(layers, name, change):
    kernel = np.ascontiguousarray(change(layers[name]["kernel"]))
    return {**layers, name: {**layers[name], "kernel": kernel}}


@pytest.mark.parametrize("name", NAMES)
def test_any_two_channels_of_a_layer_differ_so_that_exchanging_them_shows(real, name):
    layer = real.encoder[name]
    for axis in (2, 3):
        channels = [part.tobytes() for part in np.moveaxis(layer["kernel"], axis, 0)]
        assert len(set(channels)) == len(channels)
        changed = exchanged(layer, 0, len(channels) - 1, axis=axis)
        assert _checksum(**changed) != CHECKSUMS[name]


@pytest.mark.parametrize("name", NAMES)
def test_no_rearranged_kernel_has_the_checksum(real, name):
    for change in REARRANGED.values():
        changed = with_kernel(real.encoder, name, change)
        assert _checksum(**changed[name]) != CHECKSUMS[name]


@pytest.mark.parametrize("name", NAMES)
def test_two_exchanged_channels_change_the_activations(real, image, reference, name):
    """The layer itself differs, or the next if its outputs are exchanged."""
    layer, place = real.encoder[name], NAMES.index(name)
    random = np.random.default_rng(place)
    inputs, outputs = layer["kernel"].shape[2:]
    pair = random.choice(inputs, 2, replace=False)
    changed = {**real.encoder, name: exchanged(layer, *pair, axis=2)}
    assert differing(activations(changed, image), reference)[0] == name
    # No layer follows conv5_3, but its channel 0 is among the five values.
    pair = (0, 1) if name == NAMES[-1] else random.choice(outputs, 2, replace=False)
    changed = {**real.encoder, name: exchanged(layer, *pair, axis=3)}
    first = differing(activations(changed, image), reference)[0]
    assert first in NAMES[place : place + 2]


@pytest.mark.slow
@pytest.mark.parametrize("rearranged", REARRANGED)
def test_a_rearranged_kernel_changes_the_activations(
    real, image, reference, rearranged
):
    for name in NAMES:
        changed = with_kernel(real.encoder, name, REARRANGED[rearranged])
        assert differing(activations(changed, image), reference)[0] == name


def test_a_kernel_in_another_order_of_memory_changes_all_that_follows(
    real, image, reference
):
    changed = with_kernel(real.encoder, "conv2_2", REARRANGED["PyTorch's memory"])
    assert differing(activations(changed, image), reference) == NAMES[3:]


def test_the_other_input_convention_changes_the_activations(real, image, reference):
    found = activations(real.encoder, image, "torchvision")
    assert differing(found, reference) == NAMES
