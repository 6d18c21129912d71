"""Weight files in the formats of their publishers, for the tests."""

import pickle
import struct
import zipfile

import h5py
import numpy as np
import safetensors.numpy

from salgan_jax.weights import layouts


def numbers(*shape, start=0) -> np.ndarray:
    """Small numbers that differ from place to place, and are quick to make."""
    flat = np.arange(start, start + np.prod(shape, dtype=int), dtype=np.float32)
    return ((flat % 251 - 125) / 1000).reshape(shape)


def torchvision_state(width_of=lambda width: width):
    """The state dict of vgg16's features, as NumPy arrays [out, in, 3, 3]."""
    state: dict[str, np.ndarray] = {}
    for place, (_, (channels, width)) in zip(
        layouts.TORCH_VGG16, layouts.VGG16_LAYERS, strict=True
    ):
        channels = channels if channels == 3 else width_of(channels)
        shape = (width_of(width), channels, 3, 3)
        state[f"features.{place}.weight"] = numbers(*shape, start=place)
        state[f"features.{place}.bias"] = numbers(width_of(width), start=place)
    return state


def write_safetensors(path, arrays, metadata=None):
    safetensors.numpy.save_file(arrays, path, metadata=metadata)


def as_torchvision(layers):
    """Layers of ours, [3, 3, in, out], as the state dict of vgg16's features."""
    state: dict[str, np.ndarray] = {}
    for place, layer in zip(layouts.TORCH_VGG16, layers.values(), strict=True):
        kernel = layer["kernel"].transpose(3, 2, 0, 1)
        state[f"features.{place}.weight"] = np.ascontiguousarray(kernel)
        state[f"features.{place}.bias"] = layer["bias"]
    return state


def numbered_layers():
    """Thirteen layers of ours, full of numbers."""
    return {
        name: {
            "kernel": numbers(3, 3, channels, width),
            "bias": numbers(width, start=7),
        }
        for name, (channels, width) in layouts.VGG16_LAYERS
    }


def as_keras(layers, *, new_names=False):
    """Layers of ours under the names of Keras' datasets, a group for each layer."""
    arrays: dict[str, np.ndarray] = {}
    for name, layer in layers.items():
        group = f"block{name[4]}_conv{name[6]}"
        names = (f"{group}_W_1:0", f"{group}_b_1:0")
        if new_names:
            names = (f"{group}/kernel:0", f"{group}/bias:0")
        arrays[f"{group}/{names[0]}"] = layer["kernel"]
        arrays[f"{group}/{names[1]}"] = layer["bias"]
    return arrays


def write_keras(path, arrays=None):
    """vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5."""
    with h5py.File(path, "w") as file:
        for name, array in (arrays or as_keras(numbered_layers())).items():
            file[name] = array
        for block in range(1, 6):
            file.create_group(f"block{block}_pool")


def as_lasagne(layers):
    """Layers of ours as a list of kernels [out, in, 3, 3] and biases."""
    arrays: list[np.ndarray] = []
    for layer in layers.values():
        arrays += [layer["kernel"].transpose(3, 2, 0, 1), layer["bias"]]
    return arrays


def lasagne_vgg16(with_classifier=False):
    """Kernels [out, in, 3, 3] and biases of the 13 convolutions, in order."""
    arrays: list[np.ndarray] = []
    for position, (_, (channels, width)) in enumerate(layouts.VGG16_LAYERS):
        arrays += [numbers(width, channels, 3, 3, start=position), numbers(width)]
    if with_classifier:
        shapes = [(25088, 4096), (4096,), (4096, 4096), (4096,), (4096, 1000), (1000,)]
        arrays += [np.zeros(shape, np.float32) for shape in shapes]
    return arrays


def authors_generator():
    """The 54 arrays of gen_modelWeights*.npz."""
    arrays = lasagne_vgg16()
    for position, (name, (channels, width)) in enumerate(layouts.DECODER_LAYERS):
        size = 1 if name == "decoder_output" else 3
        arrays += [
            numbers(width, channels, size, size, start=position),
            numbers(width, start=3),
        ]
    return arrays


def authors_discriminator(*, first_size=1, pool=16, has_scales=True):
    """The 18 or 20 arrays of a discriminator."""
    arrays: list[np.ndarray] = [numbers(3, 4, first_size, first_size), numbers(3)]
    for name, channels, width in (
        ("conv1_2", 3, 32),
        ("conv2_1", 32, 64),
        ("conv2_2", 64, 64),
        ("conv3_1", 64, 64),
        ("conv3_2", 64, 64),
    ):
        arrays += [numbers(width, channels, 3, 3), numbers(width)]
        if has_scales and name.startswith("conv3"):
            arrays.append(np.ones(width, np.float32))
    flat = 64 * (192 // pool) * (256 // pool)
    for rows, columns in ((flat, 100), (100, 2), (2, 1)):
        arrays += [numbers(rows, columns), numbers(columns)]
    return arrays


def write_list(path, arrays):
    """An .npz as np.savez writes a list: arr_0, arr_1 and so on."""
    with open(path, "wb") as file:
        np.savez(file, *arrays)


def write_named(path, arrays):
    """An .npz with names."""
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def write_lasagne(path, arrays, protocol=2):
    contents = {
        "param values": arrays,
        "synset words": ["tench, Tinca tinca", "goldfish"],
        "mean value": np.array([103.939, 116.779, 123.68]),
    }
    with open(path, "wb") as file:
        pickle.dump(contents, file, protocol=protocol)


def write_torch_zip_by_hand(path, arrays, *, order="<"):
    """The zip format, made without PyTorch: a pickle of references, and storages."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vgg16/data.pkl", torch_pickle(arrays))
        archive.writestr("vgg16/byteorder", b"big" if order == ">" else b"little")
        for i, array in enumerate(arrays.values()):
            archive.writestr(f"vgg16/data/{i}", array.astype(f"{order}f4").tobytes())
        archive.writestr("vgg16/version", b"3\n")


def torch_pickle(arrays):
    """The pickle of a state dict, opcode by opcode (protocol 2)."""
    out = b"\x80\x02}("
    for i, (name, array) in enumerate(arrays.items()):
        out += unicode(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(("
        out += unicode("storage") + b"ctorch\nFloatStorage\n" + unicode(str(i))
        out += unicode("cpu") + integer(array.size) + b"tQ" + integer(0)
        steps = np.array(array.strides) // array.itemsize
        for lengths in (array.shape, steps):
            out += b"(" + b"".join(integer(int(n)) for n in lengths) + b"t"
        out += b"\x89}tR"
    return out + b"u."


def unicode(text):
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def integer(value):
    return b"J" + struct.pack("<i", value)


def random_like(arrays):
    """Weights through which a signal passes."""
    random = np.random.default_rng(0)
    return {
        name: random.normal(0, 0.02, array.shape).astype(np.float32)
        for name, array in arrays.items()
    }


def write_random_vgg16(folder):
    """Writes a file like torchvision's, and one like Keras'."""
    weights = random_like(torchvision_state())
    write_torch_zip_by_hand(folder / "vgg16-397923af.pth", weights)
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    write_keras(folder / name, random_like(as_keras(numbered_layers())))
