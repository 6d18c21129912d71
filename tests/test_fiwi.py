"""FIWI is read in the publishers' layout, and refused by name where it is broken."""

import publishers_files
import pytest
from preparing import check_refused, prepare_and_open

from salgan_jax.data import records


@pytest.fixture
def publishers(tmp_path):
    publishers_files.write_fiwi(tmp_path / "publishers")
    return tmp_path / "publishers"


def test_fiwi_record_holds_what_was_published(publishers, tmp_path):
    found = prepare_and_open("fiwi", publishers, tmp_path / "out")
    assert [record.id for record in found] == ["text_0", "text_1", "text_2"]
    assert found[2].fixations.tolist() == [[2, 3], [7, 7]]
    assert found[2].observers.tolist() == [-1, -1]
    assert found[2].density_map.max() == 1
    assert records.fixation_sigma_px("fiwi", str(tmp_path / "out")) == 30


def test_fiwi_densities_are_not_taken_for_fixations(publishers, tmp_path):
    publishers_files.write_map(publishers / "webpage_dataset" / "all5" / "text_1.png")
    message = r"text_1\.png is not a map of single fixations: 100% of it are above 0"
    check_refused("fiwi", publishers, tmp_path / "out", message)


def test_fiwi_missing_fixations_are_named(publishers, tmp_path):
    (publishers / "webpage_dataset" / "all5" / "text_1.png").unlink()
    message = r"no fixations \(all5/\*\.png\) for text_1\.png"
    check_refused("fiwi", publishers, tmp_path / "out", message)


def test_fiwi_pages_of_one_name_are_refused(publishers, tmp_path):
    again = publishers / "webpage_dataset" / "stimuli" / "more" / "text_1.png"
    publishers_files.write_image(again)
    check_refused("fiwi", publishers, tmp_path / "out", "have the same name")


def test_fiwi_other_folder_is_refused(tmp_path):
    message = r"not the publishers' FIWI folder, with stimuli/\*\.png"
    check_refused("fiwi", tmp_path, tmp_path / "out", message)
