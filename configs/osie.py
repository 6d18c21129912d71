"""SalGAN on OSIE: real eye fixations, 440 training and 110 validation images.

    python launch/prepare_data.py --dataset=osie --source=DIR
    python launch/train.py --config=configs/osie.py --workdir=runs/osie

`osie.py` starts from random weights, `osie.py:vgg16` from VGG-16's (give the file,
torchvision's or Keras', with --config.init_from=FILE).
`osie.py:small` is `:vgg16` with a decoder an eighth as wide, for experiments of many
runs on a CPU: minutes a run. The same generator with content loss alone:
--config.phases.bootstrap_epochs=14.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan
from salgan_jax.errors import UserError, did_you_mean


def get_config(weights: str = "random") -> ConfigDict:
    """Returns the recipe for a small data set and half the size, in each direction."""
    config = salgan.default()
    config.name = f"osie_{weights}"
    config.batch_size = 8
    config.data.dataset = "osie"
    config.data.image_size = (96, 128)
    config.data.horizontal_flip = True
    # Nesterov momentum, as in the authors' code, but faster: AdaGrad never forgets how
    # steep the first steps are, and 440 images leave no time to make up for it.
    config.bootstrap_optimizer.rule = "nesterov"
    config.bootstrap_optimizer.learning_rate = 1e-2
    config.bootstrap_optimizer.momentum = 0.9
    config.phases.carry_optimizer_state = False
    config.phases.bootstrap_epochs = 10
    config.phases.num_epochs = 14
    config.evaluation.every_epochs = 3
    if weights == "random":
        config.init_from = "random"
        config.model.frozen_blocks = 0
        config.model.kernel_init = "he_uniform"
    elif weights in ("vgg16", "small"):
        config.model.cache_frozen_features = True
        if weights == "small":
            config.model.decoder_width = 1 / 8
    else:
        known = ("random", "small", "vgg16")
        raise UserError(
            f"osie.py:{weights}: use one of {', '.join(known)}"
            f"{did_you_mean(weights, known)}"
        )
    return config
