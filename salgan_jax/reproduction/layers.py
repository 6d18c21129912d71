"""What each layer of a discriminator still knows of the map, and what is dead in it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

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

    map_share: float
    silent: float
    grad_norm: float


def look(
    recipe: Recipe,
    params: Mapping[str, Any],
    grads: Mapping[str, Any],
    image: Float[Array, "n h2 w2 c"],
    maps: Float[Array, "m h w 1"],
) -> dict[str, Layer]:
    """Returns the layers in their order, from every image with every map.

    Args:
        recipe: with the discriminator.
        params: of the discriminator.
        grads: of its loss, like `params`.
        image: from `recipes.condition`, n of them.
        maps: m of them in [0, 1], true ones and predictions.
    """
    outputs = _outputs(recipe, params, image, maps)
    found = {}
    for name, output in outputs.items():
        units = np.asarray(output, np.float64).reshape(len(image), len(maps), -1)
        of_map = units.var(axis=1).mean(axis=0).sum()
        total = units.reshape(-1, units.shape[-1]).var(axis=0).sum()
        found[name] = Layer(
            map_share=float(of_map / total) if total > 0 else 0.0,
            silent=_silent(name, np.asarray(output)),
            grad_norm=float(jnp.linalg.norm(grads[name]["kernel"])),
        )
    return found


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


def of_loss(
    recipe: Recipe, params: Any, image: jax.Array, maps: jax.Array, fakes: jax.Array
) -> Any:
    """Returns the gradient of the discriminator's loss on some images."""

    def loss(params):
        real = recipes.judge(recipe, params, image, maps)
        fake = recipes.judge(recipe, params, image, fakes)
        return jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))

    return jax.grad(loss)(params)


def _silent(name: str, output: np.ndarray) -> float:
    """Of channels, or of units where there are no places."""
    of_unit = np.moveaxis(output, -1, 0).reshape(output.shape[-1], -1)
    if name in _HIDDEN_TANH:
        return float(np.mean(np.all(np.abs(np.tanh(of_unit)) > SATURATED, axis=1)))
    if name.startswith("conv"):
        return float(np.mean(np.all(of_unit <= 0, axis=1)))
    return 0.0
