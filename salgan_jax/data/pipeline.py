"""From training copies to batches: the batch of a step is a pure function of it.

A run that goes on where it stopped therefore sees what it would have seen.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.data import sampling as step_sampling
from salgan_jax.data.sampling import Sampling
from salgan_jax.state import Batch, CachedBatch


class Frames(NamedTuple):
    """Some rows of a training copy.

    Attributes:
        examples: uint8 [N, ...], the whole split.
        rows: int64, which of them.
    """

    examples: Batch
    rows: np.ndarray


def batches(
    first_step: int,
    num_steps: int,
    parts: Sequence[Frames],
    sampling: Sampling,
    features: np.ndarray | None = None,
) -> Iterator[Batch | CachedBatch]:
    """Yields the batches of steps `first_step` to `num_steps` - 1, uint8.

    Args:
        first_step, num_steps: which steps.
        parts: what is trained on.
        sampling: how a step draws its examples.
        features: [N, 1 or 2, ...], what the frozen blocks make of each example and, if
            examples are mirrored, of its mirror image.
    """
    for step in range(first_step, num_steps):
        batch = batch_at(step, parts, sampling)
        if features is None:
            yield batch
        else:
            row, is_mirrored = step_sampling.rows_at(step, sampling)
            yield CachedBatch(*batch, features[row, is_mirrored.astype(np.intp)])


def batch_at(step: int, parts: Sequence[Frames], sampling: Sampling) -> Batch:
    """Returns the batch of a step: the same for the same step and seed, always."""
    row, is_mirrored = step_sampling.rows_at(step, sampling)
    return mirror(take(parts, row), is_mirrored)


def mirror(examples: Batch, is_mirrored: np.ndarray) -> Batch:
    """Returns the examples, images and maps mirrored left to right where asked for."""
    if not is_mirrored.any():
        return examples
    flip = is_mirrored.reshape(-1, 1, 1, 1)
    return Batch(*(np.where(flip, x[:, :, ::-1], x) for x in given(examples)))


def given(examples: Batch) -> list[Any]:
    """Returns the arrays of a batch, those that are there."""
    return [x for x in examples if x is not None]


def joined(parts: Sequence[Frames]) -> Batch:
    """Returns the rows of all parts in one piece of memory, uint8 [N, ...]."""
    return take(parts, np.arange(sum(len(part.rows) for part in parts)))


def take(parts: Sequence[Frames], row: np.ndarray) -> Batch:
    """Returns the examples of ascending rows, which count through all parts, uint8."""
    gathered, first = [], 0
    for part in parts:
        is_here = (first <= row) & (row < first + len(part.rows))
        local = part.rows[row[is_here] - first]
        gathered.append([x[local] for x in given(part.examples)])
        first += len(part.rows)
    if len(gathered) == 1:
        return Batch(*gathered[0])
    return Batch(*(np.concatenate(pieces) for pieces in zip(*gathered, strict=True)))
