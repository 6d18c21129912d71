"""Contestants compute the same: a comparison of their speed is worthless otherwise."""

from collections.abc import Mapping

import numpy as np

from benchmarks.timing import Name
from salgan_jax.errors import UserError

# Of predicted values in 0..1, and of losses relative to themselves. Half precision and
# TensorFloat-32 keep 8 and 10 bits, through 27 layers.
_FINE, _COARSE = 1e-3, 0.1


def check(
    values: Mapping[Name, np.ndarray | float], *, reference: Name, is_fine: bool
) -> float:
    """Returns by how much the contestants differ at most from the reference.

    Args:
        values: maps or losses, made of the same weights and images.
        reference: the name of one of them.
        is_fine: whether all computed in float32.

    Raises:
        UserError: one of them computes something else.
    """
    expected = values[reference]
    scale = 1.0 if isinstance(expected, np.ndarray) else abs(expected)
    limit = _FINE if is_fine else _COARSE
    worst = 0.0
    for name, value in values.items():
        difference = float(np.abs(value - expected).max()) / scale
        if not difference <= limit:
            raise UserError(
                f"{name} differs from {reference} by {difference:.2g}, allowed is "
                f"{limit:g}: their times cannot be compared"
            )
        worst = max(worst, difference)
    return worst
