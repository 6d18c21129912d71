"""The page of launch/demo.py in a real browser, without a network."""

import io
import re
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import demo_server
import hostile_files
import numpy as np
import pytest
from PIL import Image
from shown_commands import make_clone, run

from salgan_jax import checkpoints, inference, visualization
from salgan_jax.data.images import read_image
from salgan_jax.salient_points import salient_points

pytest.importorskip("gradio", reason="no Gradio: requirements-apps.txt has it")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="requirements-browser.txt is not installed"
)
pytestmark = pytest.mark.slow

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two checkpoints and a photograph large enough to be shown as it is."""
    folder = make_clone(tmp_path_factory.mktemp("demo"))
    demo_server.write_checkpoint(folder / "runs" / "one")
    demo_server.write_checkpoint(folder / "runs" / "two", scale=0.8)
    hostile_files.noise(30, 40).resize((640, 480)).save(folder / "photo.png")
    hostile_files.noise(480, 640).save(folder / "other.jpg")
    (folder / "broken.jpg").write_bytes(b"no image")
    (folder / "bomb.png").write_bytes(hostile_files.png(60_000, 60_000))
    (folder / "server").mkdir()
    return folder


@pytest.fixture(scope="module")
def server(folder):
    arguments = "--checkpoint=runs/one", "--compare=runs/two", "--max_megabytes=1"
    with demo_server.started(
        *arguments,
        f"--port={demo_server.free_port()}",
        cwd=folder,
        scratch=folder / "server",
    ) as (url, _):
        yield url
    # What was uploaded is gone with the server.
    assert [path.name for path in (folder / "server").glob("salgan*")] == []


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is absent")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(server, browser):
    """The page just opened; in the end nothing was asked of another machine."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    page, asked, errors = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else 0,
    )
    page.goto(server)
    page.wait_for_selector("#image input[type=file]", state="attached")
    yield page
    context.close()
    assert len(asked) > 10
    ours = (server, "data:", f"blob:{server}")
    assert [url for url in asked if not url.startswith(ours)] == []
    assert errors == []


def give(page, path):
    page.set_input_files("#image input[type=file]", path)


def set_slider(page, slider, value):
    box = page.locator(f"#{slider} input[type=number]")
    box.fill(str(value))
    box.press("Enter")


def picture(page, selector):
    """The picture that the page shows there, as an array."""
    source = page.get_attribute(f"{selector} img", "src")
    return np.array(Image.open(io.BytesIO(page.request.get(source).body())))


def wait_for_points(page, count, result=0):
    rows = page.locator(f"#result{result} .points tbody tr")
    playwright.expect(rows).to_have_count(count)
    return [
        [cell.inner_text() for cell in row.locator("th, td").all()]
        for row in rows.all()
    ]


def wait_for_another(page, selector, before):
    page.wait_for_function(
        "([selector, before]) => document.querySelector(selector)?.src !== before",
        arg=[f"{selector} img", before],
    )


@pytest.fixture(scope="module")
def predicted(folder):
    """The maps of photo.png by the checkpoints, and the PNGs that predict.py writes."""
    maps, levels = [], []
    for name in ("one", "two"):
        loaded = checkpoints.load_generator(str(folder / "runs" / name))
        predict = inference.make_predictor(loaded, 1, precision="auto")
        maps += predict([read_image(folder / "photo.png")])
        output = folder / f"maps_{name}"
        command = "python launch/predict.py --format=png,overlay"
        given = f"--checkpoint=runs/{name} --input={folder}/*.*g --output={output}"
        code, said = run(f"{command} {given}", folder)
        assert code == 1, said  # broken.jpg and bomb.png
        levels.append(np.array(Image.open(output / "photo.png")))
    assert (levels[0] != levels[1]).any()
    return maps, levels


def test_an_image_is_seen_by_both_checkpoints(page, folder, predicted):
    maps, levels = predicted
    give(page, folder / "photo.png")
    for result, (saliency_map, grey) in enumerate(zip(maps, levels, strict=True)):
        points = salient_points(saliency_map, count=5, min_distance=0.1)
        assert wait_for_points(page, 5, result) == [
            [str(number), str(point.x), str(point.y), f"{point.value:.4f}"]
            for number, point in enumerate(points, 1)
        ]
        shown = picture(page, f"#result{result} .map")
        assert (shown.reshape(480, 640, -1)[..., 0] == grey).all()
        heading = page.inner_text(f"#result{result} .heading")
        name = ("one", "two")[result]
        assert re.fullmatch(rf"{name}, step 0\s*network \d+ ms", heading)
        maximum = f"{saliency_map.max():.3f}, its maximum"
        assert maximum in page.inner_text(f"#result{result} .colours")
    status = page.inner_text("#status")
    assert re.fullmatch(r"photo\.png, 640 . 480 pixels\. Total \d+ ms\.", status)


def test_opacity_colours_and_points_change_the_overlay(page, folder, predicted):
    image, saliency_map = read_image(folder / "photo.png"), predicted[0][0]

    def overlay(**settings):
        return visualization.overlay(image, saliency_map, **settings)

    give(page, folder / "photo.png")
    wait_for_points(page, 5)
    numbered = page.get_attribute("#result0 .overlay img", "src")
    assert (picture(page, "#result0 .overlay") != overlay()).any(axis=-1).sum() > 500
    set_slider(page, "points", 0)
    page.wait_for_selector("#result0 .points >> text=No point to show")
    wait_for_another(page, "#result0 .overlay", numbered)
    assert (picture(page, "#result0 .overlay") == overlay()).all()

    before = page.get_attribute("#result0 .overlay img", "src")
    page.click("#colormap input")
    page.get_by_role("option", name="cividis").click()
    wait_for_another(page, "#result0 .overlay", before)
    expected = overlay(colormap="cividis")
    assert (picture(page, "#result0 .overlay") == expected).all()

    before = page.get_attribute("#result0 .overlay img", "src")
    set_slider(page, "opacity", 0)
    wait_for_another(page, "#result0 .overlay", before)
    assert (picture(page, "#result0 .overlay") == image).all()
    set_slider(page, "points", 2)
    wait_for_points(page, 2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken.jpg", "cannot read the image broken.jpg: not a known image format"),
        (
            "bomb.png",
            "cannot read the image bomb.png: it has 60000 x 60000 = 3600.0 million "
            "pixels, more than --max_megapixels=178 allows",
        ),
    ],
)
def test_what_cannot_be_used_is_said_and_the_page_goes_on(page, folder, name, said):
    give(page, folder / "photo.png")
    wait_for_points(page, 5)
    page.get_by_label("Remove Image").click()
    wait_for_points(page, 0)
    give(page, folder / name)
    refusal = page.wait_for_selector("#status [role=alert]")
    assert refusal.inner_text() == said
    assert page.query_selector("#result0 .overlay img") is None
    page.get_by_label("Remove Image").click()
    page.wait_for_selector("#status [role=alert]", state="detached")
    give(page, folder / "photo.png")
    wait_for_points(page, 5)


def status_of(request):
    """The status with which the server answers."""
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_server_itself_takes_no_file_that_is_too_large(server):
    def upload(size):
        body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"'
        body += b"\r\n\r\n" + bytes(size) + b"\r\n--x--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return urllib.request.Request(f"{server}/gradio_api/upload", body, kind)

    assert status_of(upload(2**20)) == 200
    assert status_of(upload(2**20 + 1)) == 413


def test_files_of_the_server_are_not_served(server, folder):
    for path in (folder / "photo.png", "/etc/passwd", demo_server.ROOT / "README.md"):
        assert status_of(f"{server}/gradio_api/file={path}") in (403, 404)


def test_the_webcam_takes_a_photograph(page):
    page.get_by_label("Capture from camera").click()
    page.get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('#image video')?.videoWidth > 0")
    page.get_by_label("capture photo").click()
    page.wait_for_selector("#status .status")
    assert re.match(r"image\.\w+, \d+ . \d+ pixels", page.inner_text("#status"))
    page.wait_for_selector("#result1 .overlay img")


COPY = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 330});
  canvas.getContext("2d").fillRect(0, 0, 100, 100);
  const image = await new Promise((done) => canvas.toBlob(done, "image/png"));
  await navigator.clipboard.write([new ClipboardItem({"image/png": image})]);
}"""


def test_an_image_is_pasted_with_the_keyboard_over_another(page, folder):
    give(page, folder / "photo.png")
    wait_for_points(page, 5)
    page.evaluate(COPY)
    page.keyboard.press("Control+V")
    page.wait_for_selector("#status >> text=330 \u00d7 150 pixels")


def test_many_images_come_as_the_files_that_predict_writes(page, folder, predicted):
    page.get_by_role("tab", name="Many images").click()
    page.click("#predict")
    page.wait_for_selector("#outcome >> text=choose images first")
    names = ("photo.png", "other.jpg", "broken.jpg")
    page.set_input_files("#files input[type=file]", [folder / name for name in names])
    page.wait_for_selector("#files >> text=broken")
    page.get_by_label("Overlays too").check()
    page.click("#predict")
    page.wait_for_selector("#outcome >> text=2 images predicted in")
    said = page.inner_text("#outcome [role=alert]")
    assert said == "cannot read the image broken.jpg: not a known image format"
    with page.expect_download() as download:
        page.locator("#zip a").first.click()
    assert download.value.suggested_filename == "saliency_maps.zip"
    found = {}
    with zipfile.ZipFile(download.value.path()) as archive:
        for name in archive.namelist():
            found[name] = archive.read(name)
    expected = {
        f"{number}_{run}_step_0/{path.name}": path.read_bytes()
        for number, run in enumerate(("one", "two"), 1)
        for path in (folder / f"maps_{run}").glob("*.png")
    }
    assert len(expected) == 8
    assert found == expected


def test_a_phone_shows_all_of_it_below_each_other(page, folder):
    page.set_viewport_size({"width": 390, "height": 844})
    give(page, folder / "photo.png")
    wait_for_points(page, 5)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == 390
    places = [
        page.locator(what).bounding_box()["y"]
        for what in ("#image", "#result0 .overlay", "#result1 .overlay", "#opacity")
    ]
    assert places == sorted(places)


def test_a_taken_port_is_one_line_and_exit_code_2(server, folder):
    port = server.rsplit(":", 1)[1]
    command = f"python launch/demo.py --checkpoint=runs/one --port={port}"
    code, said = run(command, folder)
    assert code == 2
    assert said == (
        f"error: cannot listen at --host=127.0.0.1 --port={port}: the port is taken; "
        "choose another --port\n"
    )
