"""All measurements of a machine, in the order of their importance."""

import datetime
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
    on_cpu = jax.default_backend() == "cpu"
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
    precision = "float32" if on_cpu else "bfloat16"
    with tempfile.TemporaryDirectory() as scratch:
        measures: dict[str, list[tuple[str, Callable[[], Any]]]] = {
            "steps": _steps(image_size, result["limits"], quick=quick),
            "input": _input(scratch, image_size, quick=quick),
            "tails": _tails(scratch, image_size, precision, quick=quick),
            "growth": _growth(precision, quick=quick),
            "whole_run": [("the whole schedule", lambda: tails.whole_run(scratch))],
        }
        for part in parts:
            for name, call in measures[part]:
                if time.monotonic() > deadline:
                    result["left_out"].append(name)
                    continue
                print(f"{time.monotonic() - start:4.0f} s: {name}", flush=True)
                result[part] += call()
    return result | {"seconds": time.monotonic() - start}


def _steps(image_size, limits, *, quick):
    network = contestants.make_network(image_size, 1.0)
    rounds = 2 if quick else 5
    return [
        (
            f"{task.task}, batch {task.batch_size}",
            lambda task=task: steps.measure(
                network, task, limits=limits, rounds=rounds
            ),
        )
        for task in steps.plan(jax.default_backend(), quick=quick)
    ]


def _input(scratch, image_size, *, quick):
    # On a CPU a step of the whole network takes so long that nothing can be late: a
    # narrow one is the harder test.
    on_cpu = jax.default_backend() == "cpu"
    caches = ("host",) if quick else ("device", "host", "none")

    def call(width, batch_size, rounds):
        config = training_input.make_config(image_size, width, batch_size, scratch)
        workers = 0 if on_cpu else 4
        return training_input.measure(
            config, caches=caches, rounds=rounds, num_workers=workers
        )

    if quick:
        return [("input", lambda: call(1 / 16, 8, 2))]
    widths = (1 / 8,) if on_cpu else (1.0,)
    return [(f"input, width {w:g}", lambda w=w: call(w, 32, 7)) for w in widths]


def _tails(scratch, image_size, precision, *, quick):
    records.open_split("popout/tiny", "train", scratch)
    network = contestants.make_network(image_size, 1.0)
    on_cpu = jax.default_backend() == "cpu"
    whole = (
        ()
        if quick
        else (
            "--config.model.width_multiplier=1.0",
            f"--config.data.image_size={image_size}".replace(" ", ""),
        )
    )
    number = 4 if quick else 100 if on_cpu else 1000
    backends = ("jax", "openvino") if on_cpu and not quick else ("jax",)
    return [
        ("first step", lambda: tails.first_step(scratch, *whole)),
        *(
            (
                f"prediction of files, {backend}",
                lambda backend=backend: [
                    tails.predict_files(
                        network, precision, num_images=number, backend=backend
                    )
                ],
            )
            for backend in backends
        ),
    ]


def _growth(precision, *, quick):
    if quick:
        return []
    on_cpu = jax.default_backend() == "cpu"
    width = 1 / 4 if on_cpu else 1.0
    options: dict[str, Any] = {
        "width_multiplier": width,
        "precision": precision,
        "rounds": 3,
    }
    batch_sizes = (2, 4, 8, 16, 32) if on_cpu else (8, 16, 32, 64, 128)
    return [
        (
            "growth with the batch",
            lambda: [
                record
                for task in ("predict", "generator")
                for record in growth.in_batch(task, _SIZE, batch_sizes, **options)
            ],
        ),
        (
            "growth with the image",
            lambda: growth.in_image_size((128, 256, 512, 1024), **options),
        ),
        (
            "growth with the data set",
            lambda: growth.in_data_set(
                (100, 1000, 10_000), _SIZE, batch_size=10, rounds=3
            ),
        ),
    ]


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
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.check_output(command, text=True, cwd=_ROOT).strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
