import numpy as np
import pytest
from PIL import Image

from salgan_jax import visualization


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)


def _blob(height=30, width=40, peak=1.0):
    y, x = np.mgrid[:height, :width]
    squared = ((x - width / 2) / 5) ** 2 + ((y - height / 2) / 5) ** 2
    return (peak * np.exp(-squared)).astype(np.float32)


def test_overlay_leaves_what_nobody_looks_at_as_it_was(image):
    result = visualization.overlay(image, _blob())
    assert result.dtype == np.uint8 and result.shape == image.shape
    np.testing.assert_array_equal(result[0, 0], image[0, 0])


def test_overlay_shows_the_colour_at_the_maximum_with_its_opacity():
    black = np.zeros((1, 2, 3), np.uint8)
    result = visualization.overlay(
        black, np.array([[0.0, 0.3]], np.float32), opacity=0.5, colormap="gray"
    )
    np.testing.assert_array_equal(result[0], [[0, 0, 0], [128, 128, 128]])


def test_overlay_covers_more_where_saliency_is_higher():
    white = np.full((1, 5, 3), 255, np.uint8)
    ramp = np.array([[0, 0.1, 0.3, 0.6, 1]], np.float32)
    covered = visualization.overlay(white, ramp, colormap="inferno")[0, :, 2]
    assert (np.diff(covered[:2].astype(int)) < 0).all()
    np.testing.assert_array_equal(covered[0], 255)


def test_overlay_does_not_depend_on_the_scale_of_the_map(image):
    strong = visualization.overlay(image, _blob())
    weak = visualization.overlay(image, _blob(peak=0.125))
    np.testing.assert_array_equal(strong, weak)


def test_overlay_of_a_tall_image_has_no_seams(image, monkeypatch):
    whole = visualization.overlay(image, _blob())
    monkeypatch.setattr(visualization, "_STRIP", 7)
    np.testing.assert_array_equal(visualization.overlay(image, _blob()), whole)


def test_overlay_of_an_empty_map_is_the_image(image):
    empty = np.zeros((30, 40), np.float32)
    np.testing.assert_array_equal(visualization.overlay(image, empty), image)


def test_overlay_refuses_a_map_of_another_size(image):
    with pytest.raises(ValueError, match="must be equal"):
        visualization.overlay(image, _blob(40, 30))


def test_panels_place_every_cell_at_the_row_height(image):
    dark = np.zeros((15, 20), np.float32)
    grid = visualization.panels(
        [(image, dark), (image, dark)], ["image", "prediction"], row_height=60
    )
    # Gutters of 4, a title band of 20, cells of 60x80.
    assert grid.shape == (20 + 2 * (60 + 4), 4 + 2 * (80 + 4), 3)
    assert grid.dtype == np.uint8
    assert (grid[20:80, 88:168] == 0).all()
    assert (grid[20:80, 84:88] == 255).all()


def test_panels_show_maps_at_their_absolute_scale(image):
    half = np.full((30, 40), 0.4, np.float32)
    grid = visualization.panels([(half,)], ["map"], row_height=30)
    assert (grid[20:50, 4:44] == 102).all()


def test_panels_take_images_of_different_shapes_and_labels(image):
    tall = image.transpose(1, 0, 2)
    rows = [(image, _blob()), (tall, _blob(40, 30))]
    titles = ["image", "a title that is far too long for its narrow column"]
    plain = visualization.panels(rows, titles, row_height=60)
    labelled = visualization.panels(rows, titles, row_height=60, labels=["1", "2"])
    assert labelled.shape[0] == plain.shape[0]
    assert labelled.shape[1] > plain.shape[1]


def test_panels_refuse_a_row_without_all_its_cells(image):
    with pytest.raises(ValueError):
        visualization.panels([(image,)], ["image", "prediction"])


def test_save_image_writes_a_png_that_reads_back(tmp_path, image):
    visualization.save_image(tmp_path / "a.png", image)
    with Image.open(tmp_path / "a.png") as saved:
        np.testing.assert_array_equal(np.array(saved), image)


def test_save_image_that_fails_leaves_the_older_file_and_nothing_else(tmp_path, image):
    visualization.save_image(tmp_path / "a.png", image)
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(TypeError):
        visualization.save_image(tmp_path / "a.png", image.astype(np.complex64))
    with pytest.raises(OSError):
        visualization.save_image(tmp_path / "absent" / "a.png", image)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == before
