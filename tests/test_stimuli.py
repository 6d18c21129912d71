"""What must hold for every image of every dataset is checked, and named if it fails."""

import threading
from typing import Any

import numpy as np
import publishers_files
import pytest

from salgan_jax.data import images, record_format, stimuli
from salgan_jax.data.stimuli import Gaze, GroundTruth, Stimulus
from salgan_jax.errors import UserError

_SIZE = (publishers_files.HEIGHT, publishers_files.WIDTH)
_BLUR = GroundTruth(sigma_px=2.0)


@pytest.fixture
def image(tmp_path):
    publishers_files.write_image(tmp_path / "1.png")
    return tmp_path / "1.png"


def _gaze(*points, size=None):
    return Gaze(np.array(points, float), np.zeros(len(points), np.int32), size)


def _record(stimulus, truth=_BLUR) -> Any:
    """The record of an image that can be used."""
    loaded = stimuli.load(stimulus, truth)
    assert loaded.example is not None, loaded.problem
    example = loaded.example | {"id": loaded.example["id"].encode()}
    return record_format.decode(example)


def _problem(stimulus, truth=_BLUR):
    """Why an image cannot be used."""
    loaded = stimuli.load(stimulus, truth)
    assert loaded.example is None
    return loaded.problem


def test_image_keeps_its_bytes_and_what_is_not_given_stays_unknown(image):
    loaded = stimuli.load(Stimulus("a/1", image), _BLUR)
    assert loaded.example is not None
    assert loaded.example["image"] == image.read_bytes()
    record = _record(Stimulus("a/1", image))
    assert record.id == "a/1"
    assert record.density_map is None
    assert record.fixations is None
    assert record.observers is None


def test_given_map_is_used_unless_the_fixations_are_preferred(image):
    given = np.full(_SIZE, 0.5, np.float32)
    stimulus = Stimulus("1", image, lambda: given, lambda: _gaze((4, 5)))
    np.testing.assert_allclose(_record(stimulus).density_map, given, atol=1e-5)
    made = _record(stimulus, GroundTruth(2.0, prefer_fixations=True)).density_map
    assert made is not None
    assert np.unravel_index(made.argmax(), _SIZE) == (5, 4)


def test_map_that_is_not_used_is_not_read(image):
    def read_density_map():
        raise AssertionError

    stimulus = Stimulus("1", image, read_density_map, lambda: _gaze((4, 5)))
    assert _record(stimulus, GroundTruth(2.0, prefer_fixations=True)).id == "1"


def test_no_map_is_made_of_fixations_without_a_sigma(image):
    stimulus = Stimulus("1", image, None, lambda: _gaze((4, 5)))
    assert _record(stimulus, GroundTruth(None)).density_map is None


def test_given_map_of_any_grey_format_keeps_its_values(image):
    levels = np.arange(1200, dtype=np.uint16).reshape(_SIZE) * 54
    stimulus = Stimulus("1", image, lambda: images.encode_png(levels))
    np.testing.assert_allclose(
        _record(stimulus).density_map, levels / 65535.0, atol=1e-6
    )


@pytest.mark.parametrize(
    ("density_map", "message"),
    [
        (np.zeros((40, 30)), r"1.png has 40 x 30 pixels, its density map 30 x 40"),
        (np.full(_SIZE, 1.5), r"the density map of .*1.png has values outside 0..1"),
        (np.full(_SIZE, np.nan), "values outside 0..1"),
        (b"no picture", r"cannot read the map of .*1.png: not a known image format"),
    ],
)
def test_wrong_map_is_a_problem_that_names_its_image(density_map, message, image):
    problem = _problem(Stimulus("1", image, lambda: density_map))
    with pytest.raises(UserError, match=message):
        raise UserError(problem)


def test_points_just_outside_move_to_the_border_and_further_ones_are_a_problem(image):
    near = Stimulus("1", image, None, lambda: _gaze((-1, 31), (41, -0.5)))
    assert np.floor(_record(near).fixations).tolist() == [[0, 29], [39, 0]]
    for x, y in [(-1.1, 3), (3, 31.1), (np.nan, 3), (3, np.inf)]:
        far = Stimulus("1", image, None, lambda x=x, y=y: _gaze((x, y)))
        assert f"a fixation at ({x:g}, {y:g})" in _problem(far)
    strict = GroundTruth(2.0, tolerance_px=0.0)
    assert "a fixation at (-1, 31)" in _problem(near, strict)


def test_fixation_map_gives_pixels_and_has_to_be_of_the_same_size(image):
    binary = publishers_files.fixation_map(2)
    gaze = stimuli.gaze_of_map(binary)
    assert gaze.points.tolist() == [[2, 3], [7, 7]]
    assert gaze.observers.tolist() == [-1, -1]
    assert _record(Stimulus("1", image, None, lambda: gaze)).id == "1"
    turned = stimuli.gaze_of_map(binary.T)
    problem = _problem(Stimulus("1", image, None, lambda: turned))
    assert "1.png has 40 x 30 pixels, its fixation map 30 x 40" in problem


def test_file_that_is_missing_or_empty_is_a_problem_that_names_it(image):
    assert "2.png" in _problem(Stimulus("2", image.with_name("2.png")))
    image.write_bytes(b"")
    assert "1.png: not a known image format" in _problem(Stimulus("1", image))


def test_bug_in_a_reader_is_not_taken_for_a_broken_file(image):
    def read_fixations():
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        stimuli.load(Stimulus("1", image, None, read_fixations), _BLUR)


def test_all_are_loaded_in_order_and_only_a_few_ahead(tmp_path):
    started = []
    lock = threading.Lock()

    def read_fixations():
        with lock:
            started.append(1)
        return _gaze()

    publishers_files.write_image(tmp_path / "1.png")
    found = [
        Stimulus(str(i), tmp_path / "1.png", None, read_fixations) for i in range(200)
    ]
    loading = stimuli.load_all(found, _BLUR)
    first = next(loading)
    ahead = len(started)
    assert first.stimulus.id == "0"
    assert [each.stimulus.id for each in loading] == [str(i) for i in range(1, 200)]
    assert ahead < 200
    assert len(started) == 200
