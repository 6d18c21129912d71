"""OSIE is read as it was published, and refused by name where it is broken."""

import numpy as np
import osie_files
import pytest
import scipy.io
from preparing import check_refused, opened

from salgan_jax.data import fixations, images, preparation, records
from salgan_jax.data.builders import nus_layout

_NUM_IMAGES, _NUM_OBSERVERS = 7, 3


@pytest.fixture
def publishers(tmp_path):
    """A small folder in the layout of the OSIE publishers: 7 images, 3 observers."""
    folder = tmp_path / "publishers"
    osie_files.write(folder, num_images=_NUM_IMAGES, num_observers=_NUM_OBSERVERS)
    return folder


def test_osie_is_split_by_every_fifth_file_name(publishers, tmp_path):
    summary = preparation.prepare("osie", str(publishers), str(tmp_path / "out"))
    counts = [
        (split.split, split.num_images, split.num_maps, split.num_fixations)
        for split in summary.splits
    ]
    assert counts == [("train", 5, 5, 30), ("validation", 2, 2, 12)]
    validation = opened("osie", tmp_path / "out", "validation")
    train = opened("osie", tmp_path / "out", "train")
    assert [record.id for record in validation] == ["1001", "1006"]
    assert [record.id for record in train] == ["1002", "1003", "1004", "1005", "1007"]


def test_osie_record_holds_what_was_published(publishers, tmp_path):
    # The inner folder is accepted as well.
    preparation.prepare("osie", str(publishers / "data"), str(tmp_path / "out"))
    record = opened("osie", tmp_path / "out", "train")[1]
    assert record.id == "1003"
    published = images.read_image(publishers / "data" / "stimuli" / "1003.jpg")
    np.testing.assert_array_equal(record.image, published)
    np.testing.assert_array_equal(
        record.fixations,
        [[21.5, 2.5], [40, 30], [21.5, 12.5], [40, 30], [21.5, 22.5], [40, 30]],
    )
    assert record.observers.tolist() == [0, 0, 1, 1, 2, 2]
    assert record.fixations.dtype == np.float32
    assert record.observers.dtype == np.int32
    expected = fixations.density_map(
        record.fixations, height=60, width=80, sigma_px=24.0
    )
    np.testing.assert_allclose(record.density_map, expected, atol=1e-5)
    assert records.fixation_sigma_px("osie", str(tmp_path / "out")) == 24.0


def test_osie_fixation_just_outside_moves_to_the_border(publishers, tmp_path):
    subjects = [osie_files.subjects(i) for i in range(_NUM_IMAGES)]
    subjects[0][0] = ([-0.9, 80.9], [60.9, 30.0])
    osie_files.write_fixations(publishers, subjects)
    preparation.prepare("osie", str(publishers), str(tmp_path / "out"))
    record = opened("osie", tmp_path / "out", "validation")[0]
    assert np.floor(record.fixations[:2]).tolist() == [[0, 59], [79, 30]]


@pytest.mark.parametrize("x", [81.5, -1.5, float("nan")])
def test_osie_fixation_far_outside_is_refused(x, publishers, tmp_path):
    subjects = [osie_files.subjects(i) for i in range(_NUM_IMAGES)]
    subjects[2][1] = ([x], [30.0])
    osie_files.write_fixations(publishers, subjects)
    check_refused("osie", publishers, tmp_path / "out", r"1003\.jpg has 80 x 60")


def test_osie_observer_may_have_no_fixation_at_all(publishers, tmp_path):
    subjects = [osie_files.subjects(i) for i in range(_NUM_IMAGES)]
    subjects[0] = [([], []), ([], []), ([], [])]
    subjects[1][1] = ([], [])
    osie_files.write_fixations(publishers, subjects)
    preparation.prepare("osie", str(publishers), str(tmp_path / "out"))
    nobody = opened("osie", tmp_path / "out", "validation")[0]
    assert nobody.fixations.shape == (0, 2)
    assert nobody.observers.shape == (0,)
    assert not nobody.density_map.any()
    two = opened("osie", tmp_path / "out", "train")[0]
    assert two.observers.tolist() == [0, 0, 2, 2]


def test_osie_truncated_image_is_named(publishers, tmp_path):
    path = publishers / "data" / "stimuli" / "1004.jpg"
    path.write_bytes(path.read_bytes()[:500])
    check_refused("osie", publishers, tmp_path / "out", r"1004\.jpg")


def test_osie_missing_image_is_named(publishers, tmp_path):
    (publishers / "data" / "stimuli" / "1002.jpg").unlink()
    check_refused("osie", publishers, tmp_path / "out", r"stimuli/ lacks 1002\.jpg")


def test_osie_image_without_fixations_is_named(publishers, tmp_path):
    osie_files.write_fixations(publishers, [osie_files.subjects(0)])
    message = r"no entry for 1002\.jpg, 1003\.jpg, .*, 1006\.jpg and 1 more of stimuli/"
    check_refused("osie", publishers, tmp_path / "out", message)


@pytest.mark.parametrize("size", [0, 50, 200, 1000])
def test_osie_truncated_fixations_are_named(size, publishers, tmp_path):
    path = publishers / "data" / "eye" / "fixations.mat"
    path.write_bytes(path.read_bytes()[:size])
    check_refused("osie", publishers, tmp_path / "out", r"fixations\.mat")


@pytest.mark.parametrize(
    "contents", [{"other": 1}, {"fixations": np.zeros((2, 2))}, {"fixations": "text"}]
)
def test_osie_fixations_of_another_layout_are_refused(contents, publishers, tmp_path):
    scipy.io.savemat(publishers / "data" / "eye" / "fixations.mat", contents)
    check_refused("osie", publishers, tmp_path / "out", "not laid out as published")


def test_osie_coordinates_of_unequal_number_are_refused(publishers, tmp_path):
    osie_files.write_fixations(
        publishers, [[([1.0, 2.0, 3.0], [1.0, 2.0])]] * _NUM_IMAGES
    )
    check_refused("osie", publishers, tmp_path / "out", "not laid out as published")


def test_osie_folder_without_the_files_is_refused(tmp_path):
    check_refused("osie", tmp_path, tmp_path / "out", "not the publishers' OSIE")


def test_real_osie_fixations_are_as_published(osie_source):
    gazes = nus_layout.read_fixations(osie_source / "data" / "eye" / "fixations.mat")
    assert len(gazes) == 550
    assert {len(set(gaze.observers)) for gaze in gazes.values()} == {15}
    points = np.concatenate([gaze.points for gaze in gazes.values()])
    assert len(points) == 77492
    np.testing.assert_allclose(points.min(axis=0), [1.2, 1.2], rtol=1e-6)
    np.testing.assert_allclose(points.max(axis=0), [798.8, 599.2], rtol=1e-6)


def test_real_osie_observers_agree_with_each_other(osie_source):
    # Were x and y swapped, or the images mixed up, this would be about 0.3.
    gazes = nus_layout.read_fixations(osie_source / "data" / "eye" / "fixations.mat")
    scores = []
    for name in sorted(gazes)[:20]:
        points, observers = gazes[name].points, gazes[name].observers
        density = fixations.density_map(
            points[observers < 8], height=600, width=800, sigma_px=24.0
        )
        others = fixations.fixation_map(points[observers >= 8], height=600, width=800)
        scores.append(((density - density.mean()) / density.std())[others].mean())
    assert 3.0 < np.mean(scores) < 4.5
