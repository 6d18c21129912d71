"""Times of several contestants, taken in turns so that a busy machine is fair."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np

# Makes a call that many times and returns when the last has ended.
Runner = Callable[[int], object]
Name = TypeVar("Name", bound=Hashable)
# A measurement shorter than this is repeated within itself.
AT_LEAST_SECONDS = 0.05


class Timing(NamedTuple):
    """Seconds a call, over the rounds."""

    median: float
    minimum: float


def interleave(
    runners: Mapping[Name, Runner],
    *,
    rounds: int,
    at_least_seconds: float = AT_LEAST_SECONDS,
) -> dict[Name, Timing]:
    """Returns the times of all runners, measured A B C, A B C and so on.

    Each runs twice before its first measurement: warm, to know how many calls make one.
    """
    calls = {}
    for name, run in runners.items():
        run(1)
        calls[name] = max(1, round(at_least_seconds / seconds(run, 1)))
    taken: dict[Name, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            taken[name].append(seconds(run, calls[name]) / calls[name])
    return {
        name: Timing(float(np.median(of_name)), min(of_name))
        for name, of_name in taken.items()
    }


def seconds(run: Runner, count: int) -> float:
    """Returns how long a runner takes for that many calls."""
    start = time.perf_counter()
    run(count)
    return time.perf_counter() - start
