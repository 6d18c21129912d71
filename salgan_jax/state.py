"""What training carries from step to step, and what a step reads: arrays only."""

import functools
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
    """Images with their ground truth, 8 bits a channel, at the training size.

    Attributes:
        image: RGB.
        saliency_map: 255 where it is 1.
        fixation_counts: fixations in each pixel; None where no loss reads them.
    """

    image: UInt8[Array | np.ndarray, "b h w 3"]
    saliency_map: UInt8[Array | np.ndarray, "b h w 1"]
    fixation_counts: UInt8[Array | np.ndarray, "b h w 1"] | None = None


class CachedBatch(NamedTuple):
    """A batch of which is known what the frozen blocks make of it.

    Attributes:
        image, saliency_map, fixation_counts: as in `Batch`.
        frozen_features: `Generator.frozen_features` of the images.
    """

    image: UInt8[Array | np.ndarray, "b h w 3"]
    saliency_map: UInt8[Array | np.ndarray, "b h w 1"]
    fixation_counts: UInt8[Array | np.ndarray, "b h w 1"] | None
    frozen_features: Any


class Player(flax.struct.PyTreeNode):
    """One network of the game.

    Attributes:
        params: its parameters.
        opt_state: its optimizer's slots.
        average: of the parameters over the steps so far, where one is kept.
    """

    params: Any
    opt_state: Any
    average: Any = None

    @property
    def for_prediction(self) -> Any:
        """The parameters that predict: their average, where one is kept."""
        return self.params if self.average is None else self.average


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
    judges_features: bool = False,
) -> InitialParams:
    """Returns random parameters of both networks for images of (height, width).

    Args:
        generator, discriminator: the networks.
        key: of both; each has its own from it.
        image_size: (height, width).
        judges_features: as in `Recipe`.
    """
    generator_key, discriminator_key = jax.random.split(key)
    image = jnp.zeros((1, *image_size, 3))
    saliency_map = jnp.zeros((1, *image_size, 1))
    # Compiled, the forward passes are dropped: nothing reads their results.
    generator_init, discriminator_init = map(
        jax.jit, (generator.init, discriminator.init)
    )
    of_generator = generator_init(generator_key, image)
    seen = image
    if judges_features:
        frozen_features = functools.partial(
            generator.apply, method=generator.frozen_features
        )
        seen = jnp.zeros(jax.eval_shape(frozen_features, of_generator, image).shape)
    of_discriminator = discriminator_init(discriminator_key, seen, saliency_map)
    return InitialParams(of_generator["params"], of_discriminator["params"])


def create(
    params: InitialParams,
    *,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    keeps_average: bool = False,
) -> TrainState:
    """Returns the state before the first step.

    Args:
        params: of both networks.
        generator_optimizer, discriminator_optimizer: of the first phase.
        keeps_average: whether the generator's parameters are averaged over steps.
    """
    generator = _player(params.generator, generator_optimizer)
    if keeps_average:
        # A copy: the state is donated, and no array can be so twice.
        generator = generator.replace(
            average=jax.tree.map(lambda x: x.copy(), params.generator)
        )
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        generator=generator,
        discriminator=_player(params.discriminator, discriminator_optimizer),
    )


def _player(params: Any, optimizer: optax.GradientTransformation) -> Player:
    return Player(params=params, opt_state=optimizer.init(params))
