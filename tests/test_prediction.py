import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salgan_jax.errors import UserError
from salgan_jax.prediction import batches, bounded_work, files, formats, to_do


def _brightness(images):
    return [image.mean(axis=-1, dtype=np.float32) / 255 for image in images]


def _plan(inputs, output, **wanted):
    overlay, npy = wanted.get("overlay", False), wanted.get("npy", False)
    plan = files.plan(str(inputs), output, wanted=_wanted(overlay, npy))
    return list(plan)


def _wanted(overlay=False, npy=False):
    names = ["png", *["overlay"] * overlay, *["npy"] * npy]
    return formats.Wanted(tuple(names))


def _pixels(path):
    with Image.open(path) as image:
        assert image.mode == "L"
        return np.array(image)


def _ramp(height=20, width=30):
    ramp = np.linspace(0, 255, height * width).reshape(height, width)
    return np.round(ramp).astype(np.uint8)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "I;16", "1", "CMYK"])
def test_any_mode_gives_an_8_bit_map_of_the_images_size(tmp_path, mode):
    grey = Image.fromarray(_ramp())
    if mode == "I;16":
        picture = Image.fromarray(_ramp().astype(np.uint16) * 257)
    else:
        picture = grey.convert(mode)
    picture.save(tmp_path / ("a.tif" if mode == "CMYK" else "a.gif.png"), format=None)
    jobs = _plan(next(tmp_path.iterdir()), tmp_path / "maps")
    assert batches.predict_files(_brightness, jobs).num_written == 1
    assert _pixels(jobs[0].outputs()[0]).shape == (20, 30)


def test_turned_photograph_gives_an_upright_map(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees to view
    Image.fromarray(_ramp(20, 30)).save(tmp_path / "a.png", exif=exif)
    jobs = _plan(tmp_path / "a.png", tmp_path / "maps")
    batches.predict_files(_brightness, jobs)
    assert _pixels(jobs[0].outputs()[0]).shape == (30, 20)


def test_grey_level_is_the_rounded_absolute_saliency():
    saliency_map = np.array([[0, 0.5, 1], [1.4 / 255, 1.6 / 255, 0.999]], np.float32)
    expected = [[0, 128, 255], [1, 2, 255]]
    np.testing.assert_array_equal(formats.grey_levels(saliency_map), expected)


def test_overlay_and_array_stand_beside_the_map(tmp_path):
    Image.fromarray(_ramp()).save(tmp_path / "a.png")
    (job,) = _plan(tmp_path / "a.png", tmp_path / "maps", overlay=True, npy=True)
    batches.predict_files(_brightness, [job])
    array = np.load(tmp_path / "maps" / "a.npy")
    assert array.dtype == np.float32
    np.testing.assert_array_equal(_pixels(job.outputs()[0]), _ramp())
    np.testing.assert_allclose(array, _ramp() / 255, atol=1e-6)
    with Image.open(tmp_path / "maps" / "a_overlay.png") as overlay:
        assert (overlay.mode, overlay.size) == ("RGB", (30, 20))


def test_unreadable_image_is_named_skipped_and_counted(tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "c.png"):
        Image.fromarray(_ramp()).save(folder / name)
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:60])
    jobs = _plan(folder, tmp_path / "maps")
    outcome = batches.predict_files(_brightness, jobs, batch_size=2)
    assert outcome.num_written == 2
    (failure,) = outcome.failures
    assert failure.path == folder / "b.png" and str(folder / "b.png") in failure.reason
    assert sorted(p.name for p in (tmp_path / "maps").iterdir()) == ["a.png", "c.png"]
    assert str(folder / "b.png") in capsys.readouterr().err


def test_images_that_vanish_are_skipped_too(tmp_path):
    Image.fromarray(_ramp()).save(tmp_path / "a.png")
    jobs = _plan(tmp_path / "a.png", tmp_path / "maps")
    (tmp_path / "a.png").unlink()
    outcome = batches.predict_files(_brightness, jobs)
    assert outcome.num_written == 0
    assert [failure.path for failure in outcome.failures] == [tmp_path / "a.png"]


def test_large_images_are_predicted_in_several_parts():
    sizes = [1, 1, 1, 1, 200, 60, 60, 1]
    job = files.Job(Path(), Path(), {})
    works = [(to_do.Work(job, None), size) for size in sizes]
    parts = batches._parts(works, max_pixels=100)
    assert [(len(part), pixels) for part, pixels in parts] == [
        *((4, 4), (1, 200), (1, 60), (2, 61))
    ]


def test_who_wants_more_pixels_than_there_are_waits_to_be_alone():
    room, order = bounded_work.Room(10), []

    def take(pixels):
        with room.taken(pixels):
            order.append(pixels)

    with room.taken(4), room.taken(6):
        large = threading.Thread(target=take, args=[1000])
        large.start()
        large.join(0.1)
        assert order == []
    large.join()
    take(10)
    assert order == [1000, 10]


def _some_images(tmp_path, number):
    for i in range(number):
        Image.fromarray(_ramp()).save(tmp_path / f"{i}.png")
    return _plan(tmp_path, tmp_path / "maps")


def test_images_are_read_a_batch_for_each_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(batches.bounded_work, "num_workers", lambda: 2)
    read = batches.image_files.read_image
    num_at_hand, most = [0], [0]

    def counting(path, **limits):
        num_at_hand[0] += 1
        most[0] = max(most[0], num_at_hand[0])
        return read(path, **limits)

    def predict(images):
        maps = _brightness(images)
        num_at_hand[0] -= len(images)
        return maps

    monkeypatch.setattr(batches.image_files, "read_image", counting)
    jobs = _some_images(tmp_path, 20)
    batches.predict_files(predict, jobs, batch_size=3)
    assert 3 <= most[0] <= 2 * 3


def test_the_next_images_are_read_while_the_network_works(tmp_path, monkeypatch):
    monkeypatch.setattr(batches.bounded_work, "num_workers", lambda: 2)
    at_work = threading.Barrier(2, timeout=30)

    def predict(images):
        at_work.wait()  # breaks unless two batches have been read
        return _brightness(images)

    jobs = _some_images(tmp_path, 4)
    assert batches.predict_files(predict, jobs, batch_size=1).num_written == 4


def test_what_cannot_go_on_stops_all_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(batches.bounded_work, "num_workers", lambda: 2)
    num_calls = [0]

    def predict(images):
        num_calls[0] += 1
        if num_calls[0] == 2:
            raise UserError("not finite")
        return _brightness(images)

    jobs = _some_images(tmp_path, 50)
    with pytest.raises(UserError, match="not finite"):
        batches.predict_files(predict, jobs, batch_size=1)
    assert len(list((tmp_path / "maps").iterdir())) < 50
