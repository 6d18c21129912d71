"""How cost grows with batch, image size and data set size: linearly or better."""

from typing import Any

import numpy as np

from benchmarks import contestants, timing
from benchmarks.contestants import PREDICT
from salgan_jax.data import pipeline
from salgan_jax.data.sampling import Sampling
from salgan_jax.state import Batch


def in_batch(
    task: str,
    image_size: tuple[int, int],
    batch_size: int,
    *,
    width_multiplier: float,
    precision: str,
    rounds: int,
) -> list[dict[str, Any]]:
    """Returns seconds of a task at a batch size."""
    network = contestants.make_network(image_size, width_multiplier)
    batch = contestants.random_batch(network, batch_size)
    run = contestants.ours(network, task, batch, precision).run
    return _record("batch size", batch_size, task, run, rounds)


def in_image_size(
    side: int, *, width_multiplier: float, precision: str, rounds: int
) -> list[dict[str, Any]]:
    """Returns seconds of a prediction of one square image."""
    network = contestants.make_network((side, side), width_multiplier)
    batch = contestants.random_batch(network, 1)
    run = contestants.ours(network, PREDICT, batch, precision).run
    return _record("pixels", side * side, PREDICT, run, rounds)


def in_data_set(
    number: int, image_size: tuple[int, int], *, batch_size: int, rounds: int
) -> list[dict[str, Any]]:
    """Returns seconds that the batches of an epoch of so many examples take."""
    plan = Sampling(
        counts=(number,),
        weights=(1.0,),
        batch_size=batch_size,
        seed=0,
        horizontal_flip=True,
    )
    examples = Batch(
        np.ones((number, *image_size, 3), np.uint8),
        np.ones((number, *image_size, 1), np.uint8),
    )
    frames = pipeline.Frames(examples, np.arange(number))

    def epochs(count: int) -> None:
        for _ in range(count):
            for batch in pipeline.batches(0, number // batch_size, [frames], plan):
                del batch

    return _record("examples", number, "batches of an epoch", epochs, rounds)


def _record(
    quantity: str, value: int, what: str, run: timing.Runner, rounds: int
) -> list[dict[str, Any]]:
    taken = timing.interleave({what: run}, rounds=rounds)[what]
    return [{"grows": quantity, "value": value, "what": what, **taken._asdict()}]
