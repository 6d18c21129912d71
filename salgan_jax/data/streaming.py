"""Batches straight from the records, for data sets larger than memory or disk.

grain's worker processes decode and resize; the batches are those of the training copy,
whatever their number.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import grain
import numpy as np
from absl import flags

from salgan_jax.data import frames, pipeline
from salgan_jax.data import sampling as step_sampling
from salgan_jax.data.frames import FrameFormat
from salgan_jax.data.sampling import Sampling
from salgan_jax.data.selection import Part
from salgan_jax.errors import UserError
from salgan_jax.state import Batch

_READING_THREADS = 4
_BATCHES_AHEAD = 2  # of each worker


def batches(
    first_step: int,
    num_steps: int,
    parts: Sequence[Part],
    sampling: Sampling,
    frame_format: FrameFormat,
    *,
    num_workers: int,
) -> Iterator[Batch]:
    """Yields the batches of steps `first_step` to `num_steps` - 1, uint8.

    Args:
        first_step, num_steps: of the run.
        parts: what is trained on.
        sampling: how a step draws its examples.
        frame_format: the size at which the network sees them.
        num_workers: processes that decode; 0 decodes in threads of this one.

    Raises:
        UserError: a record has no density map, or a worker process has died.
    """
    # Where there is no launch script nobody has parsed grain's flags.
    if num_workers and not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()
    drawn = _Drawn(tuple(parts), sampling, frame_format, num_steps)
    stream = (
        grain.MapDataset.source(drawn)[first_step * sampling.share_size :]
        .batch(sampling.share_size)
        .to_iter_dataset(
            grain.ReadOptions(
                num_threads=_READING_THREADS,
                prefetch_buffer_size=_BATCHES_AHEAD * sampling.share_size,
            )
        )
    )
    if num_workers:
        options = grain.MultiprocessingOptions(num_workers, _BATCHES_AHEAD)
        stream = stream.mp_prefetch(options)
    iterator = iter(stream)
    try:
        for examples in iterator:
            yield Batch(*map(np.asarray, examples))
    except RuntimeError as error:
        if "Worker process was terminated" not in str(error):
            raise
        raise UserError(
            f"a process that reads the data has died: {str(error).splitlines()[0]} "
            "If memory ran out, use a smaller --config.data.num_workers; what is saved "
            "is good: start again"
        ) from error
    finally:
        iterator.close()


@dataclasses.dataclass(frozen=True)
class _Drawn:
    """The examples of a run in the order in which its steps draw them."""

    parts: tuple[Part, ...]
    sampling: Sampling
    frame_format: FrameFormat
    num_steps: int

    def __len__(self) -> int:
        return self.num_steps * self.sampling.share_size

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        step, position = divmod(index, self.sampling.share_size)
        rows = step_sampling.rows_at(step, self.sampling)
        ends = itertools.accumulate(len(part.rows) for part in self.parts)
        part, first = next(
            (part, end - len(part.rows))
            for part, end in zip(self.parts, ends, strict=True)
            if rows.row[position] < end
        )
        record = part.records[int(part.rows[rows.row[position] - first])]
        frame = frames.make_frame(record, self.frame_format)
        one = Batch(*(x[None] for x in pipeline.given(frame)))
        mirrored = pipeline.mirror(one, rows.is_mirrored[position : position + 1])
        return tuple(x[0] for x in pipeline.given(mirrored))
