"""Prediction and the updates: seconds, memory and share of the limit, side by side."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import jax

from benchmarks import contestants, equality, flops, timing
from benchmarks.contestants import PREDICT, TRAINING, Contestant, Network
from salgan_jax.state import Batch

# How contestants are called: who, in which precision of the generator, and how.
OURS, PEER = "salgan_jax", "PyTorch"
PLAIN, CACHED, OPENVINO = "", "frozen cache", "OpenVINO"
REFERENCE = "reference forms"  # of the primitives
EAGER, COMPILED = "eager", "compiled"


class Entry(NamedTuple):
    """A way to do a task that is to be measured."""

    who: str
    precision: str
    how: str


class Task(NamedTuple):
    """What is measured in one interleaved run."""

    task: str
    batch_size: int
    entries: tuple[Entry, ...]


def entries(
    task: str, precisions: Iterable[str], modes: Iterable[str]
) -> tuple[Entry, ...]:
    """Returns our ways to do a task, then PyTorch's."""
    found = []
    for precision in precisions:
        found.append(Entry(OURS, precision, PLAIN))
        if task in TRAINING:
            found.append(Entry(OURS, precision, CACHED))
        found.extend(Entry(PEER, precision, mode) for mode in modes)
    return tuple(found)


def measure(
    network: Network, task: Task, *, limits: Mapping[str, float], rounds: int
) -> list[dict[str, Any]]:
    """Returns a record for each contestant of a task.

    Args:
        network: what computes.
        task: what is measured.
        limits: FLOP/s of a large matrix product in each precision.
        rounds: how often each contestant's turn comes.

    Raises:
        UserError: they do not compute the same.
    """
    name, batch_size, members = task
    needed = batch_size * _flops(network)[name]
    batch = contestants.random_batch(network, batch_size)
    made = {entry: make(network, name, batch, entry) for entry in members}
    first = {entry: _first(contestant) for entry, contestant in made.items()}
    on_cpu = jax.default_backend() == "cpu"
    difference = equality.check(
        {entry: value for entry, (value, _) in first.items()},
        reference=members[-1],
        is_fine=on_cpu and all(entry.precision == "float32" for entry in members),
    )
    times = timing.interleave({e: c.run for e, c in made.items()}, rounds=rounds)
    memory = {entry: contestant.memory() for entry, contestant in made.items()}
    del made
    contestants.give_memory_back()
    return [
        {
            "task": name,
            "batch_size": batch_size,
            **entry._asdict(),
            **taken._asdict(),
            "first": first[entry][1],
            "images_per_second": batch_size / taken.median,
            "share_of_limit": needed / taken.median / limits[entry.precision],
            "memory": memory[entry],
            "difference": difference,
        }
        for entry, taken in times.items()
    ]


def _flops(network: Network) -> dict[str, int]:
    return flops.per_image(
        *network.image_size, width_multiplier=network.width_multiplier
    )


def _first(contestant: Contestant) -> tuple[Any, float]:
    """What the first call returns, and the seconds it takes to compile and run."""
    start = time.perf_counter()
    return contestant.first(), time.perf_counter() - start


def make(network: Network, task: str, batch: Batch, entry: Entry) -> Contestant:
    """Returns the contestant of an entry."""
    if entry.who == PEER:
        return contestants.theirs(network, task, batch, entry.precision, mode=entry.how)
    if entry.how == OPENVINO:
        return contestants.openvino(network, batch)
    return contestants.ours(
        network,
        task,
        batch,
        entry.precision,
        is_cached=entry.how == CACHED,
        forms="reference" if entry.how == REFERENCE else "auto",
    )


def plan(platform: str, *, quick: bool) -> list[Task]:
    """Returns what is measured on a platform, the most important first."""
    if quick:
        pair = (Entry(OURS, "float32", PLAIN), Entry(PEER, "float32", EAGER))
        chosen = [(PREDICT, 1), ("discriminator", 2), ("generator", 2)]
        return [Task(task, batch_size, pair) for task, batch_size in chosen]
    steps = ("generator", "discriminator", "bootstrap", "both")
    return _on_cpu(steps) if platform == "cpu" else _on_accelerator(steps)


def _on_cpu(steps: tuple[str, ...]) -> list[Task]:
    single, reference = ["float32"], Entry(OURS, "float32", REFERENCE)
    tasks = [
        Task(task, 4, (reference, *entries(task, single, [EAGER])))
        for task in (PREDICT, *steps[:3])
    ]
    tasks.append(Task("both", 4, entries("both", single, [EAGER])))
    half = (
        Entry(OURS, "float32", PLAIN),
        Entry(OURS, "bfloat16", PLAIN),
        Entry(OURS, "bfloat16", OPENVINO),
        Entry(PEER, "bfloat16", EAGER),
        Entry(PEER, "bfloat16", COMPILED),
    )
    tasks += [Task(PREDICT, b, half) for b in (1, 4)]
    tasks += [Task(PREDICT, b, entries(PREDICT, single, [EAGER])) for b in (1, 8)]
    return [*tasks, Task("generator", 8, entries("generator", single, [EAGER]))]


def _on_accelerator(steps: tuple[str, ...]) -> list[Task]:
    half, both = ["bfloat16"], [EAGER, COMPILED]
    reference = Entry(OURS, "bfloat16", REFERENCE)
    tasks = [
        Task(task, 64, (reference, *entries(task, half, both)))
        for task in (*steps[:3], PREDICT)
    ]
    tasks += [Task(t, 32, entries(t, half, [COMPILED])) for t in steps]
    tasks += [Task(PREDICT, b, entries(PREDICT, half, both)) for b in (1, 8)]
    tasks += [Task(t, 32, entries(t, ["float32"], [EAGER])) for t in steps[:3]]
    return tasks + [
        Task(t, b, entries(t, half, [COMPILED])) for b in (8, 128) for t in steps[:3]
    ]
