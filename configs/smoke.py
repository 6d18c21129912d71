"""The whole recipe in miniature, to watch a run from start to end in a minute.

    python launch/train.py --config=configs/smoke.py --workdir=runs/smoke

Pop-out displays, bootstrap, phase change, adversarial phase, several checkpoints and
evaluations; a generator a sixteenth as wide as VGG-16, from random weights. It is too
small and too short to learn anything: `quickstart.py` does.
"""

from ml_collections import ConfigDict

from salgan_jax import config as salgan


def get_config() -> ConfigDict:
    """Returns the published recipe with everything that costs time made small."""
    config = salgan.default()
    config.name = "smoke"
    config.batch_size = 8
    config.init_from = "random"
    config.data.dataset = "popout/tiny"
    config.data.image_size = (32, 48)
    config.model.width_multiplier = 1 / 16
    config.model.frozen_blocks = 1
    config.phases.bootstrap_epochs = 4
    config.phases.num_epochs = 10
    config.evaluation.every_epochs = 0
    config.logging.every_steps = 3
    config.logging.num_panels = 2
    config.checkpoint.every_steps = 5
    return config
