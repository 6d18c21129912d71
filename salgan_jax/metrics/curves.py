"""The four areas of one image at once: they share the counting of pixels."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from salgan_jax.metrics import points, ranking
from salgan_jax.metrics.conventions import Convention
from salgan_jax.metrics.points import Pixels


class Pictures(NamedTuple):
    """The pixels of one image, raveled.

    Attributes:
        values: of the saliency map.
        unit_values: of the same, brought to [0, 1].
        others: how often other images were fixated there.
        valid: which pixels belong to the image.
    """

    values: Float[Array, " p"]
    unit_values: Float[Array, " p"]
    others: Int[Array, " p"]
    valid: Bool[Array, " p"]


def areas(
    pictures: Pictures, pixels: Pixels, convention: Convention
) -> Float[Array, "4"]:
    """Returns exact AUC, AUC-Judd, AUC-Borji and shuffled AUC; see `roc`."""
    valid = pictures.valid
    is_fixated = points.fixated(pixels, valid.size)
    everything = valid.astype(jnp.int32)
    unfixated = (valid & ~is_fixated).astype(jnp.int32)
    others = _counted_others(pictures.others, valid, is_fixated, convention)
    counts = jnp.stack([everything, unfixated, others])
    auc, judd, sauc = _at_fixated_values(pictures.values, pixels, counts, convention)
    unit_values = pictures.unit_values
    borji = _stepwise(unit_values, pixels, everything, step=convention.auc_borji_step)
    if convention.sauc_step:
        sauc = _stepwise(unit_values, pixels, others, step=convention.sauc_step)
    return jnp.stack([auc, judd, borji, sauc])


def _counted_others(others, valid, is_fixated, convention):
    others = jnp.where(valid, others, 0)
    if not convention.sauc_counts_repeats:
        others = jnp.minimum(others, 1)
    return jnp.where(is_fixated, 0, others) if convention.sauc_excludes_own else others


def _at_fixated_values(values, pixels, counts, convention):
    """Returns exact AUC, AUC-Judd and exact shuffled AUC: thresholds are values."""
    # Ascending; points that do not count come last, where nothing is above them.
    keys = ranking.order_keys(values)
    last = jnp.iinfo(jnp.int32).max
    fixated = jnp.sort(jnp.where(pixels.counts, keys[pixels.index], last - 1))
    is_counted = fixated < last - 1
    number = fixated.size
    num_fixations = jnp.sum(pixels.counts)
    # Above a value is at or above the next number that there is.
    both = jnp.concatenate([fixated, fixated + 1])
    order = jnp.argsort(both)
    reached = ranking.num_at_or_above(both[order], keys, counts)
    reached = jnp.zeros_like(reached).at[:, order].set(reached)
    at_or_above, above = reached[:, :number], reached[:, number:]

    totals = jnp.sum(counts, axis=1)
    # How many are below, ties counting one half; in halves, which are exact.
    twice_below = 2 * totals[:, None] - at_or_above - above
    below = jnp.where(is_counted, twice_below / (2 * totals[:, None]), 0.0)
    exact = jnp.sum(below, axis=1) / num_fixations

    # From 1, as many as are at or above it; of ties all have the largest number.
    if convention.auc_judd_ranks_ties:
        rank = num_fixations - jnp.arange(number)
        negatives = at_or_above[0] - rank
    else:
        rank = num_fixations - jnp.searchsorted(fixated, fixated)
        negatives = at_or_above[1]
    judd = ranking.area_under_curve(
        jnp.where(is_counted, rank / num_fixations, 0.0),
        jnp.where(is_counted, negatives / totals[1], 0.0),
    )
    judd = jnp.where(totals[1] > 0, judd, jnp.nan)
    return exact[0], judd, exact[2]


def _stepwise(values, pixels, counts, *, step):
    """Returns the area with even thresholds on a map in [0, 1]."""
    num_steps = round(1 / step)
    thresholds = jnp.arange(num_steps + 1) / num_steps
    num_fixations = jnp.sum(pixels.counts)
    at_fixations = jnp.where(pixels.counts, values[pixels.index], -1.0)
    ones = jnp.ones((1, at_fixations.size), jnp.int32)
    hits = ranking.num_at_or_above(thresholds, at_fixations, ones)[0] / num_fixations
    reached = ranking.num_at_or_above(thresholds, values, counts[None])[0]
    return ranking.area_under_curve(hits, reached / jnp.sum(counts))
