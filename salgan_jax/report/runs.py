"""What a report needs to know of a run: config, plan, curves and starts."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax import checkpoints, experiment, places, scalars
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.data import selection
from salgan_jax.data.selection import Folds
from salgan_jax.errors import UserError, printable
from salgan_jax.schedule import Schedule

PROVENANCE = "provenance.jsonl"


class Run(NamedTuple):
    """A run as the page shows it.

    Attributes:
        workdir: as it was given.
        name: what the page calls it.
        step: updates that its newest intact checkpoint has seen.
        config: of that checkpoint.
        plan: which update ran when; None where its training data are not here.
        series: its scalars.
        provenance: what was recorded at each of its starts; None: nothing was.
    """

    workdir: str
    name: str
    step: int
    config: ConfigDict
    plan: Schedule | None
    series: scalars.Series
    provenance: list[Any] | None

    @property
    def phase_change(self) -> int | None:
        """The first adversarial step; None without such a phase, or if unknown."""
        if self.plan is None:
            return None
        step = self.plan.bootstrap_steps
        return step if 0 < step < self.plan.num_steps else None


def open_runs(
    workdirs: Sequence[str], names: Sequence[str], data_dir: str | None
) -> list[Run]:
    """Returns the runs in some workdirs, in their order.

    Args:
        workdirs: of runs.
        names: what to call them; none: as their folders are called.
        data_dir: where data sets lie now, if it is not as in the configs.

    Raises:
        FileNotFoundError: a workdir has no checkpoint.
        UserError: a checkpoint cannot be used, a file of the run is broken, a workdir
            is there twice, or the names are not as many as the runs.
    """
    names = _names(workdirs, names)
    return [
        _open(workdir, name, data_dir)
        for workdir, name in zip(workdirs, names, strict=True)
    ]


def load_generator(run: Run) -> LoadedGenerator:
    """Returns the generator of the run's checkpoint."""
    return checkpoints.load_generator(run.workdir, run.step)


def _open(workdir: str, name: str, data_dir: str | None) -> Run:
    loaded = checkpoints.load_generator(workdir)
    return Run(
        workdir,
        name,
        loaded.step,
        loaded.config,
        _plan(loaded.config, data_dir),
        scalars.read(workdir),
        _provenance(workdir),
    )


def _names(workdirs: Sequence[str], names: Sequence[str]) -> list[str]:
    """Returns distinct names: as given, or the ends of the paths."""
    if names and (len(names) != len(workdirs) or len(set(names)) < len(names)):
        raise UserError(
            f"--names={','.join(names)} has {len(set(names))} different names for "
            f"{len(workdirs)} runs: give one for each, separated by commas"
        )
    paths = [places.as_path(workdir).parts for workdir in workdirs]
    twice = [
        w for w, path in zip(workdirs, paths, strict=True) if paths.count(path) > 1
    ]
    if twice:
        raise UserError(f"{twice[-1]} is given twice: a report shows each run once")
    depth, found = 0, list(names)
    while len(set(found)) < len(workdirs):
        depth += 1
        found = ["/".join(path[-depth:]) for path in paths]
    return [printable(name) for name in found]


def _plan(config: ConfigDict, data_dir: str | None) -> Schedule | None:
    data: Any = config.data
    try:
        parts = selection.open_training(
            data.dataset,
            data.train_split,
            str(data.data_dir if data_dir is None else data_dir),
            Folds(data.num_folds, data.fold),
        )
    except FileNotFoundError:
        return None
    return experiment.make_plan(config, sum(len(part.rows) for part in parts))


def _provenance(workdir: str) -> list[Any] | None:
    """Returns the complete lines of the file."""
    path = places.as_path(workdir) / PROVENANCE
    if not path.exists():
        return None
    starts = []
    for number, line in enumerate(path.read_text().split("\n")[:-1], start=1):
        try:
            starts.append(json.loads(line))
        except ValueError as error:
            raise UserError(
                f"{path} is broken in line {number} ({error}): mend or remove it"
            ) from error
    return starts
