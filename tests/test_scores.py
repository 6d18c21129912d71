import csv
import json

import numpy as np
import pytest

from salgan_jax.evaluation import scores
from salgan_jax.evaluation.protocol import ScoreSheet
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
    header = "image,nss,auc,auc_judd,auc_borji,sauc,cc,sim,kld,ig"
    assert lines[0] == header.split(",")
    assert lines[1] == ["a", *["1.000000"] * 9]
    assert lines[2][0] == "b,1"
    assert lines[3] == ["c", *["nan"] * 9]


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
    headings = "NSS ↑ AUC ↑ AUC-Judd ↑ AUC-Borji ↑ sAUC ↑ CC ↑ SIM ↑ KLD ↓ IG ↑"
    assert lines[0].split() == headings.split()
    assert lines[2].split()[:4] == ["model", "1.500", "±", "0.500"]
    assert lines[3].split() == ["human", "ceiling", *"---------"]
    assert "model nss: 2 of 3 images have a score; the mean is over these" in lines


def test_fractions_lie_between_centre_prior_and_people():
    values = {"centre_prior": 1.0, "model": 2.5, "human_ceiling": 4.0}
    rows = {row: {"nss": np.full(3, value)} for row, value in values.items()}
    summary = scores.summarise(ScoreSheet(["a", "b", "c"], rows))
    assert summary.fractions == {"nss": 0.5}
    assert "50.0%" in scores.table(ScoreSheet(["a", "b", "c"], rows), summary)


def test_a_comparison_is_paired_by_image():
    """Images differ much more than the models do: only pairs can tell them apart."""
    generator = np.random.default_rng(0)
    of_image = generator.normal(size=200)
    better = of_image + generator.normal(0.05, 0.1, size=200)
    sheet = ScoreSheet([str(i) for i in range(200)], {"model": {"nss": better}})
    summary = scores.summarise(sheet, {"nss": of_image})
    found = summary.differences["nss"]
    assert 0.03 < found.mean < 0.07 and 0 < found.low < found.mean < found.high
    assert found.p_value < 0.001
    unpaired = summary.means["model"]["nss"]
    assert unpaired.high - unpaired.low > 5 * (found.high - found.low)
    assert "p value" in scores.table(sheet, summary)


def test_the_p_value_is_uniform_where_there_is_no_difference():
    generator = np.random.default_rng(1)
    p_values = [
        scores.intervals.bootstrap_difference(
            generator.normal(size=60), np.zeros(60), num_resamples=400
        ).p_value
        for _ in range(300)
    ]
    for level in (0.1, 0.5, 0.9):
        assert np.mean(np.array(p_values) < level) == pytest.approx(level, abs=0.08)
