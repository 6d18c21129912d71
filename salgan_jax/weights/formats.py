"""Which kind of file holds the weights: decided by what is in it, never by its name."""

import os
import zipfile

from salgan_jax.errors import UserError
from salgan_jax.weights import array_files, lasagne_file, torch_file
from salgan_jax.weights.stored import Contents, file_size, unreadable

_KINDS = (
    "PyTorch .pth, .safetensors, Keras .h5, NumPy .npz and Lasagne .pkl files are read"
)
_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLES = (b"\x80\x02", b"(d", b"(l")  # protocol 2, and dictionary or list of 0
_LEGACY_TORCH = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"


def read(path: str) -> Contents:
    """Returns the arrays in a weight file, most of them not read yet.

    Raises:
        FileNotFoundError: there is no such file.
        UserError: it is a folder, empty, broken or of another kind.
    """
    if os.path.isdir(path):
        raise UserError(f"{path} is a folder; a file of weights is needed. {_KINDS}")
    with open(path, "rb") as file:
        head = file.read(16)
    if not head:
        raise UserError(f"{path} is empty")
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(path)
    if head.startswith(_HDF5):
        return Contents(path, "HDF5", array_files.read_hdf5(path), {})
    if head.startswith(_LEGACY_TORCH):
        return Contents(path, "PyTorch", torch_file.read_legacy(path), {})
    if head.startswith(_PICKLES):
        return Contents(path, "pickle", lasagne_file.read(path), {})
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and length <= file_size(path) - 8:
        arrays, metadata = array_files.read_safetensors(path)
        return Contents(path, "safetensors", arrays, metadata)
    raise UserError(f"{path} is no weight file of a known kind, or is torn: {_KINDS}")


def _read_zip(path: str) -> Contents:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise unreadable(path, error) from error
    if any(name.endswith("/data.pkl") for name in names):
        return Contents(path, "PyTorch", torch_file.read_zip(path), {})
    if names and all(name.endswith(".npy") for name in names):
        return Contents(path, "NumPy", array_files.read_npz(path), {})
    raise UserError(f"{path} is an archive of something else: {_KINDS}")
