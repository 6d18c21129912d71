"""The checkpoints that the page shows."""

import functools
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from salgan_jax import inference, loading
from salgan_jax.inference import Predictor


class Model(NamedTuple):
    """A checkpoint, ready to predict in any thread.

    Attributes:
        name: of its workdir.
        step: which of its checkpoints.
        predictor: makes, or returns again, the predictor for a batch size.
        batch_size: that suits the device.
    """

    name: str
    step: int
    predictor: Callable[[int], Predictor]
    batch_size: int = 1

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name}, step {self.step}"


def load(
    workdir: str,
    step: int | None,
    *,
    post_processing: str,
    backend: str,
    precision: str,
) -> Model:
    """Returns a checkpoint whose network is compiled: the first image waits for none.

    Raises:
      FileNotFoundError, UserError: see `loading.load_generator` and
        `inference.make_predictor`.
    """
    loaded = loading.load_generator(workdir, step)
    predictor = functools.cache(
        functools.partial(
            inference.make_predictor,
            loaded,
            post_processing=post_processing,
            backend=backend,
            precision=precision,
        )
    )
    predictor(1)([np.zeros((*loaded.config.data.image_size, 3), np.uint8)])
    name = pathlib.Path(workdir).expanduser().resolve().name
    batch_size = inference.preferred_batch_size(loaded)
    return Model(name, loaded.step, predictor, batch_size)
