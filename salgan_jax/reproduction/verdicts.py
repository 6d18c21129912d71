"""What the numbers say of a claim, in a sentence that follows from the intervals."""

from collections.abc import Sequence

from salgan_jax.evaluation import scores
from salgan_jax.metrics.over_runs import RunDifference
from salgan_jax.reproduction.confidence import CONFIDENCE, SPREAD
from salgan_jax.reproduction.results import Contrast, heading

CLAIM_METRICS: tuple[str, ...] = ("nss", "cc", "ig")


def of_claim(contrast: Contrast, metrics: Sequence[str] = CLAIM_METRICS) -> str:
    """Returns whether an arm is better than the reference, and where.

    A difference counts whose 95 % interval does not hold 0. "Supported": it is better
    in all metrics; "supported in part": in some, and worse in none; "mixed": better in
    some and worse in others; "not supported": worse in some and better in none;
    "undecided": all intervals hold 0.
    """
    sides = _sides(contrast, metrics)
    better, worse, unclear = sides["better"], sides["worse"], sides["unclear"]
    if better and worse:
        word = "Mixed"
    elif better:
        word = "Supported in part" if unclear else "Supported"
    else:
        word = "Not supported" if worse else "Undecided"
    return f"{word}: {of_contrast(contrast, metrics)}"


def of_contrast(contrast: Contrast, metrics: Sequence[str] = CLAIM_METRICS) -> str:
    """Returns where an arm is better than the reference, where worse, where unclear."""
    arm, reference = contrast.arm, contrast.reference
    sides = _sides(contrast, metrics)
    said = {
        "better": f"{arm} is better than {reference} in",
        "worse": f"{arm} is worse than {reference} in",
        "unclear": f"{arm} and {reference} may be equally good in",
    }
    parts = [
        f"{words} {_listed([heading(metric) for metric in sides[side]])}"
        for side, words in said.items()
        if sides[side]
    ]
    if not parts:
        names = _listed([heading(metric) for metric in metrics])
        return f"of {arm} these images give no score in {names}."
    known = [x for x in metrics if any(x in side for side in sides.values())]
    numbers = [f"{heading(x)} {in_words(contrast.differences[x])}" for x in known]
    found = contrast.differences[known[0]]
    runs = "1 run" if found.num_runs == 1 else f"{found.num_runs} runs"
    numbers.append(f"{runs}, {found.num_images} images")
    return f"{'; '.join(parts)} ({'; '.join(numbers)})."


def of_confidence(contrast: Contrast) -> str:
    """Returns whether content loss alone is less sure at fixated pixels.

    The claim has two parts: lower probability there, and less spread among the pixels
    of an image. `contrast` is the perceptual arm against the content arm.
    """
    said = []
    for measure, what in (
        (CONFIDENCE, "content loss alone predicts fixated pixels with less confidence"),
        (SPREAD, "it predicts them more equally likely"),
    ):
        found = contrast.differences[measure]
        if not found.num_images:
            said.append(f"{what}: undecided, no image has such a number")
            continue
        side = _side(found, is_less_better=False)
        word = {"better": "supported", "worse": "not supported"}.get(side, "undecided")
        said.append(
            f"{what}: {word} ({contrast.arm} minus {contrast.reference} "
            f"{in_words(found)})"
        )
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def in_words(found: RunDifference) -> str:
    """Returns a difference with its interval and its p-value."""
    return (
        f"{found.mean:+.4f}, 95 % interval {found.low:+.4f} to {found.high:+.4f}, "
        f"p {found.p_value:.4f}"
    )


def _sides(contrast: Contrast, metrics: Sequence[str]) -> dict[str, list[str]]:
    """Returns the metrics in which the arm is better, worse, and neither for sure."""
    sides: dict[str, list[str]] = {"better": [], "worse": [], "unclear": []}
    for metric in metrics:
        found = contrast.differences.get(metric)
        if found is not None and found.num_images:
            sides[_side(found, is_less_better=scores.is_less_better(metric))].append(
                metric
            )
    return sides


def _side(found: RunDifference, *, is_less_better: bool) -> str:
    sign = -1 if is_less_better else 1
    low, high = sorted((sign * found.low, sign * found.high))
    return "better" if low > 0 else "worse" if high < 0 else "unclear"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
