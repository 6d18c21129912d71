"""The pictures of a run: what it predicts, and how it has gone so far."""

from collections.abc import Sequence

import numpy as np

from salgan_jax import curves as curve_pictures
from salgan_jax import scalars, visualization
from salgan_jax.data.records import Record
from salgan_jax.schedule import Schedule

# Measures that say nothing beside the curves of the two logits.
_BESIDE = ("train/logit_margin", "train/logit_change")


def panels(
    step: int, shown: Sequence[Record], predicted: Sequence[np.ndarray]
) -> np.ndarray:
    """Returns image, ground truth and prediction of some records, uint8 [H, W, 3].

    Args:
        step: updates made.
        shown: the records.
        predicted: a map [H, W] in [0, 1] for each.
    """
    return visualization.panels(
        [
            (record.image, ground_truth(record), relative(saliency_map))
            for record, saliency_map in zip(shown, predicted, strict=True)
        ],
        ("image", "ground truth", f"prediction / maximum, step {step}"),
        labels=[record.id for record in shown],
    )


def curves(series: scalars.Series, schedule: Schedule) -> np.ndarray:
    """Returns the scalars of a run over its steps, uint8 [H, W, 3]."""
    phase_change = schedule.bootstrap_steps
    is_drawn = 0 < phase_change < schedule.num_steps
    return curve_pictures.draw(
        drawn(series), phase_change_step=phase_change if is_drawn else None
    )


def drawn(series: scalars.Series) -> scalars.Series:
    """Returns what curves show: no conditions, and none of `_BESIDE`."""
    return {
        name: of_name
        for name, of_name in series.items()
        if not name.startswith("health/") and name not in _BESIDE
    }


def ground_truth(record: Record) -> np.ndarray:
    """Returns the density map, black where the data set gives none."""
    if record.density_map is None:
        return np.zeros(record.size, np.float32)
    return record.density_map


def relative(saliency_map: np.ndarray) -> np.ndarray:
    """Returns the map divided by its maximum, as a ground truth map is."""
    return saliency_map / max(float(saliency_map.max()), 1e-9)
