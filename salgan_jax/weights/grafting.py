"""Putting imported weights into new parameters: all of what fits, or an error."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.errors import UserError
from salgan_jax.weights.imported import Imported, Layers


class Grafted(NamedTuple):
    """Parameters of both players, and which of their layers were loaded.

    Attributes:
        generator, discriminator: parameters.
        loaded: names of layers, "encoder/conv1_1".
    """

    generator: Any
    discriminator: Any
    loaded: frozenset[str]


def check_convention(imported: Imported, input_convention: str) -> None:
    """Checks that the encoder will prepare images as the weights expect them.

    Raises:
        UserError: says which setting to change.
    """
    if imported.input_convention not in (None, input_convention):
        raise UserError(
            f"these weights ({imported.what}) expect {imported.input_convention!r} "
            f"input, but config.model.input_convention is {input_convention!r}: set "
            f"--config.model.input_convention={imported.input_convention}"
        )


def first_blocks(imported: Imported, number: int) -> Imported:
    """Returns VGG-16's weights without those of blocks that are of another width."""
    kept = {
        name: layer
        for name, layer in imported.encoder.items()
        if int(name[4]) <= number
    }
    return imported._replace(encoder=kept)


def graft(
    generator: Mapping[str, Any],
    discriminator: Mapping[str, Any],
    imported: Imported,
    *,
    frozen_blocks: int,
    variant: str,
) -> Grafted:
    """Returns the parameters with everything replaced that the weights have.

    Layers that the weights lack keep their random values; a frozen one must be there.
    A discriminator of another variant stays random: it is another network.

    Args:
        generator: new parameters, with "encoder" and "decoder".
        discriminator: new parameters.
        imported: the weights.
        frozen_blocks: blocks of the encoder that will not be trained.
        variant: what tells the discriminator that will be trained from others.

    Raises:
        UserError: lists every layer that is missing, too much or has another shape.
    """
    _check_frozen(generator["encoder"], imported, frozen_blocks)
    parts = {"encoder": imported.encoder, "decoder": imported.decoder}
    problems = []
    for part, layers in parts.items():
        if layers:
            is_partial = part == "encoder" and not imported.decoder
            problems += _problems(part, generator[part], layers, is_partial)
    is_same_variant = imported.discriminator and imported.variant == variant
    if is_same_variant:
        problems += _problems("", discriminator, imported.discriminator, False)
    if problems:
        raise UserError(
            f"the weights ({imported.what}) do not fit the networks of the config "
            f"(look at config.model and config.data.image_size): {'; '.join(problems)}"
        )
    loaded = [f"{part}/{name}" for part, layers in parts.items() for name in layers]
    grafted = {part: {**generator[part], **layers} for part, layers in parts.items()}
    if is_same_variant:
        loaded += [f"discriminator/{name}" for name in imported.discriminator]
        discriminator = {**discriminator, **imported.discriminator}
    return Grafted({**generator, **grafted}, discriminator, frozenset(loaded))


def _check_frozen(
    encoder: Mapping[str, Any], imported: Imported, frozen_blocks: int
) -> None:
    missing = [
        name
        for name in encoder
        if int(name[4]) <= frozen_blocks and name not in imported.encoder
    ]
    if missing:
        raise UserError(
            f"the weights ({imported.what}) lack {', '.join(missing)}, which "
            f"config.model.frozen_blocks={frozen_blocks} would freeze at random "
            f"values: lower it to {int(min(missing)[4]) - 1}, or use a complete file"
        )


def _problems(
    part: str, params: Mapping[str, Any], layers: Layers, is_partial: bool
) -> list[str]:
    """Returns what is missing, too much or of another shape in one part."""
    expected, found = _arrays(part, params), _arrays(part, layers)
    missing = [] if is_partial else sorted(expected.keys() - found.keys())
    return [
        *(f"{name} is missing" for name in missing),
        *(f"{name} is too much" for name in sorted(found.keys() - expected.keys())),
        *(
            f"{name} is {list(array.shape)}, expected {list(expected[name].shape)}"
            for name, array in found.items()
            if name in expected and array.shape != expected[name].shape
        ),
    ]


def _arrays(part: str, layers: Mapping[str, Any]) -> dict[str, np.ndarray]:
    prefix = f"{part}/" if part else ""
    return {
        f"{prefix}{name}/{kind}": array
        for name, layer in layers.items()
        for kind, array in layer.items()
    }
