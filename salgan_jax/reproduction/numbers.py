"""The numbers of an experiment, as `experiment.json` has them."""

import math
from collections.abc import Mapping
from typing import Any

from salgan_jax.reproduction import game
from salgan_jax.reproduction.found import Found
from salgan_jax.reproduction.mean_maps import MeanMaps
from salgan_jax.reproduction.results import ArmResult, Contrast
from salgan_jax.reproduction.shown import Shown


def of_one(found: Found, shown: Shown) -> dict[str, Any]:
    """Returns what the runs score on the images that they were evaluated on."""
    return _known(
        {
            **_experiment(found, found.dataset),
            **_results(found),
            **_mean_maps(found.mean_maps),
            **_ending(found, shown),
        }
    )


def of_test_sets(found: Mapping[str, Found], shown: Shown) -> dict[str, Any]:
    """Returns the same with results on each test set, by its name."""
    first = next(iter(found.values()))
    results = {
        name: {"dataset": each.dataset, "split": each.split, **_results(each)}
        for name, each in found.items()
    }
    datasets = ",".join(each.dataset for each in found.values())
    return _known(
        {
            **_experiment(first, datasets),
            "test_sets": results,
            **_ending(first, shown),
        }
    )


def _experiment(found: Found, dataset: str) -> dict[str, Any]:
    return {
        "experiment": found.experiment.name,
        "question": found.experiment.question,
        "dataset": dataset,
        "split": found.split,
        **found.provenance,
        "num_generator_updates": found.num_updates,
        **({"games": game.as_json(found.games)} if found.games else {}),
        "reference": found.experiment.reference,
    }


def _results(found: Found) -> dict[str, Any]:
    published = found.published
    return {
        "arms": {arm.name: _arm(arm) for arm in found.arms},
        "differences": {each.arm: _contrast(each) for each in found.contrasts},
        "baselines": found.baselines,
        "ground_truth": found.true_means()
        | {"histogram": found.true_histogram().tolist()},
        "histograms": {
            arm.name: found.histogram(arm.name).tolist() for arm in found.arms
        },
        "published": published and published._asdict(),
    }


def _mean_maps(found: MeanMaps | None) -> dict[str, Any]:
    if not found:
        return {}
    means = {
        arm: {metric: mean._asdict() for metric, mean in of_arm.items()}
        for arm, of_arm in found.means.items()
    }
    differences = {metric: each._asdict() for metric, each in found.differences.items()}
    return {"mean_maps": {"arms": means, "differences": differences}}


def _ending(found: Found, shown: Shown) -> dict[str, Any]:
    return {
        "runs": [
            {"name": each.run.name, "arm": each.run.arm, "step": each.step}
            for each in found.scored
        ],
        **shown.as_json(),
    }


def _arm(arm: ArmResult) -> dict[str, Any]:
    return {
        "what": arm.what,
        "runs": arm.repeats,
        **{
            measure: mean._asdict()
            | {"of_runs": arm.of_runs[measure], "std": arm.deviations[measure]}
            for measure, mean in arm.means.items()
        },
    }


def _contrast(contrast: Contrast) -> dict[str, Any]:
    return {
        measure: found._asdict() | {"of_runs": contrast.of_runs[measure]}
        for measure, found in contrast.differences.items()
    }


def _known(value: Any) -> Any:
    """Returns a JSON value with null for NaN."""
    if isinstance(value, dict):
        return {name: _known(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_known(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
