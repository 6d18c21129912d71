"""SalGAN with what has been learnt since: the ingredients that helped.

    python launch/train.py --config=configs/modern.py --workdir=runs/modern \
        --config.init_from=vgg16-397923af.pth

docs/results.md has the ablation that chose them, one row an ingredient, and what they
come to together. On SALICON it has not been run yet.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe with the ingredients that helped."""
    config = salgan.default()
    config.name = "modern"
    config.losses.kld = config.losses.cc = config.losses.nss = 1.0
    config.model.output_bias = True
    config.model.skip_connections = True
    config.model.dilated = True
    config.bootstrap_optimizer.learning_rate = 1e-3
    config.generator_optimizer.learning_rate = 3e-4
    for optimizer in (config.bootstrap_optimizer, config.generator_optimizer):
        optimizer.rule = "adamw"
        optimizer.schedule = "warmup_cosine"
    config.phases.carry_optimizer_state = False
    return config
