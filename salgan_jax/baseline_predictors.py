"""What a model is compared with: predictors that do not see the image, and people."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax.data import fixations, images
from salgan_jax.data.records import Record
from salgan_jax.errors import UserError
from salgan_jax.metrics import baselines


class Scored(NamedTuple):
    """A record as it is scored; what its data set lacks is empty.

    Without fixations there is no NSS and no AUC, a density map of zeros has no CC, SIM
    and KL divergence: missing ground truth gives no score instead of a wrong one.
    """

    id: str
    image: np.ndarray  # uint8 [H, W, 3]
    density_map: np.ndarray  # float32 [H, W]
    fixations: np.ndarray  # float32 [N, 2]
    observers: np.ndarray  # int32 [N]


Predict = Callable[[Sequence[Scored]], Sequence[np.ndarray]]
"""Takes records, returns a map [H, W] for each, at the size of its image."""


class TrainingStatistics(NamedTuple):
    """What the baselines know of a training split."""

    fixations: baselines.FixationSums
    mean_map: np.ndarray  # float32 [H, W], at the size of the first image


class ObserverHalves(NamedTuple):
    """One image's observers in two halves: a prediction and whom it is to predict."""

    predicted: np.ndarray  # float32 [H, W]: density map of the first half
    others: Scored  # with the fixations and the density map of the second half


def scored(record: Record) -> Scored:
    """Returns the record with empty ground truth where it has none."""
    _, image, density_map, points, observers = record
    return Scored(
        record.id,
        image,
        np.zeros(record.size, np.float32) if density_map is None else density_map,
        np.empty((0, 2), np.float32) if points is None else points,
        np.empty(0, np.int32) if observers is None else observers,
    )


def make_blind_predictors(train_records: Sequence[Record]) -> dict[str, Predict]:
    """Returns the predictors that give all images of a size the same map.

    `uniform`; `centre_prior`, the Gaussian fitted to the fixations of the training
    split; `mean_training_map`, the mean of its density maps (each with maximum 1),
    resized to the image. The split is read once, one record at a time.

    Raises:
      UserError: the training split has no fixations.
    """
    statistics = training_statistics(train_records)
    return {
        "uniform": _same_for_all(baselines.uniform),
        "centre_prior": _same_for_all(
            functools.partial(baselines.centre_prior, statistics.fixations)
        ),
        "mean_training_map": _same_for_all(
            functools.partial(images.resize_map, statistics.mean_map)
        ),
    }


def training_statistics(records: Sequence[Record]) -> TrainingStatistics:
    """Returns the statistics of a training split; maps of other sizes are resized.

    Raises:
      UserError: there are no fixations.
    """
    sums = baselines.NO_FIXATIONS
    total = None
    for i in range(len(records)):
        record = scored(records[i])
        height, width = record.density_map.shape
        sums = baselines.add_fixations(
            sums, record.fixations, height=height, width=width
        )
        if total is None:
            total = np.zeros((height, width))
        total += _resized(record.density_map, total.shape)
    if total is None or not sums.count:
        raise UserError("the training split has no fixations to fit the baselines to")
    return TrainingStatistics(sums, (total / len(records)).astype(np.float32))


def split_observers(record: Scored, *, sigma_px: float) -> ObserverHalves:
    """Returns the map of half of the observers, and the record of the other half.

    `sigma_px` is that of the Gaussian which blurs the fixations of both.
    """
    predicts = baselines.predicting_observers(record.observers)
    first, second = record.fixations[predicts], record.fixations[~predicts]
    height, width = record.density_map.shape
    density_map = functools.partial(
        fixations.density_map, height=height, width=width, sigma_px=sigma_px
    )
    others = record._replace(
        density_map=density_map(second),
        fixations=second,
        observers=record.observers[~predicts],
    )
    return ObserverHalves(density_map(first), others)


def _same_for_all(make_map: Callable[..., np.ndarray]) -> Predict:
    make_map = functools.lru_cache(maxsize=4)(make_map)

    def predict(records: Sequence[Scored]) -> list[np.ndarray]:
        sizes = [record.density_map.shape for record in records]
        return [make_map(height=height, width=width) for height, width in sizes]

    return predict


def _resized(density_map: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if density_map.shape == shape:
        return density_map
    return images.resize_map(density_map, height=shape[0], width=shape[1])
