"""DUT-OMRON is read in the publishers' layout, and refused where it is broken."""

import shutil

import publishers_files
import pytest
from preparing import check_refused, prepare_and_open

from salgan_jax.data import records


@pytest.fixture
def publishers(tmp_path):
    publishers_files.write_dut_omron(tmp_path / "publishers")
    return tmp_path / "publishers"


def test_dut_omron_record_holds_what_was_published(publishers, tmp_path):
    found = prepare_and_open("dut_omron", publishers, tmp_path / "out")
    assert [record.id for record in found] == ["im000", "im001", "im002"]
    assert found[2].fixations.tolist() == [[2, 3], [7, 7]]
    assert found[2].observers.tolist() == [0, 1]
    assert found[2].density_map.max() == 1
    assert records.fixation_sigma_px("dut_omron", str(tmp_path / "out")) == 16


def test_dut_omron_is_read_from_its_two_archives(publishers, tmp_path):
    (tmp_path / "archives").mkdir()
    for name in ("DUT-OMRON-image", "DUT-OMRON-eye-fixations"):
        archive = tmp_path / "archives" / name
        shutil.make_archive(str(archive), "zip", publishers, name)
    found = prepare_and_open("dut_omron", tmp_path / "archives", tmp_path / "out")
    assert len(found) == 3
    assert [path.name for path in (tmp_path / "out" / "dut_omron").iterdir()] == [
        "1.0.0"
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, 2, 1)], "must have one row of observer 0"),
        ([(40, 30, 0), (40, 30, 0)], "must have one row of observer 0"),
        ([(1, 2)], "a table of 3 columns of numbers is expected"),
        ([(40, 30, 0), (99, 2, 1)], r"im001\.jpg has .* a fixation at \(99, 2\)"),
    ],
)
def test_dut_omron_wrong_table_is_refused(rows, message, publishers, tmp_path):
    publishers_files.write_dut_omron_table(publishers, 1, rows)
    check_refused("dut_omron", publishers, tmp_path / "out", message)


def test_dut_omron_all_broken_files_are_listed(publishers, tmp_path):
    mat = publishers / "DUT-OMRON-eye-fixations" / "mat"
    (mat / "im000.mat").write_bytes(b"")
    (mat / "im002.mat").write_bytes((mat / "im002.mat").read_bytes()[:150])
    message = r"2 of 3 images cannot be used: .*im000\.mat.*; .*im002\.mat"
    check_refused("dut_omron", publishers, tmp_path / "out", message)


def test_dut_omron_missing_fixations_are_named(publishers, tmp_path):
    (publishers / "DUT-OMRON-eye-fixations" / "mat" / "im001.mat").unlink()
    message = r"no fixations \(.*\) for im001\.jpg"
    check_refused("dut_omron", publishers, tmp_path / "out", message)
