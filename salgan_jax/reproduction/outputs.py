"""What an experiment leaves: numbers, tables and figures, each file whole."""

import json
import math
import pathlib
from typing import Any, NamedTuple

from salgan_jax import atomic
from salgan_jax.reproduction import figures, record, tables, verdicts
from salgan_jax.reproduction.figures import Figure
from salgan_jax.reproduction.found import Found
from salgan_jax.reproduction.results import ArmResult, Contrast
from salgan_jax.reproduction.tables import Table

NUMBERS, TABLES = "experiment.json", "tables.md"


class Shown(NamedTuple):
    """What is shown of it: sentences, tables and figures."""

    verdicts: list[str]
    notes: list[str]
    tables: list[Table]
    figures: list[Figure]

    def markdown(self, found: Found) -> str:
        """Returns everything but the figures as Markdown."""
        parts = [
            f"# {found.experiment.name} on {found.dataset}",
            found.experiment.question,
            *self.verdicts,
            *(table.markdown().rstrip() for table in self.tables),
            "\n".join(f"- {note}" for note in self.notes),
            record.in_words(found.provenance),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"


def shown(found: Found) -> Shown:
    """Returns what follows from the results; two losses have tables of their own."""
    notes = [*found.experiment.notes, *_notes(found)]
    if found.experiment.name == "perceptual_vs_content":
        return _of_two_losses(found, notes)
    return Shown(
        [verdicts.of_contrast(each) for each in found.contrasts],
        notes,
        [
            tables.of_arms(found.arms, found.published),
            tables.of_differences(
                found.arms, found.contrasts, found.experiment.reference
            ),
        ],
        [figures.of_arms(found.contrasts)] if found.contrasts else [],
    )


def write(workdir: pathlib.Path, found: Found, shown: Shown) -> list[str]:
    """Writes figures, tables and, last, numbers; returns the names of the files."""
    contents = {figure.file: figure.png for figure in shown.figures}
    contents[TABLES] = shown.markdown(found).encode()
    numbers = json.dumps(_known(_numbers(found, shown)), indent=1, allow_nan=False)
    contents[NUMBERS] = f"{numbers}\n".encode()
    for name, content in contents.items():
        with atomic.written_aside(workdir / name) as file:
            file.write(content)
    return list(contents)


def _of_two_losses(found: Found, notes: list[str]) -> Shown:
    (contrast,) = found.contrasts
    by_name = {arm.name: arm for arm in found.arms}
    first, second = by_name[contrast.arm], by_name[contrast.reference]
    both = [first, second]
    beside = []
    if found.published:
        beside = [tables.against_published(both, found.published)]
    return Shown(
        [verdicts.of_claim(contrast), verdicts.of_confidence(contrast)],
        notes,
        [
            *beside,
            tables.of_two(first, second, contrast),
            tables.of_confidence(first, second, contrast, found.true_means()),
        ],
        [
            figures.of_means(both, found.published),
            figures.of_two(contrast, second),
            figures.of_confidence(
                {arm.name: found.histogram(arm.name) for arm in both},
                found.true_histogram(),
            ),
        ],
    )


def _notes(found: Found) -> list[str]:
    notes = list(found.published.notes) if found.published else []
    provenance = found.provenance
    if provenance["folds"]:
        notes.append(
            f"Scored on the held-out folds of the {found.split} split, each image by "
            "the run that has not seen it."
        )
    elif len(provenance["seeds"]) == 1:
        notes.append(
            "One seed: the intervals are over images alone, and another seed may give "
            "another result."
        )
    if found.num_updates:
        number = next(iter(found.num_updates.values()))
        notes.append(
            f"After the bootstrap every run has made {number:,} generator updates."
        )
    notes.append(
        "Each run is scored at its last step, in the convention of the MIT/Tübingen "
        "benchmark. No p-value is corrected for the number of metrics or arms."
    )
    return notes


def _numbers(found: Found, shown: Shown) -> dict[str, Any]:
    experiment, published = found.experiment, found.published
    return {
        "experiment": experiment.name,
        "question": experiment.question,
        "dataset": found.dataset,
        "split": found.split,
        **found.provenance,
        "num_generator_updates": found.num_updates,
        "reference": experiment.reference,
        "arms": {arm.name: _arm(arm) for arm in found.arms},
        "differences": {each.arm: _contrast(each) for each in found.contrasts},
        "baselines": found.baselines,
        "ground_truth": found.true_means()
        | {"histogram": found.true_histogram().tolist()},
        "histograms": {
            arm.name: found.histogram(arm.name).tolist() for arm in found.arms
        },
        "published": published and published._asdict(),
        "runs": [
            {"name": each.run.name, "arm": each.run.arm, "step": each.step}
            for each in found.scored
        ],
        "verdicts": shown.verdicts,
        "notes": shown.notes,
        "provenance": record.in_words(found.provenance),
        "tables": [table._asdict() for table in shown.tables],
        "figures": [
            {"file": each.file, "caption": each.caption, "alt": each.alt}
            for each in shown.figures
        ],
    }


def _arm(arm: ArmResult) -> dict[str, Any]:
    return {
        "what": arm.what,
        "runs": arm.repeats,
        **{
            measure: mean._asdict()
            | {"of_runs": arm.of_runs[measure], "std": arm.deviations[measure]}
            for measure, mean in arm.means.items()
        },
    }


def _contrast(contrast: Contrast) -> dict[str, Any]:
    return {
        measure: found._asdict() | {"of_runs": contrast.of_runs[measure]}
        for measure, found in contrast.differences.items()
    }


def _known(value: Any) -> Any:
    """Returns a JSON value with null for NaN."""
    if isinstance(value, dict):
        return {name: _known(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_known(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
