"""SalGAN a sixteenth as wide, on images of 32x48: what the tests of training share."""

import functools

import jax
import numpy as np

from salgan_jax import config as config_module
from salgan_jax import experiment as experiment_module
from salgan_jax import state as train_state
from salgan_jax.state import Batch

HEIGHT, WIDTH = 32, 48


def config(**model):
    """The published recipe in miniature; one frozen block."""
    small = config_module.default()
    small.init_from = "random"
    small.data.image_size = (HEIGHT, WIDTH)
    small.model.width_multiplier = 1 / 16
    small.model.frozen_blocks = 1
    # Glorot weights halve a signal at each of 27 narrow layers: nothing would move.
    small.model.kernel_init = "he_uniform"
    small.model.update(model)
    return small


@functools.cache
def experiment():
    return experiment_module.make_experiment(config())


def state(params=None):
    """A new state, with arrays of its own: updates may consume it."""
    setup = experiment()
    params = jax.tree.map(np.array, params or setup.params)
    return train_state.create(
        params,
        generator_optimizer=setup.recipe.generator_optimizer,
        discriminator_optimizer=setup.recipe.discriminator_optimizer,
    )


def batch(size=8, seed=0):
    """Random images whose saliency is where they are bright, so it can be learnt."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 64, (size, HEIGHT, WIDTH, 3), dtype=np.uint8)
    saliency_map = np.zeros((size, HEIGHT, WIDTH, 1), np.uint8)
    for index in range(size):
        y, x = random.integers(0, HEIGHT - 12), random.integers(0, WIDTH - 12)
        image[index, y : y + 12, x : x + 12] += 180
        saliency_map[index, y : y + 12, x : x + 12] = 255
    return Batch(image, saliency_map)


def differing(before, after):
    """Names of the leaves that are not bit-identical."""
    old, new = map(jax.tree_util.tree_leaves_with_path, (before, after))
    assert len(old) == len(new)
    return [
        jax.tree_util.keystr(path)
        for (path, a), (_, b) in zip(old, new, strict=True)
        if np.asarray(a).tobytes() != np.asarray(b).tobytes()
    ]
