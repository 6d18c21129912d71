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


class Layer(NamedTuple):
    """A layer of a discriminator, on some images each with some maps.

    Attributes:
        map_share: share of the variance of what it puts out that is due to the map: 1
            where images do not matter, 0 where maps do not.
        silent: share of its units that are 0, or tanh units that are beyond
            `SATURATED`, for every image and map.
        grad_norm: of the loss, with respect to its kernel.
    """

    map_share: Any
    silent: Any
    grad_norm: Any


def look(
    recipe: Recipe,
    params: Mapping[str, Any],
    image: Float[Array, "n h2 w2 c"],
    real: Float[Array, "n h w 1"],
    fake: Float[Array, "n h w 1"],
) -> dict[str, Layer]:
    """Returns the layers in their order; can be compiled.

    The loss is that of the images with their own maps. Shares are of every image with
    half of the true maps and the predictions of the other half of the images.

    Args:
        recipe: with the discriminator.
        params: of the discriminator.
        image: from `recipes.condition`.
        real, fake: their true maps and predictions, in [0, 1].
    """

    def loss(params):
        return losses.discriminator_loss(
            recipes.judge(recipe, params, image, real),
            recipes.judge(recipe, params, image, fake),
            recipe.game,
        )

    grads = jax.grad(loss)(params)
    number = len(image)
    maps = jnp.concatenate([real[: number // 2], fake[number // 2 :]])
    outputs = _outputs(recipe, params, image, maps)
    return {
        name: Layer(
            map_share=_map_share(output.reshape(number, number, -1)),
            silent=_silent(name, output),
            grad_norm=jnp.linalg.norm(grads[name]["kernel"]),
        )
        for name, output in outputs.items()
    }


def _outputs(
    recipe: Recipe, params: Mapping[str, Any], image: jax.Array, maps: jax.Array
) -> dict[str, jax.Array]:
    """What each layer puts out, before its activation, [n * m, ...], images first."""
    seen = jnp.repeat(image, len(maps), axis=0)
    judged = jnp.tile(maps, (len(image), 1, 1, 1))
    discriminator: Any = recipe.discriminator
    _, state = discriminator.apply(
        {"params": params}, seen, judged, capture_intermediates=True
    )
    captured: Any = state["intermediates"]
    return {name: captured[name]["__call__"][0] for name in params}


def _map_share(units: Float[Array, "n m u"]) -> jax.Array:
    of_map = units.var(axis=1).mean(axis=0).sum()
    total = units.reshape(-1, units.shape[-1]).var(axis=0).sum()
    return jnp.where(total > 0, of_map / jnp.maximum(total, 1e-30), 0.0)


def _silent(name: str, output: jax.Array) -> jax.Array:
    """Of channels, or of units where there are no places."""
    of_unit = output.reshape(-1, output.shape[-1])
    if name in _HIDDEN_TANH:
        return jnp.mean(jnp.all(jnp.abs(jnp.tanh(of_unit)) > SATURATED, axis=0))
    if name.startswith("conv"):
        return jnp.mean(jnp.all(of_unit <= 0, axis=0))
    return jnp.zeros(())
