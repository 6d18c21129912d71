"""What a sweep keeps of each point in its workdir, and how far that run has come."""

import json
import pathlib
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax import checkpoints, fields, places, provenance, scalars

RECORD = "sweep_run.json"
LOG = "train.log"
WAITING, RUNNING, FINISHED = "waiting", "running", "finished"
FAILED, INTERRUPTED = "failed", "interrupted"


class Record(NamedTuple):
    """A run of a sweep.

    Attributes:
        name: of its workdir in that of the sweep.
        config: field -> value, as it was asked for.
        status: one of those above.
    """

    name: str
    config: dict[str, Any]
    status: str


def write(folder: pathlib.Path, config: ConfigDict, status: str) -> None:
    """Keeps that a run of this config is asked for, and how far it has come."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {"status": status, "config": as_json(config)}
    content = json.dumps(record, indent=1) + "\n"
    places.write_whole(places.as_path(folder / RECORD), content.encode())


def read(folder: pathlib.Path) -> Record | None:
    """Returns what is kept of a run, None where there is nothing."""
    path = folder / RECORD
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    return Record(folder.name, kept["config"], kept["status"])


def read_all(workdir: pathlib.Path) -> list[Record]:
    """Returns the runs of a sweep, also those of earlier grids."""
    found = [read(each) for each in sorted(workdir.iterdir()) if each.is_dir()]
    return [record for record in found if record]


def is_finished(folder: pathlib.Path, config: ConfigDict) -> bool:
    """Whether a run of just this config has come to its end."""
    record = read(folder)
    wanted = as_json(config)
    return bool(record and record.status == FINISHED and record.config == wanted)


def has_last_step(folder: pathlib.Path) -> bool:
    """Whether the newest checkpoint is of the last step: not every end is the end."""
    starts = provenance.read(str(folder))
    last = checkpoints.latest_step(str(folder))
    return bool(starts) and last == starts[-1]["num_steps"]


def as_json(config: ConfigDict) -> dict[str, Any]:
    """Returns field -> value, as JSON gives them back: it knows no tuples."""
    return json.loads(json.dumps(fields.flat(config.to_dict())))


def scores(
    folder: pathlib.Path, *, best_by: str | None
) -> tuple[int | None, dict[str, float]]:
    """Returns step and scores of an evaluation during the run; None and none without.

    Args:
        folder: of the run.
        best_by: the metric by which an evaluation is the best one; None: the last one.
    """
    by_step: dict[int, dict[str, float]] = {}
    for name, (steps, values) in scalars.read(str(folder)).items():
        if name.startswith("eval/"):
            for step, value in zip(steps, values, strict=True):
                by_step.setdefault(step, {})[name.removeprefix("eval/")] = value
    if not by_step:
        return None, {}
    step = max(by_step)
    if best_by is not None:
        scored = [each for each, found in by_step.items() if best_by in found]
        sign = checkpoints.sign_of(best_by)
        step = max(scored, key=lambda each: sign * by_step[each][best_by], default=step)
    return step, by_step[step]


def why(folder: pathlib.Path, code: int) -> str:
    """Returns why a run has failed: its own line about it, or the last one."""
    lines = (folder / LOG).read_text(errors="replace").splitlines()
    said = [line for line in lines if line.startswith("error: ")] or lines
    ended = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"{ended}: {said[-1]}" if said else ended
