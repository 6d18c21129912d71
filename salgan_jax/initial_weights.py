"""Where the weights of a run come from: a file of others, an import, a run of ours."""

import os
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from salgan_jax import checkpoints
from salgan_jax import config as config_module
from salgan_jax.state import InitialParams
from salgan_jax.weights import recognition
from salgan_jax.weights.imported import Imported


def load(path: str) -> Imported:
    """Returns the weights in a file, in an imported folder or in a run's workdir.

    Raises:
        FileNotFoundError: there is nothing; the message says where VGG-16 is.
        UserError: it cannot be used.
    """
    path = existing(path)
    if os.path.isdir(path):
        return _from_checkpoint(path)
    return recognition.load(path)


def existing(path: str) -> str:
    """Returns the path of weights that are there, with "~" written out.

    Raises:
        FileNotFoundError: there is nothing; the message says where VGG-16 is.
    """
    path = os.path.expanduser(path)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"no weights at {path}: download https://download.pytorch.org/models"
            "/vgg16-397923af.pth and give its path with --config.init_from=FILE, or "
            "start from random weights with --config.init_from=random "
            "--config.model.frozen_blocks=0"
        )
    return path


def table(params: InitialParams, loaded: frozenset[str], frozen_blocks: int) -> str:
    """Returns a line for each group of layers: where it is from, whether it trains."""
    lines = [f"  {'layers':26}{'parameters':>12}  {'weights':8}  trained"]
    for group, names, sizes in _groups(params):
        is_loaded = {name in loaded for name in names}
        origin = {True: "loaded", False: "random"}
        weights = origin[is_loaded.pop()] if len(is_loaded) == 1 else "in part"
        block = group.removeprefix("encoder block ")
        is_frozen = block.isdigit() and int(block) <= frozen_blocks
        trained = "frozen" if is_frozen else "yes"
        lines.append(f"  {group:26}{sum(sizes):>12,}  {weights:8}  {trained}")
    return "\n".join(lines)


def discriminator_kind(config: ConfigDict) -> str:
    """Returns the discriminator's variant, with what is not as that account has it.

    Discriminators of two kinds are different networks, whatever their shapes, or begin
    differently: what a run has of one kind is of no use to a run of another.
    """
    published = config_module.default().model
    changes = [
        f"{name}={value}"
        for name, value in config.model.items()
        if name.startswith("discriminator_") and value != published[name]
        if name != "discriminator_width"
    ]
    return ", ".join([config.model.discriminator, *changes])


def _from_checkpoint(path: str) -> Imported:
    step, state, config = checkpoints.restore_arrays(path)
    player = state.get("generator", {})
    generator = player.get("average") or player.get("params", {})
    discriminator = state.get("discriminator", {}).get("params", {})
    return Imported(
        what=f"{config.name}, step {step}",
        input_convention=(
            checkpoints.make_generator(config).input_convention if generator else None
        ),
        encoder=generator.get("encoder", {}),
        decoder=generator.get("decoder", {}),
        discriminator=discriminator,
        variant=discriminator_kind(config) if discriminator else None,
    )


def _groups(params: InitialParams) -> list[tuple[str, list[str], list[int]]]:
    """Returns (group, layers, their sizes): blocks of the generator, and the judge."""
    groups: dict[str, tuple[list[str], list[int]]] = {}
    parts: dict[str, Any] = {**params.generator, "discriminator": params.discriminator}
    for part, layers in parts.items():
        for name, layer in layers.items():
            group = part
            if part != "discriminator":
                short = name.removeprefix("decoder_")
                is_block = short.startswith("conv")
                group = f"{part} {f'block {short[4]}' if is_block else short}"
            names, sizes = groups.setdefault(group, ([], []))
            names.append(f"{part}/{name}")
            sizes.append(sum(int(np.size(x)) for x in layer.values()))
    return [(group, *rest) for group, rest in groups.items()]
