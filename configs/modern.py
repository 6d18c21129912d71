"""SalGAN with what has been learnt since: the ingredients that helped.

    python launch/train.py --config=configs/modern.py --workdir=runs/modern \
        --config.init_from=vgg16-397923af.pth

docs/results.md has the ablation that chose them, one row an ingredient. On SALICON it
has not been run yet.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe with the ingredients that helped."""
    config = salgan.default()
    config.name = "modern"
    config.data.horizontal_flip = True
    config.losses.kl_cc_nss = 0.1
    config.phases.average_decay = 0.999
    config.model.discriminator_input = "normalized"
    config.model.skip_connections = True
    config.phases.carry_optimizer_state = False
    return config
