"""Variables of MATLAB files, of version 7.3 (which are HDF5) as of those before."""

import pathlib
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
import scipy.io

from salgan_jax.data.builders import matlab_structure
from salgan_jax.errors import UserError

# Far above what any dataset holds: a damaged size must not fill the memory.
_MOST_BYTES = 1 << 28


def read_variable(path: pathlib.Path, name: str) -> np.ndarray:
    """Returns a variable in MATLAB's own shape [rows, columns]; cells as objects.

    Raises:
      UserError: the file is broken, or lacks the variable; the message names it.
    """
    contents = read_variables(path, [name])
    if name not in contents:
        raise UserError(f"{path} is not laid out as published: it has no `{name}`")
    return contents[name]


def read_variables(path: pathlib.Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Returns those of the variables that the file has, as `read_variable` does.

    Raises:
      UserError: the file is missing or broken; the message names it.
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}")
    try:
        if h5py.is_hdf5(path):
            with h5py.File(path) as file:
                contents = {
                    name: _value(file, file[name]) for name in names if name in file
                }
        else:
            matlab_structure.check(path.read_bytes())
            contents = scipy.io.loadmat(path, variable_names=names)
    # Both readers raise nearly anything on a broken file.
    except Exception as error:
        reason = " ".join(str(error).split()) or repr(error)
        raise UserError(f"cannot read {path} as a MATLAB file: {reason}") from error
    return {
        name: contents[name]
        for name in names
        if isinstance(contents.get(name), np.ndarray)
    }


def as_points(value: object, path: pathlib.Path, num_columns: int) -> np.ndarray:
    """Returns a variable as float64 [N, num_columns]; an empty one has no rows.

    Raises:
      UserError: it is something else, or not all of it are finite numbers.
    """
    array = np.asarray(value)
    if array.dtype.kind in "iuf" and array.size == 0:
        return np.empty((0, num_columns))
    if array.dtype.kind not in "iuf" or array.shape != (len(array), num_columns):
        raise UserError(
            f"{path} is not laid out as published: a table of {num_columns} columns of "
            f"numbers is expected, not {array.dtype} of shape {array.shape}"
        )
    points = array.astype(np.float64)
    if not np.isfinite(points).all():
        raise UserError(f"{path} is not laid out as published: it holds no numbers")
    return points


def _value(file: Any, item: Any) -> np.ndarray:
    """Returns a data set as MATLAB shows it: HDF5 stores its axes in reverse."""
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{item} is not an array")
    if item.size * item.dtype.itemsize > _MOST_BYTES:
        raise ValueError(f"{item.name} claims {item.size} elements")
    if item.attrs.get("MATLAB_empty", 0):
        return np.empty((0, 0))
    stored = np.asarray(item[()]).T
    if h5py.check_ref_dtype(item.dtype) is not h5py.Reference:
        return stored
    cells = np.empty(stored.shape, object)
    for index, reference in np.ndenumerate(stored):
        cells[index] = _value(file, file[reference])
    return cells
