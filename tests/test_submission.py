"""What is submitted is complete, and what is wrong with a zip is named."""

import io
import zipfile

import h5py
import numpy as np
import peer
import pytest
from PIL import Image

from salgan_jax.errors import UserError
from salgan_jax.evaluation.baseline_predictors import Scored
from salgan_jax.submission import archive, benchmarks, calibration, story
from salgan_jax.submission.benchmarks import BENCHMARKS
from salgan_jax.submission.calibration import Calibration

MIT300 = BENCHMARKS["mit300"]
NAMES = [f"i{i}" for i in range(1, 301)]


def density(seed=0, shape=(12, 16)):
    values = np.random.default_rng(seed).exponential(size=shape) ** 4
    return values / values.sum()


def densities():
    return ((f"{name}.jpg", density(i)) for i, name in enumerate(NAMES))


def png(levels):
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


def test_grey_levels_are_rounded_and_never_zero():
    levels = archive.grey_levels(np.array([[1e-9, 0.2549, 0.5], [0.0, 0.7511, 1.0]]))
    assert levels.tolist() == [[1, 65, 128], [1, 192, 255]]


def test_a_zip_holds_every_map_under_its_images_name(tmp_path):
    path = tmp_path / "maps.zip"
    archive.write(str(path), MIT300, densities(), "png")
    assert archive.check(str(path), MIT300) == 300
    with zipfile.ZipFile(path) as file:
        assert sorted(file.namelist()) == sorted(f"{name}.png" for name in NAMES)
        levels = np.asarray(Image.open(io.BytesIO(file.read("i3.png"))))
    np.testing.assert_array_equal(levels, archive.grey_levels(density(2)))


# pysaliency leaves the images open that it reads the sizes of.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_log_densities_are_those_that_pysaliency_reads(tmp_path):
    path = tmp_path / "maps.zip"
    archive.write(str(path), MIT300, densities(), "hdf5")
    assert archive.check(str(path), MIT300) == 300
    with zipfile.ZipFile(path) as file:
        file.extract(archive.HDF5_NAME, tmp_path)
    with h5py.File(tmp_path / archive.HDF5_NAME) as file:
        assert set(file) == {f"{name}.jpg" for name in NAMES}
    pysaliency = peer.load()
    folder = tmp_path / "images"
    folder.mkdir()
    for i in (1, 2):
        noise = np.random.default_rng(i).integers(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"i{i}.jpg")
    files = [str(folder / f"i{i}.jpg") for i in (1, 2)]
    stimuli = pysaliency.FileStimuli(files)
    model = pysaliency.HDF5Model(stimuli, str(tmp_path / archive.HDF5_NAME))
    np.testing.assert_allclose(
        np.exp(model.log_density(stimuli[1])), density(1), rtol=1e-5
    )


def broken(change):
    """The zip of 300 maps after a change of its dictionary of files."""
    files = {f"{name}.png": png(archive.grey_levels(density())) for name in NAMES}
    change(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return buffer.getvalue()


BROKEN = {
    "a missing map": (
        lambda files: files.pop("i7.png"),
        "there are 299 maps, mit300 has 300",
    ),
    "a map too many": (
        lambda files: files.update({"i301.png": files["i1.png"]}),
        "there are 301 maps",
    ),
    "another name": (
        lambda files: files.update({"x.png": files.pop("i1.png")}),
        r"1 maps have names that mit300 does not have .*: x",
    ),
    "a folder around": (
        lambda files: files.update({"maps/i1.png": files.pop("i1.png")}),
        r"names that mit300 does not have .*: maps/i1",
    ),
    "another format": (
        lambda files: files.update({"i1.bmp": files.pop("i1.png")}),
        r"i1\.bmp does not end in \.png or \.jpg",
    ),
    "colour": (
        lambda files: files.update({"i1.png": png(np.zeros((4, 4, 3), np.uint8))}),
        r"i1\.png is not an 8-bit grey picture but RGB",
    ),
    "no contrast": (
        lambda files: files.update({"i1.png": png(np.full((4, 4), 7, np.uint8))}),
        r"i1\.png has the same value everywhere",
    ),
    "a torn picture": (
        lambda files: files.update({"i1.png": files["i1.png"][:60]}),
        r"i1\.png cannot be read",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_with_a_zip_is_named(name, tmp_path):
    change, message = BROKEN[name]
    path = tmp_path / "maps.zip"
    path.write_bytes(broken(change))
    with pytest.raises(UserError, match=message) as error:
        archive.check(str(path), MIT300)
    assert len(str(error.value).splitlines()) == 1


def test_a_map_has_the_size_of_its_image(tmp_path):
    path = tmp_path / "maps.zip"
    archive.write(str(path), MIT300, densities(), "png")
    sizes = dict.fromkeys(NAMES, (12, 16))
    assert archive.check(str(path), MIT300, sizes) == 300
    with pytest.raises(UserError, match="i9 has another size than its image"):
        archive.check(str(path), MIT300, {**sizes, "i9": (16, 12)})


def test_a_file_that_is_no_zip_is_named(tmp_path):
    path = tmp_path / "maps.zip"
    path.write_bytes(broken(lambda _: None)[:-400])
    with pytest.raises(UserError, match="not a zip that can be read"):
        archive.check(str(path), MIT300)
    with pytest.raises(FileNotFoundError, match="no file"):
        archive.check(str(tmp_path / "none.zip"), MIT300)


def test_an_error_leaves_the_earlier_zip_as_it_was(tmp_path):
    path = tmp_path / "maps.zip"
    path.write_bytes(b"mine")
    with pytest.raises(UserError, match="there are 1 maps, mit300 has 300"):
        archive.write(str(path), MIT300, [("i1.jpg", density())], "png")
    assert [p.name for p in tmp_path.iterdir()] == ["maps.zip"]
    assert path.read_bytes() == b"mine"


def test_salicon_takes_png_of_one_size_alone():
    salicon = BENCHMARKS["salicon2017"]
    for file_format in ("jpg", "hdf5"):
        with pytest.raises(UserError, match=r"salicon2017 does not take .*format=png"):
            archive.check_format(salicon, file_format)
    sizes = {f"COCO_test2014_{i:012d}": (480, 640) for i in range(5000)}
    assert benchmarks.problems(salicon, sizes, "maps") == []
    sizes["COCO_test2014_000000000007"] = (640, 480)
    (problem,) = benchmarks.problems(salicon, sizes, "maps")
    assert problem.startswith("1 maps are not 640 x 480 pixels: COCO_test2014_0000")


def test_images_of_cat2000_lie_in_their_categories():
    names = [f"{c}{d}/{i:03d}" for c in "AB" for d in "cdefghijkl" for i in range(100)]
    sizes = dict.fromkeys(names, (1080, 1920))
    assert benchmarks.problems(BENCHMARKS["cat2000"], sizes, "images") == []


def test_incomplete_images_are_refused_before_anything_is_predicted(tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "i1.jpg")
    with pytest.raises(UserError, match="there are 1 images, mit300 has 300"):
        story.find_images(str(tmp_path), MIT300)


def test_images_are_predicted_as_they_are_stored(tmp_path):
    """One image of CAT2000 says that it lies on its side; the benchmark ignores it."""
    picture = Image.new("RGB", (16, 12))
    exif = picture.getexif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    for name in NAMES:
        picture.save(tmp_path / f"{name}.jpg", exif=exif)
    found = story.find_images(str(tmp_path), MIT300)

    def predictor(pictures):
        return [np.ones(each.shape[:2], np.float32) for each in pictures]

    made = story.densities(predictor, found.paths, None, Calibration(), batch_size=7)
    shapes = {name: each.shape for name, each in made}
    assert shapes == {f"{name}.jpg": found.sizes[name] for name in NAMES}
    assert shapes["i1.jpg"] == (12, 16)


def test_maps_of_observers_among_the_images_are_not_images(tmp_path):
    for name in NAMES:
        Image.new("RGB", (16, 12)).save(tmp_path / f"{name}.jpg")
    (tmp_path / "Output").mkdir()
    Image.new("RGB", (16, 12)).save(tmp_path / "Output" / "i1_SaliencyMap.jpg")
    assert len(story.find_images(str(tmp_path), MIT300).paths) == 300


def test_a_density_sums_to_one_and_is_nowhere_zero():
    saliency_map = np.zeros((12, 16), np.float32)
    saliency_map[3, 4] = 0.5
    uniform = np.full((12, 16), 1 / 192)
    for chosen in (Calibration(), Calibration(0.1, 0.3, 2.0)):
        found = calibration.density(saliency_map, uniform, chosen)
        assert found.sum() == pytest.approx(1)
        assert found.min() > 0 and found.argmax() == 3 * 16 + 4
    plain = calibration.density(saliency_map, uniform, Calibration())
    assert plain[3, 4] == pytest.approx(1 / (1 + 191e-6))
    only_prior = calibration.density(saliency_map, uniform, Calibration(0, 1.0))
    np.testing.assert_allclose(only_prior, uniform)


def test_the_fit_finds_how_a_density_was_distorted():
    """Maps are the true density squared: the temperature that undoes it is 2."""
    random = np.random.default_rng(0)
    height, width = 96, 128
    some, truths = [], {}
    for i in range(6):
        truth = np.kron(random.uniform(0.1, 1, (12, 16)), np.ones((8, 8)))
        truth /= truth.sum()
        cells = random.choice(truth.size, 3000, p=truth.ravel())
        points = np.stack([cells % width, cells // width], 1).astype(np.float32) + 0.5
        truths[str(i)] = truth
        empty = np.zeros((height, width), np.float32)
        observers = np.zeros(3000, np.int32)
        image = np.zeros((height, width, 3), np.uint8)
        some.append(Scored(str(i), image, empty, points, observers))

    def predict(records):
        return [
            (truths[r.id] ** 2 / truths[r.id].max() ** 2).astype("f4") for r in records
        ]

    def prior(records):
        return [np.full(r.size, 1 / (height * width)) for r in records]

    fitted = calibration.fit(predict, prior, some)
    assert fitted.calibration.temperature == pytest.approx(2, rel=0.15)
    assert fitted.calibration.blur == 0
    assert fitted.gain_after > fitted.gain_before + 0.02
    best = np.mean([np.sum(t * np.log2(t * height * width)) for t in truths.values()])
    assert fitted.gain_after == pytest.approx(best, abs=0.03)


def test_the_fit_needs_fixations():
    record = Scored(
        "a",
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.float32),
        np.empty((0, 2), np.float32),
        np.empty(0, np.int32),
    )
    with pytest.raises(ValueError, match="no image has fixations"):
        calibration.fit(lambda _: [], lambda _: [], [record])
