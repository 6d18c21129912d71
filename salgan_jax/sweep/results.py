"""The results of a sweep: a row for each run, and means over seeds for each point."""

import csv
import io
import json
import pathlib
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from salgan_jax import config_help, inspection, places
from salgan_jax.sweep import points

SEED = "seed"
# Between runs these may differ without being what a sweep is about.
_NOT_COMPARED = ("name", "logging.", "compilation_cache", "num_devices")


class Run(NamedTuple):
    """A run and its scores.

    Attributes:
        name: of its workdir.
        status: how far it has come.
        values: field -> value, of the fields in which runs differ.
        step: at which it was scored, None if it was not.
        scores: metric -> mean over the evaluation images.
    """

    name: str
    status: str
    values: dict[str, Any]
    step: int | None
    scores: dict[str, float]


class Mean(NamedTuple):
    """Runs that differ in their seed alone.

    Attributes:
        values: field -> value, of the other fields.
        number: of the runs, which are all finished.
        scores: metric -> (mean, standard deviation), the latter None of one run.
    """

    values: dict[str, Any]
    number: int
    scores: dict[str, tuple[float, float | None]]


def collect(workdir: pathlib.Path, axes: Sequence[str], *, is_best: bool) -> list[Run]:
    """Returns all runs of a sweep that is over, also those of earlier grids.

    Args:
        workdir: of the sweep.
        axes: the fields of the grid; others in which runs differ come besides.
        is_best: scores are of each run's best evaluation, not of its last.
    """
    records = points.read_all(workdir)
    columns = [
        field
        for field in config_help.words()
        if field in axes or _differs(field, [each.config for each in records])
    ]
    runs = []
    for each in records:
        best_by = each.config["checkpoint.best_metric"] if is_best else None
        step, scores = points.scores(workdir / each.name, best_by=best_by)
        values = {field: each.config.get(field) for field in columns}
        # None runs any more: who says so was left by a sweep that was killed.
        is_left = each.status == points.RUNNING
        status = points.INTERRUPTED if is_left else each.status
        runs.append(Run(each.name, status, values, step, scores))
    return sorted(runs, key=lambda run: [_sortable(x) for x in run.values.values()])


def means(runs: Sequence[Run]) -> list[Mean]:
    """Returns mean and sample standard deviation of finished runs over their seeds."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        if run.status == points.FINISHED:
            others = {k: v for k, v in run.values.items() if k != SEED}
            groups.setdefault(json.dumps(others), []).append(run)
    return [
        Mean(
            values=json.loads(others),
            number=len(group),
            scores={
                metric: _mean([run.scores[metric] for run in group])
                for metric in group[0].scores
                if all(metric in run.scores for run in group)
            },
        )
        for others, group in groups.items()
    ]


def table(found: Sequence[Mean]) -> str:
    """Returns the means as text, a line for each point."""
    if not found:
        return "no run has finished"
    fields, metrics = list(found[0].values), _metrics(found)
    rows = [(*fields, "n", *metrics)]
    for mean in found:
        cells = [str(value) for value in mean.values.values()]
        cells += [str(mean.number)]
        cells += [_in_words(mean.scores.get(metric)) for metric in metrics]
        rows.append(tuple(cells))
    return "\n".join(inspection.table(rows))


def run_table(runs: Sequence[Run]) -> str:
    """Returns the runs as text, a line for each."""
    metrics = list(dict.fromkeys(name for run in runs for name in run.scores))
    rows = [("run", "status", "step", *metrics)]
    for run in runs:
        cells = [f"{run.scores[m]:.4g}" if m in run.scores else "" for m in metrics]
        step = "" if run.step is None else str(run.step)
        rows.append((run.name, run.status, step, *cells))
    return "\n".join(inspection.table(rows))


def write(workdir: pathlib.Path, runs: Sequence[Run], found: Sequence[Mean]) -> None:
    """Writes `sweep.csv` (means), `sweep_runs.csv` and `sweep.json` (both)."""
    of_runs = [
        {"run": run.name, "status": run.status, **run.values, "step": run.step}
        | run.scores
        for run in runs
    ]
    of_means = []
    for mean in found:
        row = {**mean.values, "n": mean.number}
        for metric, (value, deviation) in mean.scores.items():
            row |= {f"{metric}_mean": value, f"{metric}_std": deviation}
        of_means.append(row)
    content = {"means": of_means, "runs": of_runs}
    _write(workdir / "sweep.json", json.dumps(content, indent=1) + "\n")
    _write(workdir / "sweep.csv", _as_csv(of_means))
    _write(workdir / "sweep_runs.csv", _as_csv(of_runs))


def _differs(field: str, configs: Sequence[dict[str, Any]]) -> bool:
    if field.startswith(_NOT_COMPARED):
        return False
    values = [config[field] for config in configs if field in config]
    return any(value != values[0] for value in values)


def _sortable(value: Any) -> tuple[bool, Any]:
    """Numbers by size, before everything else by its spelling."""
    is_number = isinstance(value, int | float)
    return not is_number, value if is_number else str(value)


def _mean(values: Sequence[float]) -> tuple[float, float | None]:
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return statistics.fmean(values), deviation


def _in_words(score: tuple[float, float | None] | None) -> str:
    if score is None:
        return ""
    mean, deviation = score
    return f"{mean:.4f}" if deviation is None else f"{mean:.4f} ± {deviation:.4f}"


def _metrics(found: Sequence[Mean]) -> list[str]:
    return list(dict.fromkeys(metric for mean in found for metric in mean.scores))


def _as_csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(path: pathlib.Path, content: str) -> None:
    places.write_whole(places.as_path(path), content.encode())
