"""An experiment: arms that can be, equal updates, sentences that follow, resuming."""

import csv
import doctest
import importlib.util
import json
import pathlib
import subprocess
import sys

import company
import experiment_scores
import numpy as np
import pytest
from scipy import ndimage

from salgan_jax import config as config_module
from salgan_jax.data import mixtures
from salgan_jax.errors import UserError
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.experiment import make_plan
from salgan_jax.metrics.over_runs import RunDifference
from salgan_jax.report import experiment as experiment_page
from salgan_jax.reproduction import (
    arms,
    cells,
    checks,
    confidence,
    experiments,
    figures,
    mean_maps,
    numbers,
    outputs,
    published,
    record,
    repeats,
    results,
    runs,
    scoring,
    stages,
    story,
    verdicts,
)
from salgan_jax.reproduction.ingredients import INGREDIENTS
from salgan_jax.reproduction.repeats import Repeats
from salgan_jax.reproduction.runs import Source
from salgan_jax.schedule import Update, make_schedule
from salgan_jax.sweep import grid, points, running

ROOT = pathlib.Path(__file__).parents[1]
TWO_SEEDS = Repeats((0, 1))
NO_IMAGES = EvaluationInput("osie", "validation", "train", [], [], False, None)
NAMES = list(experiments.EXPERIMENTS)
# What launch/train.py leaves of a run, by a script that takes no time.
RUN = """
import json, pathlib, sys
flags = dict(word[2:].split("=", 1) for word in sys.argv[1:])
folder = pathlib.Path(flags["workdir"])
start = flags.get("config.init_from", "")
if "runs" in start and not (pathlib.Path(start) / "checkpoints" / "10").exists():
    sys.exit("error: begun before its bootstrap")
if flags["config.seed"] == "13" and "content" in str(folder):
    sys.exit("error: an unlucky number")
(folder / "checkpoints" / "10").mkdir(parents=True, exist_ok=True)
with (folder / "provenance.jsonl").open("a") as file:
    file.write(json.dumps({"first_step": 0, "num_steps": 10}) + "\\n")
print("ran", flags["config.name"])
"""


def config_of(name):
    path = ROOT / "configs" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config()


def small(**changes):
    config = config_of("smoke")
    config.update_from_flattened_dict(changes)
    return config


def planned(name, config, tmp_path, repeated=TWO_SEEDS, modern=None):
    source = Source("some.py", {}, config)
    experiment = experiments.of(name, config)
    second = modern and Source("modern.py", {}, modern)
    return [
        *runs.bootstraps(experiment, source, repeated, tmp_path),
        *runs.of_all_arms(experiment, source, second, repeated, tmp_path),
    ]


@pytest.mark.parametrize(
    "module", [arms, published, confidence, cells, mixtures], ids=str
)
def test_the_examples_in_the_docstrings_are_right(module):
    assert doctest.testmod(module).failed == 0


# ---- the arms ----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["salgan", "smoke", "released_code", "both", "living"])
@pytest.mark.parametrize("num_folds", [0, 5])
def test_every_arm_is_a_config_that_holds_together(name, file, num_folds, tmp_path):
    config = config_of(file)
    if name == "transfer":
        config.data.dataset = "osie:4,popout/tiny:3"
    repeated = Repeats((0, 1), num_folds)
    some = planned(name, config, tmp_path, repeated, modern=config)
    for run in some:
        config_module.validate(run.config)
        flags = grid.overrides(run.overrides)
        assert all(flag.startswith("--config.") for flag in flags)
        assert run.folder == tmp_path / "runs" / run.name
    assert len({run.name for run in some}) == len(some)
    experiment = experiments.of(name, config)
    assert experiment.reference in [arm.name for arm in experiment.arms]
    scored = [arm.overrides for arm in experiment.arms if not arm.is_modern]
    assert len({json.dumps(each, default=str) for each in scored}) == len(scored)


@pytest.mark.parametrize("name", ["perceptual_vs_content", "game"])
@pytest.mark.parametrize("schedule", ["alternate", "both"])
@pytest.mark.parametrize("num_epochs", [119, 120])
def test_both_losses_make_as_many_generator_updates(
    name, schedule, num_epochs, tmp_path
):
    config = config_of("salgan")
    config.schedule = schedule
    config.phases.num_epochs = num_epochs
    _, perceptual, *_, content = planned(name, config, tmp_path, Repeats((0,)))
    assert content.name == "content-seed0"
    counts = []
    for run in (perceptual, content):
        phases = run.config.phases
        plan = make_schedule(
            num_examples=101,
            batch_size=32,
            bootstrap_epochs=phases.bootstrap_epochs,
            num_epochs=phases.num_epochs,
            schedule=run.config.schedule,
        )
        kinds = [plan.update_at(step) for step in range(plan.num_steps)]
        counts.append(len(kinds) - kinds.count(Update.DISCRIMINATOR))
    adversarial = num_epochs - 15
    expected = {("alternate", 105): 159, ("alternate", 104): 156}
    assert counts == [expected.get((schedule, adversarial), 3 * adversarial)] * 2
    notes = experiments.of(name, config).notes
    is_odd = schedule == "alternate" and adversarial == 105
    assert any("has 105 adversarial epochs" in note for note in notes) == is_odd


def test_the_warm_up_of_the_discriminator_is_no_update_of_the_generator(tmp_path):
    config = config_of("living")
    _, perceptual, content = planned(
        "perceptual_vs_content", config, tmp_path, Repeats((0,))
    )
    plans = [make_plan(run.config, num_examples=80) for run in (perceptual, content)]
    assert plans[0].num_moves == {
        Update.BOOTSTRAP: 0,
        Update.DISCRIMINATOR: 20 + 30,
        Update.GENERATOR: 30,
        Update.BOTH: 0,
    }
    assert plans[1].num_moves[Update.BOOTSTRAP] == plans[1].num_steps == 30


def test_the_two_losses_differ_in_nothing_but_the_loss_and_its_epochs(tmp_path):
    config = config_of("osie")
    config.generator_optimizer.rule = "adam"
    bootstrap, perceptual, content = planned(
        "perceptual_vs_content", config, tmp_path, Repeats((3,))
    )
    one, other = (points.as_json(run.config) for run in (perceptual, content))
    differing = {field for field in one if one[field] != other[field]}
    assert {field.partition(".")[0] for field in differing} == {
        "phases",
        "name",
        "bootstrap_optimizer",
    }
    assert content.config.bootstrap_optimizer == config.generator_optimizer
    assert perceptual.config.init_from == content.config.init_from
    assert perceptual.config.init_from == str(bootstrap.folder)
    assert not perceptual.config.phases.carry_optimizer_state
    assert {run.config.seed for run in (bootstrap, perceptual, content)} == {3}


def test_a_config_without_two_phases_has_no_two_losses_to_compare():
    for name, epochs in (("perceptual_vs_content", 10), ("perceptual_vs_content", 0)):
        with pytest.raises(UserError, match="needs both phases"):
            experiments.of(name, small(**{"phases.bootstrap_epochs": epochs}))
    with pytest.raises(UserError, match="is about content loss alone"):
        experiments.of("downsampling", small(**{"phases.bootstrap_epochs": 0}))


def test_the_last_arm_of_the_released_code_is_its_config(tmp_path):
    config = config_of("salgan")
    config.model.input_convention = "caffe"  # that of the weights
    run = planned("released_code", config, tmp_path, Repeats((0,)))[-1]
    ours, theirs = (points.as_json(c) for c in (run.config, config_of("released_code")))
    assert {field for field in ours if ours[field] != theirs[field]} == {"name"}


def test_the_first_arm_of_the_released_code_is_the_paper_whatever_the_config(tmp_path):
    config = config_of("modern")
    config.model.discriminator_norm = "spectral"
    config.phases.num_epochs = 7
    run = planned("released_code", config, tmp_path, Repeats((0,)))[0]
    ours, papers = run.config, config_module.default()
    for name in ("bootstrap_optimizer", "generator_optimizer", "losses"):
        assert ours[name] == papers[name]
    assert ours.model.discriminator_norm == "none"
    assert ours.phases.carry_optimizer_state
    config_module.validate(ours)


def test_folds_have_a_seed_each_and_hold_out_each_part_once(tmp_path):
    some = planned("ingredients", small(), tmp_path, Repeats((4, 5), 3), small())
    of_salgan = [run for run in some if run.arm == "salgan"]
    found = [(r.name, r.config.seed, r.config.data.fold) for r in of_salgan]
    assert found == [(f"salgan-fold{i}", 4 + i, i) for i in range(3)]
    assert {run.config.data.num_folds for run in some} == {3}


def test_the_modern_arm_is_the_config_with_what_the_second_one_changes(tmp_path):
    modern = config_module.default()
    modern.name, modern.losses.nss = "better", 0.5
    *_, run = planned("modern_vs_salgan", small(), tmp_path, Repeats((2,)), modern)
    expected = small(**{"losses.nss": 0.5, "seed": 2, "name": "modern-seed2"})
    assert run.config.to_dict() == expected.to_dict()
    assert (run.file, run.overrides["losses.nss"]) == ("some.py", 0.5)
    with pytest.raises(UserError, match="give it with --modern=FILE"):
        planned("modern_vs_salgan", small(), tmp_path)


def test_beside_single_ingredients_modern_has_only_its_own(tmp_path):
    config = small(**{"data.horizontal_flip": True})
    modern = config_module.default()
    modern.losses.nss = 0.5
    some = planned("ingredients", config, tmp_path, Repeats((0,)), modern)
    *_, run = some
    assert run.arm == "modern" and run.config.losses.nss == 0.5
    assert run.config.data.horizontal_flip is False
    modern.data.horizontal_flip = True
    *_, run = planned("ingredients", config, tmp_path, Repeats((0,)), modern)
    assert run.config.data.horizontal_flip is True


def test_an_ingredient_that_the_config_has_is_off_in_the_others_or_left_out():
    config = small(**{"data.horizontal_flip": True, "model.frozen_blocks": 2})
    experiment = experiments.of("ingredients", config)
    on = {
        arm.name: arm.overrides.get("data.horizontal_flip") for arm in experiment.arms
    }
    assert [name for name, flips in on.items() if flips] == ["horizontal_flip"]
    assert "trained_block3" not in on
    left_out = "Left out, for the config has them: adagrad, constant_rate, "
    assert experiment.notes == (f"{left_out}trained_block3.",)


def test_only_some_arms_keep_the_one_they_are_compared_with():
    experiment = experiments.of("downsampling", small())
    some = runs.of_arms(experiment, ["downsample_4"])
    assert [arm.name for arm in some.arms] == ["downsample_1", "downsample_4"]
    with pytest.raises(UserError, match="did you mean downsample_4"):
        runs.of_arms(experiment, ["downsampl_4"])
    with pytest.raises(UserError, match="name one of these too: downsample_2, down"):
        runs.of_arms(experiment, ["downsample_1"])


# ---- published numbers -------------------------------------------------------------


def test_published_numbers_are_of_salicon_2015_alone():
    for name in NAMES:
        for dataset in ("salicon/2017", "salicon", "osie", "salicon/2015,osie"):
            assert published.find(name, dataset, "validation") is None
        assert published.find(name, "salicon/2015", "train") is None
    two = published.find("perceptual_vs_content", "salicon/2015", "validation")
    assert two and two.scores["perceptual"]["nss"] == 2.589
    assert two.scores["content"]["ig"] == 1.067
    assert any("2.560" in note for note in two.notes)
    assert published.find("downsampling", "salicon/2015", "validation")


def two_losses(dataset="osie", higher=0.1):
    experiment = experiments.of("perceptual_vs_content", small())
    some = [
        experiment_scores.scored(arm, f"seed{i}", higher=more)
        for arm, more in (("perceptual", higher), ("content", 0.0))
        for i in range(3)
    ]
    return experiment_scores.found(experiment, some, dataset=dataset)


@pytest.mark.parametrize(
    ("dataset", "is_published"), [("salicon/2015", True), ("salicon/2017", False)]
)
def test_published_numbers_have_a_table_and_a_mark_where_there_are_some(
    dataset, is_published
):
    shown = outputs.shown(two_losses(dataset))
    text = shown.markdown()
    assert ("2.589" in text and "Table 3" in text) == is_published
    assert len(shown.tables) == 3 + is_published
    means = shown.figures[0]
    for words in (text, means.caption, means.alt):
        assert ("published" in words) == is_published


# ---- scores ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scored", "with_baselines", "expected"),
    [
        ("", "", (["a", "b"], True)),
        ("a", "a", (["b"], False)),
        ("b", "b", (["a"], False)),
        ("b", "", (["a"], True)),
        ("ab", "", (["a"], True)),
        ("ab", "a", None),
    ],
)
def test_only_what_is_missing_is_scored_baselines_with_the_first_run(
    scored, with_baselines, expected, monkeypatch
):
    made = []
    monkeypatch.setattr(
        scoring, "_score", lambda some, *_, **named: made.append((some, named))
    )
    for name, function in {
        "is_scored": lambda run, images, folder: run.arm in scored,
        "has_baselines": lambda folder: folder.parent.name[0] in with_baselines,
        "read": lambda run, images, ids, folder: folder,
    }.items():
        monkeypatch.setattr(scoring.scored_runs, name, function)
    monkeypatch.setattr(scoring.chosen_images, "of_run", lambda *_: NO_IMAGES)
    some = [
        experiment_scores.scored(arm).run._replace(folder=pathlib.Path(arm))
        for arm in "ab"
    ]
    assert scoring.score(some) == [pathlib.Path(arm, "scores") for arm in "ab"]
    found = [([run.arm for run in r], named["with_baselines"]) for r, named in made]
    assert found == ([expected] if expected else [])


# ---- results and sentences ---------------------------------------------------------


def test_differences_are_paired_by_seed_and_image_and_signs_are_counted():
    found = two_losses(higher=0.1)
    (contrast,) = found.contrasts
    difference = contrast.differences["nss"]
    assert 0.15 < difference.low < difference.mean < difference.high < 0.35
    assert (difference.num_images, difference.num_runs) == (40, 3)
    assert contrast.num_agreeing("nss") == 3
    perceptual = found.arms[0]
    assert perceptual.repeats == ["seed0", "seed1", "seed2"]
    assert perceptual.means["nss"].mean == pytest.approx(
        np.mean(perceptual.of_runs["nss"])
    )
    assert perceptual.deviations["nss"] == pytest.approx(
        np.std(perceptual.of_runs["nss"], ddof=1)
    )


def test_folds_are_compared_on_their_own_images():
    experiment = experiments.of("ingredients", small())
    some = [
        experiment_scores.scored(
            arm, f"fold{i}", higher=more, seed=i, images=[f"{i}-{n}" for n in range(9)]
        )
        for i in range(5)
        for arm, more in (("salgan", 0.0), ("horizontal_flip", 0.1))
    ]
    experiment = runs.of_arms(experiment, ["horizontal_flip"])
    found = experiment_scores.found(
        experiment, some, is_nested=True, folds=5, seeds=[0, 1, 2, 3, 4]
    )
    (contrast,) = found.contrasts
    assert contrast.differences["cc"].num_images == 45
    assert contrast.differences["cc"].low > 0
    text = outputs.shown(found).markdown()
    assert "\n\nhorizontal_flip is better than salgan in NSS, CC and IG" in text
    assert "each image by the run that has not seen it" in text
    assert "5 folds, seeds 0, 1, 2, 3, 4" in text


def difference(low, high):
    return RunDifference((low + high) / 2, low, high, 0.01, 40, 3)


UP, DOWN, UNCLEAR = difference(0.1, 0.3), difference(-0.3, -0.1), difference(-0.1, 0.2)


@pytest.mark.parametrize(
    ("of_metrics", "words"),
    [
        ((UP, UP, UP), "Supported: perceptual is better than content in NSS, CC and"),
        ((UP, UNCLEAR, UP), "Supported in part: perceptual is better"),
        ((UP, DOWN, UNCLEAR), "Mixed: perceptual is better than content in NSS; perc"),
        ((DOWN, UNCLEAR, DOWN), "Not supported: perceptual is worse than content in"),
        (
            (UNCLEAR,) * 3,
            "Undecided: perceptual and content may be equally good in NSS, CC",
        ),
    ],
)
def test_the_verdict_follows_from_the_intervals(of_metrics, words):
    differences = dict(zip(verdicts.CLAIM_METRICS, of_metrics, strict=True))
    contrast = results.Contrast("perceptual", "content", differences, {})
    said = verdicts.of_claim(contrast)
    assert said.startswith(words) and said.endswith("; 3 runs, 40 images).")


def test_a_lower_divergence_is_the_better_one():
    contrast = results.Contrast("b", "a", {"kld": DOWN}, {})
    assert verdicts.of_contrast(contrast, ("kld",)).startswith("b is better than a")


@pytest.mark.parametrize(
    ("sure", "spread", "words"),
    [
        (UP, UP, ("less confidence: supported", "equally likely: supported")),
        (DOWN, UNCLEAR, ("confidence: not supported", "equally likely: undecided")),
    ],
)
def test_the_claim_about_confidence_has_two_parts(sure, spread, words):
    differences = {"confidence": sure, "spread": spread}
    said = verdicts.of_confidence(results.Contrast("p", "c", differences, {}))
    assert all(word in said for word in words)


def test_confidence_is_that_of_fixated_pixels_each_counted_once():
    saliency_map = np.array([[0.1, 0.3], [0.9, 1.0]], np.float32)
    fixations = np.array([[0.2, 0.9], [0.9, 0.1], [1.9, 0.0], [1.0, 1.0]])
    found = confidence.of_map(saliency_map, fixations, saliency_map)
    measures = found.measures
    assert measures["confidence"] == pytest.approx((0.1 + 0.3 + 1.0) / 3)
    assert measures["spread"] == pytest.approx(np.std([0.1, 0.3, 1.0]) / (1.4 / 3))
    assert sum(found.histogram) == 3 and found.histogram[-1] == 1
    none = confidence.of_map(saliency_map, np.empty((0, 2)), saliency_map)
    assert np.isnan(none.measures["confidence"]) and sum(none.histogram) == 0


def test_blur_costs_sharpness_and_overconfidence_calibration():
    nowhere = np.empty((0, 2))
    truth = np.zeros((24, 32))
    truth[8:12, 8:16] = 0.8
    blurred = ndimage.gaussian_filter(truth, 2)

    def measured(saliency_map):
        return confidence.of_map(saliency_map, nowhere, truth).measures

    own, of_blurred, doubled = map(measured, (truth, blurred, 1.25 * truth))
    assert own["entropy"] == pytest.approx(np.log2(32))
    assert own["entropy"] < of_blurred["entropy"]
    # 24 edges of a rectangle of 4 x 8 pixels, each as high as they are.
    assert own["sharpness"] == pytest.approx(100 * 24 / 32)
    assert own["sharpness"] > of_blurred["sharpness"]
    assert own["calibration_error"] == 0 < of_blurred["calibration_error"]
    # All that is said of 32 pixels is 0.2 too much.
    assert doubled["calibration_error"] == pytest.approx(0.2 * 32 / truth.size)
    assert doubled["entropy"] == pytest.approx(own["entropy"])
    black = measured(np.zeros_like(truth))
    assert np.isnan(black["entropy"]) and np.isnan(black["sharpness"])


# ---- outputs -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment")
    return folder, write(folder, two_losses())


def write(folder, found):
    shown = outputs.shown(found)
    return outputs.write(folder, shown, numbers.of_one(found, shown))


def test_numbers_tables_and_figures_are_written(written):
    folder, names = written
    assert names == [
        *("figure1_means.png", "figure2_differences.png", "confidence.png"),
        *("game.png", "tables.md", "experiment.json"),
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    content = json.loads((folder / "experiment.json").read_text())
    nss = content["arms"]["perceptual"]["nss"]
    assert len(nss["of_runs"]) == 3 and nss["std"] > 0 and nss["low"] < nss["mean"]
    assert content["differences"]["perceptual"]["nss"]["p_value"] < 0.05
    assert (content["hours"], content["baselines"]["uniform"]["nss"]) == (1.5, 0)
    last = (folder / "tables.md").read_text().splitlines()[-1]
    assert last == (
        "Config configs/salgan.py batch_size=8; code 0123456789; seeds 0, 1, 2; host, "
        "a processor, 2 cores (1 x cpu); 1.50 hours of training; `python "
        "launch/reproduce.py`"
    )


def test_an_older_result_stays_where_the_new_one_is_not_complete(tmp_path, monkeypatch):
    (tmp_path / outputs.NUMBERS).write_text("older")
    monkeypatch.setattr(figures, "of_confidence", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write(tmp_path, two_losses())
    assert [path.name for path in tmp_path.iterdir()] == [outputs.NUMBERS]


def test_a_report_shows_an_experiment_and_the_first_run_of_each_arm(written):
    folder, _ = written
    opened = experiment_page.open_all([str(folder)])
    assert opened.workdirs == [
        f"{folder}/runs/{name}-seed0" for name in ("perceptual", "content")
    ]
    assert opened.title == "perceptual vs content on osie"
    assert opened.question.startswith("Does the adversarial loss improve")
    page = opened.experiments
    assert page.count('<img src="data:image/png;base64,') == 4
    assert page.count("<table ") == 3 and 'alt="Differences of perceptual' in page
    assert "Supported: perceptual is better" in page
    assert "1.50 hours of training" in page and "show 2 of 6 runs" in page
    both = experiment_page.open_all([str(folder), "runs/other"])
    assert both.workdirs[-1] == "runs/other" and not both.question
    assert "Does the adversarial loss improve" in both.experiments


def test_a_broken_experiment_is_one_line(tmp_path):
    (tmp_path / "experiment.json").write_text("{}")
    with pytest.raises(UserError, match=r"is not what reproduce\.py wrote"):
        experiment_page.open_all([str(tmp_path)])


# ---- the runs ----------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Reproduces with a script that takes no time, and scores of nothing."""
    monkeypatch.setattr(checks.training_input, "with_full_names", lambda config: config)
    monkeypatch.setattr(record, "generator_updates", lambda run: 9)
    monkeypatch.setattr(
        record, "of_runs", lambda *a: experiment_scores.PROVENANCE | {"seeds": [0]}
    )
    monkeypatch.setattr(
        scoring,
        "score",
        lambda some: [experiment_scores.scored(r.arm, r.repeat) for r in some],
    )
    monkeypatch.setattr(mean_maps, "score", experiment_scores.of_mean_maps)
    script = tmp_path / "run.py"
    script.write_text(RUN)
    workdir = tmp_path / "work"

    def reproduce(
        name="perceptual_vs_content", seeds=(0,), arms=(), folds=0, **changes
    ):
        source = Source("smoke.py", changes, small(**changes))
        asked = story.Asked(source, None, Repeats(seeds, folds), arms, str(workdir), 0)
        return story.reproduce(name, asked, script, [{}, {}])

    reproduce.workdir = workdir
    return reproduce


def test_a_bootstrap_comes_before_the_runs_that_go_on_from_it(run, capsys):
    assert run(seeds=(0, 1)) == 0
    logs = {path.parent.name: path.read_text() for path in run.workdir.rglob("*.log")}
    assert logs == {
        f"{arm}-seed{i}": f"ran {arm}-seed{i}\n"
        for arm in ("bootstrap", "perceptual", "content")
        for i in (0, 1)
    }
    output = capsys.readouterr().out
    assert "| NSS |" in output and "written to" in output
    assert "### The mean map of all runs" in output
    content = json.loads((run.workdir / "experiment.json").read_text())
    of_means, of_runs = (
        each["nss"]["mean"]
        for each in (
            content["mean_maps"]["differences"],
            content["differences"]["perceptual"],
        )
    )
    line = f"| {of_means:+.4f} |", f"| {of_runs:+.4f} |"
    (nss,) = [row for row in output.split("\n") if all(cell in row for cell in line)]
    assert nss.startswith("| NSS |") and nss.endswith(line[1])


def test_finished_runs_are_left_alone_and_seeds_are_added(run):
    assert run() == 0
    # Of one run there is no mean.
    assert "mean_maps" not in json.loads((run.workdir / "experiment.json").read_text())
    assert run(seeds=(0, 1)) == 0
    logs = [path.read_text() for path in run.workdir.rglob("*.log")]
    assert len(logs) == 6 and all(log.count("ran") == 1 for log in logs)


def test_another_config_or_experiment_in_the_workdir_is_refused(run):
    assert run() == 0
    with pytest.raises(UserError, match=r"losses\.alpha was 0\.005, now 0\.05"):
        run(**{"losses.alpha": 0.05})
    with pytest.raises(UserError, match="'bootstrap-seed0', of another experiment"):
        run("downsampling")
    assert run(**{"logging.every_steps": 7}) == 0


def test_a_failed_run_is_named_and_nothing_is_written(run, capsys):
    assert run(seeds=(13,)) == 1
    assert "failed: content-seed13; the logs are train.log" in capsys.readouterr().out
    assert not (run.workdir / "experiment.json").exists()
    assert run(seeds=(0,)) == 0


def test_what_was_told_to_end_goes_on_later(run, monkeypatch, capsys):
    told = running.Notice()
    told.give(2, None)
    with monkeypatch.context() as patch:
        patch.setattr(stages.running, "notice", lambda: _given(told))
        assert run() == 130
    assert "left to do: bootstrap-seed0, perceptual-seed0, content-seed0; the same" in (
        capsys.readouterr().out
    )
    assert run() == 0


class _given:
    def __init__(self, told):
        self.told = told

    def __enter__(self):
        return self.told

    def __exit__(self, *_):
        return None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name an experiment: perceptual_vs_content, downsampling, "),
        (["ingredient"], "there is no experiment 'ingredient': "),
        (["downsampling", "--config.sed=1"], "unknown field 'sed'; did you mean seed?"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(words, message):
    result = subprocess.run(
        [sys.executable, "launch/reproduce.py", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [(["0", "0"], "a seed is there twice"), (["a"], "whole numbers with commas")],
)
def test_seeds_are_whole_numbers_each_once(words, message):
    with pytest.raises(UserError, match=message):
        repeats.parse_seeds(words)
    assert repeats.parse_seeds(["0", " 2"]) == (0, 2)


@pytest.mark.slow
def test_two_losses_are_compared_from_start_to_end_and_again(tmp_path):
    command = [
        *("launch/reproduce.py", "perceptual_vs_content", "--seeds=0,1"),
        *("--config=configs/smoke.py", "--config.phases.bootstrap_epochs=2"),
        *("--config.phases.num_epochs=5", f"--workdir={tmp_path / 'work'}"),
    ]
    environment = {"TFDS_DATA_DIR": str(tmp_path / "data")}
    (output,) = company.run(command, 1, 1, environment)
    assert "here are 4, so that 2 epochs of content loss alone" in output
    content = json.loads((tmp_path / "work" / "experiment.json").read_text())
    assert content["num_generator_updates"] == {
        f"{arm}-seed{i}": 6 for i in (0, 1) for arm in ("perceptual", "content")
    }
    for arm in ("perceptual", "content"):
        nss = []
        for i in (0, 1):
            scores = tmp_path / "work" / "runs" / f"{arm}-seed{i}" / "scores"
            with (scores / "metrics.csv").open() as file:
                nss += [float(row["nss"]) for row in csv.DictReader(file)]
        mean = content["arms"][arm]["nss"]["mean"]
        assert mean == pytest.approx(np.mean(nss), abs=1e-5)
    of_means = content["mean_maps"]["differences"]["nss"]
    assert (of_means["num_images"], of_means["num_runs"]) == (8, 1)
    assert content["baselines"]["kde_prior"]["nss"] is not None
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.*")}
    (output,) = company.run(command, 1, 1, environment)
    assert "6 runs, 6 finished before" in output and "scoring" not in output
    again = json.loads((tmp_path / "work" / "experiment.json").read_text())
    assert again == content
    assert before == {path: path.stat().st_mtime_ns for path in before}
    page = tmp_path / "report.html"
    company.run(
        ["launch/report.py", str(tmp_path / "work"), f"--output={page}"],
        *(1, 1, environment),
    )
    text = page.read_text()
    assert "What was found" in text and text.count("data:image/png") == 4


def test_the_docs_name_the_fields_of_every_ingredient():
    text = (ROOT / "docs" / "reproduce.md").read_text()
    lines = {line.split("`")[1]: line for line in text.splitlines() if "| `" in line}
    for name, ingredient in INGREDIENTS.items():
        for field in ingredient.fields:
            section, _, last = field.partition(".")
            # The state of an optimizer is carried or not as its rule asks for.
            assert (section in lines[name] and last in lines[name]) or (
                field == "phases.carry_optimizer_state"
            )
