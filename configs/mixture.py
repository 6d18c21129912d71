"""SalGAN as published on three sets of real eye fixations: OSIE, EyeCrowd and FIGRIM.

    python launch/prepare_data.py --dataset=osie --source=DIR
    python launch/prepare_data.py --dataset=eyecrowd --source=DIR
    python launch/prepare_data.py --dataset=image_folder/figrim --source=DIR \
        --sigma_px=15 --validation_every=5
    python launch/train.py --config=configs/mixture.py --workdir=runs/mixture \
        --config.init_from=vgg16-397923af.pth

2,200 training images, of which an epoch draws each about once, and 550 validation
images. It is what SALICON is in `salgan.py`, at a fifth of its size.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe on the mixture."""
    config = salgan.default()
    config.name = "mixture"
    # In the shares of their training images.
    config.data.dataset = "osie:11,eyecrowd:8,image_folder/figrim:36"
    config.model.cache_frozen_features = True
    return config
