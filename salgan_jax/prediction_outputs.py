"""The files that are written for one predicted image."""

import errno
import os
from typing import NamedTuple

import numpy as np

from salgan_jax import atomic, visualization
from salgan_jax.errors import UserError, printable
from salgan_jax.manifest import ImageState, Manifest
from salgan_jax.prediction_files import Job

_STRIP = 256  # rows
# The file system does not take the name of this image's file; others it may take.
_OF_THE_NAME = (
    *(errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
    *(errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY),
)


class Work(NamedTuple):
    """A job and the file as it was found; None: it could not be found."""

    job: Job
    state: ImageState | None


def write(
    work: Work,
    image: np.ndarray,
    saliency_map: np.ndarray,
    manifest: Manifest | None,
) -> str:
    """Writes the files of a job; returns why they cannot be called so, "" if they can.

    Raises:
      UserError: nothing more can be written.
    """
    job, state = work
    try:
        if manifest is not None:
            manifest.begin(job.name, names(job))
        job.saliency_map.parent.mkdir(parents=True, exist_ok=True)
        _write_files(job, image, saliency_map)
        if manifest is not None and state is not None:
            manifest.finish(job.name, state, names(job))
    except OSError as error:
        reason = f"cannot write {job.saliency_map}: {error.strerror or error}"
        if error.errno in _OF_THE_NAME:
            return f"{reason}; this is for the image {job.image}"
        raise UserError(
            f"{printable(reason)}; images before it are done: mend that, and run the "
            "same command again"
        ) from error
    return ""


def _write_files(job: Job, image: np.ndarray, saliency_map: np.ndarray) -> None:
    # The longest name first: if it is too long nothing has been written.
    if job.overlay is not None:
        visualization.save_image(
            job.overlay, visualization.overlay(image, saliency_map)
        )
    if job.array is not None:
        with atomic.written_aside(job.array) as file:
            np.save(file, saliency_map)
    visualization.save_image(job.saliency_map, grey_levels(saliency_map))


def names(job: Job) -> list[str]:
    """Returns the names of a job's files below the output folder."""
    folder = os.path.dirname(job.name)
    return [os.path.join(folder, path.name) for path in job.outputs()]


def grey_levels(saliency_map: np.ndarray) -> np.ndarray:
    """The map as uint8 [H, W]: round(255 * saliency), 255 being saliency 1."""
    levels = np.empty(saliency_map.shape, np.uint8)
    for top in range(0, len(levels), _STRIP):  # bounds the memory of a large map
        rows = slice(top, top + _STRIP)
        levels[rows] = np.round(saliency_map[rows] * 255)
    return levels
