"""CAT2000 is read from both layouts of its training set."""

import numpy as np
import preparing
import publishers_files
import pytest
import salicon_files as files
import scipy.io


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        ("trainSet", ("Stimuli", "FIXATIONLOCS", "FIXATIONMAPS")),
        ("", ("stimuli", "fixations", "saliency")),
    ],
)
def test_categories_are_part_of_the_id_and_output_is_skipped(tmp_path, folder, names):
    files.write_cat2000(tmp_path / "in" / folder, names=names)
    train = preparing.prepare_and_open("cat2000", tmp_path / "in", tmp_path / "out")
    ids = ["Action/001", "Action/002", "Pattern/001", "Pattern/002"]
    assert [record.id for record in train] == ids
    np.testing.assert_array_equal(train[3].fixations, publishers_files.points_of(3))
    assert train[3].density_map.max() == pytest.approx(1, abs=0.02)


def test_what_is_no_map_of_fixations_is_named(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    files.write_cat2000(source)
    out.mkdir()
    path = source / "FIXATIONLOCS" / "Action" / "002.mat"
    scipy.io.savemat(path, {"fixLocs": "text"})
    preparing.check_refused("cat2000", source, out, r"002\.mat is not laid out")
    scipy.io.savemat(path, {"fixLocs": np.ones((3, 4))})
    preparing.check_refused("cat2000", source, out, r"002")
    path.unlink()
    preparing.check_refused(
        "cat2000", source, out, r"no fixations .* for Action/002\.jpg"
    )
