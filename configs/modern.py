"""SalGAN's generator with what has been learnt since: a good model in a few epochs.

    python launch/train.py --config=configs/modern.py --workdir=runs/modern \
        --config.init_from=vgg16-397923af.pth --config.data.dataset=osie

Content loss alone: cross-entropy with KL divergence, CC and NSS beside it. A dilated
block 5 keeps an eighth of the size, a skip connection gives the decoder what block 3
found, the logits are blurred a little, the output's bias starts at the maps' mean.
AdamW warms up and falls to 0 within five epochs, with a step for every two images. On
440 images of OSIE: NSS 3.17, CC 0.77, in 33 minutes on two cores; with
--config.data.image_size='(288,384)' NSS 3.37, CC 0.78, in 78 (docs/results.md). On
SALICON, its default, it has not been run yet.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the recipe of today."""
    config = salgan.default()
    config.name = "modern"
    config.batch_size = 2
    config.data.horizontal_flip = True
    config.losses.kld = 1.0
    config.losses.cc = 1.0
    config.losses.nss = 0.5
    config.model.skip_connections = True
    config.model.dilated = True
    config.model.output_bias = True
    config.model.smoothing_sigma = 2.0
    for optimizer in (config.bootstrap_optimizer, config.generator_optimizer):
        optimizer.rule = "adamw"
        optimizer.learning_rate = 1e-4
        optimizer.schedule = "warmup_cosine"
    config.phases.carry_optimizer_state = False
    config.phases.bootstrap_epochs = 5
    config.phases.num_epochs = 5
    config.evaluation.every_epochs = 0
    return config
