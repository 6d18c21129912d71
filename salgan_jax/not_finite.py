"""What a run says about a NaN or an Inf: where it is, and what was skipped for it.

With `on_nan="stop"` the first one ends the run. With "skip" the update that met it has
left its network as it was (`stepping.py`), and it is counted here.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from salgan_jax.errors import UserError

NETWORKS = ("discriminator", "generator")
# Of the discriminator's update; all others are of the generator's.
DISCRIMINATOR_METRICS = frozenset(
    (
        *("discriminator_loss", "discriminator_grad_norm"),
        *("real_accuracy", "fake_accuracy", "real_logit", "fake_logit"),
        *("logit_margin", "logit_change"),
    )
)
# A bad image or a steep place skips one update or a few. So many in a row mean that the
# network stands where no batch has a gradient, and would stand there for ever.
MOST_IN_A_ROW = 50


class Skipped(NamedTuple):
    """How many updates of a network were skipped: in all, and the last in a row."""

    total: int = 0
    in_a_row: int = 0


class Step(NamedTuple):
    """What remains of a step's metrics, the counts after it, and a line for each skip.

    Attributes:
        metrics: without those of a network whose update was skipped.
        skipped: by network; without one of which nothing has been said yet.
        lines: for a person.
    """

    metrics: dict[str, Any]
    skipped: dict[str, Skipped]
    lines: list[str]


def scalar_name(network: str) -> str:
    """Returns the metric that tells whether a network's update was skipped."""
    return f"skipped_{network}_updates"


def look(step: int, metrics: Mapping[str, Any], skipped: Mapping[str, Skipped]) -> Step:
    """Returns what of a step counts.

    Args:
        step: updates made, this one included.
        metrics: of the step, with `skipped_<network>_updates` where `on_nan` is "skip".
        skipped: the counts before it.

    Raises:
        UserError: a metric is not finite and its update was not skipped, or a network's
            last `MOST_IN_A_ROW` updates were.
    """
    kept: dict[str, Any] = {}
    counts, lines = dict(skipped), []
    for network in NETWORKS:
        own = {k: v for k, v in metrics.items() if _network_of(k) == network}
        is_skipped = own.pop(scalar_name(network), None)
        if is_skipped:
            counts[network] = _one_more(counts.get(network, Skipped()))
            lines.append(
                f"step {step}: {network} update skipped, its {_what(own)} is not "
                f"finite ({counts[network].total} so far)"
            )
            _check_row(step, network, counts[network], _what(own))
            continue
        if is_skipped is not None:
            counts[network] = Skipped(counts.get(network, Skipped()).total)
        kept |= own
    _check_finite(step, kept)
    return Step(kept, counts, lines)


def totals(skipped: Mapping[str, Skipped]) -> str:
    """Returns the counts as the last line of a run says them.

    >>> totals({"generator": Skipped(3), "discriminator": Skipped(0)})
    'skipped updates: generator 3, discriminator 0'
    """
    counts = (f"{network} {count.total}" for network, count in skipped.items())
    return f"skipped updates: {', '.join(counts)}"


def _one_more(count: Skipped) -> Skipped:
    return Skipped(count.total + 1, count.in_a_row + 1)


def _check_row(step: int, network: str, count: Skipped, what: str) -> None:
    if count.in_a_row >= MOST_IN_A_ROW:
        raise UserError(
            f"step {step}: the last {count.in_a_row} updates of the {network} were all "
            f"skipped, since its {what} is not finite; the run has diverged and stops, "
            "the last checkpoint has finite parameters: lower the learning rates or "
            "look at the data, then start again in another workdir"
        )


def _check_finite(step: int, metrics: Mapping[str, Any]) -> None:
    bad = {k: metrics[k] for k in sorted(metrics) if not math.isfinite(metrics[k])}
    if not bad:
        return
    of_network: dict[str, dict[str, Any]] = {}
    for name, value in bad.items():
        of_network.setdefault(_network_of(name), {})[name] = value
    where = " and ".join(
        f"the {network}'s {_what(own)}" for network, own in of_network.items()
    )
    raise UserError(
        f"step {step}: {', '.join(bad)} not finite: {where} "
        f"{'is' if len(of_network) == 1 else 'are'} not finite; the run "
        "stops and the last checkpoint is good: lower the learning rates or look at "
        "the data, then start again in another workdir, or go on in this one with "
        "--config.on_nan=skip"
    )


def _network_of(metric: str) -> str:
    own = {*DISCRIMINATOR_METRICS, scalar_name("discriminator")}
    return "discriminator" if metric in own else "generator"


def _what(metrics: Mapping[str, Any]) -> str:
    """What of a network is not finite: the gradient, which follows from all else."""
    bad = [name for name, value in metrics.items() if not math.isfinite(value)]
    for ending, word in (("_grad_norm", "gradient"), ("_loss", "loss")):
        if any(name.endswith(ending) for name in bad):
            return word
    return "prediction"
