"""A user's own folder of images is read as it is, and never guessed at."""

import shutil

import numpy as np
import publishers_files
import pytest
from PIL import Image
from preparing import check_refused, opened, prepare_and_open

from salgan_jax.data import preparation, records, stimuli
from salgan_jax.errors import UserError

_TABLE = "image,x,y,observer\nb/2.png,3.5,4,anna\n1,0,29.9,bert\nb/2,39,0,anna\n"


@pytest.fixture
def folder(tmp_path):
    """Three images, one of them in a subfolder, with maps and fixations."""
    folder = tmp_path / "mine"
    for name in ("1.jpg", "b/2.png", "b/10.bmp"):
        publishers_files.write_image(folder / "images" / name)
    for name in ("1.png", "b/2.jpg", "b/10.png"):
        publishers_files.write_map(folder / "maps" / name)
    (folder / "fixations.csv").write_text(_TABLE)
    return folder


def _without(folder, name):
    path = folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def test_image_folder_holds_images_maps_and_fixations(folder, tmp_path):
    found = prepare_and_open("image_folder", folder, tmp_path / "out")
    assert [record.id for record in found] == ["1", "b/2", "b/10"]
    assert found[1].fixations.tolist() == [[3.5, 4], [39, 0]]
    assert found[1].observers.tolist() == [0, 0]
    assert found[0].observers.tolist() == [1]
    assert found[2].fixations.shape == (0, 2)
    ramp = np.linspace(0, 255, 1200).astype(np.uint8).reshape(30, 40)
    np.testing.assert_allclose(found[0].density_map, ramp / 255, atol=1e-6)
    assert records.fixation_sigma_px("image_folder", str(tmp_path / "out")) is None


def test_image_folder_maps_are_kept_byte_for_byte(folder, monkeypatch, tmp_path):
    loaded = []
    load = stimuli.load

    def remembering(*arguments):
        loaded.append(load(*arguments))
        return loaded[-1]

    monkeypatch.setattr(stimuli, "load", remembering)
    preparation.prepare("image_folder", str(folder), str(tmp_path / "out"))
    (kept,) = [each.example for each in loaded if each.stimulus.id == "b/2"]
    assert kept is not None
    assert kept["density_map"] == (folder / "maps" / "b" / "2.jpg").read_bytes()
    assert kept["image"] == (folder / "images" / "b" / "2.png").read_bytes()


def test_image_folder_of_maps_alone_has_no_fixations(folder, tmp_path):
    _without(folder, "fixations.csv")
    found = prepare_and_open("image_folder", folder, tmp_path / "out")
    assert found[0].fixations is None
    assert found[0].density_map is not None


def test_image_folder_of_fixations_alone_has_maps_only_of_a_given_sigma(
    folder, tmp_path
):
    _without(folder, "maps")
    found = prepare_and_open("image_folder", folder, tmp_path / "none")
    assert found[0].density_map is None
    found = prepare_and_open(
        "image_folder",
        folder,
        tmp_path / "degrees",
        sigma_degrees=0.5,
        pixels_per_degree=4.0,
    )
    assert found[0].density_map[29, 0] == 1
    assert records.fixation_sigma_px("image_folder", str(tmp_path / "degrees")) == 2


def test_image_folder_guesses_no_degrees_and_no_fixations(folder, tmp_path):
    message = "nobody says how many pixels of image_folder are a degree"
    out = tmp_path / "out"
    check_refused("image_folder", folder, out, message, sigma_degrees=1.0)
    _without(folder, "fixations.csv")
    message = r"a sigma makes maps of fixations, but there is no .*fixations\.csv"
    check_refused("image_folder", folder, out, message, sigma_px=3.0)


def test_image_folder_without_ground_truth_is_refused(folder, tmp_path):
    _without(folder, "maps")
    _without(folder, "fixations.csv")
    message = r"needed: a folder with images/ and, for each image, a grey PNG or JPEG"
    check_refused("image_folder", folder, tmp_path / "out", message)
    check_refused("image_folder", tmp_path, tmp_path / "out", message)


def test_image_folder_images_without_a_map_are_listed(folder, tmp_path):
    (folder / "maps" / "1.png").unlink()
    (folder / "maps" / "b" / "2.jpg").unlink()
    message = (
        r"2 of 3 images .*1\.jpg has no map: .*maps/1\.png is expected; .*b/2\.png"
    )
    check_refused("image_folder", folder, tmp_path / "out", message)
    summary = preparation.prepare(
        "image_folder", str(folder), str(tmp_path / "out"), skip_bad=True
    )
    assert summary.splits[0].num_left_out == 2


def test_image_folder_maps_without_an_image_are_listed(folder, tmp_path):
    (folder / "images" / "1.jpg").unlink()
    message = r"no images have the names of the maps .*maps/1\.png"
    check_refused("image_folder", folder, tmp_path / "out", message)


def test_image_folder_maps_in_colour_or_of_another_kind_are_refused(folder, tmp_path):
    publishers_files.write_image(folder / "maps" / "1.png")
    message = r"the map of .*images/1\.jpg: it is a picture in colour"
    check_refused("image_folder", folder, tmp_path / "out", message)
    (folder / "maps" / "1.png").rename(folder / "maps" / "1.npy")
    message = r"must be a PNG or a JPEG, not .*1\.npy"
    check_refused("image_folder", folder, tmp_path / "out", message)


@pytest.mark.parametrize("part", ["images", "maps"])
def test_image_folder_names_that_differ_in_the_suffix_alone_are_refused(
    part, folder, tmp_path
):
    (first,) = (folder / part).glob("1.*")
    shutil.copy(first, first.with_suffix(".gif"))
    message = rf"{part}/.* and .*{part}/.* have the same name but for the suffix"
    check_refused("image_folder", folder, tmp_path / "out", message)


def test_image_folder_fixation_of_no_image_is_named(folder, tmp_path):
    (folder / "fixations.csv").write_text("image,x,y\n1.jpg,1,2\n2.png,3,4\n")
    message = r"fixations\.csv:3: there is no image '2\.png' in .*images"
    check_refused("image_folder", folder, tmp_path / "out", message)


@pytest.mark.parametrize("x", [-0.5, 40.5])
def test_image_folder_fixation_outside_is_named(x, folder, tmp_path):
    (folder / "fixations.csv").write_text(f"image,x,y\n1.jpg,{x},2\n")
    message = r"images/1\.jpg has 40 x 30 pixels, but a fixation at"
    check_refused("image_folder", folder, tmp_path / "out", message)


def test_image_folder_with_what_is_no_image_names_it(folder, tmp_path):
    (folder / "images" / "notes.txt").write_text("remember the milk")
    (folder / "images" / ".DS_Store").write_text("macOS")
    publishers_files.write_map(folder / "maps" / "notes.png")
    message = r"1 of 4 images cannot be used: .*notes\.txt: not a known image"
    check_refused("image_folder", folder, tmp_path / "out", message)


def test_image_folder_prepared_from_other_files_is_not_returned(folder, tmp_path):
    data_dir = str(tmp_path / "out")
    preparation.prepare("image_folder", str(folder), data_dir)
    moved = folder.rename(tmp_path / "moved")
    again = preparation.prepare("image_folder", str(moved), data_dir)
    assert again.was_prepared_before
    (moved / "fixations.csv").write_text(_TABLE.replace("3.5", "3.6"))
    with pytest.raises(UserError, match="prepared before from other files") as caught:
        preparation.prepare("image_folder", str(moved), data_dir)
    assert "--dataset=image_folder/NAME" in str(caught.value)


def test_image_folders_can_have_names_of_their_own(folder, tmp_path):
    data_dir = str(tmp_path / "out")
    preparation.prepare("image_folder", str(folder), data_dir)
    (folder / "fixations.csv").write_text("image,x,y\n1.jpg,7,8\n")
    named = preparation.prepare("image_folder/second-1", str(folder), data_dir)
    assert named.dataset == "image_folder/second-1"
    assert not named.was_prepared_before
    second = opened("image_folder/second-1", data_dir)
    assert second[0].fixations.tolist() == [[7, 8]]
    assert records.full_name("image_folder/second-1", data_dir) == named.dataset
    first = opened("image_folder", data_dir)
    assert len(first[0].fixations) == 1
    assert len(first[1].fixations) == 2
    with pytest.raises(FileNotFoundError, match="image_folder/third is not prepared"):
        opened("image_folder/third", data_dir)


@pytest.mark.parametrize("name", ["1.0.0", "../out", "a b", "a/b"])
def test_image_folder_names_that_are_no_names_are_refused(name, folder, tmp_path):
    with pytest.raises(UserError, match="is no name"):
        preparation.prepare(f"image_folder/{name}", str(folder), str(tmp_path))


def test_image_folder_holds_out_every_so_many_names_if_asked(folder, tmp_path):
    out = str(tmp_path / "out")
    for name in ("c.png", "d.png"):
        publishers_files.write_image(folder / "images" / name)
        publishers_files.write_map(folder / "maps" / name)
    summary = preparation.prepare(
        "image_folder/a", str(folder), out, validation_every=3
    )
    assert [split.num_images for split in summary.splits] == [3, 2]
    train = opened("image_folder/a", out, "train")
    assert [record.id for record in train] == ["b/2", "b/10", "d"]
    validation = opened("image_folder/a", out, "validation")
    assert [record.id for record in validation] == ["1", "c"]
    again = preparation.prepare("image_folder/a", str(folder), out)
    assert again.was_prepared_before
    message = r"before with --validation_every=3, asked for is --validation_every=2: "
    with pytest.raises(UserError, match=message):
        preparation.prepare("image_folder/a", str(folder), out, validation_every=2)


def test_who_asks_a_folder_for_a_validation_split_is_told_how_to_get_one(
    folder, tmp_path
):
    preparation.prepare("image_folder/a", str(folder), str(tmp_path / "out"))
    message = r"has train: hold out a fold with .*num_folds, or .*--validation_every=5"
    with pytest.raises(UserError, match=message):
        opened("image_folder/a", tmp_path / "out", "validation")


def test_datasets_that_cannot_be_held_out_of_are_refused(folder, tmp_path):
    message = r"--validation_every=1 leaves nothing to train on: it must be 2 or more"
    out = tmp_path / "out"
    check_refused("image_folder", folder, out, message, validation_every=1)
    message = r"osie has the splits of docs/datasets\.md: --validation_every is for"
    check_refused("osie", folder, out, message, validation_every=5)


def test_image_folder_leaves_nothing_beside_its_records(folder, tmp_path):
    for name in ("image_folder", "image_folder/named"):
        out = tmp_path / "out" / name
        preparation.prepare(name, str(folder), str(out))
        assert [path.name for path in out.iterdir()] == ["image_folder"]


def test_image_folder_may_be_an_archive(folder, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "mine"), "gztar", folder)
    found = prepare_and_open("image_folder", archive, tmp_path / "out")
    assert [record.id for record in found] == ["1", "b/2", "b/10"]
    again = preparation.prepare("image_folder", archive, str(tmp_path / "out"))
    assert again.was_prepared_before


def test_image_folder_images_are_the_way_up_that_a_viewer_shows(folder, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (30, 40), "red").save(folder / "images" / "1.jpg", exif=exif)
    found = prepare_and_open("image_folder", folder, tmp_path / "out")
    assert found[0].size == (30, 40)
