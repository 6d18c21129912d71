"""Work of several threads, of which never much is in memory, however much there is."""

import collections
import concurrent.futures
import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

_MAX_WORKERS = 16
_TASKS_A_WORKER = 2  # that wait or are worked on

Task = TypeVar("Task")
Result = TypeVar("Result")


def num_workers() -> int:
    """Returns a thread for each processor that this process may use, 16 at most."""
    if hasattr(os, "sched_getaffinity"):
        return min(_MAX_WORKERS, len(os.sched_getaffinity(0)))
    return min(_MAX_WORKERS, os.cpu_count() or 1)


def in_window(
    finish: Callable[[Task], Result], tasks: Iterator[Task], num_workers: int
) -> Iterator[tuple[Task, Result]]:
    """Yields each task with its result, in order; few are taken ahead of the workers.

    After an error those that have not begun are left, and those at work are waited for.
    """
    waiting: collections.deque[tuple[Task, concurrent.futures.Future[Result]]]
    waiting = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(num_workers) as workers:
        try:
            for task in tasks:
                waiting.append((task, workers.submit(finish, task)))
                if len(waiting) == _TASKS_A_WORKER * num_workers:
                    oldest, future = waiting.popleft()
                    yield oldest, future.result()
            while waiting:
                oldest, future = waiting.popleft()
                yield oldest, future.result()
        finally:
            workers.shutdown(cancel_futures=True)


class Room:
    """So many of something that may be in memory; who wants more waits to be alone."""

    def __init__(self, number: int) -> None:
        self._all = self._free = number
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, number: int) -> Iterator[None]:
        """Waits until there is room, and takes it until the block ends."""
        number = min(number, self._all)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= number)
            self._free -= number
        try:
            yield
        finally:
            with self._changed:
                self._free += number
                self._changed.notify_all()
