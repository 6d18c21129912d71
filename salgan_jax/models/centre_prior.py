"""A learned prior of where people look: near the centre, whatever the image shows."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float


class CentrePrior(nn.Module):
    """Adds a Gaussian over the image to saliency logits: height, centre and widths.

    At first its height is 0. Places are relative to the image, so that the prior is of
    any size: -1 to 1 from the first to the last row or column.
    """

    @nn.compact
    def __call__(self, logits: Float[Array, "b h w 1"]) -> Float[Array, "b h w 1"]:
        """Returns the logits with the Gaussian added to each."""
        zeros = nn.initializers.zeros
        amplitude = self.param("amplitude", zeros, ())
        centre = self.param("centre", zeros, (2,))
        log_sigma = self.param("log_sigma", nn.initializers.constant(-0.7), (2,))
        height, width = logits.shape[1:3]
        rows = _squared_distance(height, centre[0], log_sigma[0])
        columns = _squared_distance(width, centre[1], log_sigma[1])
        gaussian = jnp.exp(-(rows[:, None] + columns[None, :]) / 2)
        return logits + (amplitude * gaussian)[None, :, :, None].astype(logits.dtype)


def _squared_distance(
    size: int, centre: Float[Array, ""], log_sigma: Float[Array, ""]
) -> Float[Array, " size"]:
    """Of each row or column from the centre, in squares of sigma."""
    places = (2 * jnp.arange(size) + 1) / size - 1
    return jnp.square((places - centre) * jnp.exp(-log_sigma))
