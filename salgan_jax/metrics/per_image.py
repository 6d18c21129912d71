"""A metric of one image as a metric of any number of them."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def vectorize(
    metric: Callable[..., jax.Array], signature: str
) -> Callable[..., jax.Array]:
    """Returns the metric mapped over leading axes, which broadcast against each other.

    Differs from `jnp.vectorize`: the images are gone through one after the other. The
    work on one is large, its arrays stay in the cache, and on a CPU the batched gather
    of AUC-Judd alone takes three times as long. Compiled for each combination of
    shapes.

    Args:
      metric: of the arrays of one image, a scalar or some, [k].
      signature: their axes, as "(h,w),(n,p)"; only the number of axes matters.
    """
    ranks = [len(axes.split(",")) for axes in signature[1:-1].split("),(")]

    def of_images(*arrays: Any) -> jax.Array:
        own = [a.shape[a.ndim - rank :] for a, rank in zip(arrays, ranks, strict=True)]
        leading = jnp.broadcast_shapes(
            *(a.shape[: a.ndim - rank] for a, rank in zip(arrays, ranks, strict=True))
        )
        flat = [
            jnp.broadcast_to(array, leading + shape).reshape(math.prod(leading), *shape)
            for array, shape in zip(arrays, own, strict=True)
        ]
        results = jax.lax.map(lambda of_one: metric(*of_one), flat)
        return results.reshape(*leading, *results.shape[1:])

    return jax.jit(of_images)
