"""What is shown of discriminators that learnt alone: tables, a figure, a sentence."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from salgan_jax import health
from salgan_jax.reproduction import cells, drawing, record
from salgan_jax.reproduction.arms import Experiment
from salgan_jax.reproduction.figures import Figure
from salgan_jax.reproduction.shown import Shown
from salgan_jax.reproduction.tables import Table

# What was seen at each look; of an arm by seed; of a generator by arm.
Looks = Sequence[Mapping[str, Any]]
OfGenerator = Mapping[str, Mapping[str, Looks]]

_ENDS = {
    "real_accuracy": "right about true maps",
    "fake_accuracy": "right about predictions",
    "logit_margin": "logits of true maps above predictions'",
    "mismatch_margin": "and above other images' true maps'",
}
_LAYERS = {
    "map_share": (
        "How much of what a layer puts out is due to the map",
        "share of its variance over eight images with eight maps each; the rest is due "
        "to the image",
    ),
    "probe": (
        "How well a linear probe of a layer tells true maps from predictions",
        "share of 64 held-out pairs of image and map that it tells right; one half is "
        "chance",
    ),
    "silent": (
        "Units that are silent",
        "share of units that are 0 for every image and map, or of tanh units that are "
        "beyond 0.99",
    ),
    "grad_norm": ("Gradient of the layers' kernels", "its norm, on eight images"),
}


def lives(look: Mapping[str, Any]) -> bool:
    """Whether a discriminator tells held-out maps apart better than a coin."""
    held_out = look["held_out"]
    right = min(held_out["real_accuracy"], held_out["fake_accuracy"])
    highest = health.BAND["discriminator_loss"][1]
    return right > health.BAND["real_accuracy"][0] and (
        held_out["discriminator_loss"] < highest
    )


def shown(
    experiment: Experiment,
    found: Mapping[str, OfGenerator],
    provenance: Mapping[str, Any],
) -> Shown:
    """Returns what follows from the trials.

    Args:
        experiment: with the arms that were tried.
        found: of each generator, "bad" and "good".
        provenance: from `record.of_runs`.
    """
    (first, *_) = (arm.name for arm in experiment.arms)
    last = next(iter(next(iter(found.values()))[first].values()))[-1]["updates"]
    good = found["good"]
    return Shown(
        title="The discriminator alone",
        question=experiment.question,
        verdicts=[_verdict(name, of_arm) for name, of_arm in found.items()],
        notes=[
            f"Batches of 8 of the training split, {last:,} updates. Losses are means "
            "of the last 20 updates, accuracies and logits are of held-out images; all "
            "are medians over the initial weights.",
            "A discriminator lives that is right about more than half of the held-out "
            "true maps, and of the predictions, with a loss below "
            f"{health.BAND['discriminator_loss'][1]}.",
        ],
        tables=[
            *(_table(experiment, name, of_arm) for name, of_arm in found.items()),
            *(_of_layers(experiment, good, measure) for measure in _LAYERS),
        ],
        figures=[_figure(experiment, good)],
        provenance=record.in_words(provenance),
    )


def _verdict(generator: str, of_arm: OfGenerator) -> str:
    said = [f"{arm} {_living(seeds)}" for arm, seeds in of_arm.items()]
    return (
        f"Against the {generator} generator, initialisations that live at the end: "
        f"{', '.join(said)}."
    )


def _living(seeds: Mapping[str, Looks], index: int = -1) -> str:
    return f"{sum(lives(looks[index]) for looks in seeds.values())} of {len(seeds)}"


def _table(experiment: Experiment, generator: str, of_arm: OfGenerator) -> Table:
    first = next(iter(next(iter(of_arm.values())).values()))
    at = [look["updates"] for look in first[1:]]
    rows = []
    for arm in experiment.arms:
        seeds = of_arm[arm.name]
        losses = [
            f"{_median(seeds, lambda looks, i=i: looks[i]['discriminator_loss']):.2f}, "
            f"{_living(seeds, i)}"
            for i in range(1, len(at) + 1)
        ]
        ends = [
            _median(seeds, lambda looks, name=name: looks[-1]["held_out"][name])
            for name in _ENDS
        ]
        numbers = [f"{value:z.2f}" for value in ends]
        rows.append([f"{arm.name}: {arm.what}", *losses, *numbers])
    return Table(
        f"Against the {generator} generator",
        "After so many updates the loss, and how many of the initial weights live; the "
        "other columns are of the end. Two coins tossed have a loss of 1.39.",
        [
            "",
            *(f"at {number:,}" for number in at),
            *_ENDS.values(),
        ],
        rows,
    )


def _of_layers(experiment: Experiment, good: OfGenerator, measure: str) -> Table:
    title, caption = _LAYERS[measure]
    names = list(
        dict.fromkeys(
            name
            for seeds in good.values()
            for looks in seeds.values()
            for name in looks[-1]["layers"]
        )
    )
    rows = []
    for arm in experiment.arms:
        seeds = good[arm.name]
        known = next(iter(seeds.values()))[-1]["layers"]
        row = [
            f"{_of_layer(seeds, 0, name, measure)} → "
            f"{_of_layer(seeds, -1, name, measure)}"
            if name in known
            else cells.NONE
            for name in names
        ]
        rows.append([arm.name, *row])
    return Table(
        title,
        f"Against the good generator, before the first update and after the last: "
        f"{caption}; medians over the initial weights.",
        ["", *names],
        rows,
    )


def _of_layer(seeds: Mapping[str, Looks], index: int, name: str, measure: str) -> str:
    value = _median(seeds, lambda looks: looks[index]["layers"][name][measure])
    return f"{value:.2g}"


def _median(seeds: Mapping[str, Looks], value: Any) -> float:
    return statistics.median(value(looks) for looks in seeds.values())


def _figure(experiment: Experiment, good: OfGenerator) -> Figure:
    number = len(experiment.arms)
    figure, plots = drawing.panels(number, 1.5, num_columns=min(number, 4))
    (first, *_) = good[experiment.arms[0].name].values()
    at = [look["updates"] for look in first[1:]]
    # Of two looks that are close together, the label of the first would be overwritten.
    ticks = [
        n for n, after in zip(at, [*at[1:], math.inf], strict=True) if after > 2 * n
    ]
    said = []
    for plot, arm in zip(plots, experiment.arms, strict=True):
        for looks in good[arm.name].values():
            losses = [look["discriminator_loss"] for look in looks[1:]]
            plot.plot(at, losses, color=drawing.BLUE, marker=".", linewidth=1)
        plot.axhline(health.BAND["discriminator_loss"][1], color="0.6", linewidth=1)
        plot.set_xscale("log")
        plot.set_xticks(ticks, [f"{number:,}" for number in ticks])
        plot.minorticks_off()
        plot.set_ylim(0, 1.8)
        plot.set_title(arm.name.replace("_", " "), loc="left", fontsize=8)
        said.append(f"{arm.name} {_living(good[arm.name])} live")
    return Figure(
        "discriminator_alone.png",
        drawing.png(figure),
        "Loss of the discriminator over updates, a curve for each of its initial "
        "weights, against the good generator; below the grey line it has begun to "
        "learn.",
        f"Curves of discriminators. {'; '.join(said)}.",
    )
