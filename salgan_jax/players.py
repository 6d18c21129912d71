"""How each player moves: its loss on a prediction, the gradient, then `stepping.py`.

Pan et al. 2017, Sec. 4. `updates.py` puts these moves together.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from salgan_jax import losses, measures, stepping
from salgan_jax import recipe as recipes
from salgan_jax.recipe import AnyBatch, Prediction, Recipe
from salgan_jax.state import Player, TrainState

Metrics = dict[str, Any]
_TINY = 1e-30  # of a squared norm: keeps a gradient of 0 at 0


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
    return _move_generator(
        recipe, recipe.bootstrap_optimizer, state, grads, shares, axis_name
    )


def generator_move(
    recipe: Recipe,
    state: TrainState,
    batch: AnyBatch,
    prediction: Prediction,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    """Returns the generator after a step on content and adversarial loss (Eq. 3).

    The weighted parts meet at the logits: there their gradients are measured, and their
    sum is what goes back through the generator. With a share, content loss has the
    weight that it has in the bootstrap, and the share says that of the adversarial one.
    """
    condition = recipes.condition(recipe, state, batch)

    def adversarial_loss(logits):
        fake_logits = recipes.judge(
            recipe, state.discriminator.params, condition, jax.nn.sigmoid(logits)
        )
        return losses.adversarial_loss(fake_logits, recipe.game)

    logits = prediction.logits
    content, content_back = jax.vjp(lambda x: _content_loss(recipe, x, batch), logits)
    adversarial, adversarial_back = jax.vjp(adversarial_loss, logits)
    alpha = 1.0 if recipe.adversarial_share else recipe.alpha
    (of_content,) = content_back(jnp.full_like(content, alpha))
    (of_adversarial,) = adversarial_back(jnp.ones_like(adversarial))
    weight: Any = 1.0
    if recipe.adversarial_share:
        ratio = _norm_ratio(of_content, of_adversarial, axis_name)
        weight = recipe.adversarial_share * ratio
        of_adversarial *= weight
    value = losses.generator_loss(content, weight * adversarial, alpha=alpha)

    shares = {
        "generator_loss": value,
        "content_loss": content,
        "adversarial_loss": adversarial,
        "content_logit_grad_norm": measures.squared_norm(of_content),
        "adversarial_logit_grad_norm": measures.squared_norm(of_adversarial),
    }
    shares |= _map_moments(logits, batch)
    grads = prediction.pull_back(of_content + of_adversarial)
    return _move_generator(
        recipe, recipe.generator_optimizer, state, grads, shares, axis_name
    )


def discriminator_move(
    recipe: Recipe,
    state: TrainState,
    batch: AnyBatch,
    logits: jax.Array,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    """Returns the discriminator after telling ground truth from prediction (Eq. 4)."""
    image = recipes.condition(recipe, state, batch)
    images = jnp.concatenate([image, image])
    maps = jnp.concatenate([recipes.saliency_map(batch), jax.nn.sigmoid(logits)])

    def loss(params):
        judged = recipes.judge(recipe, params, images, maps)
        real_logits, fake_logits = jnp.split(judged, 2)
        value = losses.discriminator_loss(real_logits, fake_logits, recipe.game)
        measured = measures.of_logits(real_logits, fake_logits)
        measured |= {"discriminator_loss": value}
        if recipe.discriminator_flood:
            value = _flooded(value, recipe.discriminator_flood, axis_name)
        if recipe.r1_penalty:
            penalty = _r1_penalty(recipe, params, image, recipes.saliency_map(batch))
            measured |= {"r1_penalty": penalty}
            value += recipe.r1_penalty * penalty
        return value, measured

    grads, shares = jax.grad(loss, has_aux=True)(state.discriminator.params)
    step = stepping.Step(
        "discriminator", recipe.discriminator_optimizer, recipe.skip_not_finite
    )
    return stepping.take(step, state.discriminator, grads, shares, axis_name)


def _move_generator(
    recipe: Recipe,
    optimizer: optax.GradientTransformation,
    state: TrainState,
    grads: Any,
    shares: Metrics,
    axis_name: str | None,
) -> tuple[Player, Metrics]:
    step = stepping.Step(
        "generator", optimizer, recipe.skip_not_finite, recipe.average_decay
    )
    return stepping.take(
        step, state.generator, grads, shares, axis_name, step_number=state.step
    )


def _content_loss(recipe: Recipe, logits: jax.Array, batch: AnyBatch) -> jax.Array:
    counts = None
    if recipe.content.nss:
        counts = jnp.asarray(batch.fixation_counts, logits.dtype)
    return losses.weighted_content_loss(
        logits,
        recipes.saliency_map(batch),
        counts,
        weights=recipe.content,
        downsample=recipe.content_downsample,
        reduction=recipe.content_reduction,
    )


def _norm_ratio(
    reference: jax.Array, gradient: jax.Array, axis_name: str | None
) -> jax.Array:
    """The norm of one gradient of the whole batch in norms of another."""
    squares = jnp.sum(jnp.square(reference)), jnp.sum(jnp.square(gradient))
    if axis_name is not None:
        squares = lax.pmean(squares, axis_name)
    return jnp.sqrt(squares[0] / jnp.maximum(squares[1], _TINY))


def _flooded(loss: jax.Array, level: float, axis_name: str | None) -> jax.Array:
    """Returns |loss - level| + level (Ishida et al. 2020, Sec. 3).

    Which side of the level it is on is said of the whole batch, not of a device's part.
    """
    whole = loss if axis_name is None else lax.pmean(loss, axis_name)
    return jnp.where(whole < level, 2 * level - loss, loss)


def _r1_penalty(
    recipe: Recipe, params: Any, image: jax.Array, saliency_map: jax.Array
) -> jax.Array:
    map_grads = jax.grad(lambda maps: recipes.judge(recipe, params, image, maps).sum())(
        saliency_map
    )
    return losses.r1_penalty(map_grads)


def _map_moments(logits: jax.Array, batch: AnyBatch) -> Metrics:
    """How much predictions, and ground truth, differ by image: this device's share."""
    return {
        "map_variance": measures.moments(jax.nn.sigmoid(logits)),
        "true_map_variance": measures.moments(recipes.saliency_map(batch)),
    }
