"""The tables of an experiment: as Markdown, and as rows for the page of a report."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from salgan_jax.reproduction import cells, confidence
from salgan_jax.reproduction.mean_maps import MeanMaps
from salgan_jax.reproduction.published import Published
from salgan_jax.reproduction.results import (
    METRICS,
    ArmResult,
    Contrast,
    heading,
    known_metrics,
)

_ALL_PUBLISHED = METRICS[:7]  # the paper's, and those of its Fig. 3


class Table(NamedTuple):
    """A table of text.

    Attributes:
        title, caption: above and below it.
        header: of the columns.
        rows: cells, the first one the row's name.
    """

    title: str
    caption: str
    header: list[str]
    rows: list[list[str]]

    def markdown(self) -> str:
        """Returns the table as Markdown."""
        lines = [self.header, ["---"] * len(self.header), *self.rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"### {self.title}\n\n{body}\n\n{self.caption}\n"


def against_published(arms: Sequence[ArmResult], published: Published) -> Table:
    """Returns our means beside the authors', a row for each metric."""
    rows = [
        [
            heading(metric),
            *(cells.mean(arm.means[metric]) for arm in arms),
            *(_published(published, arm.name, metric) for arm in arms),
        ]
        for metric in known_metrics(arms, _ALL_PUBLISHED)
    ]
    return Table(
        "Our results against the authors' published numbers",
        "Mean ± half of its 95 % interval over runs and images. Published: "
        f"{published.source}.",
        [
            "",
            *(f"ours, {arm.name}" for arm in arms),
            *(f"published, {arm.name}" for arm in arms),
        ],
        rows,
    )


def of_two(first: ArmResult, second: ArmResult, contrast: Contrast) -> Table:
    """Returns two arms and their difference, a row for each metric."""
    rows = [
        [
            heading(metric) + (" (lower is better)" if metric == "kld" else ""),
            cells.mean(first.means[metric]),
            cells.mean(second.means[metric]),
            *cells.difference(contrast.differences[metric]),
            f"{contrast.num_agreeing(metric)} of {len(contrast.of_runs[metric])}",
        ]
        for metric in known_metrics([first, second], METRICS)
    ]
    return Table(
        f"{first.name.capitalize()} against {second.name}",
        f"Difference: {first.name} minus {second.name}, run by run and image by image, "
        "with its 95 % interval; sign: in how many runs it is that of the mean.",
        ["", first.name, second.name, "difference", "95 % interval", "p", "sign"],
        rows,
    )


def of_confidence(
    first: ArmResult, second: ArmResult, contrast: Contrast, truth: dict[str, float]
) -> Table:
    """Returns what kind of maps two arms make, beside the ground truth."""
    words = {
        confidence.CONFIDENCE: "mean value at fixated pixels",
        confidence.SPREAD: "their standard deviation / mean within an image",
        confidence.ENTROPY: "entropy of the map, bits",
        confidence.SHARPNESS: "differences between neighbours / sum of values, %",
        confidence.CALIBRATION: "calibration error",
    }
    rows = [
        [
            what,
            cells.mean(first.means[measure]),
            cells.mean(second.means[measure]),
            *cells.difference(contrast.differences[measure]),
            cells.NONE if math.isnan(truth[measure]) else f"{truth[measure]:.3f}",
        ]
        for measure, what in words.items()
    ]
    return Table(
        "What kind of maps: confidence, entropy, sharpness, calibration",
        "Of the predicted map, and of the ground truth map divided by its maximum. "
        "Entropy is of the map as a distribution over its pixels. Calibration: over "
        "twenty bins of predicted value, how far the truth's mean is from it.",
        [
            *("", first.name, second.name, "difference", "95 % interval", "p"),
            "ground truth",
        ],
        rows,
    )


def of_mean_maps(contrast: Contrast, found: MeanMaps) -> Table:
    """Returns how the mean maps of two arms' runs score, a row for each metric."""
    arms = contrast.arm, contrast.reference
    rows = [
        [
            heading(metric) + (" (lower is better)" if metric == "kld" else ""),
            *(cells.mean(found.means[arm][metric]) for arm in arms),
            *cells.difference(found.differences[metric]),
            cells.difference(contrast.differences[metric])[0],
        ]
        for metric in METRICS
        if found.differences[metric].num_images
    ]
    return Table(
        "The mean map of all runs",
        f"Of each image the mean of the maps of all {arms[0]} runs against that of all "
        f"{arms[1]} runs; intervals are over images. Last column: the difference where "
        "each run is scored alone, as above.",
        ["", *arms, "difference", "95 % interval", "p", "of single runs"],
        rows,
    )


def of_arms(arms: Sequence[ArmResult], published: Published | None) -> Table:
    """Returns the means of each arm, a row for each, beside what is published."""
    metrics = known_metrics(arms, METRICS)
    rows = []
    for arm in arms:
        row = [cells.mean(arm.means[metric]) for metric in metrics]
        if published:
            of_arm = published.scores.get(arm.name, {})
            row = [
                f"{cell}; published {of_arm[metric]:.3f}" if metric in of_arm else cell
                for metric, cell in zip(metrics, row, strict=True)
            ]
        rows.append([f"{arm.name}: {arm.what}", *row])
    source = f" Published: {published.source}." if published else ""
    return Table(
        "All arms",
        f"Mean ± half of its 95 % interval over runs and images.{source}",
        ["", *(heading(metric) for metric in metrics)],
        rows,
    )


def of_differences(
    arms: Sequence[ArmResult], contrasts: Sequence[Contrast], reference: str
) -> Table:
    """Returns how each arm differs from the reference, a row for each."""
    metrics = known_metrics(arms, METRICS)
    rows = [
        [
            contrast.arm,
            *(cells.in_one(contrast.differences[metric]) for metric in metrics),
        ]
        for contrast in contrasts
    ]
    return Table(
        f"Differences to {reference}",
        "Run by run and image by image: the mean difference (its 95 % interval); p.",
        ["", *(heading(metric) for metric in metrics)],
        rows,
    )


def _published(published: Published, arm: str, metric: str) -> str:
    value = published.scores.get(arm, {}).get(metric)
    return cells.NONE if value is None else f"{value:.3f}"
