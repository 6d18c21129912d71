"""docs/results.md says of each experiment what its file of numbers says."""

import json

import pytest
from shown_commands import ROOT

from salgan_jax.reproduction.experiments import EXPERIMENTS
from salgan_jax.reproduction.tables import Table

FOLDER = ROOT / "docs" / "results"
FILES = sorted(FOLDER.glob("*.json"))


def test_every_experiment_has_results():
    assert {path.stem for path in FILES} == set(EXPERIMENTS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_page_has_the_tables_and_verdicts_of_the_numbers(path):
    page = (ROOT / "docs" / "results.md").read_text()
    numbers = json.loads(path.read_text())
    for table in numbers["tables"]:
        assert Table(**table).markdown().strip() in page
    for verdict in numbers["verdicts"]:
        assert verdict in page
    assert numbers["provenance"] in page


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_names_config_commit_seeds_machine_and_hours(path):
    numbers = json.loads(path.read_text())
    assert numbers["config"]["file"].startswith("configs/")
    assert numbers["commit"] and not any("changed" in x for x in numbers["commit"])
    assert numbers["seeds"] and numbers["machine"] and numbers["hours"] > 0


def test_choices_were_made_on_folds_of_the_training_split():
    numbers = json.loads((FOLDER / "ingredients.json").read_text())
    assert (numbers["folds"], numbers["split"]) == (5, "train")
    final = json.loads((FOLDER / "modern_vs_salgan.json").read_text())
    assert final["split"] == "validation"
