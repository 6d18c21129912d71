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
from salgan_jax.errors import UserError
from salgan_jax.evaluation import comparison

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
    for record in _validation(data_dir):
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


@pytest.fixture(scope="module")
def two_models(data_dir, tmp_path_factory):
    """Folders of good maps and of maps with noise, of the validation displays."""
    folder = tmp_path_factory.mktemp("models")
    random = np.random.default_rng(0)
    for name, noise in (("good", 0.0), ("noisy", 1.0)):
        (folder / name).mkdir()
        for record in _validation(data_dir):
            truth = np.asarray(record.density_map)
            noisy = truth + noise * random.uniform(size=truth.shape)
            np.save(folder / name / f"{record.id}.npy", noisy.astype(np.float32))
    return folder


def _validation(data_dir):
    return records.open_split("popout/tiny", "validation", str(data_dir))


def score(data_dir, maps, output, *flags):
    done = evaluate(
        f"--predictions={maps}",
        "--dataset=popout/tiny",
        f"--data_dir={data_dir}",
        f"--output={output}",
        *flags,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((output / "metrics.json").read_text())


def check_that_a_reader_can_compute_every_mean(folder):
    means = json.loads((folder / "metrics.json").read_text())
    with open(folder / "metrics.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    header = "image,nss,auc,auc_judd,auc_borji,sauc,cc,sim,kld,ig"
    assert list(lines[0]) == header.split(",")
    for metric in header.split(",")[1:]:
        values = [float(line[metric]) for line in lines]
        assert np.mean(values) == pytest.approx(means[metric]["mean"], abs=1e-6)
        assert means[metric]["low"] <= means[metric]["mean"] <= means[metric]["high"]


def test_two_models_are_compared_image_by_image(data_dir, two_models, tmp_path):
    printed, found = score(
        data_dir,
        two_models / "good",
        tmp_path / "good",
        f"--compare={two_models / 'noisy'}",
        "--convention=mit_legacy",
        "--emd",
    )
    assert found["convention"] == "mit_legacy"
    difference = found["differences"]["cc"]
    assert difference["mean"] > 0.1 and difference["p_value"] < 0.01
    assert difference["num_images"] == 8
    assert "p value" in printed and "EMD" in printed
    assert found["compared_scores"]["cc"]["mean"] < found["cc"]["mean"]
    assert 0 < found["fraction_of_ceiling"]["auc"] <= 1.2

    # The same against the scores that an earlier evaluation left.
    legacy = "--convention=mit_legacy"
    _, noisy = score(data_dir, two_models / "noisy", tmp_path / "noisy", legacy)
    assert noisy["nss"] == found["compared_scores"]["nss"]
    check_that_a_reader_can_compute_every_mean(tmp_path / "noisy")
    images = [record.id for record in _validation(data_dir)]
    read = comparison.read_scores(str(tmp_path / "noisy"), images, "mit_legacy")
    assert np.mean(read["cc"]) == pytest.approx(noisy["cc"]["mean"], abs=1e-6)
    with pytest.raises(UserError, match="scores of 8 images, not of the 7"):
        comparison.read_scores(str(tmp_path / "noisy"), images[1:], "mit_legacy")

    refused = evaluate(
        f"--predictions={two_models / 'good'}",
        "--dataset=popout/tiny",
        f"--data_dir={data_dir}",
        f"--compare={tmp_path / 'noisy'}",
        f"--output={tmp_path / 'refused'}",
    )
    assert refused.returncode == 2
    assert (
        "has scores in the convention 'mit_legacy', not 'tuebingen'" in refused.stderr
    )
