"""3x3 convolution with 4/9 of the multiplications: Winograd's F(2x2, 3x3).

Lavin and Gray 2016, Sec. 4.1. The picture is cut into overlapping tiles of 4x4 pixels.
In a transformed space each of the 16 places of a tile is a matrix product over channels
of its own, and the result comes back as a tile of 2x2 outputs. Worth it where there are
so many channels that products outweigh transforms, as `cpu_forms` decides.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

# Tiles that are convolved at once: enough for a matrix product to be worth its start,
# and of a large picture no more than one image, which stays close to the processor.
_MIN_TILES = 192

Tiles = list[list[jax.Array]]


def conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b h w d"]:
    """Returns `reference_forms.conv3x3` of pictures with even sides."""
    return _convolve(x, _transform(_of_kernel, _places(kernel)))


def input_gradient(
    kernel: Float[Array, "3 3 c d"], cotangent: Float[Array, "b h w d"]
) -> Float[Array, "b h w c"]:
    """Returns the input's cotangent: a convolution with the flipped kernel.

    Flipping a kernel exchanges the first and the last place of its transform.
    """
    transformed = _transform(_of_kernel, _places(kernel))
    order = (3, 1, 2, 0)
    flipped = [[transformed[row][column].T for column in order] for row in order]
    return _convolve(cotangent, flipped)


def kernel_gradient(
    x: Float[Array, "b h w c"], cotangent: Float[Array, "b h w d"]
) -> Float[Array, "3 3 c d"]:
    """Returns the cotangent of the kernel for that of the output."""
    batch, _, width, channels = x.shape
    tiles = _to_tiles(x)

    def convolve(kernel: jax.Array) -> jax.Array:
        transformed = _transform(_of_kernel, _places(kernel))
        return _from_tiles(_products(tiles, transformed), batch, width)

    kernel = jax.ShapeDtypeStruct((3, 3, channels, cotangent.shape[-1]), x.dtype)
    (gradient,) = jax.linear_transpose(convolve, kernel)(cotangent)
    return gradient


def _convolve(x: jax.Array, kernel: Tiles) -> jax.Array:
    """The convolution with a transformed kernel."""
    batch, height, width, channels = x.shape
    num_images = _images_at_once(batch, height * width // 4)

    def convolve(images: jax.Array) -> jax.Array:
        return _from_tiles(_products(_to_tiles(images), kernel), num_images, width)

    chunks = x.reshape(-1, num_images, height, width, channels)
    return lax.map(convolve, chunks).reshape(batch, height, width, -1)


def _images_at_once(batch: int, tiles: int) -> int:
    divisors = [n for n in range(1, batch + 1) if batch % n == 0]
    return next((n for n in divisors if n * tiles >= _MIN_TILES), batch)


def _places(kernel: jax.Array) -> Tiles:
    return [[kernel[row, column] for column in range(3)] for row in range(3)]


def _to_tiles(x: jax.Array) -> Tiles:
    """The transformed tiles, 4x4 of [tiles, c], of pictures and a border of zeros."""
    height, width = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    places = [
        [
            padded[:, row : row + height - 1 : 2, column : column + width - 1 : 2]
            for column in range(4)
        ]
        for row in range(4)
    ]
    return _transform(_of_picture, jax.tree.map(_flat, places))


def _flat(x: jax.Array) -> jax.Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _products(tiles: Tiles, kernel: Tiles) -> Tiles:
    return [
        [a @ b for a, b in zip(*rows, strict=True)]
        for rows in zip(tiles, kernel, strict=True)
    ]


def _from_tiles(products: Tiles, num_images: int, width: int) -> jax.Array:
    """The pictures [n, h, w, d] of the products of their tiles."""
    outputs = _transform(_of_products, products)
    shape = (num_images, -1, width // 2, products[0][0].shape[-1])
    rows = [jnp.stack([y.reshape(shape) for y in row], axis=3) for row in outputs]
    stacked = jnp.stack(rows, axis=2)
    return stacked.reshape(num_images, -1, width, shape[-1])


def _transform(along: Callable[..., Sequence[jax.Array]], places: Tiles) -> Tiles:
    """Applies a transform along the columns and then along the rows of places."""
    columns = itertools.starmap(along, zip(*places, strict=True))
    return [list(along(*row)) for row in zip(*columns, strict=True)]


def _of_picture(a, b, c, d):
    return a - c, b + c, c - b, b - d


def _of_kernel(a, b, c):
    return a, (a + b + c) / 2, (a - b + c) / 2, c


def _of_products(a, b, c, d):
    return a + b + c, b - c - d
