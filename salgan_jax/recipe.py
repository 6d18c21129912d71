"""What an update needs beside the arrays, and how the networks of it are applied."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from salgan_jax import losses
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator
from salgan_jax.state import Batch, CachedBatch, TrainState

AnyBatch = Batch | CachedBatch


class Recipe(NamedTuple):
    """The code an update needs beside the arrays: networks, optimizers, weights.

    Attributes:
        alpha: weight of the content loss in the generator's loss.
        content: weights of what the content loss is made of.
        content_downsample: block size of the average pooling before the content loss.
        bootstrap_optimizer: the generator's optimizer in the bootstrap phase.
        skip_not_finite: whether a player stays as it is where its loss or its gradient
            is not finite.
        r1_penalty: weight of the discriminator's gradient penalty.
        discriminator_flood: the loss below which the discriminator climbs.
        judges_features: whether the discriminator sees what the generator's frozen
            blocks make of an image, and not the image.
        content_reduction: in `losses.CONTENT_REDUCTIONS`.
        game: in `losses.GAMES`.
        adversarial_share: the norm of the adversarial loss's gradient at the logits, in
            norms of the content loss's, which then has no alpha; 0: as it comes.
        average_decay: of the average of the generator's parameters; 0: none is kept.
    """

    generator: Generator
    discriminator: Discriminator
    bootstrap_optimizer: optax.GradientTransformation
    generator_optimizer: optax.GradientTransformation
    discriminator_optimizer: optax.GradientTransformation
    alpha: float
    content_downsample: int
    skip_not_finite: bool = False
    content: losses.ContentWeights = losses.ContentWeights()
    r1_penalty: float = 0.0
    discriminator_flood: float = 0.0
    judges_features: bool = False
    content_reduction: str = "mean"
    game: str = "cross_entropy"
    adversarial_share: float = 0.0
    average_decay: float = 0.0


class Prediction(NamedTuple):
    """What the generator makes of a batch, and the way back.

    Attributes:
        logits: [b, h, w, 1], before the sigmoid.
        pull_back: from the cotangent of the logits to that of the parameters.
    """

    logits: Any
    pull_back: Callable[[jax.Array], Any]


def predict(recipe: Recipe, params: Any, batch: AnyBatch) -> Any:
    """Returns saliency logits, from the frozen features where the batch has them."""
    generator = recipe.generator
    if isinstance(batch, CachedBatch):
        return generator.apply(
            {"params": params},
            batch.frozen_features,
            method=generator.from_frozen_features,
        )
    return generator.apply({"params": params}, image(batch))


def predict_for_gradient(
    recipe: Recipe, state: TrainState, batch: AnyBatch
) -> Prediction:
    """Returns the prediction of a generator that is about to move."""
    logits, pull_back = jax.vjp(
        lambda params: predict(recipe, params, batch), state.generator.params
    )
    return Prediction(logits, lambda cotangent: pull_back(cotangent)[0])


def judge(
    recipe: Recipe, params: Any, image: jax.Array, saliency_map: jax.Array
) -> Any:
    """Returns the discriminator's logits [b]; high means ground truth.

    Args:
        recipe: with the discriminator.
        params: of the discriminator.
        image: from `condition`.
        saliency_map: in [0, 1].
    """
    return recipe.discriminator.apply({"params": params}, image, saliency_map)


def condition(recipe: Recipe, state: TrainState, batch: AnyBatch) -> jax.Array:
    """Returns what the discriminator sees of the images beside the maps.

    RGB in 0..255, or what the generator's frozen blocks make of it.
    """
    if not recipe.judges_features:
        return image(batch)
    if isinstance(batch, CachedBatch):
        return jnp.asarray(batch.frozen_features, jnp.result_type(float))
    generator: Any = recipe.generator
    return generator.apply(
        {"params": state.generator.params},
        image(batch),
        method=generator.frozen_features,
    )


def image(batch: AnyBatch) -> jax.Array:
    """Returns RGB in 0..255, made of 8 bits on the device."""
    return jnp.asarray(batch.image, jnp.result_type(float))


def saliency_map(batch: AnyBatch) -> jax.Array:
    """Returns maps in [0, 1], made of 8 bits on the device."""
    return jnp.asarray(batch.saliency_map, jnp.result_type(float)) / 255
