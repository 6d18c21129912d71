"""Figures of the differences of every arm to the reference, in small panels."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.ticker

from salgan_jax.reproduction import drawing
from salgan_jax.reproduction.figures import Figure
from salgan_jax.reproduction.results import (
    METRICS,
    Contrast,
    contrasted_metrics,
    heading,
)
from salgan_jax.reproduction.verdicts import CLAIM_METRICS

_NUM_COLUMNS = 3


class _Panel(NamedTuple):
    """The differences in one metric.

    Attributes:
        title: above it.
        metric: that is compared.
        contrasts: a row for each.
    """

    title: str
    metric: str
    contrasts: Sequence[Contrast]


def of_arms(contrasts: Sequence[Contrast]) -> Figure:
    """Returns the differences of every arm to the reference, a panel a metric."""
    metrics = contrasted_metrics(contrasts, METRICS)
    panels = [_Panel(_title(metric), metric, contrasts) for metric in metrics]
    reference = contrasts[0].reference
    return _figure(panels, reference, _said(contrasts, metrics))


def of_test_sets(found: Mapping[str, Sequence[Contrast]]) -> Figure:
    """Returns the same of each test set, a row of panels for each.

    Args:
        found: the contrasts by the name of the test set.
    """
    panels, said = [], []
    for name, contrasts in found.items():
        metrics = contrasted_metrics(contrasts, CLAIM_METRICS)
        panels += [
            _Panel(f"{name}: {_title(metric)}", metric, contrasts) for metric in metrics
        ]
        said.append(f"on {name}: {_said(contrasts, metrics)}")
    reference = next(iter(found.values()))[0].reference
    figure = _figure(panels, reference, ". ".join(said))
    rows = "A row of panels for each test set, in each panel the train sets."
    return figure._replace(caption=f"{rows} {figure.caption}")


def _figure(panels: Sequence[_Panel], reference: str, said: str) -> Figure:
    num_rows = max(len(panel.contrasts) for panel in panels)
    figure, plots = drawing.panels(
        len(panels), 0.22 * num_rows + 0.9, num_columns=_NUM_COLUMNS
    )
    for index, (plot, panel) in enumerate(zip(plots, panels, strict=True)):
        for row, contrast in enumerate(panel.contrasts):
            found = contrast.differences[panel.metric]
            if found.num_images:
                drawing.row(plot, row, found, contrast.of_runs[panel.metric], 1)
        plot.set_title(panel.title, loc="left", fontsize=10, fontweight="bold")
        drawing.as_rows(plot, num_rows)
        names = [contrast.arm for contrast in panel.contrasts]
        is_first = index % _NUM_COLUMNS == 0
        plot.set_yticks(range(len(names)), names if is_first else [""] * len(names))
        plot.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(3))
    return Figure(
        "differences.png",
        drawing.png(figure),
        f"Minus {reference}, with 95 % interval; small dots: single runs.",
        f"Differences of each arm to {reference}: {said}.",
    )


def _title(metric: str) -> str:
    return heading(metric) + (", lower is better" if metric == "kld" else "")


def _said(contrasts: Sequence[Contrast], metrics: Sequence[str]) -> str:
    return "; ".join(
        f"{each.arm} "
        + ", ".join(f"{heading(m)} {each.differences[m].mean:+.3f}" for m in metrics)
        for each in contrasts
    )
