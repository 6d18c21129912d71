"""Forms of the primitives for CPUs, where XLA's own gradients are slow.

XLA turns the gradient of a convolution's kernel into a convolution with a window as
large as the picture, at a fifth of the speed of a matrix product. Here it is a sum of
matrix products over bands of rows that stay in the processor's cache, and deep layers
take Winograd's way. docs/performance.md has what each form gains.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from salgan_jax.models import phase_forms, reference_forms, winograd_forms
from salgan_jax.models.reference_forms import flipped

# Pixels of a band: with 64 to 512 channels it then takes one to a few megabytes.
_BAND_PIXELS = 2048
# Channels on both sides from which on Winograd's products outweigh his transforms.
_WINOGRAD_CHANNELS = 256


@jax.custom_vjp
def conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b h w d"]:
    """Returns `reference_forms.conv3x3`; its kernel's gradient is matrix products."""
    if _suits_winograd(x, kernel.shape[3]):
        return winograd_forms.conv3x3(x, kernel)
    return reference_forms.conv(x, kernel)


def _conv3x3_forward(x, kernel):
    return conv3x3(x, kernel), (x, kernel)


def _conv3x3_backward(saved, cotangent):
    x, kernel = saved
    channels, features = kernel.shape[2:]
    if _suits_winograd(x, features):
        return (
            winograd_forms.input_gradient(kernel, cotangent),
            winograd_forms.kernel_gradient(x, cotangent),
        )
    products = _sum_over_bands(_conv3x3_products, x, cotangent, scale=1)
    by_tap = products.reshape(3, channels, 3, features).swapaxes(1, 2)
    return (
        reference_forms.conv(cotangent, flipped(kernel)),
        by_tap.astype(kernel.dtype),
    )


conv3x3.defvjp(_conv3x3_forward, _conv3x3_backward)


def dilated2_conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b h w d"]:
    """Returns `reference_forms.dilated2_conv3x3`: `conv3x3` on every second pixel.

    The pixels of equal parity, in rows and in columns, see each other only: they are
    four pictures of half the size, which become a batch.
    """
    batch, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))
    rows, columns = padded.shape[1] // 2, padded.shape[2] // 2
    phases = padded.reshape(batch, rows, 2, columns, 2, channels)
    phases = phases.transpose(2, 4, 0, 1, 3, 5).reshape(-1, rows, columns, channels)
    convolved = conv3x3(phases, kernel).reshape(2, 2, batch, rows, columns, -1)
    joined = convolved.transpose(2, 3, 0, 4, 1, 5)
    return joined.reshape(batch, 2 * rows, 2 * columns, -1)[:, :height, :width]


@jax.custom_vjp
def upsample2_conv3x3(
    x: Float[Array, "b h w c"], kernel: Float[Array, "3 3 c d"]
) -> Float[Array, "b 2*h 2*w d"]:
    """Returns `phase_forms.upsample2_conv3x3`; its gradients use the phases too."""
    return phase_forms.upsample2_conv3x3(x, kernel)


def _upsample2_conv3x3_forward(x, kernel):
    return upsample2_conv3x3(x, kernel), (x, kernel)


def _upsample2_conv3x3_backward(saved, cotangent):
    x, kernel = saved
    products = _sum_over_bands(_phase_products, x, cotangent, scale=2)
    channels, features = kernel.shape[2:]
    # [row phase, row tap, c, column phase, column tap, d]
    taps = products.reshape(2, 2, channels, 2, 2, features)
    by_tap = _unmerge(_unmerge(taps, 0, 1), 2, 3).swapaxes(1, 2)
    return (
        phase_forms.input_gradient(kernel, cotangent),
        by_tap.astype(kernel.dtype),
    )


upsample2_conv3x3.defvjp(_upsample2_conv3x3_forward, _upsample2_conv3x3_backward)


@jax.custom_vjp
def max_pool2(x: Float[Array, "b h w c"]) -> Float[Array, "b h/2 w/2 c"]:
    """Returns `reference_forms.max_pool2`, without XLA's search through windows."""
    return _windows(x).max(axis=(2, 4))


def _max_pool2_forward(x):
    pooled = max_pool2(x)
    return pooled, (x, pooled)


def _max_pool2_backward(saved, cotangent):
    x, pooled = saved
    windows = _windows(x)
    is_free = jnp.ones(pooled.shape, bool)
    rows = []
    for row in (0, 1):
        columns = []
        for column in (0, 1):
            is_first = is_free & (windows[:, :, row, :, column] == pooled)
            is_free &= ~is_first
            columns.append(jnp.where(is_first, cotangent, 0))
        rows.append(jnp.stack(columns, axis=3))
    return (jnp.stack(rows, axis=2).reshape(x.shape),)


max_pool2.defvjp(_max_pool2_forward, _max_pool2_backward)


def _suits_winograd(x: jax.Array, features: int) -> bool:
    """Whether there are many channels, and digits to spare for the transforms."""
    height, width, channels = x.shape[1:]
    is_exact = x.dtype in (jnp.float32, jnp.float64)
    are_even = height % 2 == 0 and width % 2 == 0
    return is_exact and are_even and min(channels, features) >= _WINOGRAD_CHANNELS


def _windows(x: jax.Array) -> jax.Array:
    """[b, h/2, 2, w/2, 2, c]."""
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels)


def _sum_over_bands(
    products: Callable[[jax.Array, jax.Array], jax.Array],
    x: jax.Array,
    cotangent: jax.Array,
    *,
    scale: int,
) -> jax.Array:
    """Returns the sum of `products(rows of x and one more on both sides, cotangent's)`.

    Args:
        products: of one band, in at least float32.
        x: [b, h, w, c].
        cotangent: [b, scale h, scale w, d].
        scale: how much larger the output was than `x`.
    """
    batch, height, width, channels = x.shape
    rows = _band_rows(height, width)
    per_image = height // rows
    padded = jnp.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)))
    band_shape = (1, scale * rows, scale * width, cotangent.shape[-1])

    def add_band(total: jax.Array, index: jax.Array) -> tuple[jax.Array, None]:
        image, first = index // per_image, index % per_image * rows
        x_band = lax.dynamic_slice(
            padded, (image, first, 0, 0), (1, rows + 2, width, channels)
        )
        cotangent_band = lax.dynamic_slice(
            cotangent, (image, scale * first, 0, 0), band_shape
        )
        return total + products(x_band[0], cotangent_band[0]), None

    one = jax.eval_shape(
        products,
        jax.ShapeDtypeStruct((rows + 2, width, channels), x.dtype),
        jax.ShapeDtypeStruct(band_shape[1:], cotangent.dtype),
    )
    zero = jnp.zeros(one.shape, one.dtype)
    return lax.scan(add_band, zero, jnp.arange(batch * per_image))[0]


def _band_rows(height: int, width: int) -> int:
    """The most rows that divide the height and stay within a band's pixels."""
    return max(
        rows
        for rows in range(1, height + 1)
        if height % rows == 0 and (rows == 1 or rows * width <= _BAND_PIXELS)
    )


def _conv3x3_products(x: jax.Array, cotangent: jax.Array) -> jax.Array:
    """[row tap, c, (column tap, d)] of a band, [rows + 2, w, c] and [rows, w, d]."""
    rows, width, _ = cotangent.shape
    padded = jnp.pad(cotangent, ((0, 0), (1, 1), (0, 0)))
    shifted = [padded[:, 2 - tap : 2 - tap + width] for tap in range(3)]
    columns = jnp.concatenate(shifted, axis=-1)
    return jnp.stack([_product(x[tap : tap + rows], columns) for tap in range(3)])


def _phase_products(x: jax.Array, cotangent: jax.Array) -> jax.Array:
    """[(row phase, row tap), c, (column phase, column tap, d)] of a band.

    The band is [rows + 2, w, c] of the input, [2 rows, 2 w, d] of the output.
    """
    rows, width = cotangent.shape[0] // 2, cotangent.shape[1] // 2
    phases = cotangent.reshape(rows, 2, width, 2, -1)
    padded = jnp.pad(phases, ((0, 0), (0, 0), (1, 1), (0, 0), (0, 0)))
    # A tap that looks a pixel to the left meets the cotangent a pixel to the right.
    shifted = [
        padded[:, :, start : start + width, phase]
        for phase, start in ((0, 2), (0, 1), (1, 1), (1, 0))
    ]
    columns = jnp.concatenate(shifted, axis=-1)
    return jnp.stack(
        [
            _product(x[phase + tap : phase + tap + rows], columns[:, phase])
            for phase in (0, 1)
            for tap in (0, 1)
        ]
    )


def _product(x: jax.Array, columns: jax.Array) -> jax.Array:
    """[c, e] of [rows, w, c] and [rows, w, e], summed over all pixels."""
    dtype = jnp.promote_types(x.dtype, jnp.float32)
    return jnp.einsum("hwc,hwe->ce", x, columns, preferred_element_type=dtype)


def _unmerge(taps: jax.Array, phase_axis: int, tap_axis: int) -> jax.Array:
    """Returns gradients of three taps, in place of the phases, of those of 2 x 2."""
    first, second = jnp.moveaxis(taps, (phase_axis, tap_axis), (0, 1))
    three = jnp.stack(
        [first[0] + second[0], first[1] + second[0], first[1] + second[1]]
    )
    return jnp.moveaxis(three, 0, phase_axis)
