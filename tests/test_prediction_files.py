import glob
import pathlib

import pytest

from salgan_jax.errors import UserError
from salgan_jax.prediction import files, formats


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for name in ("b.jpg", "a.PNG", "sub/a.jpg", "notes.txt", ".c.jpg", ".git/d.jpg"):
        _touch(folder / name)
    return folder


def _touch(path: pathlib.Path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def _wanted(overlay=False, npy=False):
    names = ["png", *["overlay"] * overlay, *["npy"] * npy]
    return formats.Wanted(tuple(names))


def _plan(inputs, output, *, overlay=False, npy=False):
    jobs = files.plan(str(inputs), output, wanted=_wanted(overlay, npy))
    return {
        str(job.image): [str(path.relative_to(output)) for path in job.outputs()]
        for job in jobs
    }


def test_folder_gives_its_images_and_keeps_its_subfolders(photos, tmp_path):
    assert _plan(photos, tmp_path / "maps") == {
        f"{photos}/a.PNG": ["a.png"],
        f"{photos}/b.jpg": ["b.png"],
        f"{photos}/sub/a.jpg": ["sub/a.png"],
    }


def test_glob_keeps_folders_below_its_part_without_wildcards(photos, tmp_path):
    assert _plan(photos / "*.jpg", tmp_path / "maps") == {f"{photos}/b.jpg": ["b.png"]}
    assert _plan(photos / "**" / "*.jpg", tmp_path / "maps") == {
        f"{photos}/b.jpg": ["b.png"],
        f"{photos}/sub/a.jpg": ["sub/a.png"],
    }


def test_file_is_taken_at_its_word(photos, tmp_path):
    assert _plan(photos / "notes.txt", tmp_path / "maps") == {
        f"{photos}/notes.txt": ["notes.png"]
    }


def test_file_whose_name_looks_like_a_glob_is_that_file(tmp_path):
    _touch(tmp_path / "photo[1].jpg")
    _touch(tmp_path / "photo1.jpg")
    assert _plan(tmp_path / "photo[1].jpg", tmp_path / "maps") == {
        f"{tmp_path}/photo[1].jpg": ["photo[1].png"]
    }


def test_overlay_and_array_are_named_after_the_image(photos, tmp_path):
    assert _plan(photos / "b.jpg", tmp_path / "maps", overlay=True, npy=True) == {
        f"{photos}/b.jpg": ["b.png", "b_overlay.png", "b.npy"]
    }


def test_equal_stems_keep_their_suffixes(tmp_path):
    for name in ("a.jpg", "a.tif", "A.bmp", "b.jpg"):
        _touch(tmp_path / "in" / name)
    assert _plan(tmp_path / "in", tmp_path / "maps") == {
        f"{tmp_path}/in/A.bmp": ["A.bmp.png"],
        f"{tmp_path}/in/a.jpg": ["a.jpg.png"],
        f"{tmp_path}/in/a.tif": ["a.tif.png"],
        f"{tmp_path}/in/b.jpg": ["b.png"],
    }


def test_map_of_one_image_does_not_take_the_name_of_anothers_overlay(tmp_path):
    for name in ("a.jpg", "a_overlay.jpg"):
        _touch(tmp_path / "in" / name)
    assert _plan(tmp_path / "in", tmp_path / "maps", overlay=True) == {
        f"{tmp_path}/in/a.jpg": ["a.jpg.png", "a.jpg_overlay.png"],
        f"{tmp_path}/in/a_overlay.jpg": [
            "a_overlay.jpg.png",
            "a_overlay.jpg_overlay.png",
        ],
    }


def test_names_that_no_suffix_tells_apart_are_refused(tmp_path):
    for name in ("a.jpg", "a.tif", "a.jpg.tif"):
        _touch(tmp_path / "in" / name)
    with pytest.raises(UserError, match=r"a\.jpg\.png would be written for"):
        _plan(tmp_path / "in", tmp_path / "maps")


def test_output_folder_inside_the_input_folder_is_not_read(photos):
    _touch(photos / "maps" / "b.png")
    assert f"{photos}/maps/b.png" not in _plan(photos, photos / "maps")
    assert f"{photos}/maps/b.png" not in _plan(photos / "**/*.*g", photos / "maps")


def test_an_input_is_never_overwritten(tmp_path):
    _touch(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png is one of the input images"):
        _plan(tmp_path / "a.png", tmp_path)
    (tmp_path / "maps").symlink_to(tmp_path)
    with pytest.raises(UserError, match=r"a\.png is one of the input images"):
        _plan(tmp_path / "a.png", tmp_path / "maps")


@pytest.mark.parametrize("inputs", ["absent.jpg", "absent", "*.jpg", "empty", ""])
def test_no_matching_input_is_the_users_mistake(tmp_path, inputs, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no image matches the input"):
        _plan(inputs, tmp_path / "maps")


def test_output_folder_is_made(tmp_path):
    files.make_output_folder(tmp_path / "new" / "maps")
    assert list((tmp_path / "new" / "maps").iterdir()) == []


def test_output_that_is_a_file_is_the_users_mistake(tmp_path):
    _touch(tmp_path / "maps")
    for output in (tmp_path / "maps", tmp_path / "maps" / "below"):
        with pytest.raises(UserError, match="cannot write to the output folder"):
            files.make_output_folder(output)


def test_folders_that_differ_in_case_alone_share_no_file(tmp_path):
    for name in ("A/x.jpg", "a/x.tif", "a/y.jpg"):
        _touch(tmp_path / "in" / name)
    if len(list((tmp_path / "in").iterdir())) == 1:
        pytest.skip("this file system takes A for a")
    assert _plan(tmp_path / "in", tmp_path / "maps") == {
        f"{tmp_path}/in/A/x.jpg": ["A/x.jpg.png"],
        f"{tmp_path}/in/a/x.tif": ["a/x.tif.png"],
        f"{tmp_path}/in/a/y.jpg": ["a/y.png"],
    }
    _touch(tmp_path / "in" / "a" / "x.jpg")
    with pytest.raises(UserError, match=r"x\.jpg\.png would be written for x\.jpg"):
        _plan(tmp_path / "in", tmp_path / "maps")


def test_images_of_another_folder_are_not_overwritten_either(tmp_path):
    _touch(tmp_path / "x" / "y" / "y" / "a.png")
    _touch(tmp_path / "x" / "y" / "a.png")
    with pytest.raises(UserError, match=r"y/a\.png is one of the input images"):
        _plan(tmp_path / "x" / "y" / "**" / "*.png", tmp_path / "x")
    _touch(tmp_path / "in" / "a.jpg")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "a.png").symlink_to(tmp_path / "in" / "a.jpg")
    with pytest.raises(UserError, match=r"maps/a\.png is one of the input images"):
        _plan(tmp_path / "in", tmp_path / "maps")


@pytest.mark.parametrize("target", ["elsewhere", "maps", "sub"])
def test_link_in_the_output_folder_is_not_followed(photos, tmp_path, target):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "sub").symlink_to(tmp_path / target)
    with pytest.raises(UserError, match=r"maps/sub leads to .*: remove that link"):
        _plan(photos, tmp_path / "maps")


def test_glob_cannot_lead_out_of_its_folder(photos, tmp_path):
    with pytest.raises(UserError, match=r"has \.\. behind a wildcard"):
        _plan(f"{photos}/*/../../photos/b.jpg", tmp_path / "maps")
    assert _plan(f"{photos}/sub/../*.jpg", tmp_path / "maps") == {
        f"{photos}/sub/../b.jpg": ["b.png"]
    }


def test_glob_means_what_it_means_to_python(photos, tmp_path):
    for name in ("sub/deep/er/c.jpg", "other/d.png", "[x].jpg", ".hidden/sub/e.jpg"):
        _touch(photos / name)
    (photos / "link").symlink_to(photos / "sub")
    patterns = [
        "*",
        "**",
        "*/*",
        "**/*.jpg",
        "sub/**",
        "**/deep/**/*",
        "[!b]*.*",
        "?.*",
    ]
    patterns += [".*", ".*/**/*.jpg", "**/.*", "sub*/a.jpg", "[[]x].jpg", "**/**/c.jpg"]
    for pattern in patterns:
        expected = {
            path
            for path in glob.glob(f"{photos}/{pattern}", recursive=True)
            if pathlib.Path(path).is_file()
        }
        found = _plan(photos / pattern, tmp_path / "maps", overlay=True)
        assert set(found) == expected, pattern


@pytest.mark.parametrize("inputs", ["photos", "photos/**/*", "photos/**/*.jpg"])
def test_links_in_a_circle_end(photos, tmp_path, inputs):
    for name in ("one", "two"):
        (photos / name).symlink_to(photos)
        (photos / "sub" / name).symlink_to(photos)
    found = _plan(tmp_path / inputs, tmp_path / "maps")
    assert len(found) <= 3 + 1 + 4 and f"{photos}/sub/a.jpg" in found
