"""What runs differ in, in plain words, and which of them is better."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax import compatibility, fields
from salgan_jax.evaluation import scores
from salgan_jax.metrics import intervals
from salgan_jax.metrics.intervals import MeanDifference
from salgan_jax.report.run_scores import RunScores
from salgan_jax.report.runs import Run

# What a field is called in a sentence; others are called by their names.
WORDS = {
    "seed": "seed",
    "batch_size": "examples a step",
    "schedule": "schedule of the two networks",
    "init_from": "initial weights",
    "data.dataset": "training data",
    "data.train_split": "training split",
    "data.eval_split": "evaluation split",
    "data.fold": "fold that is held out",
    "data.image_size": "height and width of images",
    "data.geometry": "how images fill the frame",
    "data.horizontal_flip": "mirrored examples",
    "model.width_multiplier": "width of the networks",
    "model.encoder_width": "width of the encoder",
    "model.decoder_width": "width of the decoder",
    "model.discriminator_width": "width of the discriminator",
    "model.frozen_blocks": "frozen blocks of VGG-16",
    "model.discriminator": "variant of the discriminator",
    "model.full_width_blocks": "blocks that keep VGG-16's width",
    "model.discriminator_input": "images that the discriminator sees",
    "model.discriminator_map": "maps that the discriminator sees",
    "model.discriminator_map_enters": "where the discriminator's map joins the image",
    "model.discriminator_first_outputs": "channels of the discriminator's first layer",
    "model.discriminator_first_init": "start of the discriminator's first layer",
    "model.discriminator_activation": "activation of the discriminator's convolutions",
    "model.discriminator_pooling": "pooling before the discriminator's matrices",
    "model.discriminator_bottleneck": "units of the discriminator's last hidden layer",
    "model.discriminator_norm": "norm of the discriminator's kernels",
    "model.skip_connections": "skip connections",
    "model.dilated": "dilated last block",
    "model.centre_prior": "learned centre prior",
    "model.smoothing_sigma": "blur of the logits",
    "model.output_bias": "output bias from the mean value of the training maps",
    "model.kernel_init": "initialisation of kernels",
    "precision.generator": "precision of the generator",
    "precision.discriminator": "precision of the discriminator",
    "losses.alpha": "weight of the content loss in the adversarial phase",
    "losses.content_downsample": "downsampling in the content loss",
    "losses.content_reduction": "reduction of cross-entropy over pixels",
    "losses.discriminator_flood": "discriminator's loss below which it climbs",
    "losses.game": "loss of the two players",
    "losses.adversarial_share": "adversarial gradient, in norms of the content loss's",
    "losses.bce": "weight of cross-entropy in the content loss",
    "losses.kld": "weight of KL divergence in the content loss",
    "losses.cc": "weight of CC in the content loss",
    "losses.nss": "weight of NSS in the content loss",
    "losses.r1_penalty": "weight of the discriminator's gradient penalty",
    "phases.average_decay": "decay of the average of the generator's parameters",
    "phases.bootstrap_epochs": "epochs of content loss alone",
    "phases.discriminator_warmup_epochs": "epochs of the discriminator alone",
    "phases.num_epochs": "epochs in all",
    "phases.carry_optimizer_state": "optimizer state carried into the second phase",
    "bootstrap_optimizer.rule": "optimizer of the first phase",
    "bootstrap_optimizer.learning_rate": "learning rate of the first phase",
    "bootstrap_optimizer.schedule": "learning rate over the first phase",
    "generator_optimizer.schedule": "learning rate over the second phase",
    "generator_optimizer.rule": "optimizer of the generator",
    "generator_optimizer.learning_rate": "learning rate of the generator",
    "discriminator_optimizer.rule": "optimizer of the discriminator",
    "discriminator_optimizer.learning_rate": "learning rate of the discriminator",
}
# These may differ between runs of the same experiment, as a run may go on with others.
_WITHOUT_EFFECT = set(compatibility.RESUMABLE_FIELDS) - {
    "init_from",
    "phases.num_epochs",
    "data.eval_split",
    "on_nan",
}


class Difference(NamedTuple):
    """A field in which configs differ.

    Attributes:
        field: its full name.
        words: what it is, in plain words; "" where nobody has said.
        values: one for each run, as text.
        has_effect: whether it can change what is learned.
    """

    field: str
    words: str
    values: list[str]
    has_effect: bool


def between(configs: Sequence[ConfigDict]) -> list[Difference]:
    """Returns the fields in which configs differ, those with an effect first."""
    flat = [fields.flat(config.to_dict()) for config in configs]
    found = []
    for field in dict.fromkeys(name for each in flat for name in each):
        values = [in_text(each.get(field)) for each in flat]
        if len(set(values)) > 1:
            section = field.partition(".")[0]
            has_effect = not {field, section} & _WITHOUT_EFFECT
            found.append(Difference(field, WORDS.get(field, ""), values, has_effect))
    return sorted(found, key=lambda each: not each.has_effect)


def in_text(value: Any) -> str:
    """Returns a value of a config as the command line would have it."""
    if isinstance(value, list):
        return f"({', '.join(map(str, value))})"
    return str(value) if value != "" else '""'


def recipe(config: ConfigDict) -> str:
    """Returns in a sentence which losses a run is trained with, and when."""
    phases, losses = config.phases, config.losses
    alone, total = phases.bootstrap_epochs, phases.num_epochs
    turns = {"alternate": "in turn", "both": "in each step"}[config.schedule]
    adversarial = (
        f"adversarial and content loss (alpha {losses.alpha:g}), discriminator and "
        f"generator {turns}"
    )
    if alone >= total:
        return f"Content loss only, to epoch {total}."
    if not alone:
        return f"From the start to epoch {total} {adversarial}."
    return f"Content loss only to epoch {alone}, then, to epoch {total}, {adversarial}."


def question(runs: Sequence[Run], dataset: str) -> str:
    """Returns what a report of these runs asks."""
    if len(runs) == 1:
        return f"How well does {runs[0].name} predict where people look in {dataset}?"
    names = [run.name for run in runs]
    which = f"{', '.join(names[:-1])} or {names[-1]}"
    asked = f"Which predicts better where people look in {dataset}: {which}?"
    found = [each for each in between([run.config for run in runs]) if each.has_effect]
    if not found:
        return f"{asked} They are trained alike."
    what = [each.words or each.field for each in found[:4]]
    if len(found) > len(what):
        what.append(f"{len(found) - len(what)} more settings")
    listed = ", ".join(what[:-1]) + " and " if what[1:] else ""
    return f"{asked} They differ in {listed}{what[-1]}."


def paired(first: RunScores, other: RunScores) -> dict[str, MeanDifference]:
    """Returns how much higher the other run scores than the first, image by image."""
    return {
        metric: intervals.bootstrap_difference(values, first.of_images[metric])
        for metric, values in other.of_images.items()
        if metric in first.of_images
    }


def verdict(name: str, first: str, found: dict[str, MeanDifference]) -> str:
    """Returns in a sentence where a run is better than the first, and where worse.

    A difference counts whose 95 % interval does not include zero.
    """
    said: dict[str, list[str]] = {"better": [], "worse": [], "unclear": []}
    for metric, each in found.items():
        if not each.num_images:
            continue
        sign = -1 if scores.is_less_better(metric) else 1
        ends = sorted((sign * each.low, sign * each.high))
        kind = "better" if ends[0] > 0 else "worse" if ends[1] < 0 else "unclear"
        said[kind].append(scores.HEADINGS[metric][:-2])
    parts = [
        f"{kind}{than} in {', '.join(said[kind])}"
        for kind, than in (("better", f" than {first}"), ("worse", ""))
        if said[kind]
    ]
    if not parts:
        return f"{name} and {first} are equally good, as far as these images tell."
    if not said["better"]:
        parts = [f"worse than {first} in {', '.join(said['worse'])}"]
    if said["unclear"]:
        parts.append(f"in {', '.join(said['unclear'])} the difference may be chance")
    return f"{name} is {'; '.join(parts)}."
