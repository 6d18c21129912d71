"""The model card: what a network is, was trained on and can do, from its checkpoint."""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from salgan_jax import checkpoints

_LICENCES = {
    "salicon": "SALICON: annotations CC BY 4.0; its images are Flickr photographs of "
    "MS COCO, each under its own terms",
    "eyecrowd": "EyeCrowd: MIT licence (NUS-VIP/saliency-in-crowd)",
    "osie": "OSIE: MIT licence (NUS-VIP/predicting-human-gaze-beyond-pixels)",
    "popout": "generated displays; no rights of others",
}


def make_card(
    config: ConfigDict,
    *,
    step: int,
    scores: Mapping[str, float] | None,
    file_format: str,
    compared_on: str,
    max_abs_difference: float,
) -> str:
    """Returns the card as Markdown; what is not known says so.

    Args:
        config: of the checkpoint.
        step: updates made.
        scores: that were saved with the checkpoint, if it was evaluated.
        file_format: of the export.
        compared_on: which image the parity check predicted.
        max_abs_difference: between export and checkpoint.
    """
    data: Any = config.data
    generator = checkpoints.make_generator(config)
    height, width = data.image_size
    held_out = f"fold {data.fold} of {data.num_folds} held out, " * bool(data.num_folds)
    lines = [
        f"# SalGAN: {config.name}",
        "",
        "Predicts where people look in an image (Pan et al. 2017, arXiv:1701.01081). "
        f"Exported by salgan_jax as {file_format}.",
        "",
        "## Input and output",
        "",
        f"`image`: float32 [N, {height}, {width}, 3], RGB in 0..255, resized by "
        f"`{data.geometry}`. `saliency_map`: float32 [N, {height}, {width}, 1] in "
        "[0, 1]. Preprocessing and sigmoid are inside.",
        "",
        "## Training",
        "",
        f"- data: {data.dataset}, split {data.train_split or 'all'}, {held_out}"
        f"horizontal flips: {'yes' if data.horizontal_flip else 'no'}",
        f"- weights at the start: {config.init_from}, {config.model.frozen_blocks} "
        f"blocks frozen, width {generator.encoder_width:g} of the encoder and "
        f"{generator.decoder_width:g} of the decoder",
        f"- {config.phases.bootstrap_epochs} epochs of content loss, then adversarial "
        f"to {config.phases.num_epochs}; alpha {config.losses.alpha:g}, batches of "
        f"{config.batch_size}, seed {config.seed}",
        f"- this is step {step}",
        "",
        "## Scores",
        "",
        _scores(scores, data),
        "",
        "## Parity",
        "",
        f"Largest difference to the checkpoint on {compared_on}: "
        f"{max_abs_difference:.3g}.",
        "",
        "## Licence and limits",
        "",
        f"Code: MIT. {_data_licence(data.dataset)} VGG-16's weights, if they were the "
        "start, are Oxford's (CC BY 4.0). Trained to predict where a group of people "
        "looks, not what one person sees; not for decisions about persons.",
    ]
    return "\n".join(lines) + "\n"


def _scores(scores: Mapping[str, float] | None, data: Any) -> str:
    if not scores:
        return "Not evaluated at this step."
    cells = ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
    where = f"fold {data.fold}" if data.num_folds else f"split {data.eval_split}"
    return f"On {data.dataset}, {where}, as computed while training: {cells}."


def _data_licence(datasets: str) -> str:
    names = [part.strip().partition("/")[0] for part in datasets.split(",")]
    names = [name.partition(":")[0] for name in names]
    known = [_LICENCES.get(name, f"{name}: see its publishers") for name in names]
    return "Data: " + "; ".join(known) + "."
