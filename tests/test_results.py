"""docs/results.md says of every experiment measured what its file of numbers says."""

import json
import re

import pytest
from shown_commands import ROOT

from salgan_jax.reproduction.experiments import EXPERIMENTS
from salgan_jax.reproduction.tables import Table

FOLDER = ROOT / "docs" / "results"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_of_a_known_experiment_and_named_after_it(path):
    assert json.loads(path.read_text())["experiment"] == path.stem
    assert path.stem in EXPERIMENTS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_page_has_the_tables_and_verdicts_of_the_numbers_and_links_to_them(path):
    page = (ROOT / "docs" / "results.md").read_text()
    numbers = json.loads(path.read_text())
    for table in numbers["tables"]:
        assert Table(**table).markdown().strip() in page
    for verdict in numbers["verdicts"]:
        assert verdict in page
    assert f"(results/{path.name})" in page
    assert numbers["provenance"] in page


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_names_config_commit_seeds_machine_and_hours(path):
    numbers = json.loads(path.read_text())
    assert numbers["config"]["file"].startswith("configs/")
    assert numbers["commit"]
    assert all(re.fullmatch("[0-9a-f]{40}", each) for each in numbers["commit"])
    assert numbers["seeds"] and numbers["machine"] and numbers["hours"] > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_choices_were_made_on_folds_and_all_else_is_of_validation(path):
    numbers = json.loads(path.read_text())
    if path.stem == "ingredients":
        assert numbers["folds"] >= 3 and numbers["split"] == "train"
    else:
        assert (numbers["folds"], numbers["split"]) == (0, "validation")


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "scores").glob("*.json")), ids=lambda path: path.stem
)
def test_the_page_has_the_scores_of_a_run_as_evaluate_wrote_them(path):
    page = (ROOT / "docs" / "results.md").read_text()
    assert f"(results/scores/{path.name})" in page
    scored = json.loads(path.read_text())
    dataset, _, _ = path.stem.partition("_")
    named = {"osie": "osie", "eyecrowd": "eyecrowd", "popout": "popout/full"}[dataset]
    assert (scored["dataset"], scored["split"]) == (named, "validation")
    rows = {"model": scored, **scored["baselines"]}
    assert {"centre_prior", "mean_training_map", "human_ceiling"} <= set(rows)
    for row, of_row in rows.items():
        means = [of_row[metric] for metric in ("nss", "auc_judd", "cc", "sim", "kld")]
        cells = [f"{m['mean']:.3f} ± {(m['high'] - m['low']) / 2:.3f}" for m in means]
        assert f"| {row} | {' | '.join(cells)} |" in page


def test_the_page_has_what_was_tried_before_modern_was_as_it_is():
    page = (ROOT / "docs" / "results.md").read_text()
    assert "(results/tried/modern.json)" in page
    for run in json.loads((FOLDER / "tried" / "modern.json").read_text()):
        scores = (f"{run[metric]:.3f}" for metric in ("nss", "cc", "kld"))
        assert f"| {run['what']} | {' | '.join(scores)} |" in page
        assert run["commit"][:7] in page
        assert "--config=configs/modern.py" in run["command"]
