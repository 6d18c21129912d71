"""The largest batch that fits, by doubling and bisection."""

from collections.abc import Callable
from typing import NamedTuple

_PRECISION = 1 / 16


class Limit(NamedTuple):
    """Between which batch sizes the limit lies.

    Attributes:
        fits: the largest that was tried and fits; 0 if none does.
        does_not: the smallest that was tried and does not.
    """

    fits: int
    does_not: int


def search(fits: Callable[[int], bool], *, first: int, step: int) -> Limit:
    """Returns the limit to a sixteenth of itself, or to one step if that is more.

    Args:
        fits: whether a batch size does.
        first: the first to try, a multiple of `step`.
        step: only multiples of it are tried.

    >>> search(lambda size: size <= 1000, first=32, step=8)
    Limit(fits=992, does_not=1024)
    """
    size = first
    if fits(size):
        while fits(2 * size):
            size *= 2
        return _bisect(fits, Limit(size, 2 * size), step)
    return _bisect(fits, Limit(0, size), step)


def _bisect(fits: Callable[[int], bool], limit: Limit, step: int) -> Limit:
    while limit.does_not - limit.fits > max(step, _PRECISION * limit.fits):
        middle = (limit.fits + limit.does_not) // 2 // step * step
        middle = max(middle, limit.fits + step)
        is_fit = fits(middle)
        limit = Limit(middle, limit.does_not) if is_fit else Limit(limit.fits, middle)
    return limit
