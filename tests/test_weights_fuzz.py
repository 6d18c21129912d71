"""No broken weight file does anything but load or be refused in one line."""

import io

import h5py
import mutations
import numpy as np
import pytest
import weight_files

from salgan_jax.errors import UserError
from salgan_jax.weights import recognition

SMALL = {
    "features.0.weight": weight_files.numbers(2, 3, 3, 3),
    "features.0.bias": weight_files.numbers(2),
}
LIST = [weight_files.numbers(2, 3, 3, 3), weight_files.numbers(2)]


def torch_zip(path):
    weight_files.write_torch_zip_by_hand(path, SMALL)


def torch_legacy(path):
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    state = {name: torch.from_numpy(array) for name, array in SMALL.items()}
    torch.save(state, path, _use_new_zipfile_serialization=False)


def safetensors(path):
    weight_files.write_safetensors(path, SMALL, {"format": "pt"})


def hdf5(path):
    with h5py.File(path, "w") as file:
        file["block1_conv1/block1_conv1_W_1:0"] = weight_files.numbers(3, 3, 3, 2)
        file["block1_conv1/block1_conv1_b_1:0"] = weight_files.numbers(2)


def npz(path):
    weight_files.write_list(path, LIST)


def lasagne(path):
    weight_files.write_lasagne(path, LIST)


@pytest.mark.parametrize(
    "write", [torch_zip, torch_legacy, safetensors, hdf5, npz, lasagne]
)
def test_a_mutated_file_loads_or_is_refused(tmp_path, write, fuzz_count):
    path = tmp_path / "weights"
    write(path)
    refused = 0
    for data in mutations.mutated(path.read_bytes(), fuzz_count):
        path.write_bytes(data)
        try:
            for stored in recognition.formats.read(str(path)).arrays.values():
                assert stored.read().dtype == np.float32
        except UserError as error:
            refused += 1
            assert "\n" not in str(error)
            assert str(path) in str(error)
        try:
            recognition.load(str(path))
        except UserError as error:
            assert str(path) in str(error)
    assert refused > fuzz_count / 10


def test_random_bytes_are_refused(tmp_path, fuzz_count):
    path = tmp_path / "weights"
    starts = [
        b"",
        b"PK\x03\x04",
        b"\x80\x02",
        b"(d",
        b"\x89HDF\r\n\x1a\n",
        b"\x08" + b"\0" * 7,
    ]
    for i in range(fuzz_count):
        random = np.random.default_rng(i)
        buffer = io.BytesIO(starts[i % len(starts)])
        buffer.seek(0, io.SEEK_END)
        buffer.write(random.bytes(int(random.integers(0, 300))))
        path.write_bytes(buffer.getvalue())
        with pytest.raises(UserError):
            recognition.load(str(path))
