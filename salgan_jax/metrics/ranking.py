"""How many pixels of a map reach each of many thresholds: what every AUC is made of."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Num


def order_keys(values: Float[Array, " p"]) -> Int[Array, " p"]:
    """Returns integers in the order of the values: the next larger float has key + 1.

    XLA takes the smallest floats for zero, so that the float after zero is zero.

    >>> order_keys(jnp.array([-1.0, -0.0, 0.0, 1.0]))[1:3]
    Array([0, 0], dtype=int32)
    """
    bits = jax.lax.bitcast_convert_type(values.astype(jnp.float32), jnp.int32)
    magnitude = bits & 0x7FFFFFFF
    return jnp.where(bits < 0, -magnitude, magnitude)


def num_at_or_above(
    thresholds: Num[Array, " t"],
    values: Num[Array, " p"],
    counts: Int[Array, "c p"],
) -> Int[Array, "c t"]:
    """Returns how much each row of counts has where the values reach a threshold.

    Args:
        thresholds: ascending.
        values: of the pixels.
        counts: how often a pixel counts, for several kinds of counting at once.

    >>> thresholds, values = jnp.array([1.0, 2.0]), jnp.array([0.0, 1.0, 2.0, 3.0])
    >>> num_at_or_above(thresholds, values, jnp.array([[1, 1, 1, 1], [0, 5, 0, 1]]))
    Array([[3, 2],
           [6, 1]], dtype=int32)
    """
    # Binary search of every pixel among few thresholds, then a histogram: on a CPU many
    # times as fast as sorting the pixels.
    num_reached = jnp.searchsorted(
        thresholds, values, side="right", method="scan_unrolled"
    )
    return jnp.stack([_from_above(num_reached, row, thresholds.size) for row in counts])


def _from_above(num_reached, counts, num_thresholds):
    histogram = jnp.zeros(num_thresholds + 1, dtype=jnp.int32)
    histogram = histogram.at[num_reached].add(counts)
    return jax.lax.cumsum(histogram, reverse=True)[1:]


def area_under_curve(
    true_positives: Float[Array, " t"], false_positives: Float[Array, " t"]
) -> Float[Array, ""]:
    """Returns the area under the ROC curve through the points, (0, 0) and (1, 1).

    Args:
        true_positives, false_positives: rates, from the lowest threshold, which most
            reach, to the highest.
    """
    ends = jnp.ones(1), jnp.zeros(1)
    y = jnp.concatenate([ends[0], true_positives, ends[1]])
    x = jnp.concatenate([ends[0], false_positives, ends[1]])
    return 0.5 * jnp.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]))
