"""MIT1003 is read from its maps, or from the fixations of each observer."""

import numpy as np
import preparing
import publishers_files
import salicon_files as files
import scipy.io

from salgan_jax.data import record_format
from salgan_jax.data.builders import mit1003_samples


def test_white_pixels_are_fixations_and_the_stray_file_is_skipped(tmp_path):
    files.write_mit1003(tmp_path / "in")
    train = preparing.prepare_and_open("mit1003", tmp_path / "in", tmp_path / "out")
    assert [record.id for record in train] == ["i0", "i1", "i2"]
    record = train[2]
    np.testing.assert_array_equal(record.fixations, publishers_files.points_of(2))
    assert (record.observers == record_format.UNKNOWN_OBSERVER).all()
    assert record.density_map.shape == record.size == (30, 40)


def test_fixations_are_found_in_the_samples_of_each_observer(tmp_path):
    # A trial begins at the centre, which does not count; looks beside do not either.
    files.write_mit1003(tmp_path / "in", size=(300, 400))
    files.write_mit1003_data(tmp_path / "in", scale=10)
    train = preparing.prepare_and_open("mit1003", tmp_path / "in", tmp_path / "out")
    np.testing.assert_allclose(
        train[1].fixations, [(30, 30), (350, 260), (30, 30), (350, 260)], atol=2
    )
    np.testing.assert_array_equal(train[1].observers, [0, 0, 1, 1])


def test_rests_between_leaps_are_fixations():
    places = [(500, 400), (100, 100), (700, 120), (720, 600)]
    found = mit1003_samples.find_fixations(files.eye_trace(*places))
    np.testing.assert_allclose(found, places, atol=2)


def test_a_rest_of_less_than_50_ms_is_a_part_of_the_leap():
    trace = np.concatenate(
        [
            files.eye_trace((500, 400), (100, 100), rest=40)[:-32],
            files.eye_trace((100, 100), (700, 600))[40:],
        ]
    )
    found = mit1003_samples.find_fixations(trace)
    np.testing.assert_allclose(found[[0, -1]], [(500, 400), (700, 600)], atol=2)
    assert len(found) == 2


def test_an_eye_at_rest_or_lost_has_one_fixation():
    rest = np.full((100, 2), 7.0)
    np.testing.assert_array_equal(mit1003_samples.find_fixations(rest), [[7, 7]])
    for samples in (np.full((50, 2), np.nan), np.zeros((1, 2))):
        assert mit1003_samples.find_fixations(samples).shape == (1, 2)


def test_samples_that_are_not_there_are_named(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    files.write_mit1003(source)
    files.write_mit1003_data(source)
    out.mkdir()
    path = source / "DATA" / "ae" / "i1.mat"
    scipy.io.savemat(path, {"i1": {"DATA": {"other": 1}}})
    preparing.check_refused("mit1003", source, out, r"i1\.mat is not laid out")
    path.unlink()
    preparing.check_refused("mit1003", source, out, r"no file .*ae/i1\.mat")


def test_missing_maps_and_odd_files_are_named(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    files.write_mit1003(source)
    out.mkdir()
    odd = source / "ALLFIXATIONMAPS" / "i7.jpg"
    files.write_points(odd, 1)
    preparing.check_refused("mit1003", source, out, r"i7\.jpg is neither a")
    odd.unlink()
    (source / "ALLFIXATIONMAPS" / "i1_fixMap.jpg").unlink()
    preparing.check_refused("mit1003", source, out, r"no maps .* for i1\.jpeg")
