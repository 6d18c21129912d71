"""The tables of scores: runs, people and baselines, and what tells two runs apart."""

import html
from collections.abc import Mapping, Sequence

from salgan_jax.evaluation import scores
from salgan_jax.metrics.intervals import MeanDifference, MeanInterval
from salgan_jax.report.run_scores import Means

_PEOPLE = {
    "human_ceiling": "half of the people predict the other half",
    "human_leave_one_out": "all others predict one person",
}
_BASELINES = {
    "uniform": "the same everywhere",
    "centre_prior": "a Gaussian in the middle",
    "kde_prior": "where people look in other images",
    "mean_training_map": "the mean of all training maps",
    "shuffled": "the map of another image",
}
_NO_SCORE = '<td><span aria-hidden="true">-</span><span class="unseen">none</span></td>'
_WHAT = {
    "nss": "how far above its mean the map is where people looked, in standard "
    "deviations",
    "auc": "how often a fixated pixel has more saliency than another; 0.5 is chance",
    "auc_judd": "the same with the thresholds of Judd's code",
    "auc_borji": "the same with the thresholds of Borji's code",
    "sauc": "the same against where people looked in other images: the centre of an "
    "image does not help",
    "cc": "correlation with the map of human fixations; 1 is best",
    "sim": "common part of the two maps as distributions; 1 is best",
    "kld": "divergence of the map from the human one, in nats; 0 is best",
    "ig": "information gain over where people look in any image, in bits a fixation",
    "emd": "how far saliency must be moved to become the human map; 0 is best",
}


def scores_table(
    names: Sequence[str],
    of_runs: Sequence[Means],
    others: Mapping[str, Means],
    metrics: Sequence[str],
) -> str:
    """Returns the table of means with half of the width of their 95 % intervals.

    The best run is marked where there are several.
    """
    best = {metric: best_of(of_runs, metric) for metric in metrics}
    rows = [
        _row(
            f'<span class="key run-{i % 8}"></span>{html.escape(name)}',
            "",
            means,
            metrics,
            [metric for metric in metrics if i in best[metric]],
        )
        for i, (name, means) in enumerate(zip(names, of_runs, strict=True))
    ]
    bodies = [_body("Runs", rows, metrics)]
    for title, known in (("People", _PEOPLE), ("Baselines", _BASELINES)):
        rows = [
            _row(row.replace("_", " "), what, others[row], metrics, ())
            for row, what in known.items()
            if row in others
        ]
        if rows:
            bodies.append(_body(title, rows, metrics))
    marked = "; highlighted: the best run" if len(names) > 1 else ""
    caption = f"Mean over images &plusmn; half of its 95 % interval{marked}"
    return _table("means", caption, metrics, bodies)


def differences_table(
    names: Sequence[str],
    found: Sequence[Mapping[str, MeanDifference]],
    metrics: Sequence[str],
) -> str:
    """Returns the table of differences to the first run, image by image."""
    rows = [
        _line(
            f'<span class="key run-{i % 8}"></span>{html.escape(name)}',
            "",
            [_difference(of_run.get(metric)) for metric in metrics],
        )
        for i, (name, of_run) in enumerate(zip(names[1:], found, strict=True), start=1)
    ]
    caption = (
        f"Minus {html.escape(names[0])}, image by image, &plusmn; half of its 95 % "
        "interval; p: how likely so large a difference is by chance"
    )
    return _table("paired", caption, metrics, [f"<tbody>{''.join(rows)}</tbody>"])


def explanations(metrics: Sequence[str]) -> str:
    """Returns what the scores are, as a list of definitions."""
    return "".join(
        f"<dt>{scores.HEADINGS[metric]}</dt><dd>{_WHAT[metric]}</dd>"
        for metric in metrics
    )


def best_of(of_runs: Sequence[Means], metric: str) -> list[int]:
    """Returns which of several runs score best; none where there is only one."""
    sign = -1 if scores.is_less_better(metric) else 1
    means = {
        i: sign * means[metric].mean
        for i, means in enumerate(of_runs)
        if metric in means and means[metric].num_images
    }
    if len(of_runs) < 2 or not means:
        return []
    return [i for i, mean in means.items() if mean == max(means.values())]


def incomplete(
    names: Sequence[str], of_runs: Sequence[Means], num_images: int
) -> list[str]:
    """Returns a sentence for each mean that lacks images."""
    return [
        f"{name}, {scores.HEADINGS[metric][:-2]}: {mean.num_images} of {num_images} "
        "images have a score; the mean is over these."
        for name, means in zip(names, of_runs, strict=True)
        for metric, mean in means.items()
        if 0 < mean.num_images < num_images
    ]


def _table(
    name: str, caption: str, metrics: Sequence[str], bodies: Sequence[str]
) -> str:
    """Returns a table that scrolls under its caption, where the page is narrow."""
    heads = "".join(
        f'<th scope="col">{scores.HEADINGS[metric]}</th>' for metric in metrics
    )
    labelled = f'aria-labelledby="{name}-caption"'
    return (
        f'<p class="small" id="{name}-caption">{caption}</p>'
        f'<div class="wide" role="region" tabindex="0" {labelled}><table {labelled}>'
        f"<thead><tr><td></td>{heads}</tr></thead>{''.join(bodies)}</table></div>"
    )


def _body(title: str, rows: Sequence[str], metrics: Sequence[str]) -> str:
    head = (
        f'<tr class="group"><th scope="rowgroup" colspan="{len(metrics) + 1}">'
        f"<span>{html.escape(title)}</span></th></tr>"
    )
    return f"<tbody>{head}{''.join(rows)}</tbody>"


def _row(
    name: str, what: str, means: Means, metrics: Sequence[str], best: Sequence[str]
) -> str:
    return _line(
        name, what, [_cell(means.get(metric), metric in best) for metric in metrics]
    )


def _line(name: str, what: str, cells: Sequence[str]) -> str:
    small = f"<small>{what}</small>" if what else ""
    return f'<tr><th scope="row">{name}{small}</th>{"".join(cells)}</tr>'


def _cell(mean: MeanInterval | None, is_best: bool) -> str:
    if mean is None or not mean.num_images:
        return _NO_SCORE
    number = f"{mean.mean:.3f}".replace("-", "&minus;")
    half = f"<small>± {(mean.high - mean.low) / 2:.3f}</small>"
    if is_best:
        return (
            f'<td class="best"><strong>{number}</strong>'
            f'<span class="unseen"> best</span>{half}</td>'
        )
    return f"<td>{number}{half}</td>"


def _difference(found: MeanDifference | None) -> str:
    if found is None or not found.num_images:
        return _NO_SCORE
    number = f"{found.mean:+.3f}".replace("-", "&minus;")
    half = f"± {(found.high - found.low) / 2:.3f}"
    return f"<td>{number}<small>{half}</small><small>p {found.p_value:.4f}</small></td>"
