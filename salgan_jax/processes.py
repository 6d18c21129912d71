"""Processes: several of them, on one machine or many, that work on one run together."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import jax
import numpy as np
from absl import logging
from jax.experimental import multihost_utils

from salgan_jax.errors import UserError

_Item = TypeVar("_Item")

# How long to wait for the others at the start, for a sign of life, and at the end.
_SECONDS_TO_START = 300
_SECONDS_WITHOUT_A_SIGN = 60
_SECONDS_TO_END = 60
# What JAX and Gloo say when another process is gone.
_SIGNS_OF_A_LOST_PEER = ("gloo", "coordination service", "distributed service")


class Share(NamedTuple):
    """The part of the work that is one process's: every `count`-th piece.

    Attributes:
        index: of the process.
        count: of all processes.
    """

    index: int = 0
    count: int = 1

    def of(self, pieces: Sequence[_Item]) -> Sequence[_Item]:
        """Returns the pieces that are this process's."""
        return pieces[self.index :: self.count]


def join(
    coordinator_address: str | None, num_processes: int | None, process_id: int | None
) -> None:
    """Makes this process one of several; to be called before JAX is used.

    On Cloud TPU, Slurm and Open MPI nothing needs to be given.

    Args:
        coordinator_address: host:port of process 0, which others reach.
        num_processes: of the run.
        process_id: of this one, from 0.

    Raises:
        UserError: there is nothing to join, or the others cannot be reached.
    """
    # On a CPU; accelerators bring their own.
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            coordinator_address,
            num_processes,
            process_id,
            initialization_timeout=_SECONDS_TO_START,
            heartbeat_timeout_seconds=_SECONDS_WITHOUT_A_SIGN,
            shutdown_timeout_seconds=_SECONDS_TO_END,
        )
    except (RuntimeError, ValueError, TypeError) as error:
        raise UserError(
            f"cannot join the processes of this run: {str(error).splitlines()[0]}; "
            "give --coordinator_address=HOST:PORT --num_processes=N --process_id=I to "
            "each, and start all of them"
        ) from error
    logging.info("process %d of %d", jax.process_index(), jax.process_count())
    if not is_first():
        logging.set_verbosity(logging.WARNING)


def share() -> Share:
    """Returns what is this process's."""
    return Share(jax.process_index(), jax.process_count())


def is_first() -> bool:
    """Whether this is the process that writes what there is one of."""
    return jax.process_index() == 0


def wait_for_all(what: str) -> None:
    """Returns when every process has come to this point.

    Args:
        what: names the point; the same in all processes.
    """
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(what)


@contextlib.contextmanager
def first_alone(what: str) -> Iterator[None]:
    """The block for the first process, then, when it is done, for the others.

    What the first leaves on a disk is thus there when the others look for it.

    Args:
        what: names the block; the same in all processes.
    """
    if not is_first():
        wait_for_all(what)
    yield
    if is_first():
        wait_for_all(what)


def gather(message: bytes) -> list[bytes]:
    """Returns what each process says, in their order; all must call this."""
    if jax.process_count() == 1:
        return [message]
    lengths = multihost_utils.process_allgather(np.array([len(message)], np.int32))
    padded = np.zeros(np.max(lengths), np.uint8)
    padded[: len(message)] = np.frombuffer(message, np.uint8)
    rows = np.atleast_2d(multihost_utils.process_allgather(padded))
    sizes = np.ravel(lengths).tolist()
    return [row[:n].tobytes() for row, n in zip(rows, sizes, strict=True)]


def add_up(*numbers: int) -> list[int]:
    """Returns the sum of each number over all processes; all must call this."""
    rows = [json.loads(each) for each in gather(json.dumps(numbers).encode())]
    return [sum(column) for column in zip(*rows, strict=True)]


def check_same_everywhere(what: str, value: str) -> None:
    """Checks that all processes were told the same.

    Raises:
        UserError: they were not.
    """
    found = [each.decode() for each in gather(value.encode())]
    if len(set(found)) > 1:
        told = "; ".join(f"process {i}: {each}" for i, each in enumerate(found))
        raise UserError(f"the processes of this run differ in {what}: {told}")


def is_lost(error: BaseException) -> bool:
    """Whether an error means that another process has ended."""
    text = str(error).lower()
    is_runtime_error = isinstance(error, ValueError | RuntimeError)
    return is_runtime_error and any(sign in text for sign in _SIGNS_OF_A_LOST_PEER)
