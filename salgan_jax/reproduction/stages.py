"""Training the runs of an experiment: one stage after the other, each as processes."""

import json
import pathlib
import signal
import sys
from collections.abc import Sequence

from absl import logging

from salgan_jax import places
from salgan_jax.errors import listed
from salgan_jax.reproduction import runs
from salgan_jax.reproduction.runs import PlannedRun
from salgan_jax.sweep import grid, points, running
from salgan_jax.sweep.devices import Environment
from salgan_jax.sweep.running import Ended, Job

SECONDS = "seconds.json"


def train(
    stages: Sequence[Sequence[PlannedRun]],
    script: pathlib.Path,
    slots: Sequence[Environment],
    *,
    lock: int,
) -> int | None:
    """Trains what is not finished, a stage when the one before it is.

    Ctrl-C, SIGTERM and a closed terminal make the runs save and end.

    Args:
        stages: runs that may be trained at the same time.
        script: `launch/train.py`.
        slots: how many runs there are at a time, and what the environment of each has
            besides.
        lock: from `running.alone`.

    Returns:
        None where all are finished; else the exit code: 1 where a run has failed, 130
        after Ctrl-C, else 0.
    """
    total = sum(map(len, stages))
    done = sum(runs.is_finished(run) for stage in stages for run in stage)
    logging.info("%d runs, %d finished before", total, done)
    with running.notice() as told:
        for stage in stages:
            progress = _Progress(stage, script)
            running.run_all(
                progress.jobs(),
                slots,
                told,
                lock=lock,
                began=progress.began,
                ended=progress.ended,
            )
            if not all(map(runs.is_finished, stage)):
                break
    return _exit_code([run for stage in stages for run in stage], told)


def seconds(run: PlannedRun) -> float:
    """Returns how long the processes of a run have taken, all its starts together."""
    path = run.folder / SECONDS
    return float(json.loads(path.read_text())) if path.exists() else 0.0


class _Progress:
    """What becomes of the runs of a stage, said and kept as it happens."""

    def __init__(self, stage: Sequence[PlannedRun], script: pathlib.Path) -> None:
        self._runs = {run.name: run for run in stage}
        self._script = script

    def jobs(self) -> list[Job]:
        """Returns what is to be done, after noting that it waits."""
        jobs = []
        for run in self._runs.values():
            if runs.is_finished(run):
                continue
            self._note(run, points.WAITING)
            command = [
                *(sys.executable, str(self._script), f"--config={run.file}"),
                f"--workdir={run.folder}",
                *grid.overrides(run.overrides),
            ]
            jobs.append(Job(run.name, command, run.folder / points.LOG))
        return jobs

    def began(self, job: Job) -> None:
        """Notes that a run has begun, or goes on."""
        self._note(self._runs[job.name], points.RUNNING)
        logging.info("%s: begun; its log is %s", job.name, job.log)

    def ended(self, job: Job, end: Ended) -> None:
        """Notes how a run has ended, and how long it took."""
        run = self._runs[job.name]
        _write(run.folder / SECONDS, f"{seconds(run) + end.seconds:.1f}\n")
        if end.code == 0 and points.has_last_step(run.folder):
            self._note(run, points.FINISHED)
            logging.info("%s: finished in %.0f s", job.name, end.seconds)
        elif end.code == 0 or end.was_told:
            self._note(run, points.INTERRUPTED)
            logging.info("%s: interrupted; it goes on at the next start", job.name)
        else:
            self._note(run, points.FAILED)
            reason = points.why(run.folder, end.code)
            logging.error("%s: failed: %s", job.name, reason)

    def _note(self, run: PlannedRun, status: str) -> None:
        points.write(run.folder, run.config, status)


def _exit_code(planned: Sequence[PlannedRun], told: running.Notice) -> int | None:
    """Says what is not finished, if anything."""
    found = {run.name: points.read(run.folder) for run in planned}
    status = {
        name: each.status if each else points.WAITING for name, each in found.items()
    }
    failed = [name for name, each in status.items() if each == points.FAILED]
    left = [
        name
        for name, each in status.items()
        if each not in (points.FAILED, points.FINISHED)
    ]
    if failed:
        print(f"failed: {listed(failed)}; the logs are {points.LOG} in each")
    if left:
        print(f"left to do: {listed(left)}; the same command goes on from here")
    if told.signal == signal.SIGINT:
        return 130
    if failed:
        return 1
    return 0 if left or told.count else None


def _write(path: pathlib.Path, content: str) -> None:
    places.write_whole(places.as_path(path), content.encode())
