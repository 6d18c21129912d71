"""What a layer's kernel can be divided by before it is applied."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float


def per_output(kernel: Float[Array, "*taps c d"]) -> Float[Array, "*taps c d"]:
    """Returns the kernel with a norm of 1 for each output channel.

    Weight normalisation with g = 1, as in the released discriminator's conv3.
    """
    squares = jnp.sum(jnp.square(kernel), axis=range(kernel.ndim - 1), keepdims=True)
    return kernel / jnp.sqrt(squares + 1e-6)


def spectral(kernel: Float[Array, "*taps c d"]) -> Float[Array, "*taps c d"]:
    """Returns the kernel divided by its largest singular value, as a matrix [., d].

    Spectral normalisation (Miyato et al. 2018, Sec. 2.1). Differs from it: the value is
    not estimated by a power iteration that is carried from step to step but computed,
    from the small matrix of products of outputs, so that a layer stays a function of
    its parameters.
    """
    matrix = kernel.reshape(-1, kernel.shape[-1])
    largest = jnp.linalg.eigvalsh(matrix.T @ matrix)[-1]
    return kernel / jnp.sqrt(largest + 1e-12)


NORMS: dict[str, Callable] = {
    "none": lambda kernel: kernel,
    "per_output": per_output,
    "spectral": spectral,
}
