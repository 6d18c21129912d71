"""What an experiment leaves: numbers, tables and figures, each file whole."""

import json
import pathlib
from collections.abc import Mapping
from typing import Any

from salgan_jax import atomic
from salgan_jax.reproduction import (
    difference_figures,
    figures,
    game,
    notes,
    record,
    results,
    tables,
    verdicts,
)
from salgan_jax.reproduction.found import Found
from salgan_jax.reproduction.shown import Shown

NUMBERS, TABLES = "experiment.json", "tables.md"


def shown(found: Found) -> Shown:
    """Returns what follows from the results; two losses have tables of their own."""
    empty = Shown(
        f"{found.experiment.name} on {found.dataset}",
        found.experiment.question,
        [],
        notes.of(found),
        [],
        [],
        record.in_words(found.provenance),
    )
    if found.experiment.name == "perceptual_vs_content":
        return _of_two_losses(found, empty)
    games = found.games
    return empty._replace(
        verdicts=[verdicts.of_contrast(each) for each in found.contrasts],
        tables=[
            tables.of_arms(found.arms, found.published),
            tables.of_differences(
                found.arms, found.contrasts, found.experiment.reference
            ),
            *([game.table(games)] if games else []),
        ],
        figures=[difference_figures.of_arms(found.contrasts)]
        if found.contrasts
        else [],
    )


def write(workdir: pathlib.Path, shown: Shown, numbers: Mapping[str, Any]) -> list[str]:
    """Writes figures, tables and, last, numbers; returns the names of the files."""
    contents = {figure.file: figure.png for figure in shown.figures}
    contents[TABLES] = shown.markdown().encode()
    text = json.dumps(numbers, indent=1, allow_nan=False)
    contents[NUMBERS] = f"{text}\n".encode()
    for name, content in contents.items():
        with atomic.written_aside(workdir / name) as file:
            file.write(content)
    return list(contents)


def _of_two_losses(found: Found, empty: Shown) -> Shown:
    (contrast,) = found.contrasts
    by_name = {arm.name: arm for arm in found.arms}
    first, second = by_name[contrast.arm], by_name[contrast.reference]
    both = [first, second]
    beside, of_means = [], []
    if found.published:
        beside = [tables.against_published(both, found.published)]
    if found.mean_maps:
        of_means = [tables.of_mean_maps(contrast, found.mean_maps)]
    return empty._replace(
        verdicts=[
            verdicts.of_claim(contrast),
            verdicts.of_contrast(contrast, results.METRICS),
            verdicts.of_confidence(contrast),
            game.verdict(found.games),
        ],
        tables=[
            *beside,
            tables.of_two(first, second, contrast),
            *of_means,
            tables.of_confidence(first, second, contrast, found.true_means()),
            game.table(found.games),
        ],
        figures=[
            figures.of_means(both, found.published),
            figures.of_two(contrast, second),
            figures.of_confidence(
                {arm.name: found.histogram(arm.name) for arm in both},
                found.true_histogram(),
            ),
            figures.of_games(found.games),
        ],
    )
