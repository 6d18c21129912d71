"""What the experiment `transfer` shows: its answers, tables and figure."""

from collections.abc import Mapping

from salgan_jax.reproduction import (
    difference_figures,
    notes,
    record,
    transfer_tables,
    verdicts,
)
from salgan_jax.reproduction.found import Found
from salgan_jax.reproduction.shown import Shown


def shown(found: Mapping[str, Found]) -> Shown:
    """Returns what follows from the results on all test sets, by their names.

    The verdicts are on each test set about the generator that was trained on it alone,
    where there is one.
    """
    first = next(iter(found.values()))
    datasets = ", ".join(each.dataset for each in found.values())
    return Shown(
        f"{first.experiment.name} on {datasets}",
        first.experiment.question,
        [
            f"Tested on {name}: {verdicts.of_contrast(contrast)}"
            for name, each in found.items()
            for contrast in each.contrasts
            if contrast.arm == name
        ],
        notes.of(first),
        [transfer_tables.of_means(found), transfer_tables.of_differences(found)],
        [
            difference_figures.of_test_sets(
                {name: each.contrasts for name, each in found.items()}
            )
        ],
        record.in_words(first.provenance),
    )
