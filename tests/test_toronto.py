"""Toronto is read in the publishers' layout, and refused by name where it is broken."""

import numpy as np
import publishers_files
import pytest
import scipy.io
from preparing import check_refused, prepare_and_open

from salgan_jax.data import preparation, records


@pytest.fixture
def publishers(tmp_path):
    publishers_files.write_toronto(tmp_path / "publishers")
    return tmp_path / "publishers"


@pytest.fixture
def fixdens(publishers):
    return publishers / "eyetrackingdata" / "fixdens"


def test_toronto_record_holds_what_was_published(publishers, tmp_path):
    found = prepare_and_open("toronto", publishers, tmp_path / "out")
    assert [record.id for record in found] == [str(i) for i in range(1, 13)]
    record = found[9]
    assert record.fixations.tolist() == [[10, 3], [15, 7]]
    assert record.observers.tolist() == [-1, -1]
    assert record.size == (30, 40)
    assert record.density_map.max() == pytest.approx(1, abs=0.02)  # a JPEG


def test_toronto_inner_folder_is_accepted_too(fixdens, tmp_path):
    assert len(prepare_and_open("toronto", fixdens, tmp_path / "out")) == 12


def test_toronto_maps_can_be_made_of_the_fixations_instead(publishers, tmp_path):
    found = prepare_and_open("toronto", publishers, tmp_path / "out", sigma_px=2.0)
    assert found[0].density_map[3, 1] == pytest.approx(1, abs=1e-4)
    assert records.fixation_sigma_px("toronto", str(tmp_path / "out")) == 2.0


def test_toronto_without_maps_has_no_density(fixdens, tmp_path):
    for path in (fixdens / publishers_files.TORONTO_MAPS).iterdir():
        path.unlink()
    (fixdens / publishers_files.TORONTO_MAPS).rmdir()
    found = prepare_and_open("toronto", fixdens, tmp_path / "out")
    assert found[0].density_map is None
    assert records.fixation_sigma_px("toronto", str(tmp_path / "out")) is None


def test_toronto_map_of_another_size_is_named(fixdens, tmp_path):
    path = fixdens / publishers_files.TORONTO_MAPS / "d3.jpg"
    publishers_files.write_map(path, size=(15, 20))
    message = r"3\.jpg has 40 x 30 pixels, its density map 20 x 15; --sigma_px makes"
    check_refused("toronto", fixdens, tmp_path / "out", message)


def test_toronto_missing_map_is_named(fixdens, tmp_path):
    (fixdens / publishers_files.TORONTO_MAPS / "d3.jpg").unlink()
    check_refused("toronto", fixdens, tmp_path / "out", r"1 of 12 images .*d3\.jpg")


def test_toronto_fixations_of_another_size_are_refused(fixdens, tmp_path):
    cells = np.empty((1, 12), object)
    cells[0] = [publishers_files.fixation_map(i, (30, 41)) for i in range(12)]
    scipy.io.savemat(fixdens / "origfixdata.mat", {"white": cells})
    check_refused("toronto", fixdens, tmp_path / "out", "its fixation map 41 x 30")


def test_toronto_missing_or_extra_images_are_named(fixdens, tmp_path):
    (fixdens / "Original Image Set" / "7.jpg").unlink()
    check_refused("toronto", fixdens, tmp_path / "out", "for 7, but no such images")
    publishers_files.write_image(fixdens / "Original Image Set" / "7.jpg")
    publishers_files.write_image(fixdens / "Original Image Set" / "x.jpg")
    check_refused("toronto", fixdens, tmp_path / "out", r"there are no .* for x\.jpg")


@pytest.mark.parametrize(
    "contents", [{"black": np.zeros((1, 12))}, {"white": "text"}, {"white": np.ones(3)}]
)
def test_toronto_fixations_of_another_layout_are_refused(contents, fixdens, tmp_path):
    scipy.io.savemat(fixdens / "origfixdata.mat", contents)
    message = r"origfixdata\.mat is not laid out as published"
    check_refused("toronto", fixdens, tmp_path / "out", message)


def test_toronto_other_folder_is_refused(tmp_path):
    message = "not the publishers' Toronto folder, with .*Original Image Set and .*mat"
    check_refused("toronto", tmp_path, tmp_path / "out", message)


def test_toronto_bad_images_are_left_out_on_request(fixdens, tmp_path):
    (fixdens / "Original Image Set" / "7.jpg").write_bytes(b"")
    check_refused("toronto", fixdens, tmp_path / "out", r"7\.jpg: not a known image")
    summary = preparation.prepare(
        "toronto", str(fixdens), str(tmp_path / "out"), skip_bad=True
    )
    (split,) = summary.splits
    assert (split.num_images, split.num_fixations, split.num_left_out) == (11, 22, 1)
