"""Per-image scores as people read them: means with intervals, a table, two files."""

import contextlib
import csv
import io
import json
import math
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from salgan_jax import atomic
from salgan_jax.evaluation import ScoreSheet
from salgan_jax.metrics import intervals
from salgan_jax.metrics.batches import CONVENTION, METRICS
from salgan_jax.metrics.intervals import MeanInterval

MODEL = "model"
Summary = dict[str, dict[str, MeanInterval]]
"""Means of the images, by row and metric."""

_HEADINGS = {
    "nss": "NSS ↑",
    "auc_judd": "AUC-Judd ↑",
    "cc": "CC ↑",
    "sim": "SIM ↑",
    "kld": "KLD ↓",
}


def summarise(sheet: ScoreSheet) -> Summary:
    """Returns the mean over images and its 95 % interval, for each row and metric."""
    return {
        row: {metric: intervals.bootstrap_mean(scores[metric]) for metric in METRICS}
        for row, scores in sheet.rows.items()
    }


def table(sheet: ScoreSheet, summary: Summary) -> str:
    """Returns a line for each row: mean ± half of its 95 % interval's width.

    Below the table stands which means lack images, because they have no fixations.
    """
    lines = [f"{'':18}" + "".join(f"{_HEADINGS[metric]:>17}" for metric in METRICS)]
    notes = []
    for row, means in summary.items():
        cells = [_cell(means[metric]) for metric in METRICS]
        lines.append(f"{row.replace('_', ' '):18}" + "".join(f"{c:>17}" for c in cells))
        for metric in METRICS:
            num_images = means[metric].num_images
            if num_images < len(sheet.images):
                notes.append(
                    f"{row} {metric}: {num_images} of {len(sheet.images)} images have "
                    "a score; the mean is over these"
                )
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


def _cell(mean: MeanInterval) -> str:
    if not mean.num_images:
        return "-"
    return f"{mean.mean:.3f} ± {(mean.high - mean.low) / 2:.3f}"


def _csv(sheet: ScoreSheet) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("image", *METRICS))
    scores = sheet.rows[MODEL]
    for i, image in enumerate(sheet.images):
        writer.writerow((image, *(f"{scores[metric][i]:.6f}" for metric in METRICS)))
    return buffer.getvalue()


def _json(sheet: ScoreSheet, summary: Summary, facts: Mapping[str, Any]) -> str:
    means = {
        row: {metric: _number_or_none(mean) for metric, mean in of_row.items()}
        for row, of_row in summary.items()
    }
    model = means.pop(MODEL)
    contents = {
        "convention": CONVENTION,
        **facts,
        "num_images": len(sheet.images),
        **model,
        "baselines": means,
    }
    return json.dumps(contents, indent=2, allow_nan=False) + "\n"


def _number_or_none(mean: MeanInterval) -> dict[str, float | int | None]:
    return {
        name: None if math.isnan(value) else value
        for name, value in mean._asdict().items()
    }
