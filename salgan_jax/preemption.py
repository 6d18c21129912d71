"""A machine that is about to be taken away: notice of it, at a step all agree on."""

import contextlib
import itertools
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

import jax
from absl import logging
from jax.experimental import multihost_utils


class Notice:
    """Whether this run has been told to end."""

    def __init__(self) -> None:
        self._is_given = False
        self._has_begun = False
        self._questions = itertools.count()

    def begin(self) -> None:
        """From now on there is something to save before the process ends."""
        self._has_begun = True

    def is_given(self) -> bool:
        """Whether this process has been told and may act on it alone.

        One of several may not: they ask `is_due`.
        """
        return self._is_given and not jax.distributed.is_initialized()

    def is_due(self) -> bool:
        """Whether all processes are to save now and end.

        Each asks equally often, in the same places.
        """
        if jax.distributed.is_initialized():
            return multihost_utils.reached_preemption_sync_point(next(self._questions))
        return self._is_given

    def give(self, signal_number: int, frame: FrameType | None) -> None:
        """Takes the signal; a second one ends the process at once."""
        del frame
        if not self._has_begun:
            logging.info("told to end before the first step: there is nothing to save")
            sys.exit(0)
        self._is_given = True
        signal.signal(signal_number, signal.SIG_DFL)


@contextlib.contextmanager
def watch() -> Iterator[Notice]:
    """A notice that SIGTERM gives, until the end of the block.

    Of several processes JAX itself listens, to SIGTERM and to the notice of Cloud TPU.
    """
    notice = Notice()
    # Only the main thread may set a handler; elsewhere the program that started us
    # decides what a signal does.
    is_ours = threading.current_thread() is threading.main_thread()
    if jax.distributed.is_initialized() or not is_ours:
        yield notice
        return
    before = signal.signal(signal.SIGTERM, notice.give)
    try:
        yield notice
    finally:
        signal.signal(signal.SIGTERM, before)
