"""The discriminator alone: two generators are trained and stand still, then many learn.

Each recipe of a discriminator is tried from several initial weights against a bad
generator, of one epoch, and a good one, of the config's whole bootstrap.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import logging

from salgan_jax import atomic
from salgan_jax.errors import UserError
from salgan_jax.reproduction import (
    checks,
    discriminator_alone,
    discriminator_shown,
    outputs,
    record,
    runs,
    stages,
)
from salgan_jax.reproduction.arms import Arm, Experiment
from salgan_jax.reproduction.discriminator_alone import Examples, Trial
from salgan_jax.reproduction.repeats import Repeats
from salgan_jax.reproduction.runs import PlannedRun, Source
from salgan_jax.sweep import grid, running
from salgan_jax.sweep.devices import Environment

FOLDER = "discriminators"


class Plan(NamedTuple):
    """What is asked for.

    Attributes:
        experiment: with the arms that are wanted.
        source: the config of generators and data.
        seeds: initial weights of the discriminators; the first is the generators' too.
        num_updates: of each discriminator.
        folder: gets everything.
    """

    experiment: Experiment
    source: Source
    seeds: tuple[int, ...]
    num_updates: int
    folder: pathlib.Path


def study(plan: Plan, script: pathlib.Path, slots: Sequence[Environment]) -> int:
    """Trains what is missing, writes and prints tables; returns the exit code.

    Args:
        plan: what is asked for.
        script: `launch/train.py`.
        slots: as in `story.reproduce`; for the two generators.

    Raises:
        UserError, FileNotFoundError: the config or the data cannot be used, or the
            folder holds another experiment.
    """
    generators = _generators(plan)
    checks.check_configs(list(generators.values()))
    checks.check_workdir(
        plan.folder,
        plan.experiment._replace(arms=tuple(_standing(plan.source))),
        generators.values(),
    )
    (plan.folder / runs.FOLDER).mkdir(parents=True, exist_ok=True)
    with running.alone(plan.folder) as lock:
        code = stages.train([list(generators.values())], script, slots, lock=lock)
        if code is not None:
            return code
        found = {name: _against(name, run, plan) for name, run in generators.items()}
        provenance = record.of_runs(
            list(generators.values()), plan.source, None, Repeats(plan.seeds)
        )
        shown = discriminator_shown.shown(plan.experiment, found, provenance)
        numbers = {
            "experiment": plan.experiment.name,
            "question": plan.experiment.question,
            "dataset": plan.source.config.data.dataset,
            "split": plan.source.config.data.eval_split,
            **provenance,
            "num_updates": plan.num_updates,
            "arms": {arm.name: arm.what for arm in plan.experiment.arms},
            "trials": found,
            **shown.as_json(),
        }
        written = outputs.write(plan.folder, shown, numbers)
    print(f"\n{shown.markdown()}")
    print(f"written to {plan.folder}: {', '.join(written)}")
    return 0


def _standing(source: Source) -> list[Arm]:
    """The runs whose generators stand still.

    Raises:
        UserError: both would be the same.
    """
    epochs = source.config.phases.bootstrap_epochs
    if epochs < 2:
        raise UserError(
            "discriminator compares the generators of one epoch and of the whole "
            f"bootstrap, and config.phases.bootstrap_epochs is {epochs}: make it 2 or "
            "more"
        )
    return [
        Arm(
            name,
            "content loss alone",
            {"phases.bootstrap_epochs": number, "phases.num_epochs": number},
        )
        for name, number in (("bad", 1), ("good", epochs))
    ]


def _generators(plan: Plan) -> dict[str, PlannedRun]:
    standing = plan.experiment._replace(arms=tuple(_standing(plan.source)))
    once = Repeats(plan.seeds[:1])
    planned = runs.of_all_arms(standing, plan.source, None, once, plan.folder)
    return {run.arm: run for run in planned}


def _against(
    name: str, generator: PlannedRun, plan: Plan
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Returns arm -> "seed0" -> what was seen at each look; makes what is missing."""
    examples: tuple[Examples, Examples] | None = None
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for arm in plan.experiment.arms:
        config = grid.at_point(plan.source.config, arm.overrides)
        trial: Trial | None = None
        found[arm.name] = {}
        for seed in plan.seeds:
            file = f"{arm.name}-{name}-seed{seed}-{plan.num_updates}.json"
            path = plan.folder / FOLDER / file
            if not path.exists():
                examples = examples or _examples(generator)
                trial = trial or Trial(config, *examples, plan.num_updates)
                looks = list(trial.looks(seed))
                _write(path, looks)
                logging.info("%s: loss %.3f", file, looks[-1]["discriminator_loss"])
            kept = json.loads(path.read_text(), parse_float=_rounded)
            found[arm.name][f"seed{seed}"] = kept
    return found


def _rounded(number: str) -> float:
    """Five digits: thousands of numbers of float32 would be a file twice as large."""
    return float(f"{float(number):.5g}")


def _examples(generator: PlannedRun) -> tuple[Examples, Examples]:
    data: Any = generator.config.data
    folder = str(generator.folder)
    seen, held_out = (
        discriminator_alone.predicted(generator.config, folder, split)
        for split in (data.train_split, data.eval_split)
    )
    return seen, held_out


def _write(path: pathlib.Path, content: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with atomic.written_aside(path) as file:
        file.write(json.dumps(content).encode())
