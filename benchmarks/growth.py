"""How cost grows with batch, image size and data set size: linearly or better."""

from collections.abc import Iterable, Iterator
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
    batch_sizes: Iterable[int],
    *,
    width_multiplier: float,
    precision: str,
    rounds: int,
) -> Iterator[dict[str, Any]]:
    """Yields seconds of a task at each batch size."""
    network = contestants.make_network(image_size, width_multiplier)
    for batch_size in batch_sizes:
        batch = contestants.random_batch(network, batch_size)
        run = contestants.ours(network, task, batch, precision).run
        yield _record("batch size", batch_size, task, run, rounds)


def in_image_size(
    sides: Iterable[int], *, width_multiplier: float, precision: str, rounds: int
) -> Iterator[dict[str, Any]]:
    """Yields seconds of a prediction of one square image of each size."""
    for side in sides:
        network = contestants.make_network((side, side), width_multiplier)
        batch = contestants.random_batch(network, 1)
        run = contestants.ours(network, PREDICT, batch, precision).run
        yield _record("pixels", side * side, PREDICT, run, rounds)


def in_data_set(
    numbers: Iterable[int],
    image_size: tuple[int, int],
    *,
    batch_size: int,
    rounds: int,
) -> Iterator[dict[str, Any]]:
    """Yields seconds that the batches of an epoch of so many examples take."""
    for number in numbers:
        plan = Sampling(
            counts=(number,),
            weights=(1.0,),
            batch_size=batch_size,
            seed=0,
            horizontal_flip=True,
        )
        frames = pipeline.Frames(
            Batch(
                np.ones((number, *image_size, 3), np.uint8),
                np.ones((number, *image_size, 1), np.uint8),
            ),
            np.arange(number),
        )

        def epoch(count, plan=plan, frames=frames, number=number):
            for _ in range(count):
                for batch in pipeline.batches(0, number // batch_size, [frames], plan):
                    del batch

        yield _record("examples", number, "batches of an epoch", epoch, rounds)


def _record(
    quantity: str, value: int, what: str, run: timing.Runner, rounds: int
) -> dict[str, Any]:
    taken = timing.interleave({what: run}, rounds=rounds)[what]
    return {"grows": quantity, "value": value, "what": what, **taken._asdict()}
