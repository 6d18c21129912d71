"""A report in a real Chromium: looks, order, enlarging, accessibility."""

import importlib.util
import pathlib
import shutil

import pytest
import report_pages

playwright = pytest.importorskip(
    "playwright.sync_api", reason="requirements-browser.txt is not installed"
)
pytestmark = pytest.mark.slow
_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_SIZES = {"laptop": (1366, 850), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser():
    if _CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as steering:
        chromium = steering.chromium.launch(
            executable_path=_CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A page with long names, of 3 images, and what a run records of its starts."""
    long = "perceptual_loss_with_a_name_that_is_much_too_long_for_a_phone"
    runs = [
        report_pages.run("content loss only", bootstrap_epochs=10),
        report_pages.run(long, provenance=[{"argv": ["train.py", "--x" * 99]}]),
    ]
    for run in runs:
        run.series["eval/cc"] = ([10, 20], [0.4, 0.6])
        run.series["train/generator_grad_norm"] = ([10, 20], [4.0, 6.0])
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_pages.text(runs=runs))
    return path


@pytest.fixture
def opened(browser, report):
    """Opens the report; afterwards nothing was requested, and nothing complained."""
    contexts, requests, complaints = [], [], []

    def open_report(size="laptop", color_scheme="light"):
        width, height = _SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=color_scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(report.as_uri())
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert complaints == []
    asked = {url for url in requests if not url.startswith("data:")}
    assert asked <= {report.as_uri()}


def names(page):
    return [
        label.removeprefix("Enlarge ")
        for label in page.locator(".open").evaluate_all(
            "buttons => buttons.map((button) => button.ariaLabel)"
        )
    ]


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("size", _SIZES)
def test_the_page_fits_its_window_and_follows_the_colour_scheme(
    opened, size, color_scheme, tmp_path
):
    page = opened(size, color_scheme)
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == _SIZES[size][0]
    paper, ink = (
        page.evaluate(f"getComputedStyle(document.body).{name}")
        for name in ("backgroundColor", "color")
    )
    brightness = [sum(map(int, x[4:-1].split(","))) for x in (paper, ink)]
    assert (brightness[0] > brightness[1]) == (color_scheme == "light")
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    columns = page.locator("#panels > li").first.evaluate(
        "item => new Set([...item.children].map((x) => x.offsetLeft)).size"
    )
    assert columns == {"laptop": 4, "phone": 2}[size]


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, color_scheme):
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-core is not installed: requirements-browser.txt")
    axe = pathlib.Path(spec.origin).with_name("axe.min.js").read_text()
    page = opened("laptop", color_scheme)
    page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    page.evaluate(axe)
    for is_enlarged in (False, True):
        if is_enlarged:
            page.locator(".open").first.click()
        found = page.evaluate("axe.run()")
        assert len(found["passes"]) > 10
        serious = [
            (each["id"], each["nodes"][0]["html"])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_images_are_sorted_by_any_score_of_any_run(opened):
    page = opened()
    assert names(page) == ["b", "c", "a"]  # CC of the first run: 0.1, 0.5, 0.9
    page.get_by_role("button", name="Best first").click()
    assert names(page) == ["a", "c", "b"]
    pressed = page.locator("[aria-pressed=true]")
    assert pressed.all_inner_texts() == ["Best first"]
    page.get_by_role("button", name="As in the data").click()
    assert names(page) == ["a", "b", "c"]
    page.get_by_role("button", name="Failures first").click()
    page.locator("#metric").select_option("KLD")
    assert names(page) == ["b", "c", "a"]  # 2.0, 1.0, 0.1: less is better
    page.locator("#of-run").select_option(index=1)
    assert names(page) == ["b", "a", "c"]  # 0.4, 0.2, none
    assert page.locator("#panels .score").last.text_content() == "KLD none"
    assert "Sorted by KLD of perceptual" in page.locator("#order").inner_text()
    page.locator("#metric").select_option("CC")
    page.locator("#of-run").select_option("1-0")
    assert names(page) == ["a", "c", "b"]  # -0.1, 0.1, 0.6


def test_an_image_is_enlarged_by_keyboard_with_its_fixations(opened):
    page = opened()
    page.locator(".open").nth(1).focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#viewer")
    assert page.get_by_role("dialog", name="c (2 of 3)").is_visible()
    dots = dialog.locator(".stack").first.locator("circle")
    centres = dots.evaluate_all(
        "all => all.map((d) => [d.cx, d.cy].map((x) => x.baseVal.value))"
    )
    assert centres == [[8.5, 4.5], [20.5, 16.5]]
    assert "people looked at 2 places" in dialog.inner_text()
    assert dialog.locator("#viewer-scores tr").first.inner_text().split("\t") == [
        "content loss only",
        "0.500",
        "1.000",
    ]
    page.keyboard.press("ArrowRight")
    assert page.locator("#viewer-title").inner_text() == "a (3 of 3)"
    page.keyboard.press("ArrowRight")
    assert page.locator("#viewer-title").inner_text() == "b (1 of 3)"
    page.get_by_label("fixations").uncheck()
    assert dialog.locator("circle").count() == 0
    page.get_by_label("maps over the image").check()
    assert dialog.locator(".stack.over img").count() == 6  # map and image, thrice
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    playwright.expect(page.locator("[aria-label='Enlarge b']")).to_be_focused()


def test_a_click_on_a_map_enlarges_and_one_beside_the_dialog_closes(opened):
    page = opened()
    page.locator("#panels img").nth(2).click()
    assert page.locator("#viewer").is_visible()
    page.mouse.click(3, 400)
    assert not page.locator("#viewer").is_visible()


def test_without_a_script_every_image_is_there(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#panels img:visible").count() == 12
    assert page.locator("#viewer").is_visible() is False
    context.close()
