"""The tables of train sets by test sets: a row a train set, columns for each test set.

`found` is by the name of the test set, and has the same arms on each.
"""

from collections.abc import Mapping

from salgan_jax.metrics.intervals import MeanInterval
from salgan_jax.reproduction import cells
from salgan_jax.reproduction.found import Found
from salgan_jax.reproduction.results import heading, known_metrics
from salgan_jax.reproduction.tables import Table
from salgan_jax.reproduction.verdicts import CLAIM_METRICS

_BASELINES = {
    "centre_prior": "the Gaussian of the test set's own training fixations",
    "kde_prior": "the kernel density of these",
    "human_ceiling": "half of the observers predict the other half",
    "human_leave_one_out": "all observers but one predict that one",
}


def of_means(found: Mapping[str, Found]) -> Table:
    """Returns what each arm scores on each test set, above its baselines and people."""
    columns = _columns(found)
    first = next(iter(found.values()))
    rows = [
        [
            f"{arm.name}: {arm.what}",
            *(cells.mean(found[name].arms[i].means[m]) for name, m in columns),
        ]
        for i, arm in enumerate(first.arms)
    ]
    known = {name: each.baseline_intervals() for name, each in found.items()}
    for row, what in _BASELINES.items():
        of_row = {name: means[row] for name, means in known.items() if row in means}
        if of_row:
            rows.append(
                [
                    f"{row}: {what}",
                    *(_baseline(of_row.get(name, {}), m) for name, m in columns),
                ]
            )
    return Table(
        "Train sets by test sets",
        "Rows: what a generator was trained on, then centre priors and people. "
        f"Columns: the images that are scored, each data set's {first.split} split. "
        "Mean ± half of its 95 % interval: of generators over runs and images, of the "
        "others over images.",
        _header(columns),
        rows,
    )


def of_differences(found: Mapping[str, Found]) -> Table:
    """Returns how each arm differs from the reference on each test set."""
    columns = _columns(found)
    first = next(iter(found.values()))
    rows = [
        [
            contrast.arm,
            *(
                cells.in_one(found[name].contrasts[i].differences[m])
                for name, m in columns
            ),
        ]
        for i, contrast in enumerate(first.contrasts)
    ]
    return Table(
        f"Differences to {first.experiment.reference}",
        "Run by run and image by image: the mean difference (its 95 % interval); p.",
        _header(columns),
        rows,
    )


def _columns(found: Mapping[str, Found]) -> list[tuple[str, str]]:
    """Returns the name of a test set and a metric for each column."""
    return [
        (name, metric)
        for name, each in found.items()
        for metric in known_metrics(each.arms, CLAIM_METRICS)
    ]


def _header(columns: list[tuple[str, str]]) -> list[str]:
    return ["", *(f"{name} {heading(metric)}" for name, metric in columns)]


def _baseline(means: Mapping[str, MeanInterval], metric: str) -> str:
    return cells.mean(means[metric]) if metric in means else cells.NONE
