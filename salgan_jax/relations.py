"""What must hold between the fields of a config, and not of one of them alone."""

import math

from ml_collections import ConfigDict

from salgan_jax.errors import UserError


def check(config: ConfigDict) -> None:
    """Checks sizes, skips, folds, phases, and what belongs together for speed.

    Raises:
        UserError: names the fields, their values and what is accepted.
    """
    _check_sizes(config)
    _check_skips(config)
    _check_discriminator(config)
    _check_folds(config)
    _check_content(config)
    _check_flood(config)
    _check_phases(config)
    _check_speed(config)


def _check_sizes(config: ConfigDict) -> None:
    size = tuple(config.data.image_size)
    if len(size) != 2 or any(side < 16 or side % 16 for side in size):
        raise UserError(
            f"config.data.image_size is {size}: height and width must be multiples of "
            "16 (four 2x poolings)"
        )
    if not 0 < config.model.width_multiplier <= 4:
        raise UserError(
            f"config.model.width_multiplier is {config.model.width_multiplier}: "
            "it must be above 0 and at most 4"
        )
    for part in ("encoder", "decoder", "discriminator"):
        width = config.model[f"{part}_width"]
        if not 0 <= width <= 4:
            raise UserError(
                f"config.model.{part}_width is {width}: it must be at most 4, or 0 for "
                "that of config.model.width_multiplier"
            )


def _check_skips(config: ConfigDict) -> None:
    model = config.model
    if model.skip_connections and model.frozen_blocks > 3:
        raise UserError(
            "config.model.skip_connections begin at block 4 of the encoder, which must "
            f"train, and config.model.frozen_blocks is {model.frozen_blocks}: use 3 or "
            "less"
        )


def _check_discriminator(config: ConfigDict) -> None:
    model = config.model
    if model.discriminator_map_enters == "second_block":
        _check_late_map(model)
    if model.discriminator_input != "frozen_features":
        return
    if model.frozen_blocks != 3 or model.discriminator == "released_code":
        raise UserError(
            "config.model.discriminator_input='frozen_features' joins features of an "
            "eighth of the image's size: it needs config.model.frozen_blocks=3, which "
            f"is {model.frozen_blocks}, and config.model.discriminator 'article' or "
            f"'paper', which is {model.discriminator!r}"
        )


def _check_late_map(model: ConfigDict) -> None:
    for field, value in (
        ("discriminator_input", "frozen_features"),
        ("discriminator_first_init", "passes_map"),
    ):
        if model[field] == value:
            raise UserError(
                f"config.model.{field}={value!r} needs the map in the first layer, and "
                "config.model.discriminator_map_enters is 'second_block'"
            )


def _check_folds(config: ConfigDict) -> None:
    data = config.data
    if data.num_folds == 1 or data.fold >= max(data.num_folds, 1):
        raise UserError(
            f"config.data.fold is {data.fold} of config.data.num_folds="
            f"{data.num_folds}: use 2 folds or more, and a fold from 0 to num_folds - 1"
        )


def _check_content(config: ConfigDict) -> None:
    if not any(config.losses[part] for part in ("bce", "kld", "cc", "nss")):
        raise UserError(
            "config.losses.bce, kld, cc and nss are all 0: the content loss needs one "
            "of them"
        )


def _check_flood(config: ConfigDict) -> None:
    level, chance = config.losses.discriminator_flood, 2 * math.log(2)
    if level >= chance:
        raise UserError(
            f"config.losses.discriminator_flood is {level}: from {chance:.3f} on, the "
            "loss of two coins, the discriminator would learn to be wrong; 0.7 is half "
            "of that"
        )


def _check_phases(config: ConfigDict) -> None:
    phases = config.phases
    if phases.bootstrap_epochs > phases.num_epochs:
        raise UserError(
            f"config.phases.bootstrap_epochs ({phases.bootstrap_epochs}) is larger "
            f"than config.phases.num_epochs ({phases.num_epochs}), which counts both "
            "phases"
        )
    warmup = phases.discriminator_warmup_epochs
    adversarial = phases.num_epochs - phases.bootstrap_epochs
    if warmup >= adversarial > 0:
        raise UserError(
            f"config.phases.discriminator_warmup_epochs is {warmup}, of an adversarial "
            f"phase of {adversarial} epochs: nothing is left for the generator"
        )
    rules = config.bootstrap_optimizer.rule, config.generator_optimizer.rule
    if phases.carry_optimizer_state and rules[0] != rules[1]:
        raise UserError(
            f"the slots of {rules[0]!r} cannot be carried into {rules[1]!r}: set "
            "config.phases.carry_optimizer_state=False, or both rules alike"
        )
    schedules = config.bootstrap_optimizer.schedule, config.generator_optimizer.schedule
    if phases.carry_optimizer_state and schedules != ("constant", "constant"):
        raise UserError(
            "a learning rate with schedule='warmup_cosine' begins anew in the second "
            "phase: set config.phases.carry_optimizer_state=False"
        )
    if not phases.average_decay < 1:
        raise UserError(
            f"config.phases.average_decay is {phases.average_decay}: it must be below "
            "1, as 0.999"
        )


def _check_speed(config: ConfigDict) -> None:
    if config.fused_steps > 1 and config.fused_steps % 2:
        raise UserError(
            f"config.fused_steps is {config.fused_steps}: it must be 1 or even, for "
            "discriminator and generator take turns"
        )
    if config.logging.every_steps % config.fused_steps:
        raise UserError(
            f"config.fused_steps is {config.fused_steps}: it must divide "
            f"config.logging.every_steps, which is {config.logging.every_steps}, for "
            "a log looks at the state between two calls"
        )
    if not config.model.cache_frozen_features:
        return
    if config.model.frozen_blocks == 0:
        raise UserError(
            "config.model.cache_frozen_features needs frozen blocks, and "
            "config.model.frozen_blocks is 0"
        )
    if config.data.cache == "none":
        raise UserError(
            "config.model.cache_frozen_features needs a place for the features: set "
            "config.data.cache to auto, host or device"
        )
