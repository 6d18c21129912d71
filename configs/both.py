"""Both players in each adversarial step: an option that the paper does not have.

    python launch/train.py --config=configs/both.py --workdir=runs/both \
        --config.init_from=vgg16-397923af.pth

Discriminator and generator move on the same batch and share one forward pass of the
generator, so that an epoch has as many updates of each as it has batches, for 0.73 of
the arithmetic of as many alternate steps. To as many generator updates as the paper it
takes half the adversarial epochs, which is how many it has. Not yet run here.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe with as many updates of each player."""
    config = salgan.default()
    config.name = "both"
    config.schedule = "both"
    # The paper's 105 adversarial epochs are 52.5 epochs of each player's updates.
    config.phases.num_epochs = config.phases.bootstrap_epochs + 53
    return config
