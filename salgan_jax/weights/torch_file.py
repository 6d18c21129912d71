"""Files of torch.save, both the zip format and the one before PyTorch 1.6.

PyTorch is not needed: the pickle inside names storages and how tensors lie in them.
"""

import collections
import math
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from salgan_jax.weights import inert_pickle
from salgan_jax.weights.stored import Stored, check_shape, from_bytes, unreadable

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LARGEST_PICKLE = 16 << 20
_DTYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "LongStorage": "i8",  # of batch norms' counters
}


class _Storage(NamedTuple):
    dtype: str  # without byte order
    key: str
    length: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def read_zip(path: str) -> dict[str, Stored]:
    """Returns the tensors of a file in the zip format, by name.

    Raises:
        UserError: the file is broken, or holds something else than tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            (pickled,) = [name for name in names if name.endswith("/data.pkl")]
            folder = pickled.removesuffix("data.pkl")
            order = ">" if _byte_order(archive, folder) == b"big" else "<"
            if archive.getinfo(pickled).file_size > _LARGEST_PICKLE:
                raise ValueError("its pickle is too long for a list of tensors")
            with archive.open(pickled) as file:
                state = _load(file)
    except (*inert_pickle.ERRORS, *_ZIP_ERRORS) as error:
        raise unreadable(path, error) from error

    def storage_bytes(storage: _Storage, size: int) -> bytes:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(f"{folder}data/{storage.key}")
            if info.compress_type != zipfile.ZIP_STORED or info.file_size < size:
                raise ValueError(f"its storage {storage.key} is torn or compressed")
            return archive.read(info)[:size]

    return _stored(path, state, order, storage_bytes)


def read_legacy(path: str) -> dict[str, Stored]:
    """Returns the tensors of a file in the format before PyTorch 1.6, by name.

    Raises:
        UserError: the file is broken, or holds something else than tensors.
    """
    try:
        with open(path, "rb") as file:
            if inert_pickle.load(file, {}) != LEGACY_MAGIC:
                raise ValueError("it does not begin as torch.save writes")
            inert_pickle.load(file, {})  # the version of the format
            system = inert_pickle.load(file, {})
            order = "<" if system["little_endian"] else ">"
            state = _load(file)
            keys = [str(key) for key in inert_pickle.load(file, {})]
            places = _legacy_places(file, keys, _lengths(state), order)
    except (*inert_pickle.ERRORS, OSError) as error:
        raise unreadable(path, error) from error

    def storage_bytes(storage: _Storage, size: int) -> bytes:
        with open(path, "rb") as file:
            file.seek(places[storage.key])
            data = file.read(size)
        if len(data) != size:
            raise ValueError(f"its storage {storage.key} is torn")
        return data

    return _stored(path, state, order, storage_bytes)


_ZIP_ERRORS = (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError)


def _load(file: Any) -> Mapping[str, _Tensor]:
    """Returns the state dict of a pickle, its tensors not read yet."""
    loaded = inert_pickle.load(file, _KNOWN, _persistent_load)
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    is_state = isinstance(loaded, Mapping) and all(
        isinstance(name, str) and isinstance(tensor, _Tensor)
        for name, tensor in loaded.items()
    )
    if not is_state or not loaded:
        raise ValueError("it holds no state dict: names with tensors, and nothing else")
    return loaded


def _persistent_load(pid: Any) -> _Storage:
    kind, dtype, key, _, length, *_ = pid
    if kind != "storage" or not isinstance(dtype, inert_pickle.Inert):
        raise ValueError("its pickle refers to something that is no storage")
    if type(length) is not int or length < 0:
        raise ValueError("a storage has no length")
    return _Storage(dtype(), str(key), length)


def _rebuild_tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, *_: Any
) -> _Tensor:
    if not isinstance(storage, _Storage) or type(offset) is not int or offset < 0:
        raise ValueError("a tensor lies in no storage")
    shape, stride = check_shape(shape), check_shape(stride)
    if len(shape) != len(stride):
        raise ValueError("a tensor has a shape and no strides that fit")
    reach = sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
    if math.prod(shape) and offset + reach >= storage.length:
        raise ValueError("a tensor reaches beyond its storage")
    # Rows that lie over each other could make much of little.
    if math.prod(shape) > storage.length:
        raise ValueError("a tensor is larger than its storage")
    return _Tensor(storage, offset, shape, stride)


def _rebuild_parameter(tensor: Any, *_: Any) -> _Tensor:
    if not isinstance(tensor, _Tensor):
        raise ValueError("a parameter is no tensor")
    return tensor


def _dtype(name: str) -> Callable[[], str]:
    return lambda: name


_KNOWN: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": collections.OrderedDict,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    **{f"torch.{name}": _dtype(dtype) for name, dtype in _DTYPES.items()},
}


def _byte_order(archive: zipfile.ZipFile, folder: str) -> bytes:
    name = f"{folder}byteorder"
    if name not in archive.namelist() or archive.getinfo(name).file_size > 16:
        return b"little"
    return archive.read(name).strip()


def _lengths(state: Mapping[str, _Tensor]) -> dict[str, tuple[int, int]]:
    """Returns the number and size of the elements of each storage."""
    return {
        tensor.storage.key: (
            tensor.storage.length,
            np.dtype(tensor.storage.dtype).itemsize,
        )
        for tensor in state.values()
    }


def _legacy_places(
    file: BinaryIO, keys: list[str], lengths: dict[str, tuple[int, int]], order: str
) -> dict[str, int]:
    """Returns where the elements of each storage begin in the file."""
    places = {}
    for key in keys:
        count = int(np.frombuffer(file.read(8), f"{order}i8")[0])
        length, size = lengths[key]
        if count != length:
            raise ValueError(f"its storage {key} has another length than its tensors")
        places[key] = file.tell()
        file.seek(length * size, 1)
    missing = sorted(lengths.keys() - places.keys())
    if missing:
        raise ValueError(f"it lacks the storages {', '.join(missing[:5])}")
    return places


def _stored(
    path: str,
    state: Mapping[str, _Tensor],
    order: str,
    storage_bytes: Callable[[_Storage, int], bytes],
) -> dict[str, Stored]:
    def reader(tensor: _Tensor) -> Callable[[], np.ndarray]:
        def read() -> np.ndarray:
            storage = tensor.storage
            dtype = np.dtype(order + storage.dtype)
            try:
                data = storage_bytes(storage, storage.length * dtype.itemsize)
                flat = from_bytes(data, dtype.str, (storage.length,))[tensor.offset :]
            except (*inert_pickle.ERRORS, *_ZIP_ERRORS) as error:
                raise unreadable(path, error) from error
            steps = [stride * flat.itemsize for stride in tensor.stride]
            view = np.lib.stride_tricks.as_strided(flat, tensor.shape, steps)
            return np.array(view)

        return read

    return {str(n): Stored(tensor.shape, reader(tensor)) for n, tensor in state.items()}
