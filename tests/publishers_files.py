"""Small folders in the layouts of Toronto, PASCAL-S, DUT-OMRON and FIWI."""

import h5py
import numpy as np
import scipy.io
from PIL import Image

HEIGHT, WIDTH = 30, 40
TORONTO_MAPS = "Density Maps produced from raw experimental eye tracking data"


def write_image(path, *, seed=0, size=(HEIGHT, WIDTH)):
    """A picture of noise, in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(noise).save(path)


def write_map(path, *, size=(HEIGHT, WIDTH)):
    """A grey ramp from 0 to 255, in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ramp = np.linspace(0, 255, size[0] * size[1]).reshape(size).astype(np.uint8)
    Image.fromarray(ramp).save(path)


def points_of(i):
    """Image i was looked at in columns i and i + 5 of rows 3 and 7."""
    return [(i, 3), (i + 5, 7)]


def fixation_map(i, size=(HEIGHT, WIDTH)):
    """The pixels of `points_of` are 1."""
    binary = np.zeros(size, np.uint8)
    for x, y in points_of(i):
        binary[y, x] = 1
    return binary


def write_toronto(folder, num_images=12):
    """eyetrackingdata/fixdens, with images from 1.jpg."""
    fixdens = folder / "eyetrackingdata" / "fixdens"
    for i in range(1, num_images + 1):
        write_image(fixdens / "Original Image Set" / f"{i}.jpg", seed=i)
        write_map(fixdens / TORONTO_MAPS / f"d{i}.jpg")
    cells = np.empty((1, num_images), object)
    cells[0] = [fixation_map(i) for i in range(1, num_images + 1)]
    scipy.io.savemat(fixdens / "origfixdata.mat", {"white": cells})


def pascal_tables(num_images):
    """Rows (row, column, observer), all from 1; the observers are 1 and 3."""
    return [
        np.array([[y + 1, x + 1, 2 * k + 1] for k, (x, y) in enumerate(points_of(i))])
        for i in range(1, num_images + 1)
    ]


def write_pascal_s(folder, num_images=12, write_fixations=None):
    """datasets/ and the maps of algmaps/, with images from 1.jpg."""
    datasets = folder / "datasets"
    for i in range(1, num_images + 1):
        write_image(datasets / "imgs" / "pascal" / f"{i}.jpg", seed=i)
        write_map(folder / "algmaps" / "pascal" / "humanFix" / f"{i}.png")
    (datasets / "fixations").mkdir()
    write = write_fixations or write_cells_v73
    write(datasets / "fixations" / "pascalFix.mat", pascal_tables(num_images))


def write_cells_v5(path, tables):
    """A column of cells as MATLAB saves it before version 7.3."""
    cells = np.empty((len(tables), 1), object)
    cells[:, 0] = [table.astype(float) for table in tables]
    scipy.io.savemat(path, {"fixCell": cells})


def write_cells_v73(path, tables):
    """A column of cells as MATLAB saves it in version 7.3: HDF5 behind a header."""
    with h5py.File(path, "w", userblock_size=512) as file:
        references = [
            file.create_dataset(f"#refs#/{i}", data=table.astype(float).T).ref
            for i, table in enumerate(tables)
        ]
        column = np.array([references], dtype=h5py.ref_dtype)
        file.create_dataset("fixCell", data=column, dtype=h5py.ref_dtype)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124))
        file.write(b"\x00\x02IM")


def write_dut_omron(folder, num_images=3):
    """Both folders; a file of macOS lies in one of them, as in the publishers' zip."""
    for i in range(num_images):
        write_image(folder / "DUT-OMRON-image" / f"im{i:03}.jpg", seed=i)
        rows = [(x, y, k + 1) for k, (x, y) in enumerate(points_of(i))]
        write_dut_omron_table(folder, i, [*rows, (WIDTH, HEIGHT, 0)])
    (folder / "DUT-OMRON-image" / "._im000.jpg").write_bytes(b"Mac OS X")


def write_dut_omron_table(folder, i, rows):
    """The fixations of one image, in the order given."""
    path = folder / "DUT-OMRON-eye-fixations" / "mat" / f"im{i:03}.mat"
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"s": np.array(rows, np.uint16)})


def write_fiwi(folder, num_images=3):
    """webpage_dataset/ with pages and the maps of their fixations."""
    for i in range(num_images):
        write_image(folder / "webpage_dataset" / "stimuli" / f"text_{i}.png", seed=i)
        path = folder / "webpage_dataset" / "all5" / f"text_{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(fixation_map(i) * np.uint8(255)).save(path)
