"""The optimizer's step of one player, and its undoing where something is not finite."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from salgan_jax import measures
from salgan_jax.state import Player

Metrics = dict[str, Any]


class Step(NamedTuple):
    """What turns a gradient into a step of the player `name`.

    Attributes:
        skip_not_finite: whether the player stays as it is where a metric, the norm of
            its gradient included, is NaN or Inf.
        average_decay: of the average of the parameters; 0: none is kept.
    """

    name: str
    optimizer: optax.GradientTransformation
    skip_not_finite: bool
    average_decay: float = 0.0


def take(
    step: Step,
    player: Player,
    grads: Any,
    shares: Metrics,
    axis_name: str | None,
    *,
    step_number: Any = 0,
) -> tuple[Player, Metrics]:
    """Returns the player after its step, and the metrics with its gradient's norm.

    Args:
        step: whose, and by what rule.
        player: before it.
        grads: of this device's share of the batch.
        shares: this device's, as in `measures.py`.
        axis_name: of the devices. Here they exchange once, gradients and measures
            together.
        step_number: updates made before, by either player.
    """
    num_devices = 1
    if axis_name is not None:
        grads, shares = lax.pmean((grads, shares), axis_name)
        num_devices = lax.psum(1, axis_name)
    metrics = measures.whole(shares, num_devices)
    updates, opt_state = step.optimizer.update(grads, player.opt_state, player.params)
    params = optax.apply_updates(player.params, updates)
    moved = player.replace(params=params, opt_state=opt_state)
    if step.average_decay:
        average = _average(player.average, params, step.average_decay, step_number)
        moved = moved.replace(average=average)
    metrics |= {f"{step.name}_grad_norm": optax.tree.norm(grads)}
    if step.skip_not_finite:
        return _unless_not_finite(step.name, player, moved, metrics)
    return moved, metrics


def _average(average: Any, params: Any, decay: float, step_number: Any) -> Any:
    """The moving average of parameters, which forgets the first ones soon.

    After n steps its decay is (1 + n) / (10 + n), up to `decay`.
    """
    number = jnp.asarray(step_number, jnp.float32)
    weight = 1 - jnp.minimum(decay, (1 + number) / (10 + number))
    # Written so that a frozen parameter stays what it is, to the bit.
    return jax.tree.map(
        lambda a, p: a + weight.astype(p.dtype) * (p - a), average, params
    )


def _unless_not_finite(
    name: str, player: Player, moved: Player, metrics: Metrics
) -> tuple[Player, Metrics]:
    """The player that has moved, or the one before where a metric is NaN or Inf.

    The metrics gain `skipped_<name>_updates`, 0 or 1. A loss can be NaN where the
    gradient is finite: what a ReLU drops does not come back.
    """
    is_finite = jnp.all(jnp.stack([jnp.isfinite(x) for x in metrics.values()]))
    kept = jax.tree.map(lambda new, old: jnp.where(is_finite, new, old), moved, player)
    skipped = jnp.where(is_finite, jnp.float32(0), jnp.float32(1))
    return kept, metrics | {f"skipped_{name}_updates": skipped}
