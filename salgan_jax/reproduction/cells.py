"""How means and differences are written in the cells of a table."""

from salgan_jax.metrics.intervals import MeanInterval
from salgan_jax.metrics.over_runs import RunDifference, RunMean

NONE = "-"


def mean(found: RunMean | MeanInterval) -> str:
    """Returns a mean ± half of its interval.

    >>> mean(MeanInterval(1.5, 1.4, 1.6, num_images=9))
    '1.500 ± 0.100'
    """
    if not found.num_images:
        return NONE
    return f"{found.mean:.3f} ± {(found.high - found.low) / 2:.3f}"


def difference(found: RunDifference) -> tuple[str, str, str]:
    """Returns a difference, its interval and its p-value, for three cells."""
    if not found.num_images:
        return NONE, NONE, NONE
    interval = f"{found.low:+.4f} to {found.high:+.4f}"
    return f"{found.mean:+.4f}", interval, f"{found.p_value:.4f}"


def in_one(found: RunDifference) -> str:
    """Returns a difference with its interval and its p-value, for one cell."""
    if not found.num_images:
        return NONE
    return (
        f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f}); "
        f"p {found.p_value:.4f}"
    )
