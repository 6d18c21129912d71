"""What the authors' released code really does, where it differs from the paper.

    python launch/train.py --config=configs/released_code.py --workdir=runs/released \
        --config.init_from=vgg16.pkl

alpha is 0.05; the weight decay is lost in a line break; the bootstrap is a program of
its own, with Nesterov momentum, whose slots are not carried over; the discriminator
pools 4x4 first and normalises the weights of conv3; images are BGR minus their mean.
Not reproduced: that its script reads a sample of the validation images for training.
Not yet run here.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe with what the code does otherwise."""
    config = salgan.default()
    config.name = "released_code"
    config.model.input_convention = "caffe"
    config.model.discriminator = "released_code"
    config.losses.alpha = 0.05
    config.bootstrap_optimizer.rule = "nesterov"
    config.bootstrap_optimizer.learning_rate = 1e-3
    config.bootstrap_optimizer.momentum = 0.5
    config.phases.carry_optimizer_state = False
    for optimizer in (
        config.bootstrap_optimizer,
        config.generator_optimizer,
        config.discriminator_optimizer,
    ):
        optimizer.weight_decay = 0.0
    return config
