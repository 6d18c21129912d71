"""What is looked at before the first run: every config, and what the workdir holds."""

import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

from salgan_jax import compatibility, initial_weights, training_input, wandb_run
from salgan_jax import config as config_module
from salgan_jax.errors import UserError
from salgan_jax.reproduction.arms import Experiment
from salgan_jax.reproduction.runs import FOLDER, PlannedRun
from salgan_jax.sweep import points

# These decide what is learned or scored, though a run may go on with others.
_DECISIVE = {"init_from", "phases.num_epochs", "data.eval_split"}
_MAY_DIFFER = tuple(set(compatibility.RESUMABLE_FIELDS) - _DECISIVE)


def check_configs(
    planned: Sequence[PlannedRun], *, is_second_stage: bool = False
) -> None:
    """Checks the config of every run, so that none is begun where another cannot be.

    Raises:
        UserError, FileNotFoundError: names the run and what is wrong with it.
    """
    seen = set()
    for run in planned:
        try:
            config_module.validate(run.config)
            wandb_run.check_installed(run.config.logging.wandb_project)
            if run.config.init_from != "random" and not is_second_stage:
                initial_weights.existing(run.config.init_from)
            read = run.config.data.to_json(), run.config.losses.to_json()
            if read not in seen:
                training_input.open_input(training_input.with_full_names(run.config))
                seen.add(read)
        except (UserError, FileNotFoundError) as error:
            raise UserError(f"{run.name}: {error}") from error


def check_test_sets(experiment: Experiment, planned: Iterable[PlannedRun]) -> None:
    """Checks that runs which are scored on several test sets hold out no fold.

    Raises:
        UserError: a run does.
    """
    if experiment.test_sets and any(run.config.data.num_folds for run in planned):
        raise UserError(
            f"{experiment.name} scores the evaluation split of every data set, not "
            "folds: leave out --folds and config.data.num_folds, and give --seeds"
        )


def check_workdir(
    workdir: pathlib.Path, experiment: Experiment, planned: Iterable[PlannedRun]
) -> None:
    """Checks that what a workdir holds is this experiment, of the same config.

    Args:
        workdir: of the experiment.
        experiment: with all of its arms.
        planned: the runs that are wanted now.

    Raises:
        UserError: there is a run of another experiment, or of another config.
    """
    folder = workdir / FOLDER
    if not folder.is_dir():
        return
    wanted = {run.name: run for run in planned}
    arms = {arm.name for arm in experiment.arms}
    if experiment.bootstrap is not None:
        arms.add(experiment.bootstrap.name)
    for record in points.read_all(folder):
        arm = record.name.rpartition("-")[0]
        if arm not in arms:
            raise UserError(
                f"{workdir} holds a run {record.name!r}, of another experiment: use "
                "another --workdir"
            )
        if record.name in wanted:
            _check_same(workdir, record, wanted[record.name])


def _check_same(workdir: pathlib.Path, record: points.Record, run: PlannedRun) -> None:
    wanted = points.as_json(run.config)
    for field in sorted(wanted.keys() | record.config.keys()):
        before, now = record.config.get(field), wanted.get(field)
        if before == now or _may_differ(field):
            continue
        # The folder may have been moved, with the bootstrap in it.
        if field == "init_from" and _is_moved(before, now):
            continue
        raise UserError(
            f"{workdir} holds this experiment with another config ({record.name}: "
            f"{field} was {before!r}, now {now!r}): use another --workdir, or the "
            "config that it was started with"
        )


def _is_moved(before: Any, now: Any) -> bool:
    paths = [pathlib.PurePath(str(each)) for each in (before, now)]
    return paths[0].name == paths[1].name and paths[1].parent.name == FOLDER


def _may_differ(field: str) -> bool:
    return any(field == name or field.startswith(f"{name}.") for name in _MAY_DIFFER)
