"""The images of the page: sorted by any score, and enlarged with their fixations."""

import json
import string
from collections.abc import Sequence

from salgan_jax.errors import printable
from salgan_jax.evaluation import scores
from salgan_jax.report import panels
from salgan_jax.report.panels import Panel
from salgan_jax.report.run_scores import RunScores, metrics_of
from salgan_jax.report.runs import Run
from salgan_jax.report.sections import escaped, key, read_file


def section(
    runs: Sequence[Run],
    found: Sequence[RunScores],
    shown: Sequence[Panel],
    num_images: int,
) -> str:
    """Returns the images with what each run predicts, to be sorted and enlarged.

    Args:
        runs: in the order of the columns.
        found: their scores.
        shown: in the order of the data set, at least one.
        num_images: of the data set.
    """
    shown = panels.failures_first(found, shown)
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
        f"<option value={i}-0>{escaped(f'{run.name} minus {runs[0].name}')}</option>"
        for i, run in enumerate(runs)
        if i
    )
    heads = "".join(
        f"<li>{key(i)}{escaped(run.name)}</li>" for i, run in enumerate(runs)
    )
    figures = "".join(
        f"<figure><div class=stack></div><figcaption>{key(i)}"
        f'{escaped(run.name)} <span class="score"></span></figcaption></figure>'
        for i, run in enumerate(runs)
    )
    return string.Template(read_file("pictures.html")).substitute(
        which=_which(found, len(shown), num_images),
        columns=2 + len(runs),
        across=2 if len(runs) == 2 else 3,
        metrics=options,
        of_runs=of_runs,
        heads=heads,
        items=_items(runs, found, shown),
        figures=figures,
        data=_data(runs, found, shown),
    )


def _which(found: Sequence[RunScores], number: int, total: int) -> str:
    if number == total:
        return f"All {total:,} images."
    heading = scores.HEADINGS[panels.sorted_by(found)][:-2]
    lowest = (number + 1) // 2
    return (
        f"{number:,} of {total:,} images: the {lowest:,} on which a run has its worst "
        f"{heading}, and {number - lowest:,} spread evenly over the {heading} of the "
        "rest."
    )


def _items(
    runs: Sequence[Run], found: Sequence[RunScores], shown: Sequence[Panel]
) -> str:
    """Returns an item for each image: photograph, ground truth, each run's map."""
    metric = panels.sorted_by(found)
    column = metrics_of(found).index(metric)
    heading = scores.HEADINGS[metric][:-2]
    items = []
    for index, panel in enumerate(shown):
        name = escaped(panel.id)
        of_runs = panels.scores_of(found, panel.row)
        said = [
            f"{heading} {'none' if s[column] is None else f'{s[column]:.3f}'}"
            for s in of_runs
        ]
        height, width = panel.size
        shape = f'width="{width}" height="{height}" decoding="async"'
        figures = [
            f'<figure><button type="button" class="open" aria-label="Enlarge {name}">'
            f'<img src="{panel.pictures[0]}" {shape} alt="{name}"></button>'
            f"<figcaption>{name}</figcaption></figure>",
            f'<figure><img src="{panel.pictures[1]}" {shape} alt="Ground truth of '
            f'{name}"><figcaption><b>ground truth</b></figcaption></figure>',
        ]
        figures += [
            f'<figure><img src="{picture}" {shape} alt="Prediction of '
            f'{escaped(run.name)} for {name}"><figcaption><b>{key(i)}'
            f'{escaped(run.name)}</b> <span class="score">{score}</span></figcaption>'
            "</figure>"
            for i, (run, picture, score) in enumerate(
                zip(runs, panel.pictures[2:], said, strict=True)
            )
        ]
        items.append(f'<li data-index="{index}">{"".join(figures)}</li>')
    return "".join(items)


def _data(
    runs: Sequence[Run], found: Sequence[RunScores], shown: Sequence[Panel]
) -> str:
    """Returns what sorting and enlarging need, as JSON that cannot end a script."""
    metrics = metrics_of(found)
    contents = {
        "runs": [printable(run.name) for run in runs],
        "metrics": [
            {
                "name": scores.HEADINGS[metric][:-2],
                "lessIsBetter": scores.is_less_better(metric),
            }
            for metric in metrics
        ],
        "images": [
            {
                "id": printable(panel.id),
                "row": panel.row,
                "size": panel.size[::-1],
                "fixations": panel.fixations.ravel().tolist(),
                "scores": panels.scores_of(found, panel.row),
            }
            for panel in shown
        ],
    }
    return json.dumps(contents, separators=(",", ":")).replace("<", "\\u003c")
