"""Two networks of a few weights that play SalGAN's game: what compiles in no time."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import miniature
import numpy as np
import optax
from flax import linen as nn

from salgan_jax import run_log, updates
from salgan_jax import state as train_state
from salgan_jax.schedule import Schedule

IMAGES = jnp.zeros((1, miniature.HEIGHT, miniature.WIDTH, 3))


class Generator(nn.Module):
    """Saliency from the colour of each pixel, which is enough for `miniature.batch`."""

    dtype: Any = None

    @nn.compact
    def __call__(self, image):
        x = nn.Conv(1, (1, 1), dtype=self.dtype)(image / 255 - 0.5)
        return x.astype(jnp.promote_types(x.dtype, jnp.float32))


class Discriminator(nn.Module):
    """Looks at how bright a map is, how sharp, and how bright where the image is."""

    dtype: Any = None

    @nn.compact
    def __call__(self, image, saliency_map):
        grey = image.mean(axis=-1, keepdims=True) / 255
        x = [saliency_map, saliency_map**2, saliency_map * grey]
        x = jnp.concatenate([feature.mean(axis=(1, 2)) for feature in x], axis=-1)
        x = nn.tanh(nn.Dense(4, dtype=self.dtype)(x))
        return nn.Dense(1, dtype=self.dtype)(x).squeeze(-1)


def recipe(
    *,
    generator=optax.adam(1e-2),  # noqa: B008
    discriminator=optax.adam(1e-2),  # noqa: B008
    alpha=1.0,
    dtype=None,
    skip_not_finite=False,
):
    # What an update asks of networks is how they are applied.
    generator_network: Any = Generator(dtype)
    discriminator_network: Any = Discriminator(dtype)
    return updates.Recipe(
        generator_network,
        discriminator_network,
        bootstrap_optimizer=generator,
        generator_optimizer=generator,
        discriminator_optimizer=discriminator,
        alpha=alpha,
        content_downsample=4,
        skip_not_finite=skip_not_finite,
    )


@functools.cache
def _params():
    keys = jax.random.split(jax.random.key(3))
    generator = jax.jit(Generator().init)(keys[0], IMAGES)
    discriminator = jax.jit(Discriminator().init)(keys[1], IMAGES, IMAGES[..., :1])
    return train_state.InitialParams(generator["params"], discriminator["params"])


def state(recipe, *, dtype: Any = np.float32):
    """A new state; parameters are always the same, and arrays of its own."""
    return train_state.create(
        jax.tree.map(lambda x: np.array(x, dtype), _params()),
        generator_optimizer=recipe.generator_optimizer,
        discriminator_optimizer=recipe.discriminator_optimizer,
    )


def log(workdir, *, first_step=0, num_steps=10_000, bootstrap_steps=0):
    return run_log.RunLog(
        str(workdir),
        schedule=Schedule(100, bootstrap_steps, num_steps),
        batch_size=8,
        first_step=first_step,
        best_metric="cc",
    )


def play(
    log, function, state, *, num_steps, every_steps=20, change=lambda batch: batch
):
    """Makes and logs that many updates; returns the state after them."""
    function, first = jax.jit(function), int(state.step)
    batches = [change(miniature.batch(seed=seed)) for seed in range(8)]
    for step in range(first, first + num_steps):
        state, metrics = function(state, batches[step % 8])
        log.add(range(step, step + 1), metrics)
        if (step + 1) % every_steps == 0:
            log.flush()
    return state
