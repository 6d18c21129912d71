"""The story of an experiment: its runs are trained, scored, compared and shown."""

import pathlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from absl import logging
from ml_collections import ConfigDict

from salgan_jax import places
from salgan_jax.errors import UserError
from salgan_jax.reproduction import (
    checks,
    discriminator_story,
    experiments,
    game,
    mean_maps,
    numbers,
    outputs,
    published,
    record,
    results,
    runs,
    scored_runs,
    scoring,
    stages,
    transfer_shown,
)
from salgan_jax.reproduction.arms import Experiment
from salgan_jax.reproduction.found import Found
from salgan_jax.reproduction.game import Game
from salgan_jax.reproduction.mean_maps import MeanMaps
from salgan_jax.reproduction.repeats import Repeats
from salgan_jax.reproduction.runs import PlannedRun, Source
from salgan_jax.reproduction.scored_runs import ScoredRun
from salgan_jax.sweep import running
from salgan_jax.sweep.devices import Environment


class Asked(NamedTuple):
    """What was asked for on the command line.

    Attributes:
        source: the config.
        modern: the second config; None: there is no such file.
        repeats: seeds or folds.
        arms: only these; none: all.
        workdir: "": `runs/EXPERIMENT-DATASET`.
        num_updates: of discriminators that learn alone.
    """

    source: Source
    modern: Source | None
    repeats: Repeats
    arms: Sequence[str]
    workdir: str
    num_updates: int


def reproduce(
    name: str, asked: Asked, script: pathlib.Path, slots: Sequence[Environment]
) -> int:
    """Trains and scores the runs of an experiment, and writes and prints its tables.

    Runs and scores that were finished before are left alone.

    Args:
        name: of the experiment.
        asked: what of it.
        script: `launch/train.py`.
        slots: how many runs there are at a time, and what the environment of each has
            besides.

    Returns:
        The exit code: 1 where a run has failed, 130 after Ctrl-C, else 0.

    Raises:
        UserError, FileNotFoundError: a run cannot be, or the workdir holds another
            experiment; nothing was begun.
    """
    source, repeats = asked.source, asked.repeats
    whole = experiments.of(name, source.config)
    experiment = runs.of_arms(whole, asked.arms)
    folder = _workdir(name, source.config, asked.workdir)
    if name == "discriminator":
        plan = discriminator_story.Plan(
            experiment, source, repeats.seeds, asked.num_updates, folder
        )
        return discriminator_story.study(plan, script, slots)
    first = runs.bootstraps(experiment, source, repeats, folder)
    second = runs.of_all_arms(experiment, source, asked.modern, repeats, folder)
    checks.check_test_sets(experiment, second)
    checks.check_configs(first or second)
    checks.check_configs(second, is_second_stage=bool(first))
    checks.check_workdir(folder, whole, [*first, *second])
    for note in experiment.notes:
        logging.info("%s", note)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / runs.FOLDER).mkdir(exist_ok=True)
    with running.alone(folder) as lock:
        planned = [stage for stage in (first, second) if stage]
        code = stages.train(planned, script, slots, lock=lock)
        if code is not None:
            return code
        found = _found(experiment, asked, [*first, *second], second, folder)
        if experiment.test_sets:
            shown = transfer_shown.shown(found)
            content = numbers.of_test_sets(found, shown)
        else:
            (only,) = found.values()
            shown = outputs.shown(only)
            content = numbers.of_one(only, shown)
        written = outputs.write(folder, shown, content)
    print(f"\n{shown.markdown()}")
    print(f"written to {folder}: {', '.join(written)}; every run is in {runs.FOLDER}/")
    return 0


def _found(
    experiment: Experiment,
    asked: Asked,
    everything: Sequence[PlannedRun],
    compared: Sequence[PlannedRun],
    folder: pathlib.Path,
) -> dict[str, Found]:
    """Returns the results by test set; of runs' own images alone under ""."""
    is_nested = bool(asked.repeats.num_folds)
    num_updates = {}
    if experiment.has_equal_updates or experiment.test_sets:
        num_updates = {run.name: record.generator_updates(run) for run in compared}
    if experiment.has_equal_updates:
        assert len(set(num_updates.values())) == 1, num_updates
    modern = asked.modern if any(arm.is_modern for arm in experiment.arms) else None
    provenance = record.of_runs(everything, asked.source, modern, asked.repeats)
    found = {}
    for name, scored in _scored(experiment, compared, is_nested=is_nested).items():
        dataset, split = scored[0].dataset, scored[0].split
        found[name] = Found(
            experiment,
            dataset,
            split,
            scored,
            results.of_arms(experiment, scored, is_nested=is_nested),
            results.contrasts(experiment, scored, is_nested=is_nested),
            scored_runs.baselines(scored),
            None if is_nested else published.find(experiment.name, dataset, split),
            num_updates,
            provenance,
            _games(experiment, compared),
            _mean_maps(experiment, asked.repeats, compared, folder),
        )
    return found


def _games(experiment: Experiment, compared: Sequence[PlannedRun]) -> list[Game]:
    """Returns the games of the runs, where the experiment is about the game."""
    if not experiment.has_equal_updates:
        return []
    found = [game.of_run(run) for run in compared]
    return [each for each in found if each is not None]


def _mean_maps(
    experiment: Experiment,
    repeated: Repeats,
    compared: Sequence[PlannedRun],
    folder: pathlib.Path,
) -> MeanMaps | None:
    """Returns how the two losses' mean maps score, where each has several runs."""
    is_of_one_run = repeated.num_folds or len(repeated.seeds) < 2
    if experiment.name != "perceptual_vs_content" or is_of_one_run:
        return None
    first, second = experiment.arms
    of_arm = mean_maps.score(compared, folder)
    both = of_arm[first.name], of_arm[second.name]
    return mean_maps.compared(*both, (first.name, second.name))


def _scored(
    experiment: Experiment, compared: Sequence[PlannedRun], *, is_nested: bool
) -> dict[str, list[ScoredRun]]:
    if experiment.test_sets:
        return {
            name: scoring.score_on(compared, name, dataset)
            for name, dataset in experiment.test_sets.items()
        }
    if not is_nested:
        return {"": scoring.score(compared)}
    # Each fold has images of its own.
    folds = dict.fromkeys(run.repeat for run in compared)
    groups = [[run for run in compared if run.repeat == fold] for fold in folds]
    return {"": [each for group in groups for each in scoring.score(group)]}


def _workdir(name: str, config: ConfigDict, workdir: str) -> pathlib.Path:
    if places.is_bucket(workdir):
        raise UserError(
            f"--workdir={workdir}: an experiment is on a disk, not in a bucket"
        )
    dataset = re.sub(r"[^\w.=-]+", "_", config.data.dataset)
    return pathlib.Path(workdir or f"runs/{name}-{dataset}").expanduser().absolute()
