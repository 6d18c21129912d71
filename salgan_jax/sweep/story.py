"""The story of a sweep: its grid, its runs side by side or in a row, their scores."""

import pathlib
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from absl import logging
from ml_collections import ConfigDict

from salgan_jax import places
from salgan_jax.errors import UserError, listed
from salgan_jax.sweep import grid, points, results, running
from salgan_jax.sweep.devices import Environment
from salgan_jax.sweep.running import Ended, Job


class Recipe(NamedTuple):
    """How one run is started.

    Attributes:
        script: `launch/train.py`.
        file: of the config, with its variant.
        overrides: field -> value, of all runs.
        config: what the two give.
    """

    script: pathlib.Path
    file: str
    overrides: Mapping[str, Any]
    config: ConfigDict


def sweep(
    recipe: Recipe,
    workdir: str,
    words: Sequence[str],
    *,
    slots: Sequence[Environment],
    is_best: bool,
) -> int:
    """Trains a run for each point of a grid, and prints and writes their scores.

    Runs that were finished before are left alone; others go on where they were.

    Args:
        recipe: what all runs have in common.
        workdir: gets a workdir for each run, `sweep.csv`, `sweep_runs.csv` and
            `sweep.json`.
        words: the grid, as `seed=0,1,2`.
        slots: how many runs there are at a time, and what the environment of each has
            besides.
        is_best: the scores are those of each run's best evaluation, not of its last.

    Returns:
        The exit code: 1 where a run has failed, 130 after Ctrl-C, else 0.

    Raises:
        UserError: a point of the grid cannot be; no run was begun.
    """
    if places.is_bucket(workdir):
        raise UserError(f"--workdir={workdir}: a sweep is on a disk, not in a bucket")
    axes = grid.parse(words, recipe.config)
    chosen = grid.points(axes)
    grid.check(recipe.config, chosen)
    folder = pathlib.Path(workdir).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    with running.alone(folder) as lock, running.notice() as told:
        progress = _Progress(folder, recipe, chosen)
        running.run_all(
            progress.jobs(),
            slots,
            told,
            lock=lock,
            began=progress.began,
            ended=progress.ended,
        )
        runs = results.collect(folder, list(axes), is_best=is_best)
    found = results.means(runs)
    results.write(folder, runs, found)
    which = "best" if is_best else "last"
    print(f"\nscores of the {which} evaluation of each run:\n{results.run_table(runs)}")
    print(f"\nmean ± standard deviation over seeds:\n{results.table(found)}\n")
    print(f"written to {folder}/sweep.csv, sweep_runs.csv and sweep.json")
    return progress.exit_code(told)


class _Progress:
    """What has become of each point so far, said and kept as it happens."""

    def __init__(
        self, folder: pathlib.Path, recipe: Recipe, chosen: Sequence[grid.Point]
    ) -> None:
        self._folder = folder
        self._recipe = recipe
        self._points = {grid.name_of(point): point for point in chosen}
        self._status: dict[str, str] = {}

    def jobs(self) -> list[Job]:
        """Returns what is to be done, after noting what is done already."""
        jobs = []
        for name, point in self._points.items():
            config = grid.at_point(self._recipe.config, point)
            folder = self._folder / name
            if points.is_finished(folder, config):
                self._status[name] = points.FINISHED
                continue
            self._note(name, points.WAITING)
            command = [
                *(sys.executable, str(self._recipe.script)),
                *(f"--config={self._recipe.file}", f"--workdir={folder}"),
                *grid.overrides({**self._recipe.overrides, **point}),
            ]
            jobs.append(Job(name, command, folder / points.LOG))
        total = len(self._points)
        logging.info("%d runs, %d finished before", total, total - len(jobs))
        return jobs

    def began(self, job: Job) -> None:
        """Notes that a run has begun, or goes on."""
        self._note(job.name, points.RUNNING)
        logging.info("%s: begun; its log is %s", job.name, job.log)

    def ended(self, job: Job, end: Ended) -> None:
        """Notes how a run has ended."""
        folder = self._folder / job.name
        if end.code == 0 and points.has_last_step(folder):
            self._note(job.name, points.FINISHED)
            done = list(self._status.values()).count(points.FINISHED)
            logging.info(
                "%s: finished in %.0f s; %d of %d",
                *(job.name, end.seconds, done, len(self._points)),
            )
        elif end.code == 0 or end.was_told:
            self._note(job.name, points.INTERRUPTED)
            logging.info("%s: interrupted; it goes on at the next start", job.name)
        else:
            self._note(job.name, points.FAILED)
            logging.error("%s: failed: %s", job.name, points.why(folder, end.code))

    def exit_code(self, told: running.Notice) -> int:
        """Says what is not finished, and returns the exit code of the sweep."""
        failed = self._named(points.FAILED)
        if failed:
            print(f"failed: {listed(failed)}; the logs are {points.LOG} in each")
        left = [*self._named(points.INTERRUPTED), *self._named(points.WAITING)]
        if left:
            print(f"left to do: {listed(left)}; the same command goes on from here")
        if told.signal == signal.SIGINT:
            return 130
        return 1 if failed else 0

    def _named(self, status: str) -> list[str]:
        return [name for name, each in self._status.items() if each == status]

    def _note(self, name: str, status: str) -> None:
        self._status[name] = status
        config = grid.at_point(self._recipe.config, self._points[name])
        points.write(self._folder / name, config, status)
