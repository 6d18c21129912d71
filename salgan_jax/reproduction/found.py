"""All that is known of an experiment whose runs are finished and scored."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.reproduction.arms import Experiment
from salgan_jax.reproduction.confidence import MEASURES, OfRun
from salgan_jax.reproduction.game import Game
from salgan_jax.reproduction.mean_maps import MeanMaps
from salgan_jax.reproduction.published import Published
from salgan_jax.reproduction.results import ArmResult, Contrast
from salgan_jax.reproduction.scored_runs import Means, ScoredRun


class Found(NamedTuple):
    """An experiment with its results; of several test sets, those on one of them.

    Attributes:
        experiment: with the arms that were run.
        dataset, split: that were scored, the former with its edition.
        scored: the runs.
        arms, contrasts: the results.
        baselines: means of baselines and people, by row and metric.
        published: of these images; None: there is nothing.
        num_updates: generator updates by run; empty where nothing depends on them.
        provenance: from `record.of_runs`.
        games: of the runs with two players; empty where none is looked at.
        mean_maps: of two losses with several seeds; else None.
    """

    experiment: Experiment
    dataset: str
    split: str
    scored: Sequence[ScoredRun]
    arms: Sequence[ArmResult]
    contrasts: Sequence[Contrast]
    baselines: dict[str, dict[str, float]]
    published: Published | None
    num_updates: dict[str, int]
    provenance: dict[str, Any]
    games: Sequence[Game] = ()
    mean_maps: MeanMaps | None = None

    def baseline_intervals(self) -> Means:
        """Returns baselines and people with intervals over images; not of folds."""
        return next((each.baselines for each in self.scored if each.baselines), {})

    def histogram(self, arm: str) -> np.ndarray:
        """Returns of all runs of an arm what they predict at fixated pixels."""
        of_arm = [each for each in self.scored if each.run.arm == arm]
        return np.sum([each.predicted.histogram for each in of_arm], axis=0)

    def true_histogram(self) -> np.ndarray:
        """Returns the values of the ground truth there, counted once for each run."""
        return np.sum([each.histogram for each in self._true()], axis=0)

    def true_means(self) -> dict[str, float]:
        """Returns what kind of maps the ground truth has; NaN where there is none."""
        columns = {
            name: np.concatenate([each.measures[name] for each in self._true()])
            for name in MEASURES
        }
        return {
            name: float(np.nanmean(values)) if not np.isnan(values).all() else math.nan
            for name, values in columns.items()
        }

    def _true(self) -> list[OfRun]:
        reference = self.experiment.reference
        return [each.true for each in self.scored if each.run.arm == reference]
