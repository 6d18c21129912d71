"""What each layer of a discriminator still knows of the map, and what is dead in it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from salgan_jax import losses
from salgan_jax import recipe as recipes
from salgan_jax.recipe import Recipe

# A tanh unit beyond this passes back less than a fiftieth of a gradient.
SATURATED = 0.99
_HIDDEN_TANH = ("fc4", "fc5")
_CROSSED = 8  # images, each with its own map and those of the others
_TINY = 1e-30
_RIDGE = 1e-3  # the probe's penalty, in mean squared lengths of what it is given


class Judged(NamedTuple):
    """Images, as `recipes.condition` has them, with both maps of each, in [0, 1]."""

    image: Float[Array, "n h2 w2 c"]
    real: Float[Array, "n h w 1"]
    fake: Float[Array, "n h w 1"]


class Layer(NamedTuple):
    """A layer of a discriminator, on some images each with some maps.

    Attributes:
        map_share: share of the variance of what it puts out that is due to the map: 1
            where images do not matter, 0 where maps do not.
        probe: share of held-out images with a true map or a prediction that a linear
            probe of what it puts out, a ridge regression, tells right; one half is
            chance.
        silent: share of its units that are 0, or tanh units that are beyond
            `SATURATED`, for every image and map.
        grad_norm: of the loss, with respect to its kernel.
    """

    map_share: Any
    probe: Any
    silent: Any
    grad_norm: Any


def look(
    recipe: Recipe,
    params: Mapping[str, Any],
    seen: Judged,
    held_out: Judged,
) -> dict[str, Layer]:
    """Returns the layers in their order; can be compiled.

    Gradients and what is silent or due to the map are of the first eight images seen:
    the loss is that of images with their own maps, the shares are of every image with
    half of the true maps and the predictions of the other half of the images.

    Args:
        recipe: with the discriminator.
        params: of the discriminator.
        seen: what the probes learn from.
        held_out: what they are tested on.
    """
    few = Judged(*(each[:_CROSSED] for each in seen))
    number = len(few.image)

    def loss(params):
        return losses.discriminator_loss(
            recipes.judge(recipe, params, few.image, few.real),
            recipes.judge(recipe, params, few.image, few.fake),
            recipe.game,
        )

    def outputs(image, maps):
        return _outputs(recipe, params, image, maps)

    grads = jax.grad(loss)(params)
    crossed = outputs(
        jnp.repeat(few.image, number, axis=0),
        jnp.tile(
            jnp.concatenate([few.real[: number // 2], few.fake[number // 2 :]]),
            (number, 1, 1, 1),
        ),
    )
    learnt, tested = (
        outputs(jnp.tile(each.image, (2, 1, 1, 1)), jnp.concatenate(each[1:]))
        for each in (seen, held_out)
    )
    return {
        name: Layer(
            map_share=_map_share(output.reshape(number, number, -1)),
            probe=_probe(learnt[name], tested[name]),
            silent=_silent(name, output, recipe.discriminator.activation),
            grad_norm=jnp.linalg.norm(grads[name]["kernel"]),
        )
        for name, output in crossed.items()
    }


def _outputs(
    recipe: Recipe, params: Mapping[str, Any], image: jax.Array, maps: jax.Array
) -> dict[str, jax.Array]:
    """What each layer puts out, before its activation."""
    discriminator: Any = recipe.discriminator
    _, state = discriminator.apply(
        {"params": params}, image, maps, capture_intermediates=True
    )
    captured: Any = state["intermediates"]
    return {name: captured[name]["__call__"][0] for name in params}


def _map_share(units: Float[Array, "n m u"]) -> jax.Array:
    of_map = units.var(axis=1).mean(axis=0).sum()
    total = units.reshape(-1, units.shape[-1]).var(axis=0).sum()
    return jnp.where(total > 0, of_map / jnp.maximum(total, _TINY), 0.0)


def _probe(learnt: jax.Array, tested: jax.Array) -> jax.Array:
    """Of outputs of which the first half is due to true maps, the others to predicted.

    There are fewer of them than units, so that the regression is solved in its dual.
    """
    known, new = (each.reshape(len(each), -1) for each in (learnt, tested))
    centre = known.mean(axis=0, keepdims=True)
    known, new = known - centre, new - centre
    gram = known @ known.T
    penalty = _RIDGE * jnp.trace(gram) / len(gram)
    signs = jnp.repeat(jnp.array([1.0, -1.0]), len(known) // 2)
    weights = jnp.linalg.solve(
        gram + jnp.maximum(penalty, _TINY) * jnp.eye(len(gram)), signs
    )
    truth = jnp.repeat(jnp.array([True, False]), len(new) // 2)
    return jnp.mean((new @ known.T @ weights > 0) == truth)


def _silent(name: str, output: jax.Array, activation: str) -> jax.Array:
    """Of channels, or of units where there are no places; a leaky ReLU has none."""
    of_unit = output.reshape(-1, output.shape[-1])
    if name in _HIDDEN_TANH:
        return jnp.mean(jnp.all(jnp.abs(jnp.tanh(of_unit)) > SATURATED, axis=0))
    if name.startswith("conv") and activation == "relu":
        return jnp.mean(jnp.all(of_unit <= 0, axis=0))
    return jnp.zeros(())
