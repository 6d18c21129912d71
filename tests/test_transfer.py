"""Trained on each of several data sets and on all: arms, test sets, the one table."""

import csv
import doctest
import json

import company
import experiment_scores
import numpy as np
import osie_files
import publishers_files
import pytest

from salgan_jax import config as config_module
from salgan_jax.data import preparation
from salgan_jax.errors import UserError
from salgan_jax.metrics.intervals import MeanInterval
from salgan_jax.report import experiment as experiment_page
from salgan_jax.reproduction import (
    checks,
    experiments,
    numbers,
    outputs,
    runs,
    story,
    transfer,
    transfer_shown,
)
from salgan_jax.reproduction.repeats import Repeats
from salgan_jax.reproduction.runs import Source

MIXTURE = "osie:440,image_folder/figrim:1440"
NAMES = ("osie", "figrim")


def config_of(mixture, **changes):
    config = config_module.default()
    config.update_from_flattened_dict({"data.dataset": mixture, **changes})
    return config


def experiment_of(mixture=MIXTURE):
    return experiments.of("transfer", config_of(mixture))


# ---- the arms ----------------------------------------------------------------------


def test_the_examples_in_the_docstrings_are_right():
    assert doctest.testmod(transfer).failed == 0


def test_an_arm_is_the_mixture_or_one_of_its_data_sets(tmp_path):
    source = Source("some.py", {"data.dataset": MIXTURE}, config_of(MIXTURE))
    planned = runs.of_all_arms(experiment_of(), source, None, Repeats((0, 5)), tmp_path)
    found = {run.name: (run.config.data.dataset, run.config.seed) for run in planned}
    assert found == {
        "all-seed0": (MIXTURE, 0),
        "osie-seed0": ("osie", 0),
        "figrim-seed0": ("image_folder/figrim", 0),
        "all-seed5": (MIXTURE, 5),
        "osie-seed5": ("osie", 5),
        "figrim-seed5": ("image_folder/figrim", 5),
    }
    assert len({run.config.phases.num_epochs for run in planned}) == 1
    assert planned[1].overrides["data.dataset"] == "osie"


def test_every_arm_is_compared_with_all_and_scored_on_every_data_set():
    experiment = experiment_of()
    assert experiment.reference == "all"
    assert experiment.test_sets == {"osie": "osie", "figrim": "image_folder/figrim"}
    some = runs.of_arms(experiment, ["figrim"])
    assert [arm.name for arm in some.arms] == ["all", "figrim"]
    assert some.test_sets == experiment.test_sets


@pytest.mark.parametrize(
    ("datasets", "names"),
    [
        (["salicon/2017", "mit1003"], ["salicon_2017", "mit1003"]),
        (["osie", "image_folder/osie"], ["osie", "image_folder_osie"]),
        (["osie", "image_folder/all"], ["osie", "image_folder_all"]),
        (["osie", "image_folder/Osie"], ["osie", "image_folder_Osie"]),
        (
            ["salicon/2015", "image_folder/salicon_2015", "image_folder/x"],
            ["salicon_2015", "image_folder_salicon_2015", "image_folder_x"],
        ),
    ],
    ids=str,
)
def test_no_two_arms_have_the_same_name(datasets, names):
    assert transfer.names(datasets) == names
    arms = experiment_of(",".join(datasets)).arms
    assert [arm.name for arm in arms] == ["all", *names]


def test_one_data_set_has_nothing_to_be_compared_with():
    with pytest.raises(UserError, match=r"config\.data\.dataset is 'osie': name them"):
        experiment_of("osie")


@pytest.mark.parametrize(
    ("repeats", "changes"),
    [(Repeats((0,), 5), {}), (Repeats((0,)), {"data.num_folds": 5})],
    ids=["--folds", "config"],
)
def test_folds_are_refused_before_anything_is_begun(repeats, changes, tmp_path):
    source = Source("some.py", {}, config_of(MIXTURE, **changes))
    asked = story.Asked(source, None, repeats, (), str(tmp_path / "work"), 0)
    with pytest.raises(UserError, match="leave out --folds and config"):
        story.reproduce("transfer", asked, tmp_path / "none.py", [{}])
    assert not (tmp_path / "work").exists()
    checks.check_test_sets(experiments.of("released_code", config_of("osie")), [])


def test_no_run_is_begun_where_a_data_set_has_no_images_to_score(tmp_path):
    data_dir = str(tmp_path / "data")
    for i in range(3):
        publishers_files.write_image(tmp_path / "own" / "images" / f"{i}.png")
        publishers_files.write_map(tmp_path / "own" / "maps" / f"{i}.png")
    preparation.prepare("image_folder/own", str(tmp_path / "own"), data_dir)
    mixture = "popout/tiny:24,image_folder/own:3"
    config = config_of(mixture)
    config.init_from, config.model.frozen_blocks = "random", 0
    config.data.data_dir = data_dir
    source = Source("some.py", {}, config)
    asked = story.Asked(source, None, Repeats((0,)), (), str(tmp_path / "work"), 0)
    with pytest.raises(UserError, match="all-seed0: image_folder/own has no split"):
        story.reproduce("transfer", asked, tmp_path / "none.py", [{}])
    assert not (tmp_path / "work").exists()


# ---- the table ---------------------------------------------------------------------


def scored(arm, seed, test_set, nss):
    """A run that scores the same on each of the four images, and 0.5 in CC and IG."""
    baselines = {}
    if (arm, seed) == ("all", 0):
        baselines = {"centre_prior": {"nss": MeanInterval(1.0, 0.9, 1.1, 4)}}
        if test_set == "osie":
            baselines["human_ceiling"] = {"nss": MeanInterval(3.0, 2.8, 3.2, 4)}
    of_images = {"nss": np.full(4, nss), "cc": np.full(4, 0.5), "ig": np.full(4, 0.5)}
    return experiment_scores.scored(
        arm,
        f"seed{seed}",
        images=[f"image{i}" for i in range(4)],
        dataset=test_set,
        baselines=baselines,
    )._replace(scores=of_images)


def found_of(means, **changes):
    """What is known where (arm, test set) has these means with the seeds 0 and 1."""
    updates = {"all": 1880, "osie": 440, "figrim": 1440}
    found = {}
    for test_set in NAMES:
        some = [
            scored(arm, seed, test_set, of_seeds[seed])
            for seed in (0, 1)
            for (arm, on), of_seeds in means.items()
            if on == test_set
        ]
        found[test_set] = experiment_scores.found(
            experiment_of(),
            some,
            dataset=test_set,
            num_updates={each.run.name: updates[each.run.arm] for each in some},
            **changes,
        )
    return found


@pytest.fixture(scope="module")
def found():
    return found_of(
        {
            ("all", "osie"): (1.0, 2.0),
            ("osie", "osie"): (1.25, 2.25),
            ("figrim", "osie"): (0.5, 1.5),
            ("all", "figrim"): (2.0, 2.0),
            ("osie", "figrim"): (1.0, 1.0),
            ("figrim", "figrim"): (1.875, 2.125),
        }
    )


def test_the_table_has_a_row_a_train_set_and_columns_for_each_test_set(found):
    table, _ = transfer_shown.shown(found).tables
    assert table.header == [
        *("", "osie NSS", "osie CC", "osie IG"),
        *("figrim NSS", "figrim CC", "figrim IG"),
    ]
    half = "0.500 ± 0.000"
    assert table.rows == [
        [
            "all: trained on all of them",
            *("1.500 ± 0.500", half, half, "2.000 ± 0.000", half, half),
        ],
        [
            "osie: trained on osie alone",
            *("1.750 ± 0.500", half, half, "1.000 ± 0.000", half, half),
        ],
        [
            "figrim: trained on image_folder/figrim alone",
            *("1.000 ± 0.500", half, half, "2.000 ± 0.125", half, half),
        ],
        [
            "centre_prior: the Gaussian of the test set's own training fixations",
            *("1.000 ± 0.100", "-", "-", "1.000 ± 0.100", "-", "-"),
        ],
        [
            "human_ceiling: half of the observers predict the other half",
            *("3.000 ± 0.200", "-", "-", "-", "-", "-"),
        ],
    ]


def test_differences_to_all_are_paired_by_seed_and_image(found):
    _, table = transfer_shown.shown(found).tables
    assert table.title == "Differences to all"
    assert [row[0] for row in table.rows] == ["osie", "figrim"]
    of_osie, of_figrim = ([row[1], row[4]] for row in table.rows)
    assert of_osie == [
        "+0.250 (+0.250 to +0.250); p 0.0002",
        "-1.000 (-1.000 to -1.000); p 0.0002",
    ]
    assert of_figrim[0] == "-0.500 (-0.500 to -0.500); p 0.0002"
    assert of_figrim[1].startswith("+0.000 (-0.125 to +0.125); p ")


def test_a_verdict_is_about_the_generator_of_the_test_set_alone(found):
    on_osie, on_figrim = transfer_shown.shown(found).verdicts
    assert on_osie.startswith(
        "Tested on osie: osie is better than all in NSS; osie and all may be equally "
        "good in CC and IG (NSS +0.2500, 95 % interval +0.2500 to +0.2500, p 0.0002; "
    )
    assert on_figrim.startswith(
        "Tested on figrim: figrim and all may be equally good in NSS, CC and IG ("
    )


def test_a_test_set_whose_own_arm_was_not_run_has_no_verdict():
    means = {(arm, on): (1.0, 1.0) for arm in ("all", "osie") for on in NAMES}
    experiment = runs.of_arms(experiment_of(), ["osie"])
    found = {
        name: experiment_scores.found(
            experiment,
            [
                scored(arm, 0, name, of[0])
                for (arm, on), of in means.items()
                if on == name
            ],
            dataset=name,
        )
        for name in NAMES
    }
    (only,) = transfer_shown.shown(found).verdicts
    assert only.startswith("Tested on osie: osie and all")


def test_epochs_are_equal_and_the_notes_count_the_updates(found):
    notes = transfer_shown.shown(found).notes
    assert notes[0].startswith("Every run has 120 epochs, and an epoch has as many")
    assert notes[0].endswith(f"here they are {MIXTURE}.")
    assert notes[1] == "Generator updates of a run: all 1,880, osie 440, figrim 1,440."


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    shown = transfer_shown.shown(found)
    names = outputs.write(folder, shown, numbers.of_test_sets(found, shown))
    return folder, names


def test_the_file_of_numbers_has_results_for_each_test_set(written):
    folder, names = written
    assert names == ["differences.png", "tables.md", "experiment.json"]
    content = json.loads((folder / "experiment.json").read_text())
    assert (content["experiment"], content["dataset"]) == ("transfer", "osie,figrim")
    assert (content["split"], content["reference"]) == ("validation", "all")
    assert content["num_generator_updates"]["all-seed1"] == 1880
    of_osie = content["test_sets"]["osie"]
    assert of_osie["arms"]["all"]["nss"]["of_runs"] == [1.0, 2.0]
    assert of_osie["differences"]["osie"]["nss"]["mean"] == 0.25
    assert of_osie["baselines"]["human_ceiling"] == {"nss": 3.0}
    assert len(content["runs"]) == 6 and len(content["verdicts"]) == 2
    text = (folder / "tables.md").read_text()
    assert text.startswith("# transfer on osie, figrim\n\nIs a generator that")
    (figure,) = content["figures"]
    assert "on figrim: osie NSS -1.000, CC +0.000" in figure["alt"]
    assert figure["caption"].startswith("A row of panels for each test set")


def test_a_report_scores_all_runs_on_the_first_test_set(written):
    folder, _ = written
    opened = experiment_page.open_all([str(folder)])
    assert opened.workdirs == [f"{folder}/runs/{x}-seed0" for x in ("all", *NAMES)]
    assert opened.dataset == "osie"
    assert "scored on one of osie, figrim there" in opened.experiments
    assert experiment_page.open_all([str(folder), "other"]).dataset is None


# ---- the runs ----------------------------------------------------------------------


@pytest.fixture
def data_dir(tmp_path):
    """Eight images of OSIE, six of them for training."""
    osie_files.write(tmp_path / "source", num_images=8, num_observers=3)
    preparation.prepare("osie", str(tmp_path / "source"), str(tmp_path / "data"))
    return str(tmp_path / "data")


@pytest.mark.slow
def test_each_alone_and_all_are_compared_from_start_to_end_and_again(
    tmp_path, data_dir
):
    command = [
        *("launch/reproduce.py", "transfer", "--seeds=0", "--config=configs/smoke.py"),
        *("--dataset=popout/tiny:24,osie:6", "--config.batch_size=2"),
        *("--config.phases.bootstrap_epochs=1", "--config.phases.num_epochs=2"),
        f"--workdir={tmp_path / 'work'}",
    ]
    environment = {"TFDS_DATA_DIR": data_dir}
    company.run([*command, "--arms=osie"], 1, 1, environment)
    company.run(command, 1, 1, environment)
    content = json.loads((tmp_path / "work" / "experiment.json").read_text())
    # An epoch of bootstrap, and every second update of the other.
    assert content["num_generator_updates"] == {
        "all-seed0": 15 + 7,
        "popout_tiny-seed0": 12 + 6,
        "osie-seed0": 3 + 1,
    }
    sizes = {"popout_tiny": 8, "osie": 2}
    for test_set, size in sizes.items():
        of_set = content["test_sets"][test_set]
        assert {"centre_prior", "kde_prior", "human_ceiling"} <= of_set[
            "baselines"
        ].keys()
        for arm in ("all", *sizes):
            folder = tmp_path / "work" / "runs" / f"{arm}-seed0" / f"scores_{test_set}"
            with (folder / "metrics.csv").open() as file:
                nss = [float(row["nss"]) for row in csv.DictReader(file)]
            assert len(nss) == size
            mean = of_set["arms"][arm]["nss"]["mean"]
            assert mean == pytest.approx(np.mean(nss), abs=1e-5)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("metrics.*")}
    (output,) = company.run(command, 1, 1, environment)
    assert "3 runs, 3 finished before" in output and "scoring" not in output
    assert json.loads((tmp_path / "work" / "experiment.json").read_text()) == content
    assert before == {path: path.stat().st_mtime_ns for path in before}
    page = tmp_path / "report.html"
    for dataset in ([], ["--dataset=osie"]):
        report = ["launch/report.py", str(tmp_path / "work"), f"--output={page}"]
        (output,) = company.run([*report, *dataset], 1, 1, environment)
        assert "What was found" in page.read_text()
        assert "computing them" not in output  # scores of the folders were found
