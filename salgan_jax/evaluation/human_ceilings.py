"""How well people predict people: what no model can be asked to exceed by much."""

import functools
from typing import NamedTuple

import numpy as np

from salgan_jax.data import fixations
from salgan_jax.evaluation.baseline_predictors import Scored
from salgan_jax.metrics import baselines

_MOST_HELD_OUT = 10  # observers an image; SALICON has 50 or more


class Prediction(NamedTuple):
    """Some observers of an image predict others.

    Attributes:
        saliency_map: float32 [H, W]: the density map of those who predict.
        others: the record with the fixations and the density map of the others.
    """

    saliency_map: np.ndarray
    others: Scored


def split_half(record: Scored, *, sigma_px: float) -> list[Prediction]:
    """Returns half of the observers as a prediction of the other half, or nothing.

    Every second observer, starting with the first, predicts those between.
    `sigma_px` is that of the Gaussian which blurs the fixations of both. A single
    observer, or unknown ones, predict nobody.
    """
    predicts = baselines.predicting_observers(record.observers)
    if predicts.all():
        return []
    return [_prediction(record, ~predicts, sigma_px)]


def leave_one_out(record: Scored, *, sigma_px: float) -> list[Prediction]:
    """Returns for each observer the prediction of all others.

    Of more than ten observers, ten evenly chosen ones are predicted.
    """
    held_out = baselines.held_out_observers(record.observers, most=_MOST_HELD_OUT)
    return [_prediction(record, chosen, sigma_px) for chosen in held_out]


def _prediction(record: Scored, predicted: np.ndarray, sigma_px: float) -> Prediction:
    height, width = record.size
    density_map = functools.partial(
        fixations.density_map, height=height, width=width, sigma_px=sigma_px
    )
    others = record._replace(
        density_map=density_map(record.fixations[predicted]),
        fixations=record.fixations[predicted],
        observers=record.observers[predicted],
    )
    return Prediction(density_map(record.fixations[~predicted]), others)
