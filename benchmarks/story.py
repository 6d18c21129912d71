"""All measurements of a machine, in the order of their importance."""

import datetime
import functools
import importlib.metadata
import os
import pathlib
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

import jax

from benchmarks import (
    LONG_PARTS,
    PARTS,
    contestants,
    flops,
    growth,
    steps,
    tails,
    training_input,
)
from benchmarks.targets import Result
from salgan_jax.data import records

# What is measured, and how.
Call = tuple[str, Callable[[], Any]]
_ROOT = pathlib.Path(__file__).parents[1]
_SIZE = (192, 256)
_QUICK_SIZE = (96, 128)


def measure(parts: tuple[str, ...], *, quick: bool, minutes: float) -> Result:
    """Returns the results of the parts; what is not asked for is empty.

    Args:
        parts: in `PARTS` or `LONG_PARTS`.
        quick: less of everything, at half the size, within two minutes on a CPU.
        minutes: nothing is begun after them.
    """
    start = time.monotonic()
    deadline = start + 60 * minutes
    image_size = _QUICK_SIZE if quick else _SIZE
    precisions = ["float32"] if quick else ["float32", "bfloat16"]
    print("limits of this machine", flush=True)
    result: Result = {
        "machine": _machine(),
        "commit": _commit(),
        "date": datetime.date.today().isoformat(),
        "limits": {
            precision: flops.measured_limit(precision) for precision in precisions
        },
        "flops_per_image": flops.per_image(*image_size),
        **{part: [] for part in (*PARTS, *LONG_PARTS)},
        "left_out": [],
    }
    with tempfile.TemporaryDirectory() as scratch:
        first, rest = _steps(image_size, result["limits"], quick=quick)
        # The order of importance, in case that time runs out.
        plan = (
            *_of("steps", first),
            *_of("input", _input(scratch, image_size, quick=quick)),
            *_of("tails", _tails(scratch, image_size, quick=quick)),
            *_of("steps", rest),
            *_of("growth", [] if quick else _growth()),
            ("whole_run", "the whole schedule", lambda: tails.whole_run("")),
        )
        for part, name, call in plan:
            if part not in parts:
                continue
            if time.monotonic() > deadline:
                result["left_out"].append(name)
                continue
            print(f"{time.monotonic() - start:4.0f} s: {name}", flush=True)
            result[part] += call()
    return result | {"seconds": time.monotonic() - start}


def _of(part: str, calls: list[Call]) -> list[tuple[str, str, Callable[[], Any]]]:
    return [(part, name, call) for name, call in calls]


def _steps(
    image_size: tuple[int, int], limits: dict[str, float], *, quick: bool
) -> tuple[list[Call], list[Call]]:
    """Measurements of prediction and updates: the targets', and others."""
    network = contestants.make_network(image_size, 1.0)

    def call(task: steps.Task) -> Call:
        measure = functools.partial(
            steps.measure, network, task, limits=limits, rounds=2 if quick else 5
        )
        return f"{task.task}, batch {task.batch_size}", measure

    calls = [call(task) for task in steps.plan(jax.default_backend(), quick=quick)]
    return calls[:4], calls[4:]


def _input(scratch: str, image_size: tuple[int, int], *, quick: bool) -> list[Call]:
    # On a CPU a step of the whole network takes so long that nothing can be late: a
    # narrow one is the harder test.
    on_cpu = jax.default_backend() == "cpu"
    width, batch_size = (1 / 16, 8) if quick else (1 / 8 if on_cpu else 1.0, 32)

    def call() -> list[dict[str, Any]]:
        return training_input.measure(
            training_input.make_config(image_size, width, batch_size, scratch),
            caches=("host",) if quick else ("device", "host", "none"),
            rounds=2 if quick else 5,
            num_workers=0 if on_cpu else 4,
        )

    return [(f"input, width {width:g}", call)]


def _tails(scratch: str, image_size: tuple[int, int], *, quick: bool) -> list[Call]:
    network = contestants.make_network(image_size, 1.0)
    size = f"({image_size[0]},{image_size[1]})"
    whole = [f"--config.data.image_size={size}", "--config.model.width_multiplier=1.0"]

    def first_step() -> list[dict[str, Any]]:
        records.open_split("popout/tiny", "train", scratch)
        return tails.first_step(scratch, *([] if quick else whole))

    def files(backend: str) -> Call:
        number = 4 if quick else 1000
        return (
            f"prediction of {number} files, {backend}",
            lambda: [tails.predict_files(network, num_images=number, backend=backend)],
        )

    backends = ["jax"]
    if jax.default_backend() == "cpu" and not quick:
        backends.append("openvino")
    return [("first step", first_step), *map(files, backends)]


def _growth() -> list[Call]:
    on_cpu = jax.default_backend() == "cpu"
    options: dict[str, Any] = {
        "width_multiplier": 1 / 4 if on_cpu else 1.0,
        "precision": "float32" if on_cpu else "bfloat16",
        "rounds": 3,
    }
    calls: list[Call] = []
    for task in (contestants.PREDICT, "generator"):
        for batch_size in (2, 4, 8, 16, 32) if on_cpu else (8, 32, 128):
            measure = functools.partial(
                growth.in_batch, task, _SIZE, batch_size, **options
            )
            calls.append((f"growth, {task}, batch {batch_size}", measure))
    for side in (128, 256, 512, 1024):
        measure = functools.partial(growth.in_image_size, side, **options)
        calls.append((f"growth, {side} x {side} pixels", measure))
    for number in (100, 1000, 10_000):
        measure = functools.partial(
            growth.in_data_set, number, _SIZE, batch_size=10, rounds=3
        )
        calls.append((f"growth, {number} examples", measure))
    return calls


def _machine() -> dict[str, Any]:
    device = jax.devices()[0]
    on_cpu = device.platform == "cpu"
    kind, units = _processor() if on_cpu else (device.device_kind, [])
    packages = ("jax", "flax", "torch")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    cores = len(os.sched_getaffinity(0))
    words = [kind.replace("(R)", "")]
    if on_cpu:
        words += ["amx"] * ("amx_bf16" in units) + [f"{cores} cores"]
    return {
        "name": re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-"),
        "device": " ".join([kind, *units]),
        "platform": device.platform,
        "cores": cores,
        "versions": ", ".join([*versions, f"Python {platform.python_version()}"]),
    }


def _processor() -> tuple[str, list[str]]:
    """The name of the CPU, and its units that speed up matrix products."""
    fields = {}
    with open("/proc/cpuinfo") as file:
        for line in file:
            key, _, value = line.partition(":")
            fields[key.strip()] = value.strip()
    flags = fields.get("flags", "").split()
    units = [unit for unit in ("avx512f", "avx512_bf16", "amx_bf16") if unit in flags]
    return fields.get("model name", platform.machine()), units


def _commit() -> str:
    """The commit, with a word if the code has changed since."""
    code = ("salgan_jax", "launch", "configs", "benchmarks/*.py")
    try:
        commit, changes = (
            subprocess.check_output(["git", *words], text=True, cwd=_ROOT).strip()
            for words in (
                ("rev-parse", "--short", "HEAD"),
                ("status", "--porcelain", "--", *code),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} and changes" if changes else commit
