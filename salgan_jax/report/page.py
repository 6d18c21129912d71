"""The whole page: one file with its style, its script and its pictures in it."""

import base64
import datetime
import hashlib
import string
from collections.abc import Sequence
from typing import NamedTuple

import salgan_jax
from salgan_jax.errors import listed
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.report import charts, differences, gallery, score_table, sections
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
        experiments: what those among the folders found, as HTML; "": there is none.
    """

    title: str
    question: str
    runs: Sequence[Run]
    scores: Sequence[RunScores]
    images: EvaluationInput
    convention: str
    panels: Sequence[Panel]
    experiments: str = ""


def render(contents: Contents) -> str:
    """Returns the page, which loads nothing and runs no script but its own."""
    runs = contents.runs
    names = [run.name for run in runs]
    title = contents.title or (
        listed(names, most=3) if names[3:] else " and ".join(names)
    )
    asked = contents.question or differences.question(runs, contents.images.dataset)
    script = sections.read_file("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return string.Template(sections.read_file("page.html")).substitute(
        style=sections.read_file("page.css"),
        script=script,
        script_hash=digest,
        title=escaped(title),
        question=escaped(asked),
        answers=_answers(contents),
        experiments=contents.experiments,
        facts=_facts(contents),
        runs=sections.run_cards(runs, contents.scores),
        scores=_scores(contents),
        differences=_differences(runs),
        curves=_curves(runs),
        pictures=_pictures(contents),
        full_runs="".join(sections.full_run(i, run) for i, run in enumerate(runs)),
        made=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        version=salgan_jax.__version__,
    )


def _answers(contents: Contents) -> str:
    if contents.experiments:  # which know all runs, and say what they answer
        return ""
    first, *others = contents.runs
    return "".join(
        f"<p class=answer>{escaped(sentence)}</p>"
        for run, found in zip(others, _paired(contents), strict=True)
        for sentence in [differences.verdict(run.name, first.name, found)]
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
    names = [run.name for run in contents.runs]
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
    several = " several" if len(runs) > 1 else ""
    parts = [
        f"<ul class=legend>{legend}</ul>",
        f'<div class="charts{several}">{"".join(found["networks"])}</div>',
    ]
    for kind, summary in (
        ("scores open", "Scores on the way"),
        ("others", "Gradients, logits and speed"),
    ):
        drawn = found[kind.split()[0]]
        if drawn:
            parts.append(
                f"<details class={kind}><summary>{summary}</summary>"
                f'<div class="charts{several}">{"".join(drawn)}</div></details>'
            )
    return "".join(parts)


def _pictures(contents: Contents) -> str:
    if not contents.panels:
        return ""
    total = len(contents.images.records)
    return gallery.section(contents.runs, contents.scores, contents.panels, total)
