"""What is written for an image, how it looks, and what is asked for in vain."""

import numpy as np
import pytest
from PIL import Image

from salgan_jax import visualization
from salgan_jax.errors import UserError
from salgan_jax.prediction import batches, files, formats


def _wanted(*names, colormap="gray", contours=("0.5",)):
    return formats.wanted(names, colormap=colormap, contours=contours)


def test_nothing_asked_for_is_maps_of_images_and_overlays_of_videos():
    wanted = _wanted()
    assert wanted.endings("a.jpg") == {"png": ".png"}
    assert wanted.endings("a.MOV") == {"overlay": "_overlay.mov"}
    assert wanted.endings("a.webm") == {"overlay": "_overlay.mkv"}


def test_formats_have_one_order_and_say_what_they_are():
    wanted = _wanted("contour", "npy", "png", "heatmap")
    endings = wanted.endings("a.jpg")
    assert list(endings.values()) == [".png", "_heatmap.png", "_contour.png", ".npy"]
    assert _wanted("png").endings("a.mp4") == {"png": "_map.mp4"}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"names": ["heatmaps"]}, "format='heatmaps': .* did you mean heatmap"),
        ({"names": ["png"], "colormap": "Viridi"}, "did you mean viridis"),
        ({"names": ["contour"], "contours": ["1.5"]}, r"contours=1.5: .* between 0"),
        ({"names": ["contour"], "contours": ["half"]}, "contours=half"),
        ({"names": ["contour"], "contours": []}, "contours has no fractions"),
    ],
)
def test_what_is_unknown_is_the_users_mistake(asked, message):
    names = asked.pop("names")
    with pytest.raises(UserError, match=message):
        _wanted(*names, **asked)


def test_pictures_are_written_in_the_colours_asked_for(tmp_path):
    ramp = np.tile(np.arange(0, 60, 2, dtype=np.uint8), (20, 1))  # maximum 58
    Image.fromarray(ramp).save(tmp_path / "a.png")
    wanted = _wanted("png", "heatmap", "contour", colormap="gray")
    (job,) = files.plan(str(tmp_path / "a.png"), tmp_path / "maps", wanted=wanted)

    def brightness(images):
        return [image[..., 0].astype(np.float32) / 255 for image in images]

    batches.predict_files(brightness, [job], style=wanted.style)
    grey, heat, lines = (np.array(Image.open(path)) for path in job.outputs())
    np.testing.assert_array_equal(grey, ramp)
    expected = np.round(ramp / 58 * 255)
    np.testing.assert_allclose(heat, np.stack([expected] * 3, -1), atol=1)
    # Half of the maximum is at 14.5; its line is 2 wide and 3/4 white, its rim dark.
    assert (lines[:, 14:16] == 191).all()
    assert (lines[:, [13, 16]] == 40).all()
    np.testing.assert_array_equal(lines[:, :12], np.stack([ramp[:, :12]] * 3, -1))
    np.testing.assert_array_equal(lines[:, 18:], np.stack([ramp[:, 18:]] * 3, -1))


def test_line_goes_around_the_place_at_its_fraction():
    y, x = np.mgrid[:300, :400].astype(np.float32)
    distance = np.hypot(y - 150, x - 200)
    image = np.full((300, 400, 3), 128, np.uint8)
    drawn = visualization.contours(image, np.exp(-distance / 50), [0.2, 0.5])
    changed = (drawn != image).any(axis=-1)
    radii = 50 * np.log([5, 2])  # 80 and 35
    away = np.abs(distance[..., np.newaxis] - radii).min(axis=-1)
    assert not changed[away > 4].any() and changed[away < 1].all()


def test_contours_of_a_large_image_do_not_show_its_strips(monkeypatch):
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (40, 50, 3), np.uint8)
    saliency_map = random.random((40, 50), np.float32)
    whole = visualization.contours(image, saliency_map, [0.3, 0.6])
    monkeypatch.setattr(visualization, "_STRIP", 7)
    strips = visualization.contours(image, saliency_map, [0.3, 0.6])
    np.testing.assert_array_equal(strips, whole)


def test_map_without_any_saliency_has_no_contours():
    image = np.full((9, 7, 3), 50, np.uint8)
    drawn = visualization.contours(image, np.zeros((9, 7), np.float32), [0.5])
    np.testing.assert_array_equal(drawn, image)
