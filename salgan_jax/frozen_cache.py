"""What the frozen blocks make of every example, computed once instead of once a step.

They never change (Pan et al. 2017, Sec. 3.1), so that a run needs their output only.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tqdm

from salgan_jax.data import frames, pipeline
from salgan_jax.errors import UserError
from salgan_jax.models.generator import Generator


def compute(
    generator: Generator,
    params: Any,
    parts: Sequence[pipeline.Frames],
    *,
    mirrored_too: bool,
    batch_size: int,
) -> np.ndarray:
    """Returns [N, 1, h, w, c] in the generator's precision; 2 if `mirrored_too`.

    The second entry of an example is of its mirror image, which is not the mirror image
    of the first: kernels are not symmetric.

    Args:
        generator, params: the network, and its parameters with the weights of the run.
        parts: what is trained on.
        mirrored_too: whether examples are mirrored.
        batch_size: images at once, the same as in training, so that the arithmetic is.

    Raises:
        UserError: memory cannot hold the features.
    """
    num_examples = sum(len(part.rows) for part in parts)
    height, width = parts[0].examples.image.shape[1:3]
    shape = features_shape(generator, (batch_size, height, width, 3))
    entries = 1 + mirrored_too
    _check_memory(num_examples * entries * _num_bytes(shape) // batch_size)
    features = np.empty((num_examples, entries, *shape.shape[1:]), shape.dtype)
    for start in tqdm.trange(
        0, num_examples, batch_size, desc="frozen features", disable=None, leave=False
    ):
        row = np.arange(start, min(start + batch_size, num_examples))
        examples = pipeline.take(parts, row)
        for entry in range(entries):
            mirrored = pipeline.mirror(examples, np.full(len(row), bool(entry)))
            # The last batch is filled up, so that there is one program.
            images = np.resize(mirrored.image, (batch_size, height, width, 3))
            found = _frozen_features(generator, params, images)
            features[row, entry] = np.asarray(found)[: len(row)]
    return features


def bytes_per_example(
    generator: Generator, image_size: tuple[int, int], *, mirrored_too: bool
) -> int:
    """Returns what `compute` will take for each example."""
    shape = features_shape(generator, (1, *image_size, 3))
    return (1 + mirrored_too) * _num_bytes(shape)


def features_shape(generator: Generator, image_shape: tuple[int, ...]) -> Any:
    """Returns shape and dtype of what the frozen blocks make of images [b, h, w, 3]."""
    image = jax.ShapeDtypeStruct(image_shape, jnp.uint8)
    params = jax.eval_shape(
        generator.init,
        jax.random.key(0),
        jax.ShapeDtypeStruct(image_shape, jnp.result_type(float)),
    )["params"]
    return jax.eval_shape(lambda p, x: _frozen_features(generator, p, x), params, image)


@functools.partial(jax.jit, static_argnums=0)
def _frozen_features(generator: Generator, params: Any, images: jax.Array) -> Any:
    images = jnp.asarray(images, jnp.result_type(float))
    return generator.apply({"params": params}, images, method=generator.frozen_features)


def _num_bytes(shape: Any) -> int:
    return math.prod(shape.shape) * shape.dtype.itemsize


def _check_memory(num_bytes: int) -> None:
    free = frames.free_memory()
    if num_bytes > 0.8 * free:
        raise UserError(
            f"the frozen features take {num_bytes / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free: use "
            "--config.model.cache_frozen_features=False"
        )
