"""The documentation becomes a site, and what its pages say of the code is so."""

import doctest
import importlib
import re
import subprocess
import sys

import pytest
from shown_commands import ROOT, page

MODULES_WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "salgan_jax").rglob("*.py")
    if ">>> " in path.read_text()
)
PAGES = {path.name for path in (ROOT / "docs").glob("*.md")}
GENERATED = {"index.md", "contributing.md", "notebook.md"}


@pytest.mark.parametrize("name", MODULES_WITH_EXAMPLES)
def test_the_examples_in_the_docstrings_are_right(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed


def test_every_page_is_in_the_navigation():
    listed = set(re.findall(r": (\w+\.md)$", page("mkdocs.yml"), re.MULTILINE))
    assert listed == PAGES | GENERATED


def test_every_message_that_troubleshooting_explains_is_one_of_ours():
    sources = [p.read_text() for p in (ROOT / "salgan_jax").rglob("*.py")]
    code = re.sub(r'"\s*\n\s*f?"', "", "".join(sources))
    table = page("docs/troubleshooting.md").partition("## NaN")[0]
    first_column = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert len(first_column) > 12
    for said in re.findall(r"`([^`]+)`", "".join(first_column)):
        assert said in code, said


@pytest.mark.slow
def test_the_pictures_of_the_metrics_are_those_of_the_code(tmp_path):
    script = [sys.executable, "docs/draw_metrics.py", str(tmp_path)]
    subprocess.run(script, cwd=ROOT, check=True)
    for name in ("metrics_maps.png", "metrics_auc.png"):
        drawn, kept = tmp_path / name, ROOT / "docs" / name
        assert abs(drawn.stat().st_size / kept.stat().st_size - 1) < 0.1
    sys.path.insert(0, str(ROOT / "docs"))
    draw_metrics = importlib.import_module("draw_metrics")
    here, elsewhere = draw_metrics.scene()
    found = {
        name: draw_metrics.scores(saliency_map, here, elsewhere)
        for name, saliency_map in draw_metrics.maps(here, elsewhere).items()
    }
    text = page("docs/metrics.md")
    truth, sure = found["ground truth"], found["its square: too sure"]
    assert sure["NSS"] > truth["NSS"]
    assert f"{sure['AUC']:.5f}" == f"{truth['AUC']:.5f}"
    one = found["one of both things"]
    assert f"costs CC {1 - one['CC']:.2f}" in text
    assert f"KLD is {one['KLD']:.2f} and the gain\n  is {one['IG']:.0f} bits" in text
    off = found["12 pixels off"]
    assert f"AUC of {off['AUC']:.2f} while CC falls to {off['CC']:.2f}" in text
    centre = found["centre prior"]
    assert f"has an AUC of {centre['AUC']:.2f} here" in text
    assert f"here to {centre['sAUC']:.2f}," in text


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("mkdocs", reason="requirements-docs.txt is not installed")
    build = ["-m", "mkdocs", "build", "--strict", "--quiet", f"--site-dir={tmp_path}"]
    done = subprocess.run(
        [sys.executable, *build], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    equations = (tmp_path / "how_salgan_works" / "index.html").read_text()
    assert equations.count("<math") > 5 and "$$" not in equations
    assert "Eq. 3" in (tmp_path / "reference" / "losses" / "index.html").read_text()
    for html in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link)[^>]+(?:src|href)="(https?://[^"]+)', html.read_text()
        )
        assert not [url for url in loaded if "canonical" not in url], html
