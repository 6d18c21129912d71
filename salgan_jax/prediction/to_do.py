"""Which jobs are left to do, and what a killed process has left in their place."""

import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from salgan_jax import atomic
from salgan_jax.prediction.manifest import ImageState, Manifest
from salgan_jax.prediction.plan import Job


class Work(NamedTuple):
    """A job and the file as it was found; None: it could not be found."""

    job: Job
    state: ImageState | None


class Failure(NamedTuple):
    """An input that could not be used, or whose files cannot be called so."""

    path: pathlib.Path
    reason: str  # with the path


def left_to_do(
    jobs: Iterable[Job], manifest: Manifest | None, *, passed_over: Callable[[], object]
) -> Iterator[Work]:
    """Yields the jobs that are not done, and calls for each of the others.

    What was being written for one when a process was killed is removed before.
    """

    def is_to_do(work: Work) -> bool:
        if manifest is None or not _is_done(manifest, work):
            return True
        passed_over()
        return False

    return _without_leftovers(filter(is_to_do, map(_found, jobs)))


def _found(job: Job) -> Work:
    try:
        status = os.stat(job.image)
    except OSError:  # whoever reads it will say so
        return Work(job, None)
    return Work(job, ImageState(status.st_size, status.st_mtime_ns))


def _is_done(manifest: Manifest, work: Work) -> bool:
    job, state = work
    return state is not None and manifest.is_done(job.name, state, job.names())


def _without_leftovers(works: Iterable[Work]) -> Iterator[Work]:
    folder, leftovers = None, {}
    for work in works:
        if work.job.folder != folder:
            folder = work.job.folder
            leftovers = atomic.leftovers(folder) if folder.is_dir() else {}
        for path in work.job.outputs() if leftovers else ():
            for leftover in leftovers.pop(atomic.aside_prefix(path.name), ()):
                pathlib.Path(leftover).unlink(missing_ok=True)
        yield work
