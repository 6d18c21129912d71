"""Every setting of an experiment: its default, its unit and where the number is from.

The defaults are SalGAN as published (Pan et al. 2017, arXiv:1701.01081v3). A file in
`configs/` starts from them and changes the lines that differ.
"""

from typing import Any

from ml_collections import ConfigDict

from salgan_jax.errors import UserError
from salgan_jax.schedule import SCHEDULES


def default() -> ConfigDict:
    """Returns the published experiment, complete and locked."""
    config = ConfigDict()
    config.name = "salgan"
    config.seed = 0  # of the initial weights, the order of the data and the flips
    config.batch_size = 32  # examples a step, over all devices (Sec. 4.2)
    config.num_devices = 0  # 0: all that this machine has
    # Adversarial steps are D's and G's in turn (Sec. 4.2); "both": each is both, on
    # one batch and one prediction.
    config.schedule = "alternate"
    # Steps sent to the device at once: 1, or an even divisor of logging.every_steps.
    config.fused_steps = 1
    # A loss or gradient that is not finite: "stop" the run, naming step and network; or
    # "skip" that update, count it, and stop only where they come in a long row.
    config.on_nan = "stop"
    # Where compiled programs are kept: "": beside the workdir; "none": nowhere.
    config.compilation_cache = ""
    # VGG-16: torchvision's vgg16-397923af.pth, or an .npz; "random": Glorot weights.
    config.init_from = "vgg16-397923af.pth"

    config.data = ConfigDict()
    # Sec. 4: 10,000 train, 5,000 validation images. Several: "salicon/2017:3,osie:1",
    # mixed by weight, and scored on all of them.
    config.data.dataset = "salicon/2015"
    config.data.train_split = "train"
    config.data.eval_split = "validation"
    config.data.data_dir = ""  # "": TFDS_DATA_DIR or ~/tensorflow_datasets
    config.data.num_folds = 0  # cross-validation within train_split; 0: eval_split
    config.data.fold = 0  # which fold is held out and scored, from 0
    config.data.image_size = (192, 256)  # (height, width) in pixels (Sec. 3.1)
    config.data.geometry = "stretch"  # as the authors; "pad" keeps the aspect ratio
    config.data.horizontal_flip = False  # mirror half of the examples; authors: no
    # Where examples at training size wait: "host" memory, memory of the "device", or
    # "none": read and resized anew each epoch. SALICON at 256x192 is 2 GB. "auto": on
    # an accelerator where they fit, else on the host, else, where no disk holds them,
    # nowhere.
    config.data.cache = "auto"
    config.data.num_workers = 0  # processes that read for cache "none"; 0: threads

    config.model = ConfigDict()
    config.model.width_multiplier = 1.0  # channels relative to VGG-16
    config.model.frozen_blocks = 3  # conv1_x..conv3_x keep VGG's weights (Sec. 3.1)
    config.model.input_convention = "torchvision"  # or "caffe": that of the weights
    config.model.kernel_init = "glorot_uniform"  # Lasagne's default; or "he_uniform"
    config.model.discriminator = "article"  # or "paper" (Table 1), "released_code"
    # Compute the frozen blocks once for each image and not once a step: 0.39 MB an
    # image of 256x192 in bfloat16, 0.79 MB in float32, twice that with flips.
    config.model.cache_frozen_features = False

    config.precision = ConfigDict()  # of the arithmetic; parameters are float32
    # "float32", "bfloat16", or "auto": bfloat16 on GPU and TPU, float32 on CPU.
    config.precision.generator = "auto"
    config.precision.discriminator = "float32"  # half precision spoils its gradients

    config.losses = ConfigDict()
    config.losses.alpha = 5e-3  # weight of the content loss (v3; v2 and code: 0.05)
    config.losses.content_downsample = 4  # 1, 2, 4 or 8 (Sec. 4.1, Table 2)

    config.bootstrap_optimizer = _adagrad()  # the generator's, first phase
    config.generator_optimizer = _adagrad()  # the generator's, adversarial phase
    config.discriminator_optimizer = _adagrad()

    config.phases = ConfigDict()
    config.phases.bootstrap_epochs = 15  # content loss only (Sec. 4.2)
    config.phases.num_epochs = 120  # in all, an epoch of steps each (Sec. 4.2, Fig. 3)
    config.phases.carry_optimizer_state = True  # into the adversarial phase; code: no

    config.logging = ConfigDict()
    config.logging.every_steps = 20  # scalars; also how soon a NaN is noticed
    config.logging.num_panels = 6  # evaluation images drawn as samples

    config.evaluation = ConfigDict()
    config.evaluation.every_epochs = 5  # and after the last; 0: after the last only
    config.evaluation.max_images = 0  # 0: all of the evaluation split
    config.evaluation.batch_size = 8  # images predicted at a time

    config.checkpoint = ConfigDict()
    config.checkpoint.every_steps = 0  # 0: at the end of each epoch
    config.checkpoint.max_to_keep = 3  # the newest; the best is kept besides
    config.checkpoint.best_metric = "cc"  # nss, auc, auc_judd, auc_borji, cc, sim, kld
    config.lock()
    return config


def _adagrad() -> ConfigDict:
    optimizer = ConfigDict()
    optimizer.rule = "adagrad"  # Sec. 4.2; or "nesterov" (code), "adam"
    optimizer.learning_rate = 3e-4  # Sec. 4.2
    optimizer.initial_accumulator_value = 0.0  # Lasagne; optax's default is 0.1
    optimizer.epsilon = 1e-6  # Lasagne, inside the root; optax's default is 1e-7
    optimizer.momentum = 0.0  # of "nesterov" only
    optimizer.weight_decay = 1e-4  # coefficient of |w|^2 in the loss (Sec. 4.2)
    return optimizer


_CHOICES = {
    "data.geometry": ("stretch", "pad"),
    "schedule": SCHEDULES,
    "on_nan": ("stop", "skip"),
    "precision.generator": ("auto", "float32", "bfloat16"),
    "precision.discriminator": ("auto", "float32", "bfloat16"),
    "data.cache": ("auto", "device", "host", "none"),
    "model.input_convention": ("torchvision", "caffe"),
    "model.kernel_init": ("glorot_uniform", "he_uniform"),
    "model.discriminator": ("article", "paper", "released_code"),
    "model.frozen_blocks": (0, 1, 2, 3, 4, 5),
    "losses.content_downsample": (1, 2, 4, 8),
    "bootstrap_optimizer.rule": ("adagrad", "nesterov", "adam"),
    "generator_optimizer.rule": ("adagrad", "nesterov", "adam"),
    "discriminator_optimizer.rule": ("adagrad", "nesterov", "adam"),
    "checkpoint.best_metric": (
        *("nss", "auc", "auc_judd", "auc_borji", "cc", "sim", "kld"),
    ),
}

_MINIMA = {
    "batch_size": 1,
    "num_devices": 0,
    "fused_steps": 1,
    "data.num_folds": 0,
    "data.fold": 0,
    "data.num_workers": 0,
    "losses.alpha": 0,
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


def validate(config: ConfigDict) -> None:
    """Checks every relation between fields that a run relies on.

    Raises:
        UserError: names the field, its value and what is accepted.
    """
    for field, accepted in _CHOICES.items():
        value = _get(config, field)
        if value not in accepted:
            known = ", ".join(map(repr, accepted))
            raise UserError(f"config.{field} is {value!r}: use one of {known}")
    for field, minimum in _MINIMA.items():
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
    _validate_sizes(config)
    _validate_folds(config)
    _validate_phases(config)
    _validate_speed(config)


def _validate_sizes(config: ConfigDict) -> None:
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


def _validate_folds(config: ConfigDict) -> None:
    data = config.data
    if data.num_folds == 1 or data.fold >= max(data.num_folds, 1):
        raise UserError(
            f"config.data.fold is {data.fold} of config.data.num_folds="
            f"{data.num_folds}: use 2 folds or more, and a fold from 0 to num_folds - 1"
        )


def _validate_phases(config: ConfigDict) -> None:
    phases = config.phases
    if phases.bootstrap_epochs > phases.num_epochs:
        raise UserError(
            f"config.phases.bootstrap_epochs ({phases.bootstrap_epochs}) is larger "
            f"than config.phases.num_epochs ({phases.num_epochs}), which counts both "
            "phases"
        )
    rules = config.bootstrap_optimizer.rule, config.generator_optimizer.rule
    if phases.carry_optimizer_state and rules[0] != rules[1]:
        raise UserError(
            f"the slots of {rules[0]!r} cannot be carried into {rules[1]!r}: set "
            "config.phases.carry_optimizer_state=False, or both rules alike"
        )


def _validate_speed(config: ConfigDict) -> None:
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


def _get(config: ConfigDict, field: str) -> Any:
    for name in field.split("."):
        config = config[name]
    return config
