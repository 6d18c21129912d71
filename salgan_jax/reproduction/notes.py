"""The sentences beside the results of an experiment: how its numbers were made."""

from salgan_jax.reproduction.found import Found


def of(found: Found) -> list[str]:
    """Returns the experiment's own notes, and those that follow from the runs."""
    notes = [*found.experiment.notes]
    if found.published:
        notes += found.published.notes
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
        notes.append(_on_updates(found))
    notes.append(
        "Each run is scored at its last step, in the convention of the MIT/Tübingen "
        "benchmark. No p-value is corrected for the number of metrics or arms."
    )
    return notes


def _on_updates(found: Found) -> str:
    if found.experiment.has_equal_updates:
        number = next(iter(found.num_updates.values()))
        return f"After the bootstrap every run has made {number:,} generator updates."
    of_arms = {each.run.arm: found.num_updates[each.run.name] for each in found.scored}
    numbers = ", ".join(f"{arm} {number:,}" for arm, number in of_arms.items())
    return f"Generator updates of a run: {numbers}."
