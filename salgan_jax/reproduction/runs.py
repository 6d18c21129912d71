"""The runs of an experiment: each arm with each seed, or on each fold."""

import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax.errors import UserError, chosen
from salgan_jax.reproduction.arms import Arm, Experiment, Overrides
from salgan_jax.reproduction.repeats import Repeats
from salgan_jax.sweep import grid, points

FOLDER = "runs"
# What the second config takes from the first: both are scored on the same images.
_SHARED = ("data.dataset", "data.data_dir", "data.train_split", "data.eval_split")


class Source(NamedTuple):
    """A config as the command line has it.

    Attributes:
        file: with its variant.
        overrides: field -> value, of what was changed of it.
        config: what the two give.
    """

    file: str
    overrides: Overrides
    config: ConfigDict


class PlannedRun(NamedTuple):
    """A run of an experiment.

    Attributes:
        name: of its folder.
        arm: its name.
        repeat: "seed0" or "fold0".
        folder: its workdir.
        file: of its config, with the variant.
        overrides: field -> value, all that its command line has.
        config: what the two give.
    """

    name: str
    arm: str
    repeat: str
    folder: pathlib.Path
    file: str
    overrides: Overrides
    config: ConfigDict


def of_arms(experiment: Experiment, names: Sequence[str]) -> Experiment:
    """Returns the experiment with some of its arms, and always with the reference.

    Args:
        experiment: with all arms.
        names: none: all of them.

    Raises:
        UserError: there is no such arm, or nothing to compare the reference with.
    """
    known = [arm.name for arm in experiment.arms]
    wanted = {chosen(name, known, "--arms") for name in names or known}
    wanted.add(experiment.reference)
    if wanted == {experiment.reference}:
        others = ", ".join(name for name in known if name != experiment.reference)
        raise UserError(
            f"--arms={','.join(names)} is what the others are compared with: name one "
            f"of these too: {others}"
        )
    arms = tuple(arm for arm in experiment.arms if arm.name in wanted)
    return experiment._replace(arms=arms)


def bootstraps(
    experiment: Experiment, source: Source, repeats: Repeats, workdir: pathlib.Path
) -> list[PlannedRun]:
    """Returns the runs that the others go on from; none where there are none."""
    if experiment.bootstrap is None:
        return []
    return [
        _planned(experiment.bootstrap, repeat, changes, source, workdir)
        for repeat, changes in repeats.overrides().items()
    ]


def of_all_arms(
    experiment: Experiment,
    source: Source,
    modern: Source | None,
    repeats: Repeats,
    workdir: pathlib.Path,
) -> list[PlannedRun]:
    """Returns the runs that are compared: of each repeat every arm.

    Raises:
        UserError: an arm needs the second config, and there is none.
    """
    planned = []
    for repeat, changes in repeats.overrides().items():
        for arm in experiment.arms:
            own = source
            if arm.is_modern:
                own = _like(source, modern)
            start = {}
            if experiment.bootstrap is not None:
                folder = workdir / FOLDER / f"{experiment.bootstrap.name}-{repeat}"
                start = {"init_from": str(folder)}
            planned.append(_planned(arm, repeat, changes | start, own, workdir))
    return planned


def is_finished(run: PlannedRun) -> bool:
    """Whether the run has come to its end; its config is known to be the same."""
    record = points.read(run.folder)
    return record is not None and record.status == points.FINISHED


def _like(source: Source, modern: Source | None) -> Source:
    """Returns the second config with the data of the first."""
    if modern is None:
        raise UserError(
            "this experiment compares with a second config: give it with --modern=FILE"
        )
    flat = {name: _value(source.config, name) for name in _SHARED}
    config = grid.at_point(modern.config, flat)
    return Source(modern.file, {**modern.overrides, **flat}, config)


def _planned(
    arm: Arm,
    repeat: str,
    changes: Overrides,
    source: Source,
    workdir: pathlib.Path,
) -> PlannedRun:
    name = f"{arm.name}-{repeat}"
    own = {**arm.overrides, **changes, "name": name}
    return PlannedRun(
        name,
        arm.name,
        repeat,
        workdir / FOLDER / name,
        source.file,
        {**source.overrides, **own},
        grid.at_point(source.config, own),
    )


def _value(config: ConfigDict, field: str) -> Any:
    section, _, name = field.partition(".")
    return config[section][name]
