"""docs/results.md says of every experiment measured what its file of numbers says."""

import json
import re

import pytest
from shown_commands import ROOT

from salgan_jax.reproduction import game
from salgan_jax.reproduction.experiments import EXPERIMENTS
from salgan_jax.reproduction.tables import Table

FOLDER = ROOT / "docs" / "results"
FILES = sorted(FOLDER.glob("*.json"))
SCORES = sorted((FOLDER / "scores").glob("*.json"))
PAGE = (ROOT / "docs" / "results.md").read_text()


def section(link):
    """The part of the page, from heading to heading, that links to a file."""
    (found,) = [part for part in PAGE.split("\n## ") if f"(results/{link})" in part]
    return found


def line(row, scored):
    """The line of the page's tables that has the scores of a model or a baseline."""
    means = [scored[metric] for metric in ("nss", "auc_judd", "cc", "sim", "kld")]
    cells = [f"{m['mean']:.3f} ± {(m['high'] - m['low']) / 2:.3f}" for m in means]
    return f"| {row} | {' | '.join(cells)} |"


def is_commit(name):
    return re.fullmatch("[0-9a-f]{40}", name) is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_of_a_known_experiment_and_named_after_it(path):
    name, _, _ = path.stem.partition("-")  # after it: on what, where there are several
    assert json.loads(path.read_text())["experiment"] == name
    assert name in EXPERIMENTS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_page_has_the_tables_and_verdicts_of_the_numbers_and_links_to_them(path):
    text = section(path.name)
    numbers = json.loads(path.read_text())
    for table in numbers["tables"]:
        assert Table(**table).markdown().strip() in text
    for verdict in numbers["verdicts"]:
        assert verdict in text
    assert numbers["provenance"] in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_names_config_commit_seeds_machine_and_hours(path):
    numbers = json.loads(path.read_text())
    assert numbers["config"]["file"].startswith("configs/")
    assert numbers["commit"] and all(map(is_commit, numbers["commit"]))
    assert numbers["seeds"] and numbers["machine"] and numbers["hours"] > 0
    assert "=/" not in numbers["command"]  # a path that nobody else has


@pytest.mark.parametrize("path", SCORES, ids=lambda path: path.stem)
def test_the_scores_of_a_run_do_so_too(path):
    run = json.loads(path.read_text())["run"]
    text = section(f"scores/{path.name}")
    assert is_commit(run["commit"]) and run["commit"][:7] in text
    assert f"{run['config']['file']}" in text
    assert run["seeds"] == [0] and "seed 0" in text.lower()
    assert run["machine"] == "AMD EPYC, 2 cores" and "two cores" in text
    assert f"{run['minutes']} minutes" in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_choices_were_made_on_folds_and_all_else_is_of_validation(path):
    numbers = json.loads(path.read_text())
    if path.stem == "ingredients":
        assert numbers["folds"] >= 3 and numbers["split"] == "train"
    else:
        assert (numbers["folds"], numbers["split"]) == (0, "validation")


@pytest.mark.parametrize("path", SCORES, ids=lambda path: path.stem)
def test_the_page_has_the_scores_of_a_run_as_evaluate_wrote_them(path):
    scored = json.loads(path.read_text())
    dataset, _, _ = path.stem.partition("_")
    named = {"figrim": "image_folder/figrim", "popout": "popout/full"}
    expected = (named.get(dataset, dataset), "validation")
    assert (scored["dataset"], scored["split"]) == expected
    assert {"centre_prior", "mean_training_map", "human_ceiling"} <= set(
        scored["baselines"]
    )
    assert line("model", scored) in section(f"scores/{path.name}")
    for row, of_row in scored["baselines"].items():
        assert line(row, of_row) in PAGE  # once for all runs on the same images


def test_the_page_has_what_was_tried_before_modern_was_as_it_is():
    text = section("tried/modern.json")
    for run in json.loads((FOLDER / "tried" / "modern.json").read_text()):
        scores = (f"{run[metric]:.3f}" for metric in ("nss", "cc", "kld"))
        assert f"| {run['what']} | {' | '.join(scores)} |" in text
        assert run["commit"][:7] in text
        assert "--config=configs/modern.py" in run["command"]


def test_the_first_lines_say_what_the_numbers_say():
    head = " ".join(PAGE.partition("\n![")[0].split())
    of = {path.stem: json.loads(path.read_text()) for path in SCORES}
    for name, of_set in (("osie", "OSIE"), ("eyecrowd", "EyeCrowd")):
        scored = of[f"{name}_modern_both"]
        nss, cc, kld, sim = (scored[m]["mean"] for m in ("nss", "cc", "kld", "sim"))
        said = (
            f"NSS {nss:.2f}, CC {cc:.2f}, KLD {kld:.2f} and SIM {sim:.2f} on {of_set}"
        )
        assert said in head
        assert f"{100 * on_the_way(scored, nss):.0f} %" in head
    large = of["osie_modern_288x384"]
    nss, cc, kld, sim = (large[m]["mean"] for m in ("nss", "cc", "kld", "sim"))
    assert (
        f"At 288x384, trained on OSIE alone, `modern.py` has NSS {nss:.2f}, "
        f"CC {cc:.2f}, KLD {kld:.2f} and SIM {sim:.2f} on OSIE"
    ) in head
    arms = json.loads((FOLDER / "modern_vs_salgan.json").read_text())["arms"]
    nss, cc, kld = (arms["salgan"][m]["mean"] for m in ("nss", "cc", "kld"))
    assert f"has NSS {nss:.2f}, CC {cc:.2f} and KLD {kld:.2f}" in head
    both, first = of["osie_modern_both"], on_the_way(of["osie_modern_both"], nss)
    share = on_the_way(both, both["nss"]["mean"])
    assert (
        f"{share:.0%}, the published bootstrap {first:.0%}".replace("%", " %") in head
    )
    assert {
        m
        for m in ("sauc", "auc", "ig", "nss", "cc", "kld", "sim", "auc_borji")
        if is_better(arms, m)
    } == {"sauc", "auc", "ig", "nss", "cc", "kld", "sim"}


def on_the_way(scored, nss):
    """How far an NSS is between the centre prior, 0, and half of the people, 1."""
    rows = ("centre_prior", "human_ceiling")
    low, high = (scored["baselines"][row]["nss"]["mean"] for row in rows)
    return (nss - low) / (high - low)


def is_better(arms, metric):
    difference = arms["modern"][metric]["mean"] - arms["salgan"][metric]["mean"]
    return difference < 0 if metric == "kld" else difference > 0


def of_games(file):
    """Of each arm: windows in the band, and the loss, over all windows of its runs."""
    games = json.loads((FOLDER / file).read_text())["games"]
    windows = {}
    for run, logged in games.items():
        arm, _, _ = run.rpartition("-seed")
        found = [game.Window(each["step"], each) for each in logged]
        windows[arm] = windows.get(arm, []) + found
    rows = game.table([game.Game(*each) for each in windows.items()]).rows
    return {arm: f"{in_band} | {loss}" for arm, loss, *_, in_band in rows}


def test_the_page_of_the_game_says_which_games_live():
    text = (ROOT / "docs" / "game.md").read_text()
    tables = re.findall(r"\| windows in the band \|[^\n]*\n.*?\n\n", text, re.S)
    more = of_games("game-osie-more.json")
    del more["as_it_is"]  # once more, from another bootstrap
    expected = [of_games("game-osie.json") | more, of_games("game-eyecrowd.json")]
    for table, games in zip(tables, expected, strict=True):
        rows = re.findall(r"\(`(\w+)`\) \| (\d+ of \d+ \| [^|]+) \|\n", table)
        assert dict(rows) == games and len(rows) == len(games)


def test_the_page_of_the_game_says_how_many_discriminators_live():
    numbers = json.loads((FOLDER / "discriminator-osie.json").read_text())
    bad, good = (
        dict(re.findall(r"(\w+) (\d) of 8", said)) for said in numbers["verdicts"]
    )
    text = (ROOT / "docs" / "game.md").read_text()
    (table,) = re.findall(r"\| bad generator \| good generator \|\n.*?\n\n", text, re.S)
    rows = re.findall(r"\(`(\w+)`\) \| (\d) \| (\d) \|", table)
    assert rows == [(arm, bad[arm], good[arm]) for arm in numbers["arms"]]
