"""Whether the game of the two players is healthy, said in plain words.

Pure: from the means of a log interval to what a person should know. A condition is
said to hold when it has held for a while, once, and once more when it has passed.
docs/health.md has what good looks like.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

Means = Mapping[str, float]

# A condition begins, or ends, when it has been so in this many intervals in a row that
# are this many steps together: an interval may be one step, and a batch is noise.
INTERVALS = 3
STEPS = 100
# A generator from random weights begins with one map for all images.
COLLAPSED_STEPS = 300

# Where a game lives: outside, one of the players has nothing to learn from.
BAND = {
    "discriminator_loss": (0.4, 1.35),
    "real_accuracy": (0.5, 1.0),
    "fake_accuracy": (0.5, 1.0),
}

# One error in 200, less than chance makes in an interval of the published run (10
# updates of 32 examples) where a discriminator has any doubt.
SATURATED_ACCURACY = 0.995
# Of its logits, as at -2 and 2. Its last layer adds up two tanh units, and logits that
# far apart stand where tanh is flat: as a small one's margin grew from 3.3 to 5.3, what
# it passed back to the maps fell to a twentieth.
SATURATED_MARGIN = 4.0
# It gives ground truth and prediction the same logit: as at 50.6 % and 49.4 %.
LOST_MARGIN = 0.05
# It then says the same of both, so that of two it is right about one, and its loss is
# that of a coin, 2 log 2, or more.
LOST_ACCURACY = 0.05
LOST_LOSS = 2 * math.log(2) - 0.05
# A map that explains a share of how maps differ between images varies by that share of
# their variance. At 0.02, a generator on OSIE scored what the centre prior scores.
COLLAPSED_RATIO = 0.05
# How far an image's logit moves, either way, when its true map is swapped for the
# predicted one. A discriminator that has begun to learn moved it by 0.1 and more within
# 80 updates; those that had not by less than 0.01.
BLIND_CHANGE = 0.01
# Of the two parts of the generator's gradient. A hundredth turns it by half a degree:
# the run is one of content loss alone. The reverse is no illness, for the content
# loss's gradient is small wherever that loss is near its minimum.
UNHEARD_RATIO = 0.01


class Condition(NamedTuple):
    """Something that can be wrong with a run.

    Attributes:
        name: of the scalar `health/<name>`, 0 or 1.
        needs: the metrics that it is read from.
        holds: whether it is so in an interval; None where the means do not tell.
        warning: what to say, with the metrics to fill in, and what to do.
        steps: how long it has to be so before that is said.
    """

    name: str
    needs: tuple[str, ...]
    holds: Callable[[Means], bool | None]
    warning: str
    steps: int = STEPS


class Standing(NamedTuple):
    """How a condition stands after an interval.

    Attributes:
        is_on: whether it was said to hold, and not yet that it has passed.
        contrary: intervals since then, in a row, that were otherwise.
        agreed_at: the last step before these.
    """

    is_on: bool = False
    contrary: int = 0
    agreed_at: int = 0


class Change(NamedTuple):
    """A condition that has begun, or passed, and the line that says so."""

    is_on: bool
    line: str


def is_in_band(means: Means) -> bool:
    """Returns whether loss and accuracies of a discriminator are those of a live game.

    >>> is_in_band(
    ...     {"discriminator_loss": 1.1, "real_accuracy": 0.7, "fake_accuracy": 0.6}
    ... )
    True
    """
    return all(low < means[name] < high for name, (low, high) in BAND.items())


def watch(
    standings: Mapping[str, Standing], step: int, means: Means
) -> tuple[dict[str, Standing], list[Change]]:
    """Returns how the conditions stand after an interval, and what to say about it.

    Args:
        standings: by name of the condition, after the interval before; empty at first.
        step: the last of the interval.
        means: of the metrics over the interval, as far as there are any.
    """
    after, changes = {}, []
    for condition in CONDITIONS:
        before = standings.get(condition.name, Standing())
        now = _next(before, condition, step, means)
        if now.is_on != before.is_on:
            changes.append(Change(now.is_on, _line(condition, now.is_on, means)))
        after[condition.name] = now
    return after, changes


def replay(rows: Iterable[tuple[int, Means]]) -> dict[str, Standing]:
    """Returns how the conditions stand after the intervals of an earlier start."""
    standings: dict[str, Standing] = {}
    for step, means in rows:
        standings, _ = watch(standings, step, means)
    return standings


def names_on(standings: Mapping[str, Standing]) -> list[str]:
    """Returns what was said to hold and has not passed, in words."""
    return [
        name.replace("_", " ") for name, standing in standings.items() if standing.is_on
    ]


def scalars(standings: Mapping[str, Standing]) -> dict[str, float]:
    """Returns `health/<name>`, 1 where the condition was said to hold, else 0."""
    return {f"health/{name}": float(now.is_on) for name, now in standings.items()}


def _next(before: Standing, condition: Condition, step: int, means: Means) -> Standing:
    known = all(name in means for name in condition.needs)
    is_so = condition.holds(means) if known else None
    if is_so is None:
        # Steps in which nothing was seen do not count, unless they lie in between.
        return before if before.contrary else before._replace(agreed_at=step)
    if is_so == before.is_on:
        return Standing(before.is_on, 0, step)
    contrary = before.contrary + 1
    needed = condition.steps if is_so else STEPS
    if contrary >= INTERVALS and step - before.agreed_at >= needed:
        return Standing(is_so, 0, step)
    return before._replace(contrary=contrary)


def _line(condition: Condition, is_on: bool, means: Means) -> str:
    if is_on:
        return condition.warning.format(**means)
    return f"passed: {condition.name.replace('_', ' ')}"


def _is_saturated(means: Means) -> bool:
    worst = min(means["real_accuracy"], means["fake_accuracy"])
    return worst >= SATURATED_ACCURACY and means["logit_margin"] >= SATURATED_MARGIN


def _is_lost(means: Means) -> bool:
    return (
        not _is_blind(means)
        and abs(means["logit_margin"]) <= LOST_MARGIN
        and _says_the_same_of_both(means)
        and means["discriminator_loss"] >= LOST_LOSS
    )


def _is_blind(means: Means) -> bool:
    return means["logit_change"] <= BLIND_CHANGE and _says_the_same_of_both(means)


def _says_the_same_of_both(means: Means) -> bool:
    right = means["real_accuracy"] + means["fake_accuracy"]
    return abs(right - 1) <= LOST_ACCURACY


def _is_collapsed(means: Means) -> bool | None:
    truth = means["true_map_variance"]
    # 0 where the batch is one image or all maps are black: nothing can be said.
    return means["map_variance"] <= COLLAPSED_RATIO * truth if truth > 0 else None


def _is_unheard(means: Means) -> bool:
    content = means["content_logit_grad_norm"]
    return means["adversarial_logit_grad_norm"] <= UNHEARD_RATIO * content


_JUDGEMENT = ("real_accuracy", "fake_accuracy", "logit_margin")
CONDITIONS = (
    Condition(
        "discriminator_saturated",
        _JUDGEMENT,
        _is_saturated,
        "the discriminator is saturated: it is right about {real_accuracy:.1%} of the "
        "ground truth and {fake_accuracy:.1%} of the predictions, its logits "
        "{logit_margin:.1f} apart, and gives the generator no useful gradient: try "
        "losses.discriminator_flood=0.7, a lower "
        "discriminator_optimizer.learning_rate or a longer bootstrap "
        "(phases.bootstrap_epochs)",
    ),
    Condition(
        "discriminator_blind",
        ("logit_change", "real_accuracy", "fake_accuracy"),
        _is_blind,
        "the discriminator does not see the map: its logits do not change when maps "
        "are swapped (by {logit_change:.4f} between the true and the predicted map of "
        "an image): try model.discriminator_map=standardized and "
        "model.discriminator_input=normalized, which make map and image of one size",
    ),
    Condition(
        "discriminator_lost",
        (*_JUDGEMENT, "discriminator_loss", "logit_change"),
        _is_lost,
        "the discriminator is lost: it says the same of ground truth and prediction "
        "(right about {real_accuracy:.0%} and {fake_accuracy:.0%}, logits "
        "{logit_margin:.3f} apart, loss {discriminator_loss:.2f}; a coin has 1.39), so "
        "that the generator learns nothing from it: try a warm-up "
        "(phases.discriminator_warmup_epochs), another discriminator_optimizer (rule "
        "and learning_rate) or losses.adversarial_share, or train on content loss "
        "alone",
    ),
    Condition(
        "generator_collapsed",
        ("map_variance", "true_map_variance"),
        _is_collapsed,
        "the generator predicts nearly the same map for every image, as the centre "
        "prior does: its maps vary by "
        "{map_variance:.2g} across images, ground truth by {true_map_variance:.2g}; a "
        "bootstrap from random weights may leave this plateau by itself: otherwise try "
        "pretrained weights (init_from), a longer bootstrap (phases.bootstrap_epochs) "
        "or another bootstrap_optimizer",
        COLLAPSED_STEPS,
    ),
    Condition(
        "adversarial_loss_unheard",
        ("content_logit_grad_norm", "adversarial_logit_grad_norm"),
        _is_unheard,
        "the adversarial loss is not heard: at the generator's logits its gradient is "
        "{adversarial_logit_grad_norm:.2g}, that of the weighted content loss "
        "{content_logit_grad_norm:.2g}: try a lower losses.alpha; a saturated "
        "discriminator passes no gradient either",
    ),
)
