"""What a report says, of runs whose every number is known, and of real workdirs."""

import html.parser
import json
import re

import jax
import miniature
import numpy as np
import pytest
import report_pages

from salgan_jax import checkpoints
from salgan_jax import config as config_module
from salgan_jax.data import records
from salgan_jax.errors import UserError
from salgan_jax.evaluation import scores
from salgan_jax.evaluation.protocol import ScoreSheet
from salgan_jax.metrics.conventions import TUEBINGEN
from salgan_jax.metrics.intervals import MeanDifference
from salgan_jax.report import charts, differences, page, panels, score_table, story
from salgan_jax.report.axes import ticks
from salgan_jax.report.story import Choice


class _Page(html.parser.HTMLParser):
    """The elements of a page, and the texts of its table rows."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.rows, self.words = [], [], []
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._hidden = tag in ("script", "style")
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        self._hidden = False
        if tag == "table":
            self.rows.append([""])

    def handle_data(self, data):
        if self._hidden:
            return
        self.words.append(data)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def test_scores_stand_with_half_their_intervals_and_the_best_run_is_marked():
    rows = _Page(report_pages.text()).rows
    assert ["one", "0.500± 0.100", "1.033± 0.100"] in rows
    assert ["other", "0.700 best± 0.100", "0.300 best± 0.100"] in rows
    assert [
        "human ceilinghalf of the people predict the other half",
        *_cells(0.75),
    ] in rows
    assert ["centre priora Gaussian in the middle", *_cells(0.25)] in rows


def _cells(cc):
    return [f"{cc:.3f}± 0.100", f"{1 - cc:.3f}± 0.100"]


def test_a_single_run_has_no_best_value_and_nothing_to_differ_from():
    text = report_pages.text(runs=[report_pages.run()])
    shown = "".join(_Page(text).words)
    assert "How well does one predict where people look in popout/tiny?" in shown
    assert not [x for x in _Page(text).all("td") if x.get("class") == "best"]
    assert "What differs" not in shown


def test_the_title_of_many_runs_counts_those_it_does_not_name():
    runs = [report_pages.run(name) for name in "abcde"]
    few, many = report_pages.contents(runs=runs[:2]), report_pages.contents(runs=runs)
    many = many._replace(scores=[*few.scores[:1]] * 5)
    assert "<h1>a and b</h1>" in page.render(few)
    assert "<h1>a, b, c and 2 more</h1>" in page.render(many)


def test_equal_runs_are_both_the_best():
    means = [{"cc": report_pages.interval(0.5)}, {"cc": report_pages.interval(0.5)}]
    assert score_table.best_of(means, "cc") == [0, 1]


def test_a_mean_that_lacks_images_says_so():
    assert "other, KLD: 2 of 3 images have a score" in report_pages.text()


def test_the_question_and_the_table_say_what_differs_and_leave_out_what_is_alike():
    shown = _Page(report_pages.text())
    said = "".join(shown.words)
    assert "They differ in epochs of content loss alone." in said
    assert "Content loss only, to epoch 10." in said
    assert "Content loss only to epoch 5, then, to epoch 10, adversarial and" in said
    assert [
        "epochs of content loss alonephases.bootstrap_epochs",
        "10",
        "5",
    ] in shown.rows
    assert shown.rows.count(["config.batch_size", "32"]) == 2  # in the full configs
    assert not [row for row in shown.rows if row[0].startswith("examples a step")]


def test_a_field_without_effect_is_no_part_of_the_question():
    one, other = report_pages.run(), report_pages.run("other")
    other.config.checkpoint.max_to_keep = 7
    assert "They are trained alike." in differences.question([one, other], "osie")
    (found,) = differences.between([one.config, other.config])
    assert (found.field, found.values) == ("checkpoint.max_to_keep", ["3", "7"])
    assert not found.has_effect


def test_every_field_with_plain_words_is_one_of_the_config():
    default = config_module.default()
    for field in differences.WORDS:
        node = default
        for name in field.split("."):
            node = node[name]


def test_a_verdict_counts_only_intervals_without_zero_and_knows_what_is_better():
    found = {
        "nss": MeanDifference(0.5, 0.1, 0.9, 0.01, 9),
        "kld": MeanDifference(0.5, 0.1, 0.9, 0.01, 9),
        "cc": MeanDifference(0.5, -0.1, 0.9, 0.2, 9),
        "ig": MeanDifference(np.nan, np.nan, np.nan, np.nan, 0),
    }
    assert differences.verdict("b", "a", found) == (
        "b is better than a in NSS; worse in KLD; in CC the difference may be chance."
    )
    assert "equally good" in differences.verdict("b", "a", {"cc": found["cc"]})


def test_hostile_titles_names_and_ids_stay_text():
    hostile = "</script><img src=x onerror=alert(1)>\"'\udcff"
    text = report_pages.text(
        title=hostile,
        names=(hostile.replace("\udcff", ""), "b"),
        ids=(hostile, "b", "c"),
    )
    text.encode()
    shown = _Page(text)
    assert all("onerror" not in attrs for _, attrs in shown.elements)
    assert {tag for tag, attrs in shown.elements if attrs.get("src") == "x"} == set()
    assert len(shown.all("script")) == 2
    assert "</script><img src=x onerror=alert(1)>\"'\\xff" in shown.words
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert data
    ids = [image["id"] for image in json.loads(data[1])["images"]]
    assert ids == ["b", "c", hostile.replace("\udcff", "\\xff")]


def test_the_page_refers_to_nothing_outside_and_runs_only_its_own_script():
    text = report_pages.text()
    shown = _Page(text)
    for _, attrs in shown.elements:
        for name in ("src", "href", "action", "srcset"):
            assert attrs.get(name, "data:").startswith("data:")
    assert "url(" not in text and "@import" not in text
    (policy,) = (x["content"] for x in shown.all("meta") if "http-equiv" in x)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert all(attrs.get("alt") for attrs in shown.all("img"))


def test_worst_images_come_first_and_their_scores_stand_under_them():
    shown = _Page(report_pages.text())
    enlarge = [x["aria-label"] for x in shown.all("button") if x.get("class") == "open"]
    assert enlarge == ["Enlarge b", "Enlarge c", "Enlarge a"]
    order = [each for each in shown.words if re.fullmatch(r"CC \d.*", each)]
    assert order == [
        "CC 0.100",
        "CC 0.700",
        "CC 0.500",
        "CC 0.600",
        "CC 0.900",
        "CC 0.800",
    ]


def test_half_of_the_chosen_images_are_the_worst_and_the_rest_are_spread():
    one, other = [0.9, 0.1, 0.5, 0.8, 0.2, 0.7], [0.9, 0.9, 0.0, 0.8, 0.9, np.nan]
    found = [report_pages.scores(cc, [0.0] * 6) for cc in (one, other)]
    assert panels.choose(found, 4) == [0, 1, 2, 4]
    assert panels.choose(found, 6) == [0, 1, 2, 3, 4, 5]
    assert panels.choose(found, 0) == []


def test_fixations_follow_the_image_when_it_is_made_smaller():
    (shown,) = panels.make([], [report_pages.record("wide", width=1280)], [0])
    assert shown.size == (16, 640)
    assert shown.fixations.tolist() == [[4, 2], [10, 8]]


def test_pictures_of_many_images_are_smaller_so_that_the_page_stays_small():
    some = [report_pages.record("a", width=320)]
    few, many = (panels.make([], some, [0] * number) for number in (1, 400))
    assert few[0].size == (32, 320)
    assert max(many[0].size) == 239


def test_curves_show_both_runs_and_where_the_adversary_enters():
    runs = [
        report_pages.run(series={"train/content_loss": ([2, 20], [0.5, 0.25])}),
        report_pages.run(
            "other",
            series={
                "train/content_loss": (list(range(1000)), [1.0] * 1000),
                "train/adversarial_loss": ([12, 20], [1.0, 2.0]),
                "train/discriminator_loss": ([12, 20], [2.0, 1.0]),
                "eval/kld": ([20], [0.5]),
                "health/generator_collapsed": ([20], [0.0]),
            },
        ),
    ]
    found = charts.draw_all(runs)
    assert [len(found[kind]) for kind in ("networks", "scores", "others")] == [2, 1, 0]
    content, adversarial = found["networks"]
    assert content.count('class="line"') == 2 and "run-1" in content
    assert "→ adversarial" in html.unescape(content)
    assert "adversarial phase of other begins at step 10." in content
    assert "one, content loss: 0.5 at step 2, 0.25 at step 20" in content
    assert max(map(len, re.findall(r'd="[^"]*"', content))) < 4000  # of 1000 points
    assert 'class="line dashed"' in adversarial
    assert "<strong>KLD</strong>" in found["scores"][0]


def test_every_score_has_a_curve_under_its_heading():
    series = {f"eval/{metric}": ([20], [0.5]) for metric in scores.HEADINGS}
    found = charts.draw_all([report_pages.run(series=series)])["scores"]
    titles = [re.findall(r"<strong>(.*?)</strong>", figure) for figure in found]
    assert titles == [[heading[:-2]] for heading in scores.HEADINGS.values()]


def test_a_run_without_scalars_or_without_its_training_data_says_so():
    run = report_pages.run(series={})._replace(plan=None)
    said = "".join(_Page(report_pages.text(runs=[run])).words)
    assert "No scalars in the workdirs" in said
    assert "Its training data are not here" in said


@pytest.mark.parametrize(("low", "high"), [(0, 1300), (-0.02, 0.013), (4.3, 4.7)])
def test_an_axis_has_a_few_round_ticks_within_its_ends(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 5
    assert all(low <= tick <= high for tick in found)


def test_what_was_recorded_at_each_start_is_shown_and_its_absence_is_said():
    starts = [{"git": {"revision": "abc<1>"}, "argv": ["a", 1]}, "odd"]
    runs = [report_pages.run(provenance=starts), report_pages.run("other")]
    shown = _Page(report_pages.text(runs=runs))
    assert ["git.revision", "abc<1>"] in shown.rows
    assert ["argv", "a 1"] in shown.rows
    assert ["value", "odd"] in shown.rows
    said = "".join(shown.words)
    assert "how this run was started was not recorded" in said


# ---- of workdirs --------------------------------------------------------------------


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("datasets"))
    records.open_split("popout/tiny", "train", directory)  # generates it
    return directory


def make_run(workdir, data_dir, *, eval_split="validation", seed=0):
    """A workdir with a generator that nobody has trained."""
    config = miniature.config()
    config.batch_size = 8
    config.data.dataset, config.data.data_dir = "popout/tiny", data_dir
    config.data.eval_split = eval_split
    generator = checkpoints.make_generator(config)
    image = jax.ShapeDtypeStruct((1, 32, 48, 3), np.float32)
    shapes = jax.eval_shape(generator.init, jax.random.key(0), image)["params"]
    random = np.random.default_rng(seed)
    params = jax.tree.map(
        lambda s: random.normal(0, 0.1, s.shape).astype(s.dtype), shapes
    )
    checkpoints.save_weights(str(workdir), {"generator": {"params": params}}, config)
    return str(workdir)


def write_scores(workdir, data_dir, **facts):
    """What evaluate.py leaves: the CC of image i is i / 8."""
    known = records.open_split("popout/tiny", "validation", data_dir)
    ids = [each.id for each in records.outlines(known)]
    sheet = ScoreSheet(ids, {"model": {"cc": np.arange(8) / 8}})
    of_run = {
        "dataset": "popout/tiny",
        "split": "validation",
        "train_split": "train",
        "fold": None,
        "checkpoint": workdir,
        "step": 0,
        "post_processing": "none",
    }
    scores.write(workdir, sheet, scores.summarise(sheet), facts=of_run | facts)


def write(workdirs, output, **options):
    return story.write(
        workdirs, output, convention=TUEBINGEN, **{"num_images": 3, **options}
    )


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory, data_dir):
    folder = tmp_path_factory.mktemp("runs")
    runs = [make_run(folder / name, data_dir, seed=i) for i, name in enumerate("ab")]
    for run in runs:
        write_scores(run, data_dir)
    return runs


def test_a_report_takes_the_scores_that_lie_in_the_runs_and_shows_predictions(
    two_runs, tmp_path
):
    found = write(two_runs, tmp_path / "new" / "report.html")
    text = (tmp_path / "new" / "report.html").read_text()
    assert [each.means["cc"].mean for each in found.scores] == [0.4375, 0.4375]
    assert all(each.source.endswith("metrics.json") for each in found.scores)
    assert f"Scores of <code>{two_runs[0]}/metrics.json</code>." in text
    assert [panel.row for panel in found.panels] == [0, 1, 7]
    assert all(len(set(panel.pictures)) == 4 for panel in found.panels)
    assert "3 of 8 images: the 2 on which a run has its worst CC, and 1" in text


def test_mistakes_are_said_in_one_line_and_leave_an_older_report_alone(
    two_runs, data_dir, tmp_path
):
    output = tmp_path / "report.html"
    output.write_text("older")
    other = make_run(tmp_path / "other", data_dir, eval_split="train")
    broken = make_run(tmp_path / "broken", data_dir)
    (tmp_path / "broken" / "provenance.jsonl").write_text("{}\nno json\n{}\n")
    for workdirs, options, message in (
        ([str(tmp_path)], {}, "no checkpoint in"),
        ([two_runs[0], str(tmp_path / "absent")], {}, "no checkpoint in"),
        ([two_runs[0], f"{two_runs[0]}/"], {}, "is given twice"),
        (two_runs, {"names": ["one"]}, "1 different names for 2 runs"),
        ([two_runs[0], other], {}, r"different images \(a on popout/tiny validation"),
        (two_runs, {"choice": Choice(split="nosuch")}, "has no split 'nosuch'"),
        (two_runs, {"num_images": -1}, "--num_images is -1"),
        ([broken], {}, "provenance.jsonl is broken in line 2"),
    ):
        with pytest.raises((UserError, FileNotFoundError), match=message) as caught:
            write(workdirs, output, **options)
        assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="is a folder: name a file"):
        write(two_runs, tmp_path)
    assert output.read_text() == "older"
    assert not list(tmp_path.glob(".*"))


def test_scores_that_are_no_json_are_an_error(data_dir, tmp_path):
    run = make_run(tmp_path / "run", data_dir)
    write_scores(run, data_dir)
    (tmp_path / "run" / "metrics.json").write_text("[1]")
    with pytest.raises(UserError, match="is not what evaluate"):
        write([run], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "facts",
    [
        {"step": 1},
        {"split": "train"},
        {"convention": "salicon"},
        {"checkpoint": "runs/another"},
        {"checkpoint": None},
        {"post_processing": "released_code"},
        {"train_split": "validation"},
        {"fold": "0/5"},
        {"dataset": "popout/full"},
    ],
    ids=str,
)
def test_scores_of_something_else_are_not_taken(facts, data_dir, tmp_path):
    run = make_run(tmp_path / "run", data_dir)
    write_scores(run, data_dir, **facts)
    (found,) = write([run], tmp_path / "report.html", num_images=0).scores
    assert found.source == ""
    assert found.means["cc"].mean != 0.4375
    assert {"centre_prior", "human_ceiling"} <= found.others.keys()


@pytest.mark.slow
def test_scores_are_those_of_evaluate(data_dir, tmp_path):
    """One run has scores of evaluate.py, in a folder, and its copy has none."""
    from test_launch_evaluate import evaluate

    runs = [make_run(tmp_path / name, data_dir) for name in ("scored", "bare")]
    done = evaluate(f"--checkpoint={runs[0]}", f"--output={runs[0]}/scores_of_mine")
    assert done.returncode == 0, done.stderr
    scored, bare = write(runs, tmp_path / "report.html").scores
    assert scored.source == f"{runs[0]}/scores_of_mine/metrics.json"
    assert bare.source == ""
    assert bare.means == scored.means
    assert bare.others == scored.others != {}
    for metric, values in bare.of_images.items():
        np.testing.assert_allclose(values, scored.of_images[metric], atol=1e-6)
