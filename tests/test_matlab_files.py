"""MATLAB files of all versions give the same variables, or are refused by name."""

import h5py
import numpy as np
import publishers_files
import pytest
import scipy.io

from salgan_jax.data.builders import matlab_files
from salgan_jax.errors import UserError

_TABLES = [np.arange(6).reshape(2, 3), np.arange(9).reshape(3, 3)]


@pytest.mark.parametrize("version", ["write_cells_v5", "write_cells_v73"])
def test_cells_have_the_same_shape_in_every_version(version, tmp_path):
    getattr(publishers_files, version)(tmp_path / "x.mat", _TABLES)
    cells = matlab_files.read_variable(tmp_path / "x.mat", "fixCell")
    assert cells.shape == (2, 1)
    for cell, table in zip(cells.ravel(), _TABLES, strict=True):
        np.testing.assert_array_equal(cell, table)


def test_empty_arrays_of_version_73_are_empty(tmp_path):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        # MATLAB stores the shape of an empty array in place of its elements.
        file["s"] = np.array([0, 3], np.uint64)
        file["s"].attrs["MATLAB_empty"] = np.uint8(1)
    assert matlab_files.read_variable(tmp_path / "x.mat", "s").size == 0


def test_damaged_size_does_not_fill_the_memory(tmp_path):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file.create_dataset("s", shape=(1 << 20, 1 << 20), dtype="f4")
    with pytest.raises(UserError, match=r"x\.mat as a MATLAB file: /s claims 1099511"):
        matlab_files.read_variable(tmp_path / "x.mat", "s")


def test_file_that_is_none_or_lacks_the_variable_is_named(tmp_path):
    path = tmp_path / "x.mat"
    with pytest.raises(UserError, match=r"there is no file .*x\.mat"):
        matlab_files.read_variable(path, "s")
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"cannot read .*x\.mat as a MATLAB file"):
        matlab_files.read_variable(path, "s")
    scipy.io.savemat(path, {"t": np.ones(3)})
    with pytest.raises(UserError, match=r"x\.mat is not laid out .* it has no `s`"):
        matlab_files.read_variable(path, "s")
    with h5py.File(path, "w") as file:
        file.create_group("s")
    with pytest.raises(UserError, match="is not an array"):
        matlab_files.read_variable(path, "s")


def test_points_are_finite_numbers_in_so_many_columns(tmp_path):
    path = tmp_path / "x.mat"
    points = matlab_files.as_points(np.array([[1, 2]], np.uint8), path, 2)
    assert points.dtype == np.float64
    assert points.tolist() == [[1, 2]]
    assert matlab_files.as_points(np.empty((0, 0)), path, 2).shape == (0, 2)
    for wrong in (np.ones((2, 3)), np.ones(2), np.array([["a", "b"]]), None):
        with pytest.raises(UserError, match="a table of 2 columns of numbers"):
            matlab_files.as_points(wrong, path, 2)
    with pytest.raises(UserError, match="it holds no numbers"):
        matlab_files.as_points(np.array([[1, np.inf]]), path, 2)
