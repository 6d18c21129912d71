"""Convolution of an upsampled picture with 4/9 of the arithmetic, by its phases.

In a picture of repeated pixels the three taps along an axis meet two different pixels
only. Output pixels of equal parity (a phase) therefore see a 2x2 kernel, whose taps are
sums of the 3x3 taps, on the picture before upsampling.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from salgan_jax.models.reference_forms import DIMENSIONS, flipped


def upsample2_conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b 2*h 2*w d"]:
    """Returns `reference_forms.upsample2_conv3x3`, each phase by a convolution."""
    batch, height, width, _ = x.shape
    rows = []
    for row in (0, 1):
        phases = [
            lax.conv_general_dilated(
                x,
                merge_taps(kernel, row, column),
                (1, 1),
                ((1 - row, row), (1 - column, column)),
                dimension_numbers=DIMENSIONS,
            )
            for column in (0, 1)
        ]
        rows.append(jnp.stack(phases, axis=3).reshape(batch, height, 2 * width, -1))
    return jnp.stack(rows, axis=2).reshape(batch, 2 * height, 2 * width, -1)


def input_gradient(
    kernel: Float[Array, "3 3 c d"], cotangent: Float[Array, "b h w d"]
) -> Float[Array, "b h/2 w/2 c"]:
    """Returns the input's cotangent: one 4x4 convolution at stride 2.

    An input pixel is repeated 2x2, so that its effect on the output is the sum of four
    copies of the kernel, a pixel apart.
    """
    spread = sum(
        jnp.pad(kernel, ((i, 1 - i), (j, 1 - j), (0, 0), (0, 0)))
        for i in (0, 1)
        for j in (0, 1)
    )
    return lax.conv_general_dilated(
        cotangent,
        flipped(jnp.asarray(spread)),
        (2, 2),
        ((1, 1), (1, 1)),
        dimension_numbers=DIMENSIONS,
    )


def merge_taps(
    kernel: Float[Array, "3 3 c d"], row: int, column: int
) -> Float[Array, "2 2 c d"]:
    """Returns the kernel that output pixels of parity (row, column) see."""
    return _merge_along(_merge_along(kernel, row, axis=0), column, axis=1)


def _merge_along(kernel: jax.Array, phase: int, axis: int) -> jax.Array:
    first, second, third = jnp.split(kernel, 3, axis=axis)
    taps = (first, second + third) if phase == 0 else (first + second, third)
    return jnp.concatenate(taps, axis=axis)
