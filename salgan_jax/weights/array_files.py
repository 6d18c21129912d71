"""Files whose readers execute nothing: NumPy's .npz, safetensors and Keras' HDF5."""

import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import safetensors

from salgan_jax.weights.stored import FLOATS, Stored, file_size, unreadable

_NPZ_ERRORS = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    TypeError,
    SyntaxError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
_MOST_COMPRESSED = 100  # random weights hardly shrink; a bomb shrinks a thousandfold


def read_npz(path: str) -> dict[str, Stored]:
    """Returns the arrays of an .npz, by name.

    Raises:
        UserError: the file is broken, or holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > _MOST_COMPRESSED * file_size(path):
            raise ValueError(f"it would unpack to {unpacked / 1e9:.1f} GB")
        with np.load(path, allow_pickle=False) as file:
            return {name: _in_memory(file[name]) for name in file.files}
    except _NPZ_ERRORS as error:
        raise unreadable(path, error) from error


def read_safetensors(path: str) -> tuple[dict[str, Stored], dict[str, str]]:
    """Returns the tensors of a safetensors file, by name, and its metadata.

    Raises:
        UserError: the file is broken, or holds something else than floats.
    """
    try:
        with safetensors.safe_open(path, "numpy") as file:
            arrays = {name: _in_memory(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
            return arrays, dict(file.metadata() or {})
    except (safetensors.SafetensorError, *_NPZ_ERRORS) as error:
        raise unreadable(path, error) from error


def read_hdf5(path: str) -> dict[str, Stored]:
    """Returns the datasets of an HDF5 file, by their path in it.

    Raises:
        UserError: the file is broken.
    """
    arrays: dict[str, Stored] = {}

    def note(name: str | bytes, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.name in FLOATS:
            # h5py leaves a name that is no UTF-8 as bytes.
            text = name if isinstance(name, str) else name.decode(errors="replace")
            arrays[text] = Stored(tuple(item.shape), _hdf5_reader(path, name))

    try:
        with h5py.File(path, "r") as file:
            file.visititems(note)
    except (*_NPZ_ERRORS, AttributeError) as error:
        raise unreadable(path, error) from error
    return arrays


def _hdf5_reader(path: str, name: str | bytes) -> Callable[[], np.ndarray]:
    def read() -> np.ndarray:
        try:
            with h5py.File(path, "r") as file:
                found: Any = file[name]
                return np.asarray(found[()], np.float32)
        except (*_NPZ_ERRORS, AttributeError) as error:
            raise unreadable(path, error) from error

    return read


def _in_memory(array: np.ndarray) -> Stored:
    if array.dtype.name not in FLOATS:
        raise ValueError(f"an array is of {array.dtype}, not of floats")
    return Stored(array.shape, lambda: array.astype(np.float32))
