"""SalGAN on OSIE: real eye fixations, 440 training and 110 validation images.

    python launch/prepare_data.py --dataset=osie --source=DIR
    python launch/train.py --config=configs/osie.py --workdir=runs/osie

The variant names the initial weights of the encoder: `osie.py` starts from random ones,
`osie.py:vgg16` from torchvision's VGG-16, `osie.py:blocks12` from an .npz that holds
VGG-16's first two blocks only (give either file with --config.init_from=FILE).
`osie.py:small` is `:blocks12` with everything behind the frozen blocks an eighth as
wide, for experiments of many runs on a CPU: minutes a run. The same generator with
content loss alone: --config.phases.bootstrap_epochs=14, or 26 of `:small`.

docs/results.md has scores, machine and hours of `:blocks12` and `:small`; the other two
have not been run to their end yet.
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
    # Nesterov momentum, as in the authors' code: AdaGrad never forgets how steep the
    # first steps are, and with 440 images there is no time to make up for it.
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
    elif weights in ("blocks12", "small"):
        config.init_from = "vgg16_keras_block1_2.npz"
        config.model.input_convention = "caffe"
        config.model.frozen_blocks = 2
        if weights == "small":
            config.model.full_width_blocks = 2
            config.model.width_multiplier = 1 / 8
            config.model.cache_frozen_features = True
            config.phases.num_epochs = 26
            config.evaluation.every_epochs = 0
    elif weights != "vgg16":
        known = ("random", "blocks12", "small", "vgg16")
        raise UserError(
            f"osie.py:{weights}: use one of {', '.join(known)}"
            f"{did_you_mean(weights, known)}"
        )
    return config
