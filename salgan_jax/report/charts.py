"""The curves of runs as SVG that takes its colours from the page, in light and dark."""

import html
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax import curves, health, run_pictures
from salgan_jax.evaluation import scores
from salgan_jax.report import axes
from salgan_jax.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axes
from salgan_jax.report.runs import Run

# A longer curve is drawn as the means of so many parts, within their extremes.
_MOST_POINTS = 120
_NETWORKS = (
    "content loss",
    "adversarial loss of both players",
    "accuracy of the discriminator",
)


class Line(NamedTuple):
    """A curve of a chart.

    Attributes:
        run: which of the runs, from 0; it chooses the colour.
        name: of the run.
        quantity: what is drawn, in words.
        is_dashed: it is the second quantity of the chart.
        steps, values: float64 [N], not empty.
    """

    run: int
    name: str
    quantity: str
    is_dashed: bool
    steps: np.ndarray
    values: np.ndarray


def draw_all(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Returns the charts as HTML: of the networks, of their scores, and the others."""
    drawn = [run_pictures.drawn(run.series) for run in runs]
    keys = list(dict.fromkeys(key for series in drawn for key in series))
    found: dict[str, list[str]] = {"networks": [], "scores": [], "others": []}
    last_step = max([1, *(s for each in drawn for at, _ in each.values() for s in at)])
    groups = curves.grouped(keys)
    for title, together in sorted(groups.items(), key=lambda x: x[0] not in _NETWORKS):
        lines = [
            Line(
                i,
                runs[i].name,
                curves.in_words(key.rpartition("/")[2]),
                second > 0,
                *(np.asarray(column, np.float64) for column in series[key]),
            )
            for i, series in enumerate(drawn)
            for second, key in enumerate(together)
            if key in series
        ]
        is_score = together[0].startswith("eval/")
        if is_score:
            title = scores.HEADINGS[together[0].removeprefix("eval/")][:-2]
        kind = "networks" if title in _NETWORKS else "scores" if is_score else "others"
        bands = [
            health.BAND[name]
            for name in (key.rpartition("/")[2] for key in together)
            if name in health.BAND
        ]
        found[kind].append(_figure(title, lines, runs, last_step, set(bands)))
    return found


def _figure(
    title: str,
    lines: Sequence[Line],
    runs: Sequence[Run],
    last_step: float,
    bands: Collection[tuple[float, float]],
) -> str:
    quantities = dict.fromkeys((line.quantity, line.is_dashed) for line in lines)
    key = "".join(
        f'<span class="quantity"><svg viewBox="0 0 24 6" aria-hidden="true">'
        f'<path class="line{" dashed" if is_dashed else ""}" d="M0 3H24"/></svg>'
        f"{html.escape(quantity)}</span>"
        for quantity, is_dashed in quantities
        if len(quantities) > 1
    )
    return (
        f'<figure class="chart"><figcaption><strong>{html.escape(title)}</strong>'
        f"{key}</figcaption>{_svg(title, lines, runs, last_step, bands)}</figure>"
    )


def _svg(
    title: str,
    lines: Sequence[Line],
    runs: Sequence[Run],
    last_step: float,
    bands: Collection[tuple[float, float]],
) -> str:
    scale = Axes(last_step, *_range([line.values for line in lines]))
    said = html.escape(_in_words(title, lines, runs))
    inside = WIDTH - LEFT  # what lies above or below the axis is cut
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">'
        f'<g class="grid">{"".join(_grid(scale))}</g>'
        f"{''.join(_phase_changes(scale, runs))}"
        f'<svg x="{LEFT}" y="{TOP}" width="{inside}" height="{HEIGHT - TOP - BOTTOM}" '
        f'viewBox="{LEFT} {TOP} {inside} {HEIGHT - TOP - BOTTOM}">'
        f"{''.join(_band(scale, *band) for band in bands)}"
        f"{''.join(_curve(scale, line) for line in lines)}</svg></svg>"
    )


def _range(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Returns the ends of the vertical axis, with a little room."""
    settled = curves.settled_range(values)
    if settled is not None:
        return settled
    low, high = (float(end(np.concatenate(values))) for end in (np.min, np.max))
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _grid(scale: Axes) -> Iterator[str]:
    for value in axes.ticks(scale.low, scale.high):
        y = f"{scale.y(value):.1f}"
        yield f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 6}" y="{y}" dy="4">{axes.label(value)}</text>'
    for step in axes.ticks(0, scale.last_step, most=4):
        at = f'x="{scale.x(step):.1f}" y="{HEIGHT - 8}"'
        yield f'<text class="step" {at}>{axes.label(step)}</text>'


def _phase_changes(scale: Axes, runs: Sequence[Run]) -> Iterator[str]:
    """Draws where adversarial phases begin, in the runs' colours where they differ."""
    steps = [run.phase_change for run in runs]
    drawn = sorted({step for step in steps if step and step <= scale.last_step})
    for row, step in enumerate(drawn):
        x, y = scale.x(step), TOP + 10 + 12 * row
        of_run = f" run-{steps.index(step) % 8}" if len(drawn) > 1 else ""
        is_late = step > 0.6 * scale.last_step
        text = "adversarial &rarr;" if is_late else "&rarr; adversarial"
        side = f'x="{x - 4:.1f}" class="before"' if is_late else f'x="{x + 4:.1f}"'
        yield (
            f'<g class="phase{of_run}"><path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
            f'<text {side} y="{y}">{text}</text></g>'
        )


def _band(scale: Axes, low: float, high: float) -> str:
    """Shades where a game lives; what lies outside the axes is cut."""
    top, bottom = scale.y(high), scale.y(low)
    return (
        f'<rect class="band" x="{LEFT}" y="{top:.1f}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{bottom - top:.1f}"/>'
    )


def _curve(scale: Axes, line: Line) -> str:
    dashed = " dashed" if line.is_dashed else ""
    group = f'<g class="run-{line.run % 8}">'
    steps, values, low, high = _reduced(line.steps, line.values)
    points = [
        f"{scale.x(x):.1f} {scale.y(y):.1f}" for x, y in zip(steps, values, strict=True)
    ]
    parts = [f'<path class="line{dashed}" d="M{"L".join(points)}"/>']
    if low is not None and high is not None:
        there = zip(steps, high, strict=True)
        back = zip(steps[::-1], low[::-1], strict=True)
        edge = [f"{scale.x(x):.1f} {scale.y(y):.1f}" for x, y in (*there, *back)]
        parts.insert(0, f'<path class="extremes" d="M{"L".join(edge)}Z"/>')
    if len(points) < 12:
        dots = (point.split() for point in points)
        parts += [f'<circle cx="{x}" cy="{y}" r="3"/>' for x, y in dots]
    return f"{group}{''.join(parts)}</g>"


def _reduced(
    steps: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Returns steps and values, and of a long curve the extremes around its means."""
    if len(values) <= _MOST_POINTS:
        return steps, values, None, None
    parts = np.array_split(values, _MOST_POINTS)
    means = [np.array([part.mean() for part in np.array_split(steps, _MOST_POINTS)])]
    means.append(np.array([part.mean() for part in parts]))
    low, high = (np.array([end(part) for part in parts]) for end in (np.min, np.max))
    return means[0], means[1], low, high


def _in_words(title: str, lines: Sequence[Line], runs: Sequence[Run]) -> str:
    """Returns what the chart shows, for those who do not see it."""
    said = [f"{title} over steps."]
    for line in lines:
        said.append(
            f"{line.name}, {line.quantity}: {line.values[0]:.3g} at step "
            f"{line.steps[0]:.0f}, {line.values[-1]:.3g} at step {line.steps[-1]:.0f}, "
            f"between {line.values.min():.3g} and {line.values.max():.3g}."
        )
    said += [
        f"The adversarial phase of {run.name} begins at step {run.phase_change}."
        for run in runs
        if run.phase_change
    ]
    return " ".join(said)
