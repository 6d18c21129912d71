"""How each player moves: its loss on a prediction, the gradient, then `stepping.py`.

Pan et al. 2017, Sec. 4. `updates.py` puts these moves together.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from salgan_jax import losses, measures, stepping
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator
from salgan_jax.state import Batch, CachedBatch, Player, TrainState

AnyBatch = Batch | CachedBatch
Metrics = dict[str, Any]


class Recipe(NamedTuple):
    """The code an update needs beside the arrays: networks, optimizers, weights.

    Attributes:
        alpha: weight of the content loss in the generator's loss.
        content_downsample: block size of the average pooling before the content loss.
        bootstrap_optimizer: the generator's optimizer in the bootstrap phase.
        skip_not_finite: whether a player stays as it is where its loss or its gradient
            is not finite.
    """

    generator: Generator
    discriminator: Discriminator
    bootstrap_optimizer: optax.GradientTransformation
    generator_optimizer: optax.GradientTransformation
    discriminator_optimizer: optax.GradientTransformation
    alpha: float
    content_downsample: int
    skip_not_finite: bool = False


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
    return generator.apply({"params": params}, _image(batch))


def predict_for_gradient(
    recipe: Recipe, state: TrainState, batch: AnyBatch
) -> Prediction:
    """Returns the prediction of a generator that is about to move."""
    logits, pull_back = jax.vjp(
        lambda params: predict(recipe, params, batch), state.generator.params
    )
    return Prediction(logits, lambda cotangent: pull_back(cotangent)[0])


def bootstrap_move(
    recipe: Recipe,
    state: TrainState,
    batch: AnyBatch,
    prediction: Prediction,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    """Returns the generator after a step on the content loss alone (Sec. 4.2)."""
    content, cotangent = jax.value_and_grad(
        lambda logits: _content_loss(recipe, logits, batch)
    )(prediction.logits)
    shares = {"content_loss": content} | _map_moments(prediction.logits, batch)
    grads = prediction.pull_back(cotangent)
    step = stepping.Step(
        "generator", recipe.bootstrap_optimizer, recipe.skip_not_finite
    )
    return stepping.take(step, state.generator, grads, shares, axis_name)


def generator_move(
    recipe: Recipe,
    state: TrainState,
    batch: AnyBatch,
    prediction: Prediction,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    """Returns the generator after a step on content and adversarial loss (Eq. 3).

    The weighted parts meet at the logits: there their gradients are measured, and their
    sum is what goes back through the generator.
    """

    def adversarial_loss(logits):
        fake_logits = _judge(
            recipe, state.discriminator.params, _image(batch), jax.nn.sigmoid(logits)
        )
        return losses.adversarial_loss(fake_logits)

    logits = prediction.logits
    content, content_back = jax.vjp(lambda x: _content_loss(recipe, x, batch), logits)
    adversarial, adversarial_back = jax.vjp(adversarial_loss, logits)
    value, weights_back = jax.vjp(
        functools.partial(losses.generator_loss, alpha=recipe.alpha),
        content,
        adversarial,
    )
    content_weight, adversarial_weight = weights_back(jnp.ones_like(value))
    (of_content,) = content_back(content_weight)
    (of_adversarial,) = adversarial_back(adversarial_weight)

    shares = {
        "generator_loss": value,
        "content_loss": content,
        "adversarial_loss": adversarial,
        "content_logit_grad_norm": measures.squared_norm(of_content),
        "adversarial_logit_grad_norm": measures.squared_norm(of_adversarial),
    }
    shares |= _map_moments(logits, batch)
    grads = prediction.pull_back(of_content + of_adversarial)
    step = stepping.Step(
        "generator", recipe.generator_optimizer, recipe.skip_not_finite
    )
    return stepping.take(step, state.generator, grads, shares, axis_name)


def discriminator_move(
    recipe: Recipe,
    state: TrainState,
    batch: AnyBatch,
    logits: jax.Array,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    """Returns the discriminator after telling ground truth from prediction (Eq. 4)."""
    image = _image(batch)
    images = jnp.concatenate([image, image])
    maps = jnp.concatenate([_saliency_map(batch), jax.nn.sigmoid(logits)])

    def loss(params):
        judged = _judge(recipe, params, images, maps)
        real_logits, fake_logits = jnp.split(judged, 2)
        value = losses.discriminator_loss(real_logits, fake_logits)
        measured = measures.of_logits(real_logits, fake_logits)
        return value, {"discriminator_loss": value} | measured

    grads, shares = jax.grad(loss, has_aux=True)(state.discriminator.params)
    step = stepping.Step(
        "discriminator", recipe.discriminator_optimizer, recipe.skip_not_finite
    )
    return stepping.take(step, state.discriminator, grads, shares, axis_name)


def _content_loss(recipe: Recipe, logits: jax.Array, batch: AnyBatch) -> jax.Array:
    return losses.content_loss(
        logits, _saliency_map(batch), downsample=recipe.content_downsample
    )


def _map_moments(logits: jax.Array, batch: AnyBatch) -> Metrics:
    """How much predictions, and ground truth, differ by image: this device's share."""
    return {
        "map_variance": measures.moments(jax.nn.sigmoid(logits)),
        "true_map_variance": measures.moments(_saliency_map(batch)),
    }


def _judge(
    recipe: Recipe, params: Any, image: jax.Array, saliency_map: jax.Array
) -> Any:
    return recipe.discriminator.apply({"params": params}, image, saliency_map)


def _image(batch: AnyBatch) -> jax.Array:
    """RGB in 0..255, made of 8 bits on the device."""
    return jnp.asarray(batch.image, jnp.result_type(float))


def _saliency_map(batch: AnyBatch) -> jax.Array:
    """In [0, 1], made of 8 bits on the device."""
    return jnp.asarray(batch.saliency_map, jnp.result_type(float)) / 255
