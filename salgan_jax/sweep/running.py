"""The processes of a sweep: so many at a time, told to end when the sweep is."""

import collections
import contextlib
import fcntl
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import NamedTuple

from absl import logging

from salgan_jax.errors import UserError
from salgan_jax.sweep.devices import Environment

_SECONDS_BETWEEN_LOOKS = 0.1


class Job(NamedTuple):
    """A command with a log.

    Attributes:
        name: for people.
        command: and its arguments.
        log: gets all that it prints, after what is there already.
    """

    name: str
    command: list[str]
    log: pathlib.Path


class Ended(NamedTuple):
    """A process that has ended.

    Attributes:
        code: its exit code; negative: minus the signal that ended it.
        seconds: that it took.
        was_told: to end before.
    """

    code: int
    seconds: float
    was_told: bool


class Notice:
    """How often this process has been told to end, and by which signal first."""

    def __init__(self) -> None:
        self.count = 0
        self.signal: int | None = None

    def give(self, number: int, frame: FrameType | None) -> None:
        """Takes a signal."""
        del frame
        self.count += 1
        self.signal = self.signal or number


class _Running(NamedTuple):
    job: Job
    process: subprocess.Popen
    began: float
    told: list[int]


@contextlib.contextmanager
def notice() -> Iterator[Notice]:
    """What Ctrl-C, SIGTERM and a closed terminal give until the block ends."""
    given, before = Notice(), {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            before[number] = signal.signal(number, given.give)
    try:
        yield given
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def alone(folder: pathlib.Path) -> Iterator[int]:
    """The only sweep in a folder: a lock that its processes hold too, as descriptor.

    Raises:
        UserError: another is at work there, or a run that it has left behind.
    """
    with open(folder / ".sweep.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"a sweep is at work in {folder}, or a run that it left behind: wait "
                "for it, or end it"
            ) from None
        yield file.fileno()


def run_all(
    jobs: Sequence[Job],
    slots: Sequence[Environment],
    told: Notice,
    *,
    lock: int,
    began: Callable[[Job], None],
    ended: Callable[[Job, Ended], None],
) -> None:
    """Runs every job, at most one in each slot; when told to end, no more of them.

    A process that runs then gets SIGTERM each time, and is waited for.

    Args:
        jobs: in the order in which they begin.
        slots: what the environment of a job has besides.
        told: from `notice`.
        lock: from `alone`.
        began: called when a job has.
        ended: called when a job has.
    """
    waiting = collections.deque(jobs)
    running: dict[int, _Running] = {}
    while running or (waiting and not told.count):
        for slot, environment in enumerate(slots):
            if slot not in running and waiting and not told.count:
                job = waiting.popleft()
                running[slot] = _start(job, environment, lock)
                began(job)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        for slot, each in list(running.items()):
            while len(each.told) < told.count:
                each.process.send_signal(signal.SIGTERM)
                each.told.append(signal.SIGTERM)
                logging.info("%s: told to end", each.job.name)
            code = each.process.poll()
            if code is not None:
                del running[slot]
                seconds = time.monotonic() - each.began
                ended(each.job, Ended(code, seconds, bool(each.told)))


def _start(job: Job, environment: Environment, lock: int) -> _Running:
    with job.log.open("ab") as log:
        process = subprocess.Popen(
            job.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | environment,
            start_new_session=True,  # Ctrl-C is for the sweep, which passes it on
            pass_fds=(lock,),
        )
    return _Running(job, process, time.monotonic(), [])
