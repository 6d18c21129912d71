"""The three updates of SalGAN, each a pure function (state, batch) -> (state, metrics).

Pan et al. 2017, Sec. 4. An update is a loss, its gradient with respect to one player,
and that player's step; the other player and the frozen blocks come out as they went in.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from salgan_jax import losses
from salgan_jax.models.discriminator import Discriminator
from salgan_jax.models.generator import Generator
from salgan_jax.schedule import Update
from salgan_jax.state import Batch, Player, TrainState

Metrics = dict[str, Any]
UpdateFunction = Callable[[TrainState, Batch], tuple[TrainState, Metrics]]


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


def make_updates(
    recipe: Recipe, *, axis_name: str | None = None
) -> dict[Update, UpdateFunction]:
    """Returns the three updates of a recipe.

    Args:
        recipe: networks, optimizers and loss weights.
        axis_name: the mapped axis to average gradients over; None when not mapped.
    """
    functions = {
        Update.BOOTSTRAP: bootstrap_update,
        Update.DISCRIMINATOR: discriminator_update,
        Update.GENERATOR: generator_update,
    }
    return {
        update: functools.partial(function, recipe=recipe, axis_name=axis_name)
        for update, function in functions.items()
    }


def bootstrap_update(
    state: TrainState, batch: Batch, *, recipe: Recipe, axis_name: str | None = None
) -> tuple[TrainState, Metrics]:
    """Returns the state after a generator step on the content loss alone (Sec. 4.2)."""
    image, saliency_map = _to_float(batch)

    def loss(params):
        logits = _predict(recipe, params, image)
        content = losses.content_loss(
            logits, saliency_map, downsample=recipe.content_downsample
        )
        return content, {"content_loss": content}

    player, metrics = _step(
        state.generator, loss, recipe.bootstrap_optimizer, axis_name, name="generator"
    )
    return state.replace(step=state.step + 1, generator=player), metrics


def discriminator_update(
    state: TrainState, batch: Batch, *, recipe: Recipe, axis_name: str | None = None
) -> tuple[TrainState, Metrics]:
    """Returns the state after a discriminator step: ground truth against prediction."""
    image, saliency_map = _to_float(batch)
    logits = _predict(recipe, state.generator.params, image)
    predicted = jax.nn.sigmoid(logits)
    images = jnp.concatenate([image, image])
    maps = jnp.concatenate([saliency_map, predicted])

    def loss(params):
        judged = _judge(recipe, params, images, maps)
        real_logits, fake_logits = jnp.split(judged, 2)
        value = losses.discriminator_loss(real_logits, fake_logits)
        return value, {
            "discriminator_loss": value,
            "real_accuracy": jnp.mean(real_logits > 0),
            "fake_accuracy": jnp.mean(fake_logits <= 0),
        }

    player, metrics = _step(
        state.discriminator,
        loss,
        recipe.discriminator_optimizer,
        axis_name,
        name="discriminator",
    )
    return state.replace(step=state.step + 1, discriminator=player), metrics


def generator_update(
    state: TrainState, batch: Batch, *, recipe: Recipe, axis_name: str | None = None
) -> tuple[TrainState, Metrics]:
    """Returns the state after a generator step on content and adversarial loss."""
    image, saliency_map = _to_float(batch)

    def loss(params):
        logits = _predict(recipe, params, image)
        fake_logits = _judge(
            recipe, state.discriminator.params, image, jax.nn.sigmoid(logits)
        )
        content = losses.content_loss(
            logits, saliency_map, downsample=recipe.content_downsample
        )
        adversarial = losses.adversarial_loss(fake_logits)
        value = losses.generator_loss(content, adversarial, alpha=recipe.alpha)
        return value, {
            "generator_loss": value,
            "content_loss": content,
            "adversarial_loss": adversarial,
        }

    player, metrics = _step(
        state.generator, loss, recipe.generator_optimizer, axis_name, name="generator"
    )
    return state.replace(step=state.step + 1, generator=player), metrics


def _predict(recipe: Recipe, params: Any, image: jax.Array) -> Any:
    return recipe.generator.apply({"params": params}, image)


def _judge(
    recipe: Recipe, params: Any, image: jax.Array, saliency_map: jax.Array
) -> Any:
    return recipe.discriminator.apply({"params": params}, image, saliency_map)


def _step(
    player: Player,
    loss: Callable[[Any], tuple[jax.Array, Metrics]],
    optimizer: optax.GradientTransformation,
    axis_name: str | None,
    *,
    name: str,
) -> tuple[Player, Metrics]:
    grads, metrics = jax.grad(loss, has_aux=True)(player.params)
    if axis_name is not None:
        grads, metrics = lax.pmean((grads, metrics), axis_name)
    updates, opt_state = optimizer.update(grads, player.opt_state, player.params)
    metrics[f"{name}_grad_norm"] = optax.tree.norm(grads)
    params = optax.apply_updates(player.params, updates)
    return Player(params=params, opt_state=opt_state), metrics


def _to_float(batch: Batch) -> tuple[jax.Array, jax.Array]:
    """8-bit batch to image in 0..255 and saliency map in [0, 1], on the device."""
    dtype = jnp.result_type(float)
    image = jnp.asarray(batch.image, dtype)
    return image, jnp.asarray(batch.saliency_map, dtype) / 255
