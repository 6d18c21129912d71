"""The door of evaluation, on the generated pop-out displays."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from salgan_jax.data import records

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("datasets")
    records.open_split("popout/tiny", "train", str(directory))  # generates it
    return directory


def evaluate(*flags):
    return subprocess.run(
        [sys.executable, "launch/evaluate.py", *flags],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_maps_in_a_folder_are_scored_and_a_missing_one_is_an_error(data_dir, tmp_path):
    maps, output = tmp_path / "maps", tmp_path / "scores"
    maps.mkdir()
    for record in records.open_split("popout/tiny", "validation", str(data_dir)):
        np.save(maps / f"{record.id}.npy", np.asarray(record.density_map))
    flags = (
        f"--predictions={maps}",
        "--dataset=popout/tiny",
        f"--data_dir={data_dir}",
        f"--output={output}",
    )
    done = evaluate(*flags)
    assert (done.returncode, done.stderr) == (0, "")
    assert "human ceiling" in done.stdout
    with open(output / "metrics.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 8
    assert all(float(line["cc"]) > 0.9999 for line in lines)
    contents = json.loads((output / "metrics.json").read_text())
    assert contents["predictions"] == str(maps)
    assert contents["cc"]["mean"] > contents["baselines"]["centre_prior"]["cc"]["high"]

    before = (output / "metrics.json").read_bytes()
    (maps / f"{lines[3]['image']}.npy").unlink()
    failed = evaluate(*flags)
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1)
    assert f"1 images have no map: {lines[3]['image']}" in failed.stderr
    assert (output / "metrics.json").read_bytes() == before


MISTAKES = {
    (): "give either --checkpoint=DIR or --predictions=DIR",
    ("--predictions=.", "--dataset=nosuch"): "there is no dataset 'nosuch'",
}


@pytest.mark.parametrize("flags", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_line_and_code_2(flags, tmp_path):
    done = evaluate(*flags, f"--output={tmp_path / 'scores'}")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert MISTAKES[flags] in done.stderr
    assert not (tmp_path / "scores").exists()
