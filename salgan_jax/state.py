"""What training carries from step to step, and what a step reads: arrays only."""

from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PRNGKeyArray, UInt8

from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator


class Batch(NamedTuple):
    """Images with their ground truth, 8 bits a channel, at the training size."""

    image: UInt8[Array | np.ndarray, "b h w 3"]
    saliency_map: UInt8[Array | np.ndarray, "b h w 1"]


class CachedBatch(NamedTuple):
    """A batch of which is known what the frozen blocks make of it.

    Attributes:
        image, saliency_map: as in `Batch`.
        frozen_features: `Generator.frozen_features` of the images.
    """

    image: UInt8[Array | np.ndarray, "b h w 3"]
    saliency_map: UInt8[Array | np.ndarray, "b h w 1"]
    frozen_features: Any


class Player(flax.struct.PyTreeNode):
    """One network of the game: its parameters and its optimizer's slots."""

    params: Any
    opt_state: Any


class TrainState(flax.struct.PyTreeNode):
    """Both players, and the number of updates made so far."""

    step: Any
    generator: Player
    discriminator: Player


class InitialParams(NamedTuple):
    """Freshly initialised parameters of both networks."""

    generator: Any
    discriminator: Any


def init_params(
    generator: Generator,
    discriminator: Discriminator,
    *,
    key: PRNGKeyArray,
    image_size: tuple[int, int],
) -> InitialParams:
    """Returns random parameters of both networks for images of (height, width)."""
    generator_key, discriminator_key = jax.random.split(key)
    image = jnp.zeros((1, *image_size, 3))
    saliency_map = jnp.zeros((1, *image_size, 1))
    # Compiled, the forward passes are dropped: nothing reads their results.
    generator_init, discriminator_init = map(
        jax.jit, (generator.init, discriminator.init)
    )
    return InitialParams(
        generator=generator_init(generator_key, image)["params"],
        discriminator=discriminator_init(discriminator_key, image, saliency_map)[
            "params"
        ],
    )


def create(
    params: InitialParams,
    *,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
) -> TrainState:
    """Returns the state before the first step."""
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        generator=_player(params.generator, generator_optimizer),
        discriminator=_player(params.discriminator, discriminator_optimizer),
    )


def _player(params: Any, optimizer: optax.GradientTransformation) -> Player:
    return Player(params=params, opt_state=optimizer.init(params))
