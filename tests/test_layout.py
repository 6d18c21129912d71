"""The publishers' files are found where they lie, without those of the system."""

import pathlib

import pytest

from salgan_jax.data.builders import layout
from salgan_jax.errors import UserError


def _touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_files_come_in_natural_order_and_without_those_of_the_system(tmp_path):
    _touch(tmp_path, "10.jpg", "2.JPG", "1.jpg", "._1.jpg", "x.png", "y.jpg/z.jpg")
    assert list(layout.files(tmp_path, ".jpg")) == ["1", "2", "10"]


def test_natural_order_compares_numbers_and_words():
    names = ["b10", "b9", "10", "9", "b9a2", "a"]
    ordered = sorted(map(pathlib.Path, names), key=layout.natural_order)
    assert [path.name for path in ordered] == ["9", "10", "a", "b9", "b9a2", "b10"]


def test_files_below_a_folder_are_found_at_any_depth_and_through_links(tmp_path):
    _touch(tmp_path / "real", "a/pascal/humanFix/2.png", "a/humanFix/1.png")
    _touch(tmp_path / "real", "__MACOSX/pascal/humanFix/3.png")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "linked").symlink_to(tmp_path / "real")
    found = layout.files_below(tmp_path / "source", "pascal/humanFix", ".png")
    assert list(found) == ["2"]


def test_images_and_their_ground_truth_must_be_the_same():
    images = {str(i): pathlib.Path(f"{i}.jpg") for i in range(8)}
    layout.check_paired(images, [str(i) for i in range(8)], "maps")
    message = r"no maps for 0\.jpg, 1\.jpg, 2\.jpg, 3\.jpg, 4\.jpg and 3 more; copy all"
    with pytest.raises(UserError, match=message):
        layout.check_paired(images, [], "maps")
    with pytest.raises(UserError, match="there are maps for a, but no such images"):
        layout.check_paired(images, [*images, "a"], "maps")
