"""No broken file of a dataset does anything but load or be refused in one line."""

import functools
import io
import pathlib
import zipfile

import mutations
import numpy as np
import osie_files
import publishers_files
import pytest
import salicon_files
import scipy.io

from salgan_jax.data import archives, images
from salgan_jax.data.builders import (
    cat2000,
    dut_omron,
    fixation_table,
    matlab_files,
    mit1003,
    nus_layout,
    toronto,
)
from salgan_jax.data.builders import (
    salicon_files as salicon_readers,
)
from salgan_jax.errors import UserError


def gaze_mat(path):
    salicon_files.write_gaze(path, 1)
    return salicon_readers.read_gaze


def old_mat(path):
    scipy.io.savemat(path, {"I": np.linspace(0, 1, 60).reshape(6, 10)})
    return salicon_readers.read_old_map


def api_json(path):
    folder = path.parent / "api"
    salicon_files.write_api(folder, count=1)
    path.write_bytes((folder / "fixations_train2014.json").read_bytes())
    return salicon_readers.read_api


def osie_mat(path):
    osie_files.write(path.parent / "osie", num_images=1, num_observers=2)
    made = path.parent / "osie" / "data" / "eye" / "fixations.mat"
    path.write_bytes(made.read_bytes())
    return nus_layout.read_fixations


def locations_mat(path):
    scipy.io.savemat(path, {"fixLocs": publishers_files.fixation_map(3)})
    return cat2000.read_fixations


def toronto_mat(path):
    cells = np.empty((1, 2), object)
    cells[0] = [publishers_files.fixation_map(i) for i in (1, 2)]
    scipy.io.savemat(path, {"white": cells})
    return toronto.read_fixations


def dut_omron_mat(path):
    scipy.io.savemat(path, {"s": np.array([[40, 30, 0], [3, 4, 1], [5, 6, 2]])})
    return dut_omron.read_fixations


def pascal_v73(path):
    publishers_files.write_cells_v73(path, publishers_files.pascal_tables(2))
    return functools.partial(matlab_files.read_variable, name="fixCell")


def samples_mat(path):
    folder = path.parent / "mit"
    salicon_files.write_mit1003_data(folder, count=1)
    (path.parent / "hp").mkdir()
    data = (folder / "DATA" / "hp" / "i0.mat").read_bytes()
    path.write_bytes(data)

    def read(broken):
        observed = path.parent / "hp" / "i0.mat"
        observed.write_bytes(pathlib.Path(broken).read_bytes())
        return mit1003.read_samples([observed.parent], "i0")

    return read


def csv_table(path):
    path.write_text("image,x,y,observer\na.jpg,1,2,x\nb/c.png,3.5,4e0,y\n")
    return fixation_table.read


def jpeg(path):
    publishers_files.write_image(path.with_suffix(".jpg"))
    path.write_bytes(path.with_suffix(".jpg").read_bytes())
    return images.read_image


def png_map(path):
    publishers_files.write_map(path.with_suffix(".png"))
    path.write_bytes(path.with_suffix(".png").read_bytes())
    return lambda broken: images.decode_map(broken.read_bytes(), str(broken))


def zip_archive(path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("folder/a.txt", "text" * 30)
        file.writestr("b.txt", "more")
    path.write_bytes(buffer.getvalue())

    def read(broken):
        with archives.unpacked(broken, path.parent / "scratch") as folder:
            assert folder.is_dir()

    return read


FORMATS = [
    gaze_mat,
    old_mat,
    api_json,
    osie_mat,
    locations_mat,
    toronto_mat,
    dut_omron_mat,
    pascal_v73,
    samples_mat,
    csv_table,
    jpeg,
    png_map,
    zip_archive,
]


@pytest.mark.parametrize("write", FORMATS)
# SciPy and Pillow warn of what they repair; here only what comes out matters.
@pytest.mark.filterwarnings("ignore")
def test_a_mutated_file_loads_or_is_refused(tmp_path, write, fuzz_count):
    path = tmp_path / "file"
    read = write(path)
    read(path)
    refused = 0
    for data in mutations.mutated(path.read_bytes(), fuzz_count):
        path.write_bytes(data)
        try:
            read(path)
        except UserError as error:
            refused += 1
            assert "\n" not in str(error)
            assert str(tmp_path) in str(error)
    assert refused > fuzz_count / 20
