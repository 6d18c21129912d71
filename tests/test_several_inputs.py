"""Several inputs are one tree, in which nothing is there twice."""

import io
import os
import sys

import pytest

from salgan_jax.errors import UserError
from salgan_jax.prediction import files


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Two folders of images; the working directory is above them."""
    for name in ("a/1.jpg", "a/2.png", "a/deep/3.jpg", "b/1.jpg", "b/.4.jpg", "c.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _plan(*inputs, output="maps", **options):
    plan = files.plan(inputs, output, **options)
    found = {os.path.normpath(job.image): job.names()[0] for job in plan}
    assert len(found) == len(list(plan))
    return found


def test_names_are_those_below_the_folder_that_holds_all(photos):
    assert _plan("a", "b") == {
        "a/1.jpg": "a/1.png",
        "a/2.png": "a/2.png",
        "a/deep/3.jpg": "a/deep/3.png",
        "b/1.jpg": "b/1.png",
    }
    assert _plan("a/1.jpg", "a/2.png") == {"a/1.jpg": "1.png", "a/2.png": "2.png"}
    assert _plan("a/deep", "c.jpg", "b/*.jpg") == {
        "a/deep/3.jpg": "a/deep/3.png",
        "b/1.jpg": "b/1.png",
        "c.jpg": "c.png",
    }


def test_what_is_named_twice_is_predicted_once(photos):
    assert _plan("a/*.jpg", "a", "a/1.jpg", str(photos / "a")) == {
        str(photos / name): f"{os.path.splitext(name)[0][2:]}.png"
        for name in ("a/1.jpg", "a/2.png", "a/deep/3.jpg")
    }


def test_images_of_two_inputs_in_one_folder_share_no_file(photos):
    (photos / "a" / "1.tif").touch()
    assert _plan("a/1.jpg", "a/*.tif") == {
        "a/1.jpg": "1.jpg.png",
        "a/1.tif": "1.tif.png",
    }


def test_a_hidden_image_is_taken_where_it_is_named_and_only_then(photos):
    assert _plan("b", "b/.4.jpg") == {"b/.4.jpg": ".4.png", "b/1.jpg": "1.png"}


def test_nothing_is_written_outside_of_the_output_folder(photos, monkeypatch):
    monkeypatch.chdir(photos / "b")
    found = _plan("../a/1.jpg", "1.jpg")
    assert sorted(found.values()) == ["a/1.png", "b/1.png"]


def test_output_folder_is_not_read_and_no_input_is_overwritten(photos):
    (photos / "a" / "maps").mkdir()
    (photos / "a" / "maps" / "5.png").touch()
    assert "a/maps/5.png" not in _plan("a", "b", output="a/maps")
    with pytest.raises(UserError, match=r"a/2\.png is one of the input images"):
        _plan("a", "b", output=".")


def test_input_that_matches_nothing_is_named(photos):
    with pytest.raises(UserError, match=r"no image matches the input 'a/\*\.bmp'"):
        _plan("b", "a/*.bmp")


def _listed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_standard_input_lists_files(photos, monkeypatch):
    (photos / os.fsdecode(b"\xff.jpg")).touch()
    _listed(monkeypatch, b"b/1.jpg\r\n\n./a/1.jpg\na/gone.jpg\na/1.jpg\n\xff.jpg\n")
    assert _plan("-") == {
        "b/1.jpg": "b/1.png",
        "a/1.jpg": "a/1.png",
        "a/gone.jpg": "a/gone.png",  # whoever reads it will say so
        os.fsdecode(b"\xff.jpg"): os.fsdecode(b"\xff.png"),
    }
    _listed(monkeypatch, b"a/1.jpg\n")
    assert set(_plan("-", "b")) == {"a/1.jpg", "b/1.jpg"}
    _listed(monkeypatch, b"\n")
    with pytest.raises(UserError, match="no image matches the input '-'"):
        _plan("-")


def test_processes_share_a_list_by_name(photos, monkeypatch):
    names = [f"{i}.jpg" for i in range(20)]
    shares = []
    for i in range(2):
        _listed(monkeypatch, "\n".join(names).encode())
        shares.append(set(_plan("-", share=(i, 2))))
    assert shares[0] | shares[1] == set(names) and not shares[0] & shares[1]
    assert min(map(len, shares)) > 0
