"""Which examples a step sees: a pure function of the step, the seed and the counts.

No file is read here, so that it does not matter where the pixels come from.
"""

import functools
from typing import NamedTuple

import numpy as np


class Sampling(NamedTuple):
    """How steps draw their examples.

    Attributes:
        counts: examples of each data set; rows count through all of them in order.
        weights: share of each data set in what is drawn, not necessarily of sum 1.
        batch_size: examples a step.
        seed: of the order and of the mirroring.
        horizontal_flip: mirror half of the examples.
        share: (index, count): of the examples of each step, which of so many equal
            parts is read here.
    """

    counts: tuple[int, ...]
    weights: tuple[float, ...]
    batch_size: int
    seed: int
    horizontal_flip: bool
    share: tuple[int, int] = (0, 1)

    @property
    def share_size(self) -> int:
        """Examples a step that are read here."""
        return self.batch_size // self.share[1]

    @property
    def num_examples(self) -> int:
        """Examples an epoch: as many as there are."""
        return sum(self.counts)


class Rows(NamedTuple):
    """The examples of a step.

    Attributes:
        row: int64 [share_size], which; ascending.
        is_mirrored: bool [share_size].
    """

    row: np.ndarray
    is_mirrored: np.ndarray


def rows_at(step: int, sampling: Sampling) -> Rows:
    """Returns the examples of a step: the same for the same step, always.

    An epoch draws as many examples as there are, each data set in its share. Of one
    data set no example is drawn again before all others have been; those that do not
    fill a batch are left out of that epoch.
    """
    batch_size = sampling.batch_size
    epoch, position = divmod(step, sampling.num_examples // batch_size)
    order, mirrored = _epoch(sampling, epoch)
    # In the order of the file, for the sake of a slow disk; a mean has no order.
    row = np.sort(order[position * batch_size : (position + 1) * batch_size])
    row = np.split(row, sampling.share[1])[sampling.share[0]]
    return Rows(row, mirrored[row])


@functools.lru_cache(maxsize=2)
def _epoch(sampling: Sampling, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows in the order in which an epoch draws them, and the mirrored."""
    random = np.random.default_rng((sampling.seed, epoch))
    num_examples = sampling.num_examples
    if len(sampling.counts) == 1:
        order = random.permutation(num_examples)
    else:
        order = _mixed_order(random, sampling)
    if sampling.horizontal_flip:
        return order, random.random(num_examples) < 0.5
    return order, np.zeros(num_examples, bool)


def _mixed_order(random: np.random.Generator, sampling: Sampling) -> np.ndarray:
    """Returns rows of all data sets, shuffled, each data set in its share."""
    share = np.array(sampling.weights) / sum(sampling.weights)
    parts = random.choice(len(share), size=sampling.num_examples, p=share)
    order = np.empty(sampling.num_examples, np.int64)
    first_row = 0
    for part, count in enumerate(sampling.counts):
        places = np.flatnonzero(parts == part)
        rounds = -(-len(places) // count)
        rows = [random.permutation(count) for _ in range(rounds)]
        order[places] = first_row + np.concatenate([*rows, []])[: len(places)]
        first_row += count
    return order
