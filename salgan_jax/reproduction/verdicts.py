"""What the numbers say of a claim, in a sentence that follows from the intervals."""

from collections.abc import Sequence

from salgan_jax.evaluation import scores
from salgan_jax.metrics.over_runs import RunDifference
from salgan_jax.reproduction.confidence import CONFIDENCE, SPREAD
from salgan_jax.reproduction.results import Contrast, heading

CLAIM_METRICS: tuple[str, ...] = ("nss", "cc", "ig")


def of_contrast(contrast: Contrast, metrics: Sequence[str] = CLAIM_METRICS) -> str:
    """Returns where an arm is better than the reference, where worse, where unclear.

    A difference counts whose 95 % interval does not hold 0. "Supported": it is better
    in all metrics; "supported in part": in some, and worse in none; "mixed": better in
    some and worse in others; "not supported": worse in some and better in none;
    "undecided": all intervals hold 0.
    """
    sorted_out: dict[str, list[str]] = {"better": [], "worse": [], "unclear": []}
    numbers = []
    for metric in metrics:
        found = contrast.differences.get(metric)
        if found is None or not found.num_images:
            continue
        sorted_out[_side(found, scores.is_less_better(metric))].append(heading(metric))
        numbers.append(f"{heading(metric)} {in_words(found)}")
    if not numbers:
        names = _listed([heading(metric) for metric in metrics])
        return f"Undecided: these images give no score in {names}."
    parts = []
    for side, said in (
        ("better", f"{contrast.arm} is better than {contrast.reference} in"),
        ("worse", f"{contrast.arm} is worse than {contrast.reference} in"),
        ("unclear", "the interval holds 0 in"),
    ):
        if sorted_out[side]:
            parts.append(f"{said} {_listed(sorted_out[side])}")
    return f"{_word(sorted_out)}: {'; '.join(parts)} ({'; '.join(numbers)})."


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


def _side(found: RunDifference, is_less_better: bool) -> str:
    low, high = (
        (found.low, found.high)
        if not is_less_better
        else (
            -found.high,
            -found.low,
        )
    )
    return "better" if low > 0 else "worse" if high < 0 else "unclear"


def _word(sorted_out: dict[str, list[str]]) -> str:
    better, worse, unclear = sorted_out.values()
    if better and worse:
        return "Mixed"
    if better:
        return "Supported in part" if unclear else "Supported"
    return "Not supported" if worse else "Undecided"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
