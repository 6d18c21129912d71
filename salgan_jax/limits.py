"""What each field of a config may be, whatever the others are."""

from typing import Any

from ml_collections import ConfigDict

from salgan_jax.errors import UserError, did_you_mean
from salgan_jax.schedule import SCHEDULES

CHOICES = {
    "data.geometry": ("stretch", "pad"),
    "schedule": SCHEDULES,
    "on_nan": ("stop", "skip"),
    "precision.generator": ("auto", "float32", "bfloat16"),
    "precision.discriminator": ("auto", "float32", "bfloat16"),
    "data.cache": ("auto", "device", "host", "none"),
    "model.input_convention": ("auto", "torchvision", "caffe"),
    "model.kernel_init": ("glorot_uniform", "he_uniform"),
    "model.discriminator": ("article", "paper", "released_code"),
    "model.frozen_blocks": (0, 1, 2, 3, 4, 5),
    "model.full_width_blocks": (0, 1, 2, 3, 4, 5),
    "model.discriminator_input": ("rgb255", "normalized", "frozen_features"),
    "model.discriminator_map": ("probability", "standardized", "density", "maximum"),
    "model.discriminator_map_enters": ("first_layer", "second_block"),
    "model.discriminator_first_init": ("random", "passes_map"),
    "model.discriminator_activation": ("relu", "leaky_relu"),
    "model.discriminator_pooling": ("none", "mean"),
    "model.discriminator_norm": ("none", "spectral"),
    "losses.content_downsample": (1, 2, 4, 8),
    "losses.content_reduction": ("mean", "sum"),
    "losses.game": ("cross_entropy", "hinge", "least_squares"),
    **{
        f"{phase}_optimizer.{field}": accepted
        for phase in ("bootstrap", "generator", "discriminator")
        for field, accepted in {
            "rule": ("adagrad", "nesterov", "adam", "adamw"),
            "schedule": ("constant", "warmup_cosine"),
        }.items()
    },
    "checkpoint.best_metric": (
        *("nss", "auc", "auc_judd", "auc_borji", "cc", "sim", "kld"),
    ),
}

MINIMA = {
    "batch_size": 1,
    "num_devices": 0,
    "fused_steps": 1,
    "data.num_folds": 0,
    "data.fold": 0,
    "data.num_workers": 0,
    "losses.alpha": 0,
    "losses.bce": 0,
    "losses.kld": 0,
    "losses.cc": 0,
    "losses.nss": 0,
    "model.smoothing_sigma": 0,
    "losses.r1_penalty": 0,
    "losses.discriminator_flood": 0,
    "losses.adversarial_share": 0,
    "model.discriminator_first_outputs": 1,
    "model.discriminator_bottleneck": 0,
    "phases.discriminator_warmup_epochs": 0,
    "phases.average_decay": 0,
    "phases.bootstrap_epochs": 0,
    "phases.num_epochs": 1,
    "logging.every_steps": 1,
    "logging.num_panels": 0,
    "evaluation.every_epochs": 0,
    "evaluation.max_images": 0,
    "evaluation.batch_size": 1,
    "checkpoint.every_steps": 0,
    "checkpoint.max_to_keep": 1,
    "bootstrap_optimizer.weight_decay": 0,
    "generator_optimizer.weight_decay": 0,
    "discriminator_optimizer.weight_decay": 0,
}


def check(config: ConfigDict) -> None:
    """Checks each field by itself.

    Raises:
        UserError: names the field, its value and what is accepted.
    """
    for field, accepted in CHOICES.items():
        value = _get(config, field)
        if value not in accepted:
            known = ", ".join(map(repr, accepted))
            raise UserError(
                f"config.{field} is {value!r}: use one of {known}"
                f"{did_you_mean(str(value), map(str, accepted))}"
            )
    for field, minimum in MINIMA.items():
        value = _get(config, field)
        if not value >= minimum:
            raise UserError(f"config.{field} is {value}: it must be {minimum} or more")
    for section in ("bootstrap", "generator", "discriminator"):
        rate = _get(config, f"{section}_optimizer.learning_rate")
        if not rate > 0:
            raise UserError(
                f"config.{section}_optimizer.learning_rate is {rate}: "
                "it must be above 0"
            )


def _get(config: ConfigDict, field: str) -> Any:
    for name in field.split("."):
        config = config[name]
    return config
