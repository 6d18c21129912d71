"""Scored runs of an experiment that never ran: quick, with every number known."""

import pathlib

import numpy as np

from salgan_jax import config as config_module
from salgan_jax.metrics.intervals import MeanInterval
from salgan_jax.reproduction import published, results, scored_runs
from salgan_jax.reproduction.confidence import MEASURES, NUM_BINS, OfRun
from salgan_jax.reproduction.found import Found
from salgan_jax.reproduction.runs import PlannedRun
from salgan_jax.reproduction.scored_runs import ScoredRun

IMAGES = [f"image{i}" for i in range(40)]
PROVENANCE = {
    "config": {"file": "configs/salgan.py", "overrides": {"batch_size": 8}},
    "commit": ["0123456789"],
    "seeds": [0, 1, 2],
    "folds": 0,
    "machine": ["host, a processor, 2 cores"],
    "devices": {"cpu": 1},
    "hours": 1.5,
    "command": "python launch/reproduce.py",
}
UNIFORM = {"uniform": {"nss": MeanInterval(0.0, 0.0, 0.0, 40)}}
_LEVELS = {
    **{"sauc": 0.75, "auc_borji": 0.83, "nss": 2.5, "cc": 0.77, "ig": 0.8},
    **{"auc_judd": 0.87, "sim": 0.66, "auc": 0.87, "kld": 0.5},
}


def scored(
    arm,
    repeat="seed0",
    *,
    higher=0.0,
    seed=0,
    folder="runs",
    images=IMAGES,
    dataset="osie",
    baselines=UNIFORM,
):
    """A run that scores `higher` than the usual by so much of it, but for chance."""
    random = np.random.default_rng(seed)
    own = np.random.default_rng([seed, *map(ord, f"{arm}{repeat}")])
    scores = {
        metric: level
        * (1 + higher + 0.1 * random.normal(size=len(images)) + 0.01 * own.normal())
        for metric, level in _LEVELS.items()
    }
    confidence = 0.4 + higher + 0.05 * random.normal(size=len(images))
    values = np.clip(own.normal(0.4 + higher, 0.15, 4000), 0, 1)
    histogram, _ = np.histogram(values, NUM_BINS, (0, 1))
    predicted = OfRun(list(images), dict.fromkeys(MEASURES, confidence), histogram)
    measures = dict.fromkeys(MEASURES, confidence + 0.1)
    true = OfRun(list(images), measures, histogram[::-1])
    run = PlannedRun(
        *(f"{arm}-{repeat}", arm, repeat, pathlib.Path(folder), "salgan.py", {}),
        config_module.default(),
    )
    return ScoredRun(
        *(run, 100, dataset, "validation"),
        *(list(images), scores, predicted, true, baselines),
    )


def of_mean_maps(planned, folder):
    """What the mean maps of the arms score: each arm as a run of its own."""
    arms = dict.fromkeys(run.arm for run in planned)
    return {arm: scored(arm, "mean", higher=0.02).scores for arm in arms}


def found(
    experiment, some, *, dataset="osie", is_nested=False, num_updates=None, **provenance
):
    """What a story knows when all is scored."""
    return Found(
        experiment,
        dataset,
        "validation",
        some,
        results.of_arms(experiment, some, is_nested=is_nested),
        results.contrasts(experiment, some, is_nested=is_nested),
        scored_runs.baselines(some),
        published.find(experiment.name, dataset, "validation"),
        num_updates or {},
        PROVENANCE | provenance,
    )
