"""A small SalGAN that finds the odd one out, in minutes on two cores.

    ./launch/quickstart.sh

An eighth of VGG-16's width from random weights, pop-out displays at 64x80 pixels. He
weights keep the signal alive through 27 narrow layers, Adam leaves the plateau on which
AdaGrad stays, and nothing is frozen, since random weights are worth nothing.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe, scaled down to what a laptop trains at once."""
    config = salgan.default()
    config.name = "quickstart"
    config.batch_size = 8
    config.init_from = "random"
    config.data.dataset = "popout"
    config.data.image_size = (64, 80)
    config.data.horizontal_flip = True
    config.model.width_multiplier = 1 / 8
    config.model.frozen_blocks = 0
    config.model.kernel_init = "he_uniform"
    config.bootstrap_optimizer.rule = "adam"
    config.bootstrap_optimizer.learning_rate = 1e-3
    config.phases.carry_optimizer_state = False
    config.phases.bootstrap_epochs = 22
    config.phases.num_epochs = 26
    config.evaluation.every_epochs = 0
    config.logging.every_steps = 25
    config.checkpoint.every_steps = 200
    return config
