"""An array in a weight file: its shape is known, its numbers are read when wanted."""

import math
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.errors import UserError

FLOATS = {"float16": 2, "float32": 4, "float64": 8}


class Stored(NamedTuple):
    """One array of a file.

    Attributes:
        shape: of the array.
        read: returns it as float32.
    """

    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


class Contents(NamedTuple):
    """What a weight file holds, before anybody knows what it means.

    Attributes:
        path: of the file, for messages.
        file_format: "PyTorch", "safetensors", "HDF5", "NumPy" or "pickle".
        arrays: by name; a list has the names "arr_0", "arr_1" and so on.
        metadata: of a safetensors file.
    """

    path: str
    file_format: str
    arrays: dict[str, Stored]
    metadata: dict[str, str]


def unreadable(path: str, reason: object) -> UserError:
    """Returns the error for a file that is broken or not what it looks like."""
    text = " ".join(str(reason).split()) or type(reason).__name__
    return UserError(f"cannot read the weights in {path}: {text[:300]}")


def from_bytes(data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Returns little-endian or big-endian floats as a float32 array.

    Raises:
        ValueError: the bytes are not as many as the shape says.
    """
    kind = np.dtype(dtype)
    if len(data) != math.prod(shape) * kind.itemsize:
        raise ValueError(f"{len(data)} bytes cannot be an array of shape {shape}")
    return np.frombuffer(data, kind).reshape(shape).astype(np.float32)


def check_shape(shape: Any) -> tuple[int, ...]:
    """Returns a shape that a file claims as a tuple.

    Raises:
        ValueError: it is none.
    """
    is_shape = isinstance(shape, tuple | list) and all(
        type(side) is int and 0 <= side < 2**40 for side in shape
    )
    if not is_shape or len(shape) > 32:
        raise ValueError("an array's shape is not a list of lengths")
    return tuple(shape)


def file_size(path: str) -> int:
    """Returns the size of a file in bytes."""
    return os.stat(path).st_size
