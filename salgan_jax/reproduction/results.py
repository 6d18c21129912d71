"""What the scores come to: means of every arm, and paired differences between arms."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax.evaluation import scores
from salgan_jax.metrics import over_runs
from salgan_jax.metrics.over_runs import RunDifference, RunMean
from salgan_jax.reproduction import confidence
from salgan_jax.reproduction.arms import Experiment
from salgan_jax.reproduction.scored_runs import ScoredRun

# In the order of the paper's tables; what they lack comes after.
METRICS = ("sauc", "auc_borji", "nss", "cc", "ig", "auc_judd", "sim", "auc", "kld")
MEASURES = (*METRICS, *confidence.MEASURES)


class ArmResult(NamedTuple):
    """How an arm scores.

    Attributes:
        name, what: of the arm.
        repeats: of its runs, in order: "seed0", ...
        means: by measure, over runs and images.
        of_runs: by measure, the mean of each run.
        deviations: by measure, the sample standard deviation of the runs' means; None
            of one run.
    """

    name: str
    what: str
    repeats: list[str]
    means: dict[str, RunMean]
    of_runs: dict[str, list[float]]
    deviations: dict[str, float | None]


class Contrast(NamedTuple):
    """How much higher an arm scores than the reference.

    Attributes:
        arm, reference: their names.
        differences: by measure, over runs and images.
        of_runs: by measure, the mean difference of each pair of runs.
    """

    arm: str
    reference: str
    differences: dict[str, RunDifference]
    of_runs: dict[str, list[float]]

    def num_agreeing(self, measure: str) -> int:
        """Returns in how many runs the difference has the sign of the mean."""
        sign = np.sign(self.differences[measure].mean)
        return int(np.sum(np.sign(self.of_runs[measure]) == sign))


def heading(measure: str) -> str:
    """Returns what a measure is called in tables and figures."""
    if measure == confidence.SPREAD:
        return "relative spread"
    if measure in confidence.MEASURES:
        return measure.replace("_", " ")
    return scores.HEADINGS[measure][:-2]


def known_metrics(arms: Sequence[ArmResult], metrics: Sequence[str]) -> list[str]:
    """Returns the metrics in which some image has a score."""
    return [
        metric
        for metric in metrics
        if any(metric in arm.means and arm.means[metric].num_images for arm in arms)
    ]


def contrasted_metrics(
    contrasts: Sequence[Contrast], metrics: Sequence[str]
) -> list[str]:
    """Returns the metrics in which some image of both arms has a score."""
    return [
        metric
        for metric in metrics
        if any(
            metric in each.differences and each.differences[metric].num_images
            for each in contrasts
        )
    ]


def of_arms(
    experiment: Experiment, scored: Sequence[ScoredRun], *, is_nested: bool
) -> list[ArmResult]:
    """Returns the results of each arm, in the order of the experiment.

    Args:
        experiment: with the arms that were run.
        scored: all runs.
        is_nested: runs are of folds, each scored on other images; else of seeds, all
            scored on the same.
    """
    return [
        _arm(name, what, _values(scored, name), is_nested)
        for name, what in ((arm.name, arm.what) for arm in experiment.arms)
    ]


def contrasts(
    experiment: Experiment, scored: Sequence[ScoredRun], *, is_nested: bool
) -> list[Contrast]:
    """Returns the differences of every other arm to the reference."""
    reference = _values(scored, experiment.reference)
    found = []
    for arm in experiment.arms:
        if arm.name == experiment.reference:
            continue
        own = _values(scored, arm.name)
        differences, of_runs = {}, {}
        for measure in own:
            pairs = list(
                zip(
                    own[measure].values(),
                    reference[measure].values(),
                    strict=True,
                )
            )
            differences[measure] = _difference(pairs, is_nested)
            of_runs[measure] = [_mean(first - second) for first, second in pairs]
        found.append(Contrast(arm.name, experiment.reference, differences, of_runs))
    return found


def _arm(
    name: str, what: str, values: dict[str, dict[str, np.ndarray]], is_nested: bool
) -> ArmResult:
    repeats = list(next(iter(values.values())))
    of_runs = {
        measure: [_mean(each) for each in of_measure.values()]
        for measure, of_measure in values.items()
    }
    means = {
        measure: over_runs.nested_mean(list(of_measure.values()))
        if is_nested
        else over_runs.crossed_mean(np.stack(list(of_measure.values())))
        for measure, of_measure in values.items()
    }
    deviations = {
        measure: statistics.stdev(each) if len(each) > 1 else None
        for measure, each in of_runs.items()
    }
    return ArmResult(name, what, repeats, means, of_runs, deviations)


def _values(scored: Sequence[ScoredRun], arm: str) -> dict[str, dict[str, np.ndarray]]:
    """Returns the values of each image by measure and repeat."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for each in scored:
        if each.run.arm != arm:
            continue
        known = each.scores | each.predicted.measures
        for measure in MEASURES:
            if measure in known:
                found.setdefault(measure, {})[each.run.repeat] = known[measure]
    return found


def _difference(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], is_nested: bool
) -> RunDifference:
    first, second = ([pair[i] for pair in pairs] for i in (0, 1))
    if is_nested:
        return over_runs.nested_difference(first, second)
    return over_runs.crossed_difference(np.stack(first), np.stack(second))


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
