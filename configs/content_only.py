"""The ablation: the same generator trained with binary cross-entropy alone.

    python launch/train.py --config=configs/content_only.py --workdir=runs/bce \
        --config.init_from=vgg16-397923af.pth

Published on SALICON 2015 (Pan et al. 2017, Table 3, "BCE/4"): NSS 2.58, CC 0.772. Not
yet run here.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe with a bootstrap phase that never ends."""
    config = salgan.default()
    config.name = "content_only"
    config.phases.bootstrap_epochs = config.phases.num_epochs
    return config
