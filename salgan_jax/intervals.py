"""Series of a run: of calls by their steps, and what earlier starts wrote."""

import collections
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from salgan_jax import not_finite, scalars

Metrics = Mapping[str, Any]


def by_step(
    steps: range, metrics: Metrics | tuple[Metrics, ...]
) -> Iterator[tuple[int, Metrics]]:
    """Yields (updates made, metrics of the last of them) for each step of a call."""
    if not isinstance(metrics, tuple):
        yield steps.stop, metrics
        return
    for index, step in enumerate(steps):
        round_, turn = divmod(index, len(metrics))
        values = {name: value[round_] for name, value in metrics[turn].items()}
        yield step + 1, values


def means(metrics: Sequence[Metrics]) -> dict[str, float]:
    """Returns the mean of each metric over the steps that have it."""
    names = sorted({name for of_step in metrics for name in of_step})
    return {
        name: float(np.mean([m[name] for m in metrics if name in m])) for name in names
    }


def skipped_so_far(earlier: scalars.Series) -> dict[str, not_finite.Skipped]:
    """Returns the counts of skipped updates of the run before this start."""
    last = {name: values[-1] for name, (_, values) in earlier.items()}
    names = {n: f"train/{not_finite.scalar_name(n)}" for n in not_finite.NETWORKS}
    return {
        network: not_finite.Skipped(round(last[name]))
        for network, name in names.items()
        if name in last
    }


def rows(earlier: scalars.Series) -> list[tuple[int, Metrics]]:
    """Returns (step, means) of each interval of the run before this start."""
    found: dict[int, dict[str, float]] = collections.defaultdict(dict)
    for name, (steps, values) in earlier.items():
        if name.startswith("train/"):
            for step, value in zip(steps, values, strict=True):
                found[step][name.removeprefix("train/")] = value
    return sorted(found.items())
