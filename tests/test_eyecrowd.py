"""EyeCrowd is read from OSIE's layout, under its own name."""

import numpy as np
import osie_files
import pytest
from preparing import check_refused, opened

from salgan_jax.data import fixations, preparation, records
from salgan_jax.data.builders import nus_layout


@pytest.fixture
def publishers(tmp_path):
    """A small folder in the publishers' layout: 7 images, 3 observers."""
    folder = tmp_path / "publishers"
    osie_files.write(folder, num_images=7, num_observers=3)
    return folder


@pytest.mark.parametrize("inner", ["", "data"])
def test_eyecrowd_is_split_by_every_fifth_file_name(inner, publishers, tmp_path):
    out = tmp_path / "out"
    summary = preparation.prepare("eyecrowd", str(publishers / inner), str(out))
    counts = [
        (split.split, split.num_images, split.num_maps, split.num_fixations)
        for split in summary.splits
    ]
    assert counts == [("train", 5, 5, 30), ("validation", 2, 2, 12)]
    assert summary.dataset == "eyecrowd"
    assert [each.id for each in opened("eyecrowd", out, "validation")] == [
        "1001",
        "1006",
    ]


def test_eyecrowd_density_is_blurred_by_24_pixels(publishers, tmp_path):
    preparation.prepare("eyecrowd", str(publishers), str(tmp_path / "out"))
    record = opened("eyecrowd", tmp_path / "out", "train")[1]
    assert record.fixations[0].tolist() == [21.5, 2.5]
    assert record.observers.tolist() == [0, 0, 1, 1, 2, 2]
    expected = fixations.density_map(
        record.fixations, height=60, width=80, sigma_px=24.0
    )
    np.testing.assert_allclose(record.density_map, expected, atol=1e-5)
    assert records.fixation_sigma_px("eyecrowd", str(tmp_path / "out")) == 24.0


def test_eyecrowd_fixation_on_the_far_border_is_in_the_last_pixel(publishers, tmp_path):
    subjects = [osie_files.subjects(i) for i in range(7)]
    subjects[0][0] = ([80.0, 1.0], [60.0, 1.9])
    osie_files.write_fixations(publishers, subjects)
    preparation.prepare("eyecrowd", str(publishers), str(tmp_path / "out"))
    record = opened("eyecrowd", tmp_path / "out", "validation")[0]
    assert np.floor(record.fixations[:2]).tolist() == [[79, 59], [1, 1]]


def test_eyecrowd_folder_without_the_files_is_refused_by_its_name(tmp_path):
    message = (
        r"not the publishers' EyeCrowd folder, with data/stimuli and "
        r"data/eye/fixations\.mat"
    )
    check_refused("eyecrowd", tmp_path, tmp_path / "out", message)


def test_real_eyecrowd_fixations_are_as_published(eyecrowd_source):
    gazes = nus_layout.read_fixations(
        eyecrowd_source / "data" / "eye" / "fixations.mat"
    )
    num_observers = [len(set(gaze.observers)) for gaze in gazes.values()]
    assert [num_observers.count(number) for number in (15, 16)] == [3, 397]
    points = np.concatenate([gaze.points for gaze in gazes.values()])
    assert len(points) == 100913
    np.testing.assert_allclose(points.min(axis=0), [1.0, 1.9], rtol=1e-6)
    np.testing.assert_allclose(points.max(axis=0), [1024.0, 768.0], rtol=1e-6)
