"""Where a run comes from, kept beside its checkpoints: config, versions, code, machine.

`config.json` is the config of the newest start with all that "auto" in it meant there;
`provenance.jsonl` has a JSON object a line for each start. Of the environment nothing
is kept, and of the command only its arguments.
"""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import jax
from absl import logging
from ml_collections import ConfigDict

import salgan_jax
from salgan_jax import fields, places
from salgan_jax.errors import UserError

CONFIG = "config.json"
STARTS = "provenance.jsonl"
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")
_GIT_SECONDS = 20  # on a slow disk


def record(
    workdir: str,
    config: ConfigDict,
    *,
    first_step: int,
    num_steps: int,
    devices: Sequence[jax.Device],
) -> None:
    """Writes config and provenance of a start; by one of several processes.

    Args:
        workdir: of the run; there already.
        config: with full names and what "auto" means here.
        first_step: updates made before.
        num_steps: of the whole run.
        devices: of all processes.

    Raises:
        UserError: the disk cannot take it.
    """
    folder = places.as_path(workdir)
    now = config.to_dict()
    start = describe(devices) | {
        "first_step": first_step,
        "num_steps": num_steps,
        "config_changes": _changes(read_config(workdir), now),
    }
    lines = [*_complete_lines(workdir), json.dumps(start)]
    contents = {
        STARTS: "".join(f"{line}\n" for line in lines),
        CONFIG: json.dumps(now, indent=2) + "\n",
    }
    try:
        for name, content in contents.items():
            places.write_whole(folder / name, content.encode())
    except OSError as error:
        raise UserError(
            f"cannot write to {workdir}: {error.strerror}; what is saved is good: mend "
            "that and start again"
        ) from error


def read(workdir: str) -> list[dict[str, Any]]:
    """Returns what was recorded of each start of a run, the first one first.

    What a killed process or a broken disk left is named in the log, and left out.
    """
    starts = []
    for number, line in enumerate(_complete_lines(workdir), start=1):
        try:
            starts.append(json.loads(line))
        except json.JSONDecodeError:
            logging.warning("line %d of %s/%s is no JSON", number, workdir, STARTS)
    return starts


def read_config(workdir: str) -> dict[str, Any] | None:
    """Returns the config of the newest start of a run, None if there is none."""
    path = places.as_path(workdir) / CONFIG
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError:
        logging.warning("%s is no JSON", path)
        return None


def describe(devices: Sequence[jax.Device]) -> dict[str, Any]:
    """Returns time, command, versions, code and machine of this process."""
    kinds = [device.device_kind for device in devices]
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": list(sys.argv),
        "versions": versions(),
        "git": git_state(pathlib.Path(salgan_jax.__file__).parent),
        "machine": {
            "host": socket.gethostname(),
            "platform": platform.platform(),
            "cpu": _cpu(),
            "cores": len(os.sched_getaffinity(0)),
            "devices": {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
            "processes": jax.process_count(),
        },
    }


def versions() -> dict[str, str]:
    """Returns the versions of what computes."""
    found = {"python": platform.python_version(), "salgan_jax": salgan_jax.__version__}
    return found | {name: importlib.metadata.version(name) for name in _PACKAGES}


def git_state(folder: pathlib.Path) -> dict[str, Any] | None:
    """Returns revision and whether anything differs from it, of the code in a folder.

    None where git does not have that code: a package that was installed, say, though
    the folder around it be a repository.
    """
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    revision = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain")
    if revision is None or changes is None:
        return None
    return {"revision": revision, "is_dirty": bool(changes)}


def in_words(start: Mapping[str, Any]) -> str:
    """Returns a line about a start: when, from which step, with what code and where."""
    git, machine = start["git"], start["machine"]
    code = f"salgan_jax {start['versions']['salgan_jax']}"
    if git:
        code += f" at {git['revision'][:10]}" + (", changed" if git["is_dirty"] else "")
    devices = ", ".join(f"{n} x {kind}" for kind, n in machine["devices"].items())
    line = (
        f"{start['time']} from step {start['first_step']}: {code}, jax "
        f"{start['versions']['jax']}, {devices} on {machine['host']}"
    )
    for field, change in start["config_changes"].items():
        line += f"; {field} was {change['before']!r}, now {change['now']!r}"
    return line


def _changes(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """Field -> values before and now, of those that the start before had otherwise."""
    if before is None:
        return {}
    old = fields.flat(before)
    new = fields.flat(json.loads(json.dumps(now)))  # JSON knows no tuples
    return {
        field: {"before": old.get(field), "now": value}
        for field, value in new.items()
        if old.get(field) != value
    }


def _complete_lines(workdir: str) -> list[str]:
    """The file's lines as they are, but for half a line that a kill has left."""
    path = places.as_path(workdir) / STARTS
    return path.read_text().split("\n")[:-1] if path.exists() else []


def _git(folder: pathlib.Path, *words: str) -> str | None:
    """What git says, None where it has nothing to say or is not installed."""
    try:
        return subprocess.run(
            ["git", "--no-optional-locks", *words],
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
            timeout=_GIT_SECONDS,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _cpu() -> str:
    """The name of the processor."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:  # not Linux
        return platform.processor()
    return platform.processor() or platform.machine()
