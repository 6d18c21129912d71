"""Per-image scores as people read them: means with intervals, a table, two files."""

import contextlib
import csv
import io
import json
import math
import os
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from salgan_jax import atomic
from salgan_jax.evaluation.protocol import ScoreSheet
from salgan_jax.evaluation.scoring import Scores
from salgan_jax.metrics import intervals
from salgan_jax.metrics.intervals import MeanDifference, MeanInterval

MODEL, COMPARED = "model", "compared"
_CENTRE, _CEILING = "centre_prior", "human_ceiling"

HEADINGS = {
    "nss": "NSS ↑",
    "auc": "AUC ↑",
    "auc_judd": "AUC-Judd ↑",
    "auc_borji": "AUC-Borji ↑",
    "sauc": "sAUC ↑",
    "cc": "CC ↑",
    "sim": "SIM ↑",
    "kld": "KLD ↓",
    "ig": "IG ↑",
    "emd": "EMD ↓",
}


def is_less_better(metric: str) -> bool:
    """Whether the lower of two scores is the better one."""
    return HEADINGS[metric].endswith("↓")


class Summary(NamedTuple):
    """What the scores of many images come to.

    Attributes:
        means: by row and metric.
        fractions: where the model stands between the centre prior, 0, and people, 1, by
            metric; None where there is no such place.
        differences: the model minus the one it is compared with, by metric; empty
            without such a one.
    """

    means: dict[str, dict[str, MeanInterval]]
    fractions: dict[str, float | None]
    differences: dict[str, MeanDifference]


def summarise(sheet: ScoreSheet, compared: Scores | None = None) -> Summary:
    """Returns means over images with their 95 % intervals, and what follows from them.

    Args:
      sheet: with a row `model`.
      compared: the scores of another model for the same images in the same order.
    """
    means = {
        row: {name: intervals.bootstrap_mean(values) for name, values in scores.items()}
        for row, scores in sheet.rows.items()
    }
    model = sheet.rows[MODEL]
    differences = {
        name: intervals.bootstrap_difference(model[name], values)
        for name, values in (compared or {}).items()
        if name in model
    }
    return Summary(means, {name: _fraction(means, name) for name in model}, differences)


def table(sheet: ScoreSheet, summary: Summary) -> str:
    """Returns a line for each row: mean ± half of its 95 % interval's width.

    Below stand the model's place between centre prior and people, the differences to
    another model, and which means lack images.
    """
    metrics = list(summary.fractions)
    lines = [f"{'':20}" + "".join(f" {HEADINGS[name]:>15}" for name in metrics)]
    notes = []
    for row, means in summary.means.items():
        lines.append(_line(row, [_cell(means[name]) for name in metrics]))
        for name in metrics:
            number = means[name].num_images
            if 0 < number < len(sheet.images):
                notes.append(
                    f"{row} {name}: {number} of {len(sheet.images)} images have "
                    "a score; the mean is over these"
                )
    if _CEILING in summary.means:
        places = [summary.fractions[name] for name in metrics]
        cells = ["-" if place is None else f"{place:.1%}" for place in places]
        lines.append(_line("of ceiling", cells))
        notes.append("of ceiling: model between centre prior, 0 %, and ceiling, 100 %")
    if summary.differences:
        found = [summary.differences.get(name) for name in metrics]
        cells = ["-" if each is None else _difference(each) for each in found]
        lines.append(_line("difference", cells))
        cells = ["-" if each is None else f"{each.p_value:.4f}" for each in found]
        lines.append(_line("p value", cells))
        notes.append("difference: model minus compared, image by image; p: bootstrap")
    return "\n".join(lines + notes)


def write(
    directory: str | os.PathLike[str],
    sheet: ScoreSheet,
    summary: Summary,
    *,
    facts: Mapping[str, Any],
) -> None:
    """Writes `metrics.csv`, the model's images, and `metrics.json`, all means.

    Files of an earlier run are replaced when both new ones are complete. NaN, no score,
    is `nan` in the CSV and `null` in the JSON.

    Args:
      directory: must exist.
      sheet: with a row `model`.
      summary: of the sheet.
      facts: what was scored: dataset, split, checkpoint and so on; into the JSON.
    """
    directory = pathlib.Path(directory).expanduser()
    with contextlib.ExitStack() as both:
        for name, text in (
            ("metrics.csv", _csv(sheet)),
            ("metrics.json", _json(sheet, summary, facts)),
        ):
            file = both.enter_context(atomic.written_aside(directory / name))
            file.write(text.encode())


def _fraction(
    means: Mapping[str, Mapping[str, MeanInterval]], name: str
) -> float | None:
    """Returns where the model lies between centre prior and people."""
    if not {_CENTRE, _CEILING} <= means.keys():
        return None
    low, high = means[_CENTRE][name].mean, means[_CEILING][name].mean
    fraction = (
        (means[MODEL][name].mean - low) / (high - low) if high != low else math.nan
    )
    return fraction if math.isfinite(fraction) else None


def _line(row: str, cells: list[str]) -> str:
    return f"{row.replace('_', ' '):20}" + "".join(f" {cell:>15}" for cell in cells)


def _cell(mean: MeanInterval) -> str:
    if not mean.num_images:
        return "-"
    return f"{mean.mean:.3f} ± {(mean.high - mean.low) / 2:.3f}"


def _difference(difference: MeanDifference) -> str:
    if not difference.num_images:
        return "-"
    half = (difference.high - difference.low) / 2
    return f"{difference.mean:+.3f} ± {half:.3f}"


def _csv(sheet: ScoreSheet) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    scores = sheet.rows[MODEL]
    writer.writerow(("image", *scores))
    for i, image in enumerate(sheet.images):
        writer.writerow((image, *(f"{values[i]:.6f}" for values in scores.values())))
    return buffer.getvalue()


def _json(sheet: ScoreSheet, summary: Summary, facts: Mapping[str, Any]) -> str:
    rows = {
        row: {name: _known(mean._asdict()) for name, mean in of_row.items()}
        for row, of_row in summary.means.items()
    }
    model, compared = rows.pop(MODEL), rows.pop(COMPARED, {})
    contents = {
        "convention": sheet.convention,
        **facts,
        "num_images": len(sheet.images),
        **model,
        "baselines": rows,
        "compared_scores": compared,
        "fraction_of_ceiling": summary.fractions,
        "differences": {
            name: _known(each._asdict()) for name, each in summary.differences.items()
        },
    }
    return json.dumps(contents, indent=2, allow_nan=False) + "\n"


def _known(numbers: Mapping[str, float | int]) -> dict[str, float | int | None]:
    return {
        name: None if math.isnan(value) else value for name, value in numbers.items()
    }
