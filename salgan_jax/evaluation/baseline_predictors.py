"""What a model is compared with: predictors that do not see the image.

They are fitted to the training split. Where the images to score are those of the
training split, each image is left out of what is fitted for it.
"""

import functools
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax.data import images, records
from salgan_jax.data.records import Record
from salgan_jax.errors import UserError
from salgan_jax.metrics import baselines, kernel_density
from salgan_jax.metrics.kernel_density import KernelDensity

KDE_PRIOR = "kde_prior"
_MOST_HISTOGRAMS = 1000  # kept while the split is read, to choose a bandwidth


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

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.density_map.shape[0], self.density_map.shape[1]


Predict = Callable[[Sequence[Scored]], Sequence[np.ndarray]]
"""Takes records, returns a map [H, W] for each, at the size of its image."""


class TrainingStatistics(NamedTuple):
    """What the baselines know of a training split.

    Attributes:
        fixations: sums, for the Gaussian centre prior.
        estimate: for the KDE centre prior.
        total_map: float64 [H, W]: sum of the density maps, each resized to the size of
            the first; zero where there are none.
        num_maps: how many they are.
    """

    fixations: baselines.FixationSums
    estimate: KernelDensity
    total_map: np.ndarray
    num_maps: int


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


def training_statistics(train_records: Sequence[Record]) -> TrainingStatistics:
    """Returns the statistics of a training split, which is read once.

    Raises:
      UserError: there are neither fixations nor density maps.
    """
    sums, total_map, num_maps = baselines.NO_FIXATIONS, np.zeros((1, 1)), 0
    total, histograms = np.zeros(kernel_density.GRID), []
    for outline in records.outlines(train_records):
        height, width = outline.size
        if outline.fixations is not None:
            points = outline.fixations
            sums = baselines.add_fixations(sums, points, height=height, width=width)
            cells = kernel_density.histogram(points, height=height, width=width)
            total += cells
            if len(histograms) < _MOST_HISTOGRAMS:
                histograms.append(cells)
        density_map = outline.read_density_map()
        if density_map is not None:
            if not num_maps:
                total_map = np.zeros(density_map.shape)
            total_map += _resized(density_map, total_map.shape)
            num_maps += 1
    if not sums.count and not num_maps:
        raise UserError(
            "the training split has neither fixations nor density maps to fit the "
            "baselines to"
        )
    estimate = kernel_density.fit(total, histograms)
    return TrainingStatistics(sums, estimate, total_map, num_maps)


def make_blind_predictors(
    train_records: Sequence[Record],
    statistics: TrainingStatistics,
    *,
    leave_one_out: bool = False,
) -> dict[str, Predict]:
    """Returns the predictors that do not look at the image, by name.

    `uniform`; `centre_prior`, the Gaussian fitted to the fixations of the training
    split; `kde_prior`, their kernel density; `mean_training_map`, the mean of its
    density maps, resized to the image; `shuffled`, the density map of another image of
    it. The priors are left out where the data set has no fixations, the last two where
    it has no density maps.

    Args:
      train_records: the training split.
      statistics: of it.
      leave_one_out: the images to score are among them.
    """
    predictors = {
        "uniform": _for_each(lambda record: _uniform(record.size)),
    }
    if statistics.fixations.count:
        gaussian = functools.partial(_centre_prior, statistics)
        predictors["centre_prior"] = _by_size(gaussian, leave_one_out)
        predictors[KDE_PRIOR] = make_kde_prior(statistics, leave_one_out=leave_one_out)
    if statistics.num_maps > leave_one_out:
        mean_map = functools.partial(_mean_map, statistics)
        predictors["mean_training_map"] = _by_size(mean_map, leave_one_out)
        another = functools.partial(_another_map, train_records)
        predictors["shuffled"] = _for_each(another)
    return predictors


def make_kde_prior(
    statistics: TrainingStatistics, *, leave_one_out: bool = False
) -> Predict:
    """Returns the KDE centre prior, which is also the baseline of information gain."""
    return _by_size(functools.partial(_kde_prior, statistics), leave_one_out)


def _uniform(size: tuple[int, int]) -> np.ndarray:
    return baselines.uniform(height=size[0], width=size[1])


def _centre_prior(
    statistics: TrainingStatistics, size: tuple[int, int], own: Scored | None
) -> np.ndarray:
    (height, width), sums = size, statistics.fixations
    if own is not None:
        none = baselines.NO_FIXATIONS
        own_sums = baselines.add_fixations(
            none, own.fixations, height=height, width=width
        )
        sums = baselines.without(sums, own_sums)
    if not sums.count:
        raise UserError("only one image has fixations: no centre prior without it")
    return baselines.centre_prior(sums, height=height, width=width)


def _kde_prior(
    statistics: TrainingStatistics, size: tuple[int, int], own: Scored | None
) -> np.ndarray:
    return kernel_density.prior(
        statistics.estimate,
        height=size[0],
        width=size[1],
        without=None if own is None else own.fixations,
    )


def _mean_map(
    statistics: TrainingStatistics, size: tuple[int, int], own: Scored | None
) -> np.ndarray:
    total, number = statistics.total_map, statistics.num_maps
    if own is not None:
        total = np.maximum(total - _resized(own.density_map, total.shape), 0)
        number -= 1
    return _resized((total / number).astype(np.float32), size)


def _another_map(train_records: Sequence[Record], record: Scored) -> np.ndarray:
    """Returns the map of an image that only the record's name chooses."""
    start = zlib.crc32(record.id.encode())
    for step in range(len(train_records)):
        row = (start + step) % len(train_records)
        (outline,) = records.outlines(records.subset(train_records, [row]))
        density_map = outline.read_density_map()
        if outline.id != record.id and density_map is not None:
            return _resized(density_map, record.size)
    raise UserError("the training split has no density map of another image")


def _for_each(make_map: Callable[[Scored], np.ndarray]) -> Predict:
    return lambda some: [make_map(record) for record in some]


def _by_size(
    make_map: Callable[[tuple[int, int], Scored | None], np.ndarray],
    leave_one_out: bool,
) -> Predict:
    """Returns a predictor whose map depends on the size, and on whom it leaves out."""
    if leave_one_out:
        return _for_each(lambda record: make_map(record.size, record))
    of_size = functools.lru_cache(maxsize=4)(lambda size: make_map(size, None))
    return _for_each(lambda record: of_size(record.size))


def _resized(density_map: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if density_map.shape == shape:
        return density_map
    return images.resize_map(density_map, height=shape[0], width=shape[1])
