"""One optimizer per player: decay, then AdaGrad, for what trains; nothing for the rest.

Pan et al. 2017, Sec. 4.2. Every parameter is labelled "trained" or "frozen", and a
frozen one has neither an optimizer slot nor an update nor decay.
"""

import re
from typing import Any

import jax
import optax

TRAINED, FROZEN = "trained", "frozen"
RULES = ("adagrad", "nesterov", "adam", "adamw")
SCHEDULES = ("constant", "warmup_cosine")
_WARMUP = 0.05  # of the updates


def generator_labels(params: Any, *, frozen_blocks: int) -> Any:
    """Returns "trained" or "frozen" for each parameter, as a tree like `params`.

    Frozen are conv1_x to conv<frozen_blocks>_x of the encoder; the decoder's layers,
    whose names only end like these, train.
    """

    def label(path, _) -> str:
        names = [entry.key for entry in path]
        match = re.fullmatch(r"conv(\d)_\d", names[1]) if len(names) > 1 else None
        in_frozen_block = match is not None and int(match.group(1)) <= frozen_blocks
        return FROZEN if names[0] == "encoder" and in_frozen_block else TRAINED

    return jax.tree_util.tree_map_with_path(label, params)


def discriminator_labels(params: Any) -> Any:
    """Returns "trained" for each parameter, as a tree like `params`."""
    return jax.tree.map(lambda _: TRAINED, params)


def make_optimizer(
    labels: Any,
    *,
    rule: str,
    learning_rate: float,
    initial_accumulator_value: float,
    epsilon: float,
    momentum: float,
    weight_decay: float,
    schedule: str = "constant",
    num_updates: int = 0,
) -> optax.GradientTransformation:
    """Returns the optimizer of one player.

    `weight_decay` w is the coefficient of the L2 penalty w * |p|^2 (all parameters,
    biases included), coupled: its gradient 2 w p passes through the rule like any other
    (Lasagne's `regularize_network_params`).

    Args:
        labels: "trained" or "frozen" for each parameter.
        rule: "adagrad", "nesterov" (the released code's bootstrap), or "adam" and
            "adamw" (neither the paper's nor the code's). The decay of "adamw" does not
            pass through the rule: a step is shorter by the learning rate times 2 w p.
        learning_rate: step size; the paper's is 3e-4.
        initial_accumulator_value: AdaGrad's sum of squares at the start. Lasagne's is
            0, optax's default is 0.1 and would make the first epochs far slower.
        epsilon: added to AdaGrad's sum of squares, under the root (Lasagne: 1e-6).
        momentum: of Nesterov's rule; AdaGrad has none.
        weight_decay: 1e-4 in the paper; the released code loses it in a line break.
        schedule: of the learning rate: "constant", or "warmup_cosine": up to it in the
            first twentieth of the updates, then down to 0 with a cosine.
        num_updates: that the optimizer will make; read by "warmup_cosine" only.
    """
    rate = _learning_rate(schedule, learning_rate, num_updates)
    if rule == "adagrad":
        step = optax.adagrad(rate, initial_accumulator_value, epsilon)
    elif rule == "nesterov":
        step = optax.sgd(rate, momentum, nesterov=True)
    elif rule == "adam":
        step = optax.adam(rate)
    elif rule == "adamw":
        step = optax.adamw(rate, weight_decay=2 * weight_decay)
    else:
        raise ValueError(f"optimizer rule {rule!r}: use one of {', '.join(RULES)}")
    if weight_decay and rule != "adamw":
        step = optax.chain(optax.add_decayed_weights(2 * weight_decay), step)
    return optax.partition({TRAINED: step, FROZEN: optax.set_to_zero()}, labels)


def _learning_rate(
    schedule: str, learning_rate: float, num_updates: int
) -> float | optax.Schedule:
    if schedule == "constant":
        return learning_rate
    if schedule != "warmup_cosine":
        known = ", ".join(SCHEDULES)
        raise ValueError(f"learning rate schedule {schedule!r}: use one of {known}")
    warmup = max(1, round(_WARMUP * num_updates))
    # At least one step is left to go down in, of however few there are.
    return optax.warmup_cosine_decay_schedule(
        0.0, learning_rate, warmup, max(num_updates, warmup + 1)
    )
