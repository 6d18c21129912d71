"""PASCAL-S is read in the publishers' layout, and refused where it is broken."""

import numpy as np
import publishers_files
import pytest
from preparing import check_refused, prepare_and_open


@pytest.fixture(params=["write_cells_v73", "write_cells_v5"])
def publishers(request, tmp_path):
    write_fixations = getattr(publishers_files, request.param)
    folder = tmp_path / "publishers"
    publishers_files.write_pascal_s(folder, write_fixations=write_fixations)
    return folder


def test_pascal_s_record_holds_what_was_published(publishers, tmp_path):
    found = prepare_and_open("pascal_s", publishers, tmp_path / "out")
    assert [record.id for record in found] == [str(i) for i in range(1, 13)]
    assert found[9].fixations.tolist() == [[10, 3], [15, 7]]
    assert found[9].observers.tolist() == [0, 2]
    ramp = np.linspace(0, 255, 1200).astype(np.uint8).reshape(30, 40)
    np.testing.assert_allclose(found[9].density_map, ramp / 255, atol=1e-6)


def test_pascal_s_images_nobody_looked_at_have_no_points(publishers, tmp_path):
    tables = publishers_files.pascal_tables(12)
    tables[0] = np.empty((0, 3))
    path = publishers / "datasets" / "fixations" / "pascalFix.mat"
    publishers_files.write_cells_v73(path, tables)
    found = prepare_and_open("pascal_s", publishers, tmp_path / "out")
    assert found[0].fixations.shape == (0, 2)


def test_pascal_s_fixations_alone_make_maps_of_a_given_sigma(publishers, tmp_path):
    datasets = publishers / "datasets"
    found = prepare_and_open("pascal_s", datasets, tmp_path / "out", sigma_px=2.0)
    assert found[0].density_map[3, 1] == pytest.approx(1, abs=1e-4)


def test_pascal_s_missing_map_is_named(publishers, tmp_path):
    (publishers / "algmaps" / "pascal" / "humanFix" / "4.png").unlink()
    message = r"no maps \(pascal/humanFix/\*\.png\) for 4\.jpg"
    check_refused("pascal_s", publishers, tmp_path / "out", message)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones((4, 2)), "a table of 3 columns of numbers is expected"),
        (np.zeros((1, 3)), "observers of image 2 do not count from 1"),
        (np.full((1, 3), np.nan), "holds no numbers"),
        (np.array([[4, 99, 1]]), r"2\.jpg has 40 x 30 pixels, but a fixation at \(98"),
    ],
)
def test_pascal_s_wrong_table_is_refused(table, message, publishers, tmp_path):
    tables = publishers_files.pascal_tables(12)
    tables[1] = table
    path = publishers / "datasets" / "fixations" / "pascalFix.mat"
    publishers_files.write_cells_v73(path, tables)
    check_refused("pascal_s", publishers, tmp_path / "out", message)


def test_pascal_s_other_folder_is_refused(tmp_path):
    message = "not the publishers' PASCAL-S folder, with datasets/imgs/pascal and"
    check_refused("pascal_s", tmp_path, tmp_path / "out", message)
