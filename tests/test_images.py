"""Images of every mode come out as RGB, and one resize serves all."""

import io

import numpy as np
import pytest
from PIL import Image

from salgan_jax.data import images
from salgan_jax.errors import UserError

_EXIF_ORIENTATION = 0x0112


def _png(image: Image.Image, **options) -> bytes:
    return _encoded(image, "PNG", **options)


def _encoded(image: Image.Image, encoding: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=encoding, **options)
    return buffer.getvalue()


def _first_pixel(data: bytes) -> list[int]:
    image = images.decode_image(data, "test")
    assert image.dtype == np.uint8
    assert image.shape == (2, 3, 3)
    return image[0, 0].tolist()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", (10, 20, 30), [10, 20, 30]),
        ("L", 77, [77, 77, 77]),
        ("1", 1, [255, 255, 255]),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), [255, 255, 255]),
        ("RGBA", (0, 0, 0, 51), [204, 204, 204]),
        ("LA", (100, 0), [255, 255, 255]),
        ("LA", (100, 255), [100, 100, 100]),
    ],
)
def test_image_of_any_mode_becomes_rgb_over_white(mode, colour, expected):
    assert _first_pixel(_png(Image.new(mode, (3, 2), colour))) == expected


def test_palette_image_becomes_rgb():
    image = Image.new("P", (3, 2), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert _first_pixel(_png(image)) == [10, 20, 30]


def test_transparent_palette_entry_becomes_white():
    image = Image.new("P", (3, 2), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    assert _first_pixel(_png(image, transparency=1)) == [255, 255, 255]


def test_16_bit_grey_is_scaled_to_8_bits():
    grey = np.array([[0, 32896, 65535]] * 2, np.uint16)
    image = images.decode_image(_png(Image.fromarray(grey)), "test")
    assert image[0].tolist() == [[0] * 3, [128] * 3, [255] * 3]


def test_cmyk_jpeg_becomes_rgb():
    image = Image.new("CMYK", (3, 2), (0, 255, 255, 0))  # red
    red, green, blue = _first_pixel(_encoded(image, "JPEG"))
    assert red > 240
    assert max(green, blue) < 40


def test_exif_orientation_is_applied(tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0] = 255
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = 6  # the camera was held turned by 90 degrees
    path = tmp_path / "turned.png"
    Image.fromarray(pixels).save(path, exif=exif)
    image = images.read_image(path)
    assert image.shape == (3, 2, 3)
    assert image[0, 1].tolist() == [255, 255, 255]
    assert image.sum() == 3 * 255


# Pillow warns of a cut TIFF before it gives up.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("encoding", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_truncated_image_is_refused_by_name(encoding, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    data = _encoded(Image.fromarray(noise), encoding)
    for size in (0, 1, 10, len(data) // 4, len(data) // 2, len(data) * 9 // 10):
        path = tmp_path / f"cut_{size}.img"
        path.write_bytes(data[:size])
        with pytest.raises(
            UserError, match=rf"cannot read the image .*cut_{size}\.img"
        ):
            images.read_image(path)


def test_text_is_not_a_known_image_format():
    with pytest.raises(UserError, match=r"note\.txt: not a known image format"):
        images.decode_image(b"not an image at all", "note.txt")


def test_float_image_of_unknown_range_is_refused():
    data = _encoded(Image.new("F", (3, 2), 0.5), "TIFF")
    with pytest.raises(UserError, match="floats of unknown range"):
        images.decode_image(data, "float.tif")


def test_missing_image_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jpg"):
        images.read_image("nowhere.jpg")


def test_shrinking_averages_areas():
    image = np.array([[0, 100, 20, 40], [100, 200, 60, 80]], np.uint8)
    image = np.repeat(image[..., None], 3, axis=2)
    smaller = images.resize_image(image, height=1, width=2)
    assert smaller.tolist() == [[[100] * 3, [50] * 3]]


def test_shrinking_a_map_averages_areas():
    saliency_map = np.array([[0, 1, 0.5, 0.5], [0, 0, 0, 1]], np.float32)
    smaller = images.resize_map(saliency_map, height=1, width=2)
    assert smaller.dtype == np.float32
    np.testing.assert_allclose(smaller, [[0.25, 0.5]], atol=1e-7)


def test_enlarging_a_map_interpolates_linearly():
    larger = images.resize_map(np.array([[0, 1]], np.float32), height=1, width=4)
    np.testing.assert_allclose(larger, [[0, 0.25, 0.75, 1]], atol=1e-7)


def test_one_axis_may_shrink_while_the_other_grows():
    saliency_map = np.array([[0, 1], [1, 2]], np.float32)
    resized = images.resize_map(saliency_map, height=1, width=4)
    np.testing.assert_allclose(resized, [[0.5, 0.75, 1.25, 1.5]], atol=1e-7)


def test_resizing_to_the_same_size_changes_nothing():
    noise = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    same = images.resize_image(noise, height=7, width=5)
    np.testing.assert_array_equal(same, noise)


def test_resized_map_stays_within_its_range():
    saliency_map = np.random.default_rng(0).random((37, 53)).astype(np.float32)
    saliency_map[:9] = saliency_map.max()
    for height, width in ((5, 7), (101, 211), (16, 400), (400, 16)):
        resized = images.resize_map(saliency_map, height=height, width=width)
        assert resized.shape == (height, width)
        assert resized.min() >= saliency_map.min()
        assert resized.max() <= saliency_map.max()


def test_stored_map_is_exact_to_half_a_level_of_16_bits():
    saliency_map = np.random.default_rng(0).random((9, 11)).astype(np.float32)
    restored = images.decode_map(images.encode_map(saliency_map), "map")
    assert restored.dtype == np.float32
    np.testing.assert_allclose(restored, saliency_map, rtol=0, atol=0.51 / 65535)


def test_8_bit_map_is_read_as_fractions_of_255():
    levels = np.array([[0, 51, 255]], np.uint8)
    restored = images.decode_map(images.encode_png(levels), "map")
    np.testing.assert_allclose(restored, [[0, 0.2, 1]], atol=1e-7)


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "1"])
def test_a_grey_map_of_any_mode_is_read_as_fractions(mode):
    levels = np.array([[0, 255], [255, 0]], np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).convert(mode).save(buffer, "PNG")
    restored = images.decode_map(buffer.getvalue(), "map")
    np.testing.assert_array_equal(restored, [[0, 1], [1, 0]])


def test_a_grey_jpeg_is_a_map():
    levels = np.full((16, 16, 3), 51, np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG")
    np.testing.assert_allclose(images.decode_map(buffer.getvalue(), "map"), 0.2)


def test_what_is_no_map_is_named():
    colours = np.zeros((4, 4, 3), np.uint8)
    colours[..., 0] = 200
    with pytest.raises(UserError, match=r"the map of a\.jpg: .* in colour"):
        images.decode_map(images.encode_png(colours), "of a.jpg")
    with pytest.raises(UserError, match="the map b: not a known image format"):
        images.decode_map(b"nothing", "b")
