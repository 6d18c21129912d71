"""No image that nobody vouches for stops a door, hangs it or fills the memory."""

import io
import json
import os
import resource

import hostile_files
import numpy as np
import publishers_files
import pytest
from PIL import Image, ImageOps

from salgan_jax.data import images, preparation, records
from salgan_jax.errors import UserError, printable
from salgan_jax.prediction import batches, files, formats


def _brightness(pictures):
    return [picture.mean(axis=-1, dtype=np.float32) / 255 for picture in pictures]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    return folder, hostile_files.write(folder / "images")


def _check_line(lines, name, reason):
    """One line, that any terminal can show, names the file and says why."""
    shown = printable(name)
    own = [line for line in lines if f"/{shown}:" in line]
    assert len(own) == 1, (shown, lines)
    assert reason in own[0]
    assert own[0].isprintable()


def test_predict_predicts_or_names_each(hostile, tmp_path, capfd):
    folder, expected = hostile
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jobs = files.plan(
        str(folder / "images"),
        tmp_path / "maps",
        wanted=formats.Wanted(("png", "overlay")),
    )
    assert len(jobs) == len(expected)
    outcome = batches.predict_files(_brightness, jobs, max_megapixels=1)
    lines = capfd.readouterr().err.splitlines()
    written = {path.name for path in (tmp_path / "maps").iterdir()}
    for name, reason in expected.items():
        stem = os.path.splitext(name)[0]
        is_there = {f"{stem}.png", f"{name}.png"} & written
        assert bool(is_there) == (reason is None), name
        if reason is not None:
            _check_line(lines, name, reason)
    assert len(lines) == len(outcome.failures)
    assert outcome.num_written == list(expected.values()).count(None)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400_000  # kilobytes: no bomb has gone off


def test_prepare_uses_or_names_each(hostile, tmp_path):
    folder, expected = hostile
    expected = expected | {hostile_files.NOT_UTF8: "its name is not UTF-8"}
    (folder / "fixations.csv").write_text("image,x,y\none.png,0,0\n")
    arguments = ("image_folder", str(folder), str(tmp_path))
    with pytest.raises(UserError) as caught:
        preparation.prepare(*arguments, max_megapixels=1)
    assert str(caught.value).isprintable()
    bad = [reason for reason in expected.values() if reason is not None]
    total = len(expected)
    assert f"{len(bad)} of {total} images cannot be used" in str(caught.value)
    summary = preparation.prepare(*arguments, skip_bad=True, max_megapixels=1)
    assert summary.splits[0].num_left_out == len(bad)
    found = records.open_split("image_folder", "train", str(tmp_path))
    assert len(found) == total - len(bad)
    assert all(record.image.size for record in found)
    (info,) = tmp_path.rglob("metadata.json")
    left_out = json.loads(info.read_text())["left_out"]["train"]
    for name, reason in expected.items():
        if reason is not None:
            _check_line(list(left_out.values()), name, reason)


def test_limit_is_each_calls_own(tmp_path):
    data = hostile_files.encoded(hostile_files.noise(1000, 1100), "PNG")
    assert images.decode_image(data, "a").shape == (1000, 1100, 3)
    with pytest.raises(
        UserError, match=r"1100 x 1000 = 1\.1 million pixels, more than"
    ):
        images.decode_image(data, "a", max_megapixels=1)
    with pytest.raises(UserError, match="the map a: it has 1100 x 1000"):
        images.decode_map(data, "a", max_megapixels=1)


@pytest.mark.parametrize("pixels", [400, 60])  # where Pillow warns, where it refuses
def test_pillows_own_limit_neither_interferes_nor_changes(pixels, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
    for kind in ("PNG", "JPEG", "BMP"):
        data = hostile_files.encoded(hostile_files.noise(20, 30), kind)
        assert images.decode_image(data, "a").shape == (20, 30, 3)
    assert pixels == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "CMYK", "I;16"])
def test_large_image_is_turned_and_converted_tile_by_tile(kind, mode, monkeypatch):
    picture = hostile_files.noise(13, 22)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture)[..., 0] * np.uint16(257))
    else:
        picture = picture.convert(mode)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        try:
            data = hostile_files.encoded(picture, kind, exif=exif)
        except OSError:
            pytest.skip(f"there are no {kind} files in mode {mode}")
        with Image.open(io.BytesIO(data)) as opened:
            expected = np.array(images._to_rgb(ImageOps.exif_transpose(opened)))
        with monkeypatch.context() as patch:
            patch.setattr(images, "_TILE", 7)
            np.testing.assert_array_equal(images.decode_image(data, "a"), expected)


def _wanted(overlay):
    return formats.Wanted(("png", "overlay") if overlay else ("png",))


def _predict_one(folder, name, *, overlay):
    """Predicts an image of that name; how many were written, and the lines on it."""
    (folder / "in").mkdir(exist_ok=True)
    picture = hostile_files.encoded(hostile_files.noise(20, 30), "JPEG")
    (folder / "in" / name).write_bytes(picture)
    jobs = files.plan(str(folder / "in"), folder / "maps", wanted=_wanted(overlay))
    return batches.predict_files(_brightness, jobs).num_written


def test_name_that_is_too_long_with_a_suffix_is_skipped(tmp_path, capsys):
    long = "x" * 248 + ".jpg"
    assert _predict_one(tmp_path, "a.jpg", overlay=True) == 1
    assert _predict_one(tmp_path, long, overlay=True) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "File name too long" in lines[0] and long in lines[0]
    assert sorted(os.listdir(tmp_path / "maps")) == ["a.png", "a_overlay.png"]
    assert _predict_one(tmp_path, long, overlay=False) == 2
    assert _predict_one(tmp_path, "東" * 83 + ".jpg", overlay=False) == 3


def test_map_whose_name_is_a_folder_is_skipped(tmp_path, capsys):
    (tmp_path / "in" / "a.png").mkdir(parents=True)
    assert _predict_one(tmp_path, "a.png/b.jpg", overlay=False) == 1
    assert (tmp_path / "maps" / "a.png").is_dir()
    capsys.readouterr()
    assert _predict_one(tmp_path, "a.jpg", overlay=False) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "this is for the image" in lines[0]
    assert os.listdir(tmp_path / "maps" / "a.png") == ["b.png"]


def test_publishers_images_are_limited_as_well(tmp_path, monkeypatch):
    publishers_files.write_fiwi(tmp_path / "fiwi")
    folder = tmp_path / "fiwi" / "webpage_dataset"
    (folder / "stimuli" / "text_1.png").write_bytes(hostile_files.png(30_000, 30_000))
    (folder / "all5" / "text_0.png").write_bytes(hostile_files.png(400, 400))
    (folder / "stimuli" / "text_2.png").unlink()
    os.mkfifo(folder / "stimuli" / "text_2.png")
    with pytest.raises(UserError) as caught:
        preparation.prepare(
            "fiwi", str(tmp_path / "fiwi"), str(tmp_path / "out"), max_megapixels=0.1
        )
    message = str(caught.value)
    assert "3 of 3 images cannot be used" in message
    assert "text_1.png: it has 30000 x 30000" in message
    assert "all5/text_0.png: it has 400 x 400" in message
    assert "text_2.png: it is no regular file" in message


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_limit_that_lets_nothing_through_is_the_users_mistake(limit, tmp_path):
    with pytest.raises(UserError, match="--max_megapixels"):
        batches.predict_files(_brightness, [], max_megapixels=limit)
    with pytest.raises(UserError, match="--max_megapixels"):
        preparation.prepare("popout/tiny", "", str(tmp_path), max_megapixels=limit)
