"""How each player moves: its loss on a prediction, the gradient, the optimizer's step.

Pan et al. 2017, Sec. 4. `updates.py` puts these moves together.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from salgan_jax import losses
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
    """

    generator: Generator
    discriminator: Discriminator
    bootstrap_optimizer: optax.GradientTransformation
    generator_optimizer: optax.GradientTransformation
    discriminator_optimizer: optax.GradientTransformation
    alpha: float
    content_downsample: int


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

    def loss(logits):
        content = losses.content_loss(
            logits, _saliency_map(batch), downsample=recipe.content_downsample
        )
        return content, {"content_loss": content}

    return _move_generator(
        state.generator, loss, prediction, recipe.bootstrap_optimizer, axis_name
    )


def generator_move(
    recipe: Recipe,
    state: TrainState,
    batch: AnyBatch,
    prediction: Prediction,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    """Returns the generator after a step on content and adversarial loss (Eq. 3)."""

    def loss(logits):
        fake_logits = _judge(
            recipe, state.discriminator.params, _image(batch), jax.nn.sigmoid(logits)
        )
        content = losses.content_loss(
            logits, _saliency_map(batch), downsample=recipe.content_downsample
        )
        adversarial = losses.adversarial_loss(fake_logits)
        value = losses.generator_loss(content, adversarial, alpha=recipe.alpha)
        return value, {
            "generator_loss": value,
            "content_loss": content,
            "adversarial_loss": adversarial,
        }

    return _move_generator(
        state.generator, loss, prediction, recipe.generator_optimizer, axis_name
    )


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
        return value, {
            "discriminator_loss": value,
            "real_accuracy": jnp.mean(real_logits > 0),
            "fake_accuracy": jnp.mean(fake_logits <= 0),
        }

    player = state.discriminator
    grads, metrics = jax.grad(loss, has_aux=True)(player.params)
    player, norm, metrics = _step(
        player, recipe.discriminator_optimizer, grads, metrics, axis_name
    )
    return player, metrics | {"discriminator_grad_norm": norm}


def _move_generator(
    player: Player,
    loss: Callable[[jax.Array], tuple[jax.Array, Metrics]],
    prediction: Prediction,
    optimizer: optax.GradientTransformation,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    """The generator after a step down a loss of its logits."""
    cotangent, metrics = jax.grad(loss, has_aux=True)(prediction.logits)
    grads = prediction.pull_back(cotangent)
    player, norm, metrics = _step(player, optimizer, grads, metrics, axis_name)
    return player, metrics | {"generator_grad_norm": norm}


def _step(
    player: Player,
    optimizer: optax.GradientTransformation,
    grads: Any,
    metrics: Metrics,
    axis_name: str | None,
) -> tuple[Player, jax.Array, Metrics]:
    """The player after its step, the norm of its gradient, and the metrics' means."""
    if axis_name is not None:
        grads, metrics = lax.pmean((grads, metrics), axis_name)
    updates, opt_state = optimizer.update(grads, player.opt_state, player.params)
    params = optax.apply_updates(player.params, updates)
    moved = Player(params=params, opt_state=opt_state)
    return moved, optax.tree.norm(grads), metrics


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
