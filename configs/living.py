"""SalGAN with a game that lives: what must change for the discriminator to learn.

    python launch/prepare_data.py --dataset=osie --source=DIR
    python launch/train.py --config=configs/living.py --workdir=runs/living \
        --config.init_from=vgg16-397923af.pth

docs/game.md has why the published discriminator dies, and what each line is for. As it
stands it is of the size of `osie.py:small`: eye fixations at 96x128, a decoder an
eighth as wide, minutes a run on two cores. `living.py:salicon` is the same game at the
paper's size and length, not yet run here.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan
from salgan_jax.errors import UserError, did_you_mean


def get_config(size: str = "small") -> ConfigDict:
    """Returns the recipe, small on OSIE or whole on SALICON."""
    config = salgan.default()
    config.name = "living"
    # The discriminator sees image and map at one size, and no sum of 12,288 features
    # that one step of an optimizer can move out of what tanh can tell apart.
    config.model.discriminator_input = "normalized"
    config.model.discriminator_map = "standardized"
    config.model.discriminator_activation = "leaky_relu"
    config.model.discriminator_pooling = "mean"
    config.model.discriminator_bottleneck = 0
    # It can tell before it is listened to, is not as loud as the content loss, and is
    # never so sure that it teaches nothing.
    config.phases.discriminator_warmup_epochs = 2
    config.losses.adversarial_share = 0.25
    config.losses.discriminator_flood = 0.7
    for optimizer, rate in (
        (config.generator_optimizer, 2e-4),
        (config.discriminator_optimizer, 4e-4),
    ):
        optimizer.rule = "adam"
        optimizer.learning_rate = rate
        optimizer.weight_decay = 0.0
        # What the game stirs up settles at the end, and nobody wins by a late step.
        optimizer.schedule = "warmup_cosine"
    config.phases.carry_optimizer_state = False
    if size == "small":
        _small(config)
    elif size != "salicon":
        known = ("small", "salicon")
        raise UserError(
            f"living.py:{size}: use one of {', '.join(known)}"
            f"{did_you_mean(size, known)}"
        )
    return config


def _small(config: ConfigDict) -> None:
    """Makes an experiment of many runs possible on a CPU."""
    config.batch_size = 8
    config.data.dataset = "osie"
    config.data.image_size = (96, 128)
    config.data.horizontal_flip = True
    config.model.decoder_width = 1 / 8
    config.model.cache_frozen_features = True
    config.model.output_bias = True
    config.bootstrap_optimizer.rule = "adamw"
    config.bootstrap_optimizer.learning_rate = 2e-4
    config.bootstrap_optimizer.schedule = "warmup_cosine"
    config.phases.bootstrap_epochs = 10
    config.phases.num_epochs = 18
    config.evaluation.every_epochs = 0
