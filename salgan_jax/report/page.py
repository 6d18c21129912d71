"""The whole page: one file with its style, its script and its pictures in it."""

import base64
import datetime
import hashlib
import importlib.resources
import string
from collections.abc import Sequence
from typing import NamedTuple

import salgan_jax
from salgan_jax.evaluation import scores
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.report import charts, differences, panels, score_table, sections
from salgan_jax.report.panels import Panel
from salgan_jax.report.run_scores import RunScores, metrics_of
from salgan_jax.report.runs import Run
from salgan_jax.report.sections import escaped


class Contents(NamedTuple):
    """What a page is about.

    Attributes:
        title, question: its words; "": made from the runs.
        runs: at least one.
        scores: of each run.
        images: that were scored.
        convention: of the scores.
        panels: that are shown, in the order of the data set; may be none.
    """

    title: str
    question: str
    runs: Sequence[Run]
    scores: Sequence[RunScores]
    images: EvaluationInput
    convention: str
    panels: Sequence[Panel]


def render(contents: Contents) -> str:
    """Returns the page, which loads nothing and runs no script but its own."""
    runs = contents.runs
    title = contents.title or " and ".join(run.name for run in runs)
    asked = contents.question or differences.question(runs, contents.images.dataset)
    script = _file("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return string.Template(_file("page.html")).substitute(
        style=_file("page.css"),
        script=script,
        script_hash=digest,
        title=escaped(title),
        question=escaped(asked),
        answers=_answers(contents),
        facts=_facts(contents),
        runs=sections.run_cards(runs, contents.scores),
        scores=_scores(contents),
        differences=_differences(runs),
        curves=_curves(runs),
        pictures=_pictures(contents) if contents.panels else "",
        full_runs="".join(sections.full_run(i, run) for i, run in enumerate(runs)),
        made=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        version=salgan_jax.__version__,
    )


def _file(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text("utf-8")


def _answers(contents: Contents) -> str:
    first, *others = contents.runs
    return "".join(
        f"<p class=answer>{escaped(differences.verdict(run.name, first.name, found))}</p>"
        for run, found in zip(others, _paired(contents), strict=True)
    )


def _paired(contents: Contents) -> list[dict]:
    first, *others = contents.scores
    return [differences.paired(first, other) for other in others]


def _facts(contents: Contents) -> str:
    images = contents.images
    facts = {
        "data set": images.dataset,
        "split": images.split,
        **({"fold": images.held_out} if images.held_out else {}),
        "images": f"{len(images.records):,}",
        "convention": contents.convention,
        "baselines fitted to": images.train_split,
    }
    return "".join(
        f"<div><dt>{name}</dt><dd>{escaped(value)}</dd></div>"
        for name, value in facts.items()
    )


def _scores(contents: Contents) -> str:
    names = [sections.printable(run.name) for run in contents.runs]
    metrics = metrics_of(contents.scores)
    means = [each.means for each in contents.scores]
    others = contents.scores[0].others
    parts = [score_table.scores_table(names, means, others, metrics)]
    if len(names) > 1:
        found = _paired(contents)
        parts.append(score_table.differences_table(names, found, metrics))
    lacking = score_table.incomplete(
        [*names, *(row.replace("_", " ") for row in others)],
        [*means, *others.values()],
        len(contents.images.records),
    )
    parts += [f"<p class=small>{escaped(sentence)}</p>" for sentence in lacking]
    parts.append(
        "<details><summary>What the scores mean</summary>"
        f"<dl class=meanings>{score_table.explanations(metrics)}</dl></details>"
    )
    return "".join(parts)


def _differences(runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return ""
    found = differences.between([run.config for run in runs])
    table = sections.differences_rows(runs, found)
    body = table if found else "<p>The configs are the same.</p>"
    return f'<section id="differences"><h2>What differs</h2>{body}</section>'


def _curves(runs: Sequence[Run]) -> str:
    found = charts.draw_all(runs)
    if not any(found.values()):
        return "<p>No scalars in the workdirs: there are no curves to draw.</p>"
    legend = "".join(
        f"<li>{sections.key(i)}{escaped(run.name)}</li>" for i, run in enumerate(runs)
    )
    parts = [
        f"<ul class=legend>{legend}</ul>",
        f"<div class=charts>{''.join(found['networks'])}</div>",
    ]
    for kind, summary in (
        ("scores", "Scores on the way"),
        ("others", "Gradients, logits and speed"),
    ):
        if found[kind]:
            parts.append(
                f"<details><summary>{summary}</summary>"
                f"<div class=charts>{''.join(found[kind])}</div></details>"
            )
    return "".join(parts)


def _pictures(contents: Contents) -> str:
    runs, found = contents.runs, contents.scores
    shown = panels.failures_first(found, contents.panels)
    metric = panels.sorted_by(found)
    options = "".join(
        f"<option value={i}{' selected' if name == metric else ''}>"
        f"{scores.HEADINGS[name][:-2]}</option>"
        for i, name in enumerate(metrics_of(found))
    )
    of_runs = "".join(
        f"<option value={i}>{escaped(run.name)}</option>" for i, run in enumerate(runs)
    )
    of_runs += "".join(
        f"<option value={i}-0>{escaped(run.name)} minus {escaped(runs[0].name)}</option>"
        for i, run in enumerate(runs)
        if i
    )
    heads = "".join(
        f"<li>{sections.key(i)}{escaped(run.name)}</li>" for i, run in enumerate(runs)
    )
    figures = "".join(
        f"<figure><div class=stack></div><figcaption>{sections.key(i)}"
        f"{escaped(run.name)}</figcaption></figure>"
        for i, run in enumerate(runs)
    )
    return string.Template(_file("pictures.html")).substitute(
        which=_which(contents),
        columns=2 + len(runs),
        metrics=options,
        of_runs=of_runs,
        heads=heads,
        items=sections.panel_items(runs, found, shown),
        figures=figures,
        data=sections.panel_data(runs, found, shown),
    )


def _which(contents: Contents) -> str:
    number, total = len(contents.panels), len(contents.images.records)
    if number == total:
        return f"All {total:,} images."
    heading = scores.HEADINGS[panels.sorted_by(contents.scores)][:-2]
    lowest = (number + 1) // 2
    return (
        f"{number:,} of {total:,} images: the {lowest:,} on which a run has its worst "
        f"{heading}, and {number - lowest:,} spread evenly over the {heading} of the "
        "rest."
    )
