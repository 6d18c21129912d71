import h5py
import numpy as np
import pytest
from PIL import Image

from salgan_jax.data import map_files
from salgan_jax.errors import UserError

LEVELS = np.arange(12, dtype=np.uint8).reshape(3, 4)
SIZES = {"a": (3, 4), "b": (3, 4)}


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        Image.fromarray(array).save(path)


def test_maps_are_found_by_id_whatever_their_suffix(tmp_path):
    save(tmp_path / "a.PNG", LEVELS)
    save(tmp_path / "scene" / "b.jpeg", LEVELS)
    save(tmp_path / ".hidden.png", LEVELS)
    (tmp_path / "notes.txt").write_text("no map")
    read = map_files.open_maps(tmp_path, {"a": (3, 4), "scene/b": (3, 4)})
    np.testing.assert_array_equal(read("a"), LEVELS)
    np.testing.assert_allclose(read("scene/b"), LEVELS, atol=4)


def test_an_array_goes_before_a_picture_of_the_same_image(tmp_path):
    for suffix in (".jpg", ".png", ".npy"):
        save(tmp_path / f"a{suffix}", LEVELS)
    save(tmp_path / "a.npy", LEVELS + 100)
    read = map_files.open_maps(tmp_path, {"a": (3, 4)})
    np.testing.assert_array_equal(read("a"), LEVELS + 100)


def test_missing_wrong_and_additional_maps_are_listed_at_once(tmp_path):
    save(tmp_path / "a.png", LEVELS.T.copy())
    save(tmp_path / "c.npy", LEVELS)
    with pytest.raises(UserError) as error:
        map_files.open_maps(tmp_path, SIZES)
    message = str(error.value)
    assert "1 images have no map: b;" in message
    assert "1 maps do not fit their image: a.png (3 x 4, the image 4 x 3);" in message
    assert "1 maps are of no image of the split: c." in message


def test_maps_of_other_images_alone_are_no_error(tmp_path):
    for name in "abc":
        save(tmp_path / f"{name}.png", LEVELS)
    read = map_files.open_maps(tmp_path, SIZES)
    np.testing.assert_array_equal(read("b"), LEVELS)


def test_of_many_missing_maps_ten_are_named(tmp_path):
    sizes = {f"{i:02}": (3, 4) for i in range(14)}
    with pytest.raises(UserError, match=r"14 images have .* 08, 09 and 4 more"):
        map_files.open_maps(tmp_path, sizes)


@pytest.mark.parametrize("name", ["a.png", "a.npy"])
def test_an_unreadable_file_is_listed(tmp_path, name):
    (tmp_path / name).write_bytes(b"nonsense")
    with pytest.raises(UserError, match=rf"{name} \(unreadable"):
        map_files.open_maps(tmp_path, {"a": (3, 4)})


def test_an_absent_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        map_files.open_maps(tmp_path / "absent", SIZES)


GREY = {
    "8 bits": LEVELS,
    "16 bits": LEVELS.astype(np.uint16) * 5000,
    "channels": np.stack([LEVELS] * 3, axis=-1),
    "alpha": np.stack([LEVELS, np.full_like(LEVELS, 255)], axis=-1),
}


@pytest.mark.parametrize("array", GREY.values(), ids=GREY)
def test_grey_pictures_keep_their_levels(tmp_path, array):
    save(tmp_path / "a.png", array)
    saliency_map = map_files.read_map(tmp_path / "a.png")
    assert saliency_map.dtype == np.float32
    np.testing.assert_array_equal(
        saliency_map, array if array.ndim == 2 else array[..., 0]
    )


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 1)])
def test_arrays_keep_their_values(tmp_path, shape):
    values = np.linspace(-1, 1, 12).reshape(shape)
    save(tmp_path / "a.npy", values)
    assert map_files.open_maps(tmp_path, {"a": (3, 4)})
    saliency_map = map_files.read_map(tmp_path / "a.npy")
    np.testing.assert_array_equal(saliency_map, np.float32(values[:3]).reshape(3, 4))


def test_a_picture_in_colour_is_no_map(tmp_path):
    colours = np.zeros((3, 4, 3), np.uint8)
    colours[0, 0, 0] = 255
    save(tmp_path / "a.png", colours)
    with pytest.raises(UserError, match=r"a\.png: it is a picture in colour"):
        map_files.read_map(tmp_path / "a.png")


def test_a_truncated_picture_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(256, size=(64, 64), dtype=np.uint8)
    save(tmp_path / "a.png", noise)
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cannot read the map .*a\.png"):
        map_files.read_map(tmp_path / "a.png")


def test_an_hdf5_file_holds_a_dataset_for_each_image(tmp_path):
    with h5py.File(tmp_path / "maps.hdf5", "w") as file:
        file["a.jpg"] = LEVELS  # as pysaliency names them: by the image's file
        file["scene/b"] = LEVELS[..., None] / 12
    path, sizes = tmp_path / "maps.hdf5", {"a": (3, 4), "scene/b": (3, 4)}
    read = map_files.open_maps(path, sizes)
    np.testing.assert_array_equal(read("a"), LEVELS)
    np.testing.assert_allclose(read("scene/b"), LEVELS / 12, rtol=1e-6)
    with pytest.raises(UserError, match=r"1 images have no map: c.*scene/b \(4 x 3"):
        map_files.open_maps(path, {**sizes, "c": (3, 4), "scene/b": (5, 4)})


def test_an_hdf5_file_for_each_image_holds_one_dataset(tmp_path):
    for name, number in (("a", 1), ("b", 2)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            for i in range(number):
                file[f"map_{i}"] = LEVELS
    read = map_files.open_maps(tmp_path, {"a": (3, 4)})
    np.testing.assert_array_equal(read("a"), LEVELS)
    with pytest.raises(UserError, match=r"b\.h5 .*2 datasets, not one"):
        map_files.open_maps(tmp_path, SIZES)


def test_a_broken_hdf5_file_is_named(tmp_path):
    (tmp_path / "maps.h5").write_bytes(b"not HDF5")
    with pytest.raises(UserError, match=r"cannot read .*maps\.h5"):
        map_files.open_maps(tmp_path / "maps.h5", SIZES)
