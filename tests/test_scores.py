import csv
import json

import numpy as np
import pytest

from salgan_jax import scores
from salgan_jax.evaluation import ScoreSheet
from salgan_jax.metrics.batches import METRICS

NAN = float("nan")


def make_sheet():
    values = {
        "uniform": [0.0, 0.0, NAN],
        "model": [1.0, 2.0, NAN],
        "human_ceiling": [NAN, NAN, NAN],
    }
    rows = {
        row: {metric: np.array(numbers) for metric in METRICS}
        for row, numbers in values.items()
    }
    return ScoreSheet(["a", "b,1", "c"], rows)


def write(directory, facts):
    sheet = make_sheet()
    scores.write(directory, sheet, scores.summarise(sheet), facts=facts)


def test_the_csv_has_a_line_for_each_image(tmp_path):
    write(tmp_path, {})
    with open(tmp_path / "metrics.csv", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["image", "nss", "auc_judd", "cc", "sim", "kld"]
    assert lines[1] == ["a", *["1.000000"] * 5]
    assert lines[2][0] == "b,1"
    assert lines[3] == ["c", *["nan"] * 5]


def test_the_json_has_means_of_the_model_and_of_the_baselines(tmp_path):
    write(tmp_path, {"dataset": "osie", "split": "validation", "step": 7})
    contents = json.loads((tmp_path / "metrics.json").read_text())
    assert contents["convention"] == "tuebingen"
    assert contents["dataset"] == "osie"
    assert contents["step"] == 7
    assert contents["num_images"] == 3
    assert contents["nss"] == {"mean": 1.5, "low": 1.0, "high": 2.0, "num_images": 2}
    assert set(contents["baselines"]) == {"uniform", "human_ceiling"}
    assert contents["baselines"]["human_ceiling"]["cc"] == {
        "mean": None,
        "low": None,
        "high": None,
        "num_images": 0,
    }


def test_files_of_an_earlier_run_are_replaced_and_nothing_else_is_left(tmp_path):
    write(tmp_path, {"step": 1})
    write(tmp_path, {"step": 2})
    assert json.loads((tmp_path / "metrics.json").read_text())["step"] == 2
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["metrics.csv", "metrics.json"]


def test_an_error_leaves_the_earlier_files_as_they_were(tmp_path):
    write(tmp_path, {"step": 1})
    before = [
        (tmp_path / name).read_bytes() for name in ("metrics.csv", "metrics.json")
    ]
    with pytest.raises(TypeError):
        write(tmp_path, {"step": object()})
    after = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert after == before


def test_the_table_counts_the_images_without_a_score():
    sheet = make_sheet()
    lines = scores.table(sheet, scores.summarise(sheet)).splitlines()
    assert lines[0].split() == [
        *("NSS", "↑", "AUC-Judd", "↑", "CC", "↑", "SIM", "↑", "KLD", "↓")
    ]
    assert lines[2].split()[:4] == ["model", "1.500", "±", "0.500"]
    assert lines[3].split() == ["human", "ceiling", *"-----"]
    assert "model nss: 2 of 3 images have a score; the mean is over these" in lines
