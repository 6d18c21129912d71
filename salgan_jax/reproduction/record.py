"""Where the numbers of an experiment come from: code, machines, hours, config."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from salgan_jax import provenance
from salgan_jax.data import selection
from salgan_jax.data.selection import Folds
from salgan_jax.errors import UserError
from salgan_jax.experiment import make_plan
from salgan_jax.reproduction import stages
from salgan_jax.reproduction.repeats import Repeats
from salgan_jax.reproduction.runs import PlannedRun, Source
from salgan_jax.schedule import Update
from salgan_jax.sweep import points


def of_runs(
    planned: Sequence[PlannedRun],
    source: Source,
    modern: Source | None,
    repeats: Repeats,
) -> dict[str, Any]:
    """Returns the provenance of all runs together, as JSON has it."""
    starts = [start for run in planned for start in provenance.read(str(run.folder))]
    machines = [start["machine"] for start in starts]
    devices = {
        kind: number
        for machine in machines
        for kind, number in machine["devices"].items()
    }
    found = {
        "config": {"file": source.file, "overrides": _as_json(source.overrides)},
        "commit": _distinct([_commit(start) for start in starts]),
        "seeds": repeats.all_seeds,
        "folds": repeats.num_folds,
        "machine": _distinct([_machine_in_words(machine) for machine in machines]),
        "devices": devices,
        "hours": sum(map(stages.seconds, planned)) / 3600,
        "command": shlex.join(["python", *sys.argv]),
    }
    if modern is not None:
        found["modern"] = {
            "file": modern.file,
            "overrides": _as_json(modern.overrides),
        }
    return found


def in_words(found: Mapping[str, Any]) -> str:
    """Returns the provenance in a line."""
    repeats = f"seeds {', '.join(map(str, found['seeds']))}"
    if found["folds"]:
        repeats = f"{found['folds']} folds, {repeats}"
    devices = ", ".join(
        f"{number} x {kind}" for kind, number in found["devices"].items()
    )
    changed = "".join(
        f" {name}={value}" for name, value in found["config"]["overrides"].items()
    )
    return (
        f"Config {found['config']['file']}{changed}; code "
        f"{' and '.join(found['commit']) or 'unknown'}; {repeats}; "
        f"{' and '.join(found['machine'])} ({devices}); {found['hours']:.2f} hours of "
        f"training; `{found['command']}`"
    )


def generator_updates(run: PlannedRun) -> int:
    """Returns how many updates of its generator a finished run has made.

    Raises:
        UserError: the run has another number of steps than its config says.
    """
    data: Any = run.config.data
    parts = selection.open_training(
        data.dataset, data.train_split, data.data_dir, Folds(data.num_folds, data.fold)
    )
    plan = make_plan(run.config, sum(len(part.rows) for part in parts))
    starts = provenance.read(str(run.folder))
    if (
        not points.has_last_step(run.folder)
        or starts[-1]["num_steps"] != plan.num_steps
    ):
        raise UserError(
            f"{run.folder} is not a run of {plan.num_steps} steps, as its config and "
            "its data say now: use another --workdir"
        )
    kinds = [plan.update_at(step) for step in range(plan.num_steps)]
    return len(kinds) - kinds.count(Update.DISCRIMINATOR)


def _commit(start: Mapping[str, Any]) -> str:
    git = start["git"]
    if not git:
        return ""
    return git["revision"] + (" with changes" if git["is_dirty"] else "")


def _machine_in_words(machine: Mapping[str, Any]) -> str:
    cores = "1 core" if machine["cores"] == 1 else f"{machine['cores']} cores"
    return f"{machine['host']}, {machine['cpu']}, {cores}"


def _distinct(texts: Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]


def _as_json(overrides: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in overrides.items()
    }
