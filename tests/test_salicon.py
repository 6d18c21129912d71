"""SALICON is read in all its layouts, and its editions are kept apart."""

import numpy as np
import preparing
import publishers_files
import pytest
import salicon_files as files

from salgan_jax.data import catalog, preparation, records
from salgan_jax.data.builders import salicon
from salgan_jax.data.builders.publishers import Known
from salgan_jax.errors import UserError


def test_gaze_is_read_with_its_observers_and_the_maps_as_they_are(tmp_path):
    source = tmp_path / "source"
    files.write_salicon(source, {"train": 3, "val": 2, "test": 1})
    summary = preparation.prepare("salicon/2017", str(source), str(tmp_path / "out"))
    assert [(s.split, s.num_images, s.num_fixations) for s in summary.splits] == [
        ("test", 1, None),
        ("train", 3, 18),
        ("validation", 2, 12),
    ]
    record = preparing.opened("salicon/2017", tmp_path / "out", "train")[2]
    assert record.id == "COCO_train2014_000000000002"
    expected = [point for k in range(3) for point in files.gaze_points(2, k)]
    np.testing.assert_array_equal(record.fixations, expected)
    np.testing.assert_array_equal(record.observers, [0, 0, 1, 1, 2, 2])
    publishers_files.write_map(tmp_path / "map.png")
    expected_map = np.linspace(0, 255, 1200).reshape(30, 40).astype(np.uint8) / 255
    np.testing.assert_allclose(record.density_map, expected_map, atol=1e-6)
    test = preparing.opened("salicon/2017", tmp_path / "out", "test")[0]
    assert test.density_map is test.fixations is None


def test_the_edition_is_recorded(tmp_path):
    source = tmp_path / "source"
    files.write_salicon(source, {"train": 2})
    summary = preparation.prepare("salicon/2015", str(source), str(tmp_path / "out"))
    assert summary.dataset == "salicon/2015"
    # With one edition prepared, the name alone means it.
    assert records.full_name("salicon", str(tmp_path / "out")) == "salicon/2015"
    builder = preparation.prepared_builder("salicon", str(tmp_path / "out"))
    assert builder.info.metadata["edition"] == "2015"
    preparation.prepare("salicon/2017", str(source), str(tmp_path / "out"))
    with pytest.raises(UserError, match="name one of them"):
        catalog.make_builder(salicon.Salicon, "", str(tmp_path / "out"))


@pytest.mark.parametrize(("num_observers", "edition"), [(3, "2015"), (9, "2017")])
def test_the_edition_is_told_by_the_number_of_fixations(
    tmp_path, monkeypatch, num_observers, edition
):
    monkeypatch.setattr(salicon, "_ENOUGH_IMAGES", 2)
    monkeypatch.setattr(salicon, "_BETWEEN_EDITIONS", 12)
    files.write_salicon(tmp_path / "in", {"train": 2}, num_observers=num_observers)
    summary = preparation.prepare(
        "salicon", str(tmp_path / "in"), str(tmp_path / "out")
    )
    assert summary.dataset == f"salicon/{edition}"


def test_a_few_images_do_not_tell_their_edition(tmp_path):
    files.write_salicon(tmp_path / "in", {"train": 2})
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match=r"2 images do not tell.*salicon/2017 or"):
        preparation.prepare("salicon", str(tmp_path / "in"), str(tmp_path / "out"))


def test_a_complete_edition_must_be_the_one_that_was_asked_for(tmp_path, monkeypatch):
    files.write_salicon(tmp_path / "in", {"train": 2})
    known = {"2017/train": Known(2, num_fixations=99)}
    monkeypatch.setattr(salicon.Salicon, "KNOWN", known)
    (tmp_path / "out").mkdir()
    preparing.check_refused(
        "salicon/2017", tmp_path / "in", tmp_path / "out", "12 fixations instead of 99"
    )


def test_maps_of_the_first_release_are_of_2015(tmp_path):
    files.write_old_salicon(tmp_path / "in")
    summary = preparation.prepare(
        "salicon", str(tmp_path / "in"), str(tmp_path / "out")
    )
    assert summary.dataset == "salicon/2015"
    record = preparing.opened("salicon", tmp_path / "out")[0]
    assert record.fixations is None
    expected = np.linspace(0, 1, 1200).reshape(30, 40)
    np.testing.assert_allclose(record.density_map, expected, atol=1e-5)


def test_the_api_s_rows_and_columns_are_turned_and_count_from_1(tmp_path):
    files.write_api(tmp_path / "in")
    record = preparing.prepare_and_open("salicon", tmp_path / "in", tmp_path / "o")[1]
    expected = [point for k in range(2) for point in files.gaze_points(1, k)]
    np.testing.assert_array_equal(record.fixations, expected)
    np.testing.assert_array_equal(record.observers, [0, 0, 1, 1])
    assert record.density_map is not None and record.density_map.max() == 1


def test_the_real_api_sample_lies_inside_of_its_images(shared_data, tmp_path):
    source = shared_data / "salicon_api_sample"
    train = preparing.prepare_and_open("salicon", source, tmp_path)
    assert len(train) == 10
    points = np.concatenate([record.fixations for record in train])
    assert len(points) == 73_630
    np.testing.assert_array_equal(points.max(axis=0), [639, 479])
    assert points.min() == 0
    assert sum(record.observers.max() + 1 for record in train) == 610


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("fixations/train/COCO_train2014_000000000001.mat", "MATLAB file"),
        ("images/train/COCO_train2014_000000000001.jpg", "cannot read the image"),
        ("maps/train/COCO_train2014_000000000001.png", "cannot read the map"),
    ],
)
def test_a_torn_file_is_named_and_nothing_is_written(tmp_path, broken, message):
    source, out = tmp_path / "in", tmp_path / "out"
    files.write_salicon(source, {"train": 3})
    out.mkdir()
    data = (source / broken).read_bytes()
    (source / broken).write_bytes(data[: len(data) // 2])
    stem = "COCO_train2014_000000000001"
    preparing.check_refused("salicon/2017", source, out, rf"1 of 3.*{stem}")
    preparing.check_refused("salicon/2017", source, out, message)
    kept = preparing.prepare_and_open("salicon/2017", source, out, skip_bad=True)
    assert len(kept) == 2
    left_out = preparation.prepared_builder("salicon", str(out)).info.metadata[
        "left_out"
    ]
    assert list(left_out["train"]) == [stem]


@pytest.mark.parametrize("kind", ["maps", "fixations"])
def test_a_missing_file_is_named(tmp_path, kind):
    source, out = tmp_path / "in", tmp_path / "out"
    files.write_salicon(source, {"train": 3})
    out.mkdir()
    next(iter((source / kind / "train").iterdir())).unlink()
    preparing.check_refused("salicon/2017", source, out, rf"no {kind} .*COCO_train2014")


def test_a_fixation_outside_of_its_image_is_refused(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    files.write_salicon(source, {"train": 1})
    out.mkdir()
    path = next((source / "fixations" / "train").iterdir())
    files.write_gaze(path, files.WIDTH)
    preparing.check_refused("salicon/2017", source, out, r"but a fixation at \(42, 2\)")


def test_the_api_of_2015_is_not_2017(tmp_path):
    files.write_api(tmp_path / "in")
    (tmp_path / "out").mkdir()
    preparing.check_refused(
        "salicon/2017", tmp_path / "in", tmp_path / "out", "is of 2015's edition"
    )
