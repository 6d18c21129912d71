"""What the figures are drawn of: panels, dots with intervals, rows of differences."""

import io
import math
from collections.abc import Sequence

import matplotlib.axes
import matplotlib.backends.backend_agg
import matplotlib.figure
import matplotlib.lines
import numpy as np

from salgan_jax.metrics.over_runs import RunDifference, RunMean

# Okabe and Ito's: told apart by people who see no red or no green.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "0.4"
_WIDTH = 7.0  # inches; at 200 dpi legible where a page shows 700 pixels
_DPI = 200


def panels(
    number: int, height: float, *, num_columns: int
) -> tuple[matplotlib.figure.Figure, list[matplotlib.axes.Axes]]:
    """Returns a figure of several plots, each `height` inches high."""
    num_rows = max(1, math.ceil(number / num_columns))
    figure = matplotlib.figure.Figure(
        figsize=(_WIDTH, height * num_rows + 0.4), dpi=_DPI, layout="constrained"
    )
    matplotlib.backends.backend_agg.FigureCanvasAgg(figure)
    plots = figure.subplots(num_rows, num_columns, squeeze=False).ravel()
    for plot in plots[:number]:
        plain(plot)
    for plot in plots[number:]:
        plot.set_axis_off()
    return figure, list(plots[:number])


def dot(plot: matplotlib.axes.Axes, place: float, mean: RunMean, color: str) -> None:
    """Draws a mean with its interval above a place."""
    if mean.num_images:
        ends = [[mean.mean - mean.low], [mean.high - mean.mean]]
        plot.errorbar(place, mean.mean, ends, color=color, marker="o", markersize=6)


def row(
    plot: matplotlib.axes.Axes,
    row: int,
    found: RunDifference,
    of_runs: Sequence[float],
    scale: float,
) -> None:
    """Draws a difference with its interval in a row, and the runs' own below it."""
    if len(of_runs) > 1:
        plot.plot(
            np.array(of_runs) * scale,
            np.full(len(of_runs), row + 0.22),
            "o",
            color=ORANGE,
            markersize=3.5,
            alpha=0.8,
        )
    ends = np.array([[found.mean - found.low], [found.high - found.mean]]) * scale
    plot.errorbar(
        found.mean * scale, row, xerr=ends, color=BLUE, marker="o", markersize=6
    )


def as_rows(plot: matplotlib.axes.Axes, number: int) -> None:
    """Makes a plot one of so many rows, from the top, around 0."""
    plot.axvline(0, color="0.3", linewidth=1)
    plot.set_ylim(number - 0.5, -0.5)
    plot.grid(axis="x", alpha=0.3)
    plot.grid(axis="y", visible=False)
    plot.tick_params(axis="y", length=0)
    plot.spines[["top", "right", "left"]].set_visible(False)


def plain(plot: matplotlib.axes.Axes) -> None:
    """Takes away what says nothing."""
    plot.grid(axis="y", alpha=0.3)
    plot.spines[["top", "right"]].set_visible(False)


def legend(
    figure: matplotlib.figure.Figure, entries: Sequence[tuple[str, str, str, bool]]
) -> None:
    """Draws one legend for all panels: (label, colour, marker, filled)."""
    handles = [
        matplotlib.lines.Line2D(
            [],
            [],
            color=color,
            marker=marker,
            linestyle="",
            label=label,
            markerfacecolor=color if is_filled else "white",
        )
        for label, color, marker, is_filled in entries
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), frameon=False
    )


def png(figure: matplotlib.figure.Figure) -> bytes:
    """Returns the picture as a file has it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
