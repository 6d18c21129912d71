"""The notebook runs from top to bottom, as its reader would run it."""

import json
import os

import nbclient
import nbformat
import pytest
from shown_commands import ROOT, make_clone

PATH = ROOT / "docs" / "quickstart.ipynb"


def test_the_notebook_is_committed_without_outputs():
    cells = json.loads(PATH.read_text())["cells"]
    assert all(not cell.get("outputs") for cell in cells)
    assert all(cell.get("execution_count") is None for cell in cells)


@pytest.mark.slow
def test_the_notebook_runs_from_top_to_bottom(tmp_path, monkeypatch):
    folder = make_clone(tmp_path)
    for name, value in {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
        "TFDS_DATA_DIR": str(tmp_path / "data"),
        "JAX_NUM_CPU_DEVICES": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(PATH, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace('"popout"', '"popout/tiny"')
    where = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=where).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 3
    text = "".join(output.get("text", "") for output in shown)
    assert "generator: 497,793 parameters" in text
    assert "human leave one out" in text and "40 images in" not in text
    assert "runs/tuned: NSS" in text
    assert (folder / "runs" / "notebook" / "scores" / "metrics.json").exists()
