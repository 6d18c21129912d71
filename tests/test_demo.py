"""What the page shows, without Gradio and without a network."""

import concurrent.futures
import io
import re
import socket
import zipfile
from pathlib import Path

import demo_server
import hostile_files
import numpy as np
import pytest
from PIL import Image

from salgan_jax import visualization
from salgan_jax.data.images import encode_png
from salgan_jax.demo import archive, markup, models, numbers, story
from salgan_jax.demo.look import Look, Prediction, draw, look
from salgan_jax.demo.models import Model
from salgan_jax.errors import UserError
from salgan_jax.prediction import batches, formats
from salgan_jax.prediction import files as prediction_files
from salgan_jax.prediction.bounded_work import Room
from salgan_jax.salient_points import SalientPoint

HIGH, LOW = float(np.float32(0.8)), float(np.float32(0.6))  # 204 and 153 of 255
ROOT = Path(__file__).resolve().parents[1]


def redness(images):
    return [image[..., 0].astype(np.float32) / 255 for image in images]


def greenness(images):
    return [image[..., 1].astype(np.float32) / 255 for image in images]


RED = Model("runs_red", 7, lambda batch_size: redness)
GREEN = Model("runs_green", 8, lambda batch_size: greenness)


def photograph(path, *, height=60, width=80):
    """Writes an image with a red spot at (x, y) = (70, 10), a green one at (20, 40)."""
    image = np.zeros((height, width, 3), np.uint8)
    image[10, 70, 0] = 204
    image[40, 20, 1] = 153
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(image))
    return str(path), image


def test_a_look_has_the_map_and_the_points_of_each_model(tmp_path):
    path, image = photograph(tmp_path / "a photo.png")
    seen = look([RED, GREEN], path, room=Room(1))
    assert (seen.name, seen.width, seen.height) == ("a photo.png", 80, 60)
    assert (seen.image == image).all()
    of_red, of_green = seen.predictions
    assert of_red.points == [SalientPoint(70, 10, HIGH)]
    assert of_green.points == [SalientPoint(20, 40, LOW)]
    assert (of_green.saliency_map == greenness([image])[0]).all()
    assert (of_red.maximum, of_green.maximum) == pytest.approx((0.8, 0.6))


def test_the_times_of_a_look_are_those_of_a_clock(tmp_path, monkeypatch):
    path, _ = photograph(tmp_path / "a.png")
    now = [0.0]

    def slowly(seconds):
        def predict(images):
            now[0] += seconds
            return redness(images)

        return Model("slow", 1, lambda batch_size: predict)

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    seen = look([slowly(2.0), slowly(3.0)], path, room=Room(1))
    assert [prediction.seconds for prediction in seen.predictions] == [2.0, 3.0]
    assert seen.seconds == 5.0


def test_a_large_image_is_shown_smaller_and_its_points_are_of_the_large_one(tmp_path):
    path, _ = photograph(tmp_path / "a.png", height=300, width=2560)
    seen = look([RED], path, room=Room(1))
    assert (seen.width, seen.height, seen.image.shape) == (2560, 300, (150, 1280, 3))
    (prediction,) = seen.predictions
    assert prediction.saliency_map.shape == (150, 1280)
    assert prediction.points == [SalientPoint(70, 10, HIGH)]
    assert prediction.maximum == pytest.approx(0.8)


def test_the_size_is_that_of_the_image_the_way_up_it_is_shown(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    seen = look([RED], str(tmp_path / "turned.jpg"), room=Room(1))
    assert (seen.width, seen.height) == (20, 40)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no image", "not a known image format"),
        (encode_png(np.zeros((90, 90, 3), np.uint8))[:-30], ""),
        (encode_png(np.zeros((200, 200, 3), np.uint8)), "--max_megapixels=0.03"),
    ],
    ids=["unknown", "cut", "large"],
)
def test_what_cannot_be_used_is_refused_by_its_name_without_its_folder(
    tmp_path, data, reason
):
    (tmp_path / "odd.png").write_bytes(data)
    with pytest.raises(UserError, match=r"^cannot read the image odd\.png: ") as error:
        look([RED], str(tmp_path / "odd.png"), room=Room(1), max_megapixels=0.03)
    assert reason in str(error.value) and str(tmp_path) not in str(error.value)


def seen_at(points, *, height=480, width=640):
    image = np.full((height, width, 3), 128, np.uint8)
    saliency_map = np.zeros((height, width), np.float32)
    saliency_map[0, 0] = 0.5
    prediction = Prediction(saliency_map, 0.5, points, 0.0)
    return Look("a.png", height, width, image, [prediction], 0.0), prediction


def test_pictures_are_the_overlay_of_predict_and_the_grey_levels_of_its_map():
    seen, prediction = seen_at([])
    pictures = draw(seen, prediction, opacity=0.4, colormap="cividis", num_points=3)
    expected = visualization.overlay(
        seen.image, prediction.saliency_map, opacity=0.4, colormap="cividis"
    )
    assert (pictures.overlay == expected).all()
    assert pictures.saliency_map[0, 0] == 128  # round(255 * 0.5), to the even one
    assert pictures.saliency_map[1:].max() == 0


def test_points_are_numbered_where_they_are_and_no_more_than_asked_for():
    points = [SalientPoint(100, 400, 0.5), SalientPoint(500, 50, 0.4)]
    seen, prediction = seen_at(points)
    settings = {"opacity": 0.0, "colormap": "gray"}
    both = draw(seen, prediction, num_points=2, **settings).overlay
    first = draw(seen, prediction, num_points=1, **settings).overlay
    none = draw(seen, prediction, num_points=0, **settings).overlay
    assert (none == 128).all()
    assert changed(first, none) == [(100, 400)]
    assert changed(both, first) == [(500, 50)]


def changed(picture, other):
    """The middle (x, y) of all that differs."""
    rows, columns = np.nonzero((picture != other).any(axis=-1))
    middle = (
        (columns.min() + columns.max() + 1) // 2,
        (rows.min() + rows.max() + 1) // 2,
    )
    assert np.ptp(rows) < 40 and np.ptp(columns) < 40
    return [tuple(map(int, middle))]


def test_a_number_at_the_edge_is_whole():
    picture = np.full((480, 640, 3), 128, np.uint8)
    in_the_middle = numbers.numbered(picture, [(0.5, 0.5)])
    in_the_corner = numbers.numbered(picture, [(1.0, 0.0)])
    count = (in_the_middle != picture).any(axis=-1).sum()
    assert count > 300
    assert (in_the_corner != picture).any(axis=-1).sum() == count


def test_a_small_picture_is_enlarged_for_its_numbers_only():
    picture = np.full((30, 50, 3), 128, np.uint8)
    assert numbers.numbered(picture, []).shape == (30, 50, 3)
    assert numbers.numbered(picture, [(0.5, 0.5)]).shape == (300, 500, 3)


def test_the_table_has_a_row_for_each_point():
    table = markup.table([SalientPoint(3, 4, 0.75), SalientPoint(50, 60, 0.5)])
    assert re.findall(r"<t[hd][^>]*>([^<]*)", table.split("<tbody>")[1]) == [
        *("1", "3", "4", "0.7500"),
        *("2", "50", "60", "0.5000"),
    ]
    assert "No point" in markup.table([])


def test_names_and_messages_are_no_html():
    evil = "<img src=x onerror=alert(1)>"
    seen, _ = seen_at([])
    for text in (
        markup.status(seen._replace(name=evil)),
        markup.refusal(evil),
        markup.heading(evil),
        markup.archived(0, [evil], 0.0),
    ):
        assert "<img" not in text and "&lt;img" in text


def test_durations_have_a_unit():
    seen, prediction = seen_at([])
    assert "Total 250 ms" in markup.status(seen._replace(seconds=0.25))
    assert "Total 2.5 s" in markup.status(seen._replace(seconds=2.51))
    assert "network 40 ms" in markup.heading("x", prediction._replace(seconds=0.04))


def members(path):
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def test_the_archive_has_the_bytes_that_predict_writes(tmp_path):
    files = [photograph(tmp_path / f"{i}" / f"{i}.png")[0] for i in range(3)]
    made = archive.write([RED], files, tmp_path, overlay=True)
    assert (made.num_images, made.skipped) == (3, [])
    images = f"{tmp_path}/[0-9]/*.png"
    both = formats.Wanted(("png", "overlay"))
    jobs = prediction_files.plan(images, tmp_path / "maps", wanted=both)
    batches.predict_files(redness, jobs)
    written = {p.name: p.read_bytes() for p in (tmp_path / "maps").rglob("*.png")}
    assert len(written) == 6
    assert members(made.path) == written


def test_an_archive_of_two_models_has_a_folder_for_each(tmp_path):
    path, image = photograph(tmp_path / "in" / "a.png")
    made = archive.write([RED, GREEN], [path], tmp_path, overlay=False)
    found = members(made.path)
    assert [*found] == ["1_runs_red_step_7/a.png", "2_runs_green_step_8/a.png"]
    for data, saliency_map in zip(found.values(), (0, 1), strict=True):
        with Image.open(io.BytesIO(data)) as png:
            assert (np.array(png) == image[..., saliency_map]).all()


def test_files_of_the_same_name_and_hidden_ones_are_all_there(tmp_path):
    files = [
        photograph(tmp_path / place)[0]
        for place in ("1/a.png", "2/a.png", "3/.png", "4/[b]*.png")
    ]
    made = archive.write([RED], files, tmp_path, overlay=False)
    assert [*members(made.path)] == ["[b]*.png", "a.png", "a_2.png", "png.png"]


def test_what_cannot_be_read_is_named_and_the_others_are_done(tmp_path):
    files = [photograph(tmp_path / "1" / "a.png")[0]]
    for name in ("b.jpg", "c"):
        (tmp_path / name).write_bytes(b"no image")
        files.append(str(tmp_path / name))
    made = archive.write([RED, GREEN], files, tmp_path, overlay=False)
    assert made.num_images == 1
    assert made.skipped == [
        "cannot read the image b.jpg: not a known image format",
        "cannot read the image c: not a known image format",
    ]
    assert len(members(made.path)) == 2


def test_no_archive_is_made_of_nothing(tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"no image")
    made = archive.write([RED], [str(tmp_path / "b.jpg")], tmp_path, overlay=False)
    assert (made.path, made.num_images, len(made.skipped)) == (None, 0, 1)
    assert not (tmp_path / archive.NAME).exists()


def test_the_progress_of_an_archive_rises_and_ends_below_one(tmp_path):
    files = [photograph(tmp_path / f"{i}.png")[0] for i in range(2)]
    shares = []
    archive.write([RED, GREEN], files, tmp_path, overlay=False, progress=shares.append)
    assert shares == [0.0, 0.25, 0.5, 0.75]


LIMITS = {"max_megabytes": 1.0, "max_megapixels": 1.0}


@pytest.fixture
def with_gradio(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "gradio")


def test_a_taken_port_is_named_in_one_line(with_gradio):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(UserError) as error:
            story.check("127.0.0.1", port, **LIMITS)
    assert str(error.value) == (
        f"cannot listen at --host=127.0.0.1 --port={port}: the port is taken; choose "
        "another --port"
    )
    story.check("127.0.0.1", port, **LIMITS)  # it is free now


def test_an_address_of_another_machine_is_named(with_gradio):
    with pytest.raises(UserError, match=r"--host=192\.0\.2\.1 .*another --host"):
        story.check("192.0.2.1", 7860, **LIMITS)


@pytest.mark.parametrize("name", ["max_megabytes", "max_megapixels"])
@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
def test_a_limit_that_lets_nothing_through_is_refused(with_gradio, name, limit):
    with pytest.raises(UserError, match=f"--{name}=.* above 0"):
        story.check("127.0.0.1", 7860, **{**LIMITS, name: limit})


def test_without_gradio_the_file_to_install_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install -r requirements-apps\.txt$"):
        story.check("127.0.0.1", 7860, **LIMITS)


def test_only_the_page_and_its_tabs_know_gradio():
    knows = {
        path.name
        for path in (ROOT / "salgan_jax" / "demo").glob("*.py")
        if re.search(r"^\s*(import|from) gradio", path.read_text(), re.MULTILINE)
    }
    assert knows == {"page.py", "one_image.py", "many_images.py"}


@pytest.mark.slow
def test_many_visitors_at_once_see_what_one_sees(tmp_path):
    demo_server.write_checkpoint(tmp_path / "run")
    settings = {"post_processing": "none", "backend": "jax", "precision": "auto"}
    model = models.load(str(tmp_path / "run"), None, **settings)
    assert model.title == "run, step 0"
    for i in range(4):
        hostile_files.noise(40 + 50 * i, 300).save(tmp_path / f"{i}.png")

    def seen(i):
        return look([model], str(tmp_path / f"{i}.png"), room=room).predictions[0]

    room = Room(30_000)  # less than the four have together
    alone = [seen(i) for i in range(4)]
    with concurrent.futures.ThreadPoolExecutor(8) as visitors:
        together = list(visitors.map(seen, [0, 1, 2, 3] * 8))
    for i, one in enumerate(together):
        assert (one.saliency_map == alone[i % 4].saliency_map).all()
        assert one.points == alone[i % 4].points != []
