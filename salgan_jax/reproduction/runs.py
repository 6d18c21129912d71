"""The runs of an experiment: each arm with each seed, or on each fold."""

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from ml_collections import ConfigDict

from salgan_jax import config as config_module
from salgan_jax import fields
from salgan_jax.errors import UserError, chosen
from salgan_jax.reproduction.arms import Arm, Experiment, Overrides
from salgan_jax.reproduction.repeats import Repeats
from salgan_jax.sweep import grid, points

FOLDER = "runs"


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
            own, alike = source, arm
            if arm.is_modern:
                own = _like(_with(source, arm.overrides), modern)
                alike = arm._replace(overrides={})
            start = {}
            if experiment.bootstrap is not None:
                folder = workdir / FOLDER / f"{experiment.bootstrap.name}-{repeat}"
                start = {"init_from": str(folder)}
            planned.append(_planned(alike, repeat, changes | start, own, workdir))
    return planned


def is_finished(run: PlannedRun) -> bool:
    """Whether the run has come to its end; its config is known to be the same."""
    record = points.read(run.folder)
    return record is not None and record.status == points.FINISHED


def _like(source: Source, modern: Source | None) -> Source:
    """Returns the first config with all that the second has not by default.

    Data, size and length stay the first's, where the second does not speak of them.
    """
    if modern is None:
        raise UserError(
            "this experiment compares with a second config: give it with --modern=FILE"
        )
    default = fields.flat(config_module.default().to_dict())
    found = {
        name: value
        for name, value in fields.flat(modern.config.to_dict()).items()
        if name != "name" and value != default[name]
    }
    return _with(source, found)


def _with(source: Source, overrides: Overrides) -> Source:
    return Source(
        source.file,
        {**source.overrides, **overrides},
        grid.at_point(source.config, overrides),
    )


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
