"""The figures of an experiment, legible at a width of 700 pixels."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax import health
from salgan_jax.reproduction import drawing
from salgan_jax.reproduction.confidence import NUM_BINS
from salgan_jax.reproduction.game import MEASURES, Game
from salgan_jax.reproduction.published import Published
from salgan_jax.reproduction.results import (
    METRICS,
    ArmResult,
    Contrast,
    heading,
    known_metrics,
)


class Figure(NamedTuple):
    """A figure and what it shows.

    Attributes:
        file: its name.
        png: its content.
        caption: for everybody.
        alt: for those who do not see it.
    """

    file: str
    png: bytes
    caption: str
    alt: str


def of_means(arms: Sequence[ArmResult], published: Published | None) -> Figure:
    """Returns means with intervals, a panel for each metric, and what is published."""
    metrics = known_metrics(arms, METRICS[:7])
    figure, plots = drawing.panels(len(metrics), 1.45, num_columns=4)
    colors = (drawing.BLUE, drawing.ORANGE)
    for plot, metric in zip(plots, metrics, strict=False):
        for place, (arm, color) in enumerate(zip(arms, colors, strict=True)):
            drawing.dot(plot, place, arm.means[metric], color)
            value = published and published.scores.get(arm.name, {}).get(metric)
            if value:
                plot.plot(
                    *(place + 0.25, value, "D"),
                    markerfacecolor="white",
                    markeredgecolor=color,
                    markersize=6,
                )
        plot.set_title(heading(metric), loc="left", fontsize=10, fontweight="bold")
        plot.margins(y=0.15)
        plot.set_xlim(-0.5, len(arms) - 0.3)
        plot.set_xticks([])
    diamonds = f"; diamonds: published ({published.source})" if published else ""
    drawing.legend(
        figure,
        [(arm.name, c, "o", True) for arm, c in zip(arms, colors, strict=True)]
        + ([("published", drawing.GREY, "D", False)] if published else []),
    )
    alt = "; ".join(
        f"{heading(metric)} "
        + ", ".join(f"{arm.name} {arm.means[metric].mean:.3f}" for arm in arms)
        for metric in metrics
    )
    return Figure(
        "figure1_means.png",
        drawing.png(figure),
        f"Mean and 95 % interval over runs and images{diamonds}.",
        f"{'Our means beside the published ones' if published else 'Means'}: {alt}.",
    )


def of_two(contrast: Contrast, reference: ArmResult) -> Figure:
    """Returns the differences of each metric in percent of the reference's mean."""
    metrics = [
        metric
        for metric in METRICS
        if metric in contrast.differences
        and contrast.differences[metric].num_images
        and reference.means[metric].mean  # of 0 there are no percents
    ]
    figure, (plot,) = drawing.panels(1, 0.36 * len(metrics) + 1.0, num_columns=1)
    for row, metric in enumerate(metrics):
        scale = 100 / abs(reference.means[metric].mean)
        drawing.row(
            plot, row, contrast.differences[metric], contrast.of_runs[metric], scale
        )
    plot.set_yticks(
        range(len(metrics)),
        [heading(m) + (" (lower is better)" if m == "kld" else "") for m in metrics],
    )
    plot.set_xlabel(
        f"{contrast.arm} minus {contrast.reference}, % of {contrast.reference}"
    )
    drawing.as_rows(plot, len(metrics))
    said = "; ".join(
        f"{heading(m)} {contrast.differences[m].mean:+.3f}" for m in metrics
    )
    return Figure(
        "figure2_differences.png",
        drawing.png(figure),
        f"{contrast.arm.capitalize()} minus {contrast.reference}, in percent of the "
        "latter's mean, with 95 % interval; small dots: single runs. "
        "An interval left or right of 0 is a difference that counts.",
        f"Differences of {contrast.arm} to {contrast.reference}: {said}.",
    )


def of_games(games: Sequence[Game]) -> Figure:
    """Returns what both players logged over steps, with the band of health."""
    words = {k: v for k, v in MEASURES.items() if k != "logit_margin"}
    figure, plots = drawing.panels(len(words), 2.0, num_columns=2)
    said = []
    for plot, (measure, title) in zip(plots, words.items(), strict=True):
        if measure in health.BAND:
            low, high = health.BAND[measure]
            plot.axhspan(low, high, color=drawing.BLUE, alpha=0.12, linewidth=0)
        everything = []
        for game in games:
            seen = [window for window in game.windows if measure in window.means]
            values = [window.means[measure] for window in seen]
            everything += values
            steps = [window.step for window in seen]
            plot.plot(steps, values, color=drawing.BLUE, marker=".", linewidth=1)
        plot.set_title(title, loc="left", fontsize=10)
        highest = 1.0 if "accuracy" in measure else max([1.4, *everything])
        plot.set_ylim(0, 1.02 * highest)
        plot.set_xlabel("step")
        if everything:
            said.append(f"{title} {min(everything):.2f} to {max(everything):.2f}")
    return Figure(
        "game.png",
        drawing.png(figure),
        "Both players of each run, means over 100 steps, without the first 100; "
        "shaded: where a game lives.",
        f"Curves of the players: {'; '.join(said) or 'too short to draw'}.",
    )


def of_confidence(histograms: Mapping[str, np.ndarray], truth: np.ndarray) -> Figure:
    """Returns how often fixated pixels have which predicted probability.

    Args:
        histograms: int [NUM_BINS] by arm, two of them.
        truth: the same of the ground truth map.
    """
    figure, (plot,) = drawing.panels(1, 3.2, num_columns=1)
    edges = np.linspace(0, 1, NUM_BINS + 1)
    shown = [*histograms.items(), ("ground truth", truth)]
    styles = ((drawing.BLUE, "-"), (drawing.ORANGE, "-"), (drawing.GREY, "--"))
    said = []
    for (name, counts), (color, style) in zip(shown, styles, strict=True):
        shares = 100 * counts / max(1, counts.sum())
        plot.stairs(
            shares, edges, color=color, linestyle=style, linewidth=2, label=name
        )
        mean = float(np.sum(shares * (edges[:-1] + edges[1:]) / 2) / 100)
        said.append(f"{name}: mean about {mean:.2f}")
    plot.set_xlim(0, 1)
    plot.set_ylim(bottom=0)
    plot.set_xlabel("value of the map at a fixated pixel")
    plot.set_ylabel("% of fixated pixels")
    plot.legend(frameon=False)
    return Figure(
        "confidence.png",
        drawing.png(figure),
        "Values at fixated pixels, of all runs: predicted probability, and the ground "
        "truth map divided by its maximum.",
        f"Histograms of the values at fixated pixels. {'; '.join(said)}.",
    )
