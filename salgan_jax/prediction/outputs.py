"""The files that are written for one predicted image."""

import errno

import numpy as np

from salgan_jax import atomic, visualization
from salgan_jax.errors import UserError, printable
from salgan_jax.prediction import formats
from salgan_jax.prediction.formats import Style
from salgan_jax.prediction.manifest import Manifest
from salgan_jax.prediction.plan import Job
from salgan_jax.prediction.to_do import Work

# The file system does not take the name of this image's file; others it may take.
_OF_THE_NAME = (
    *(errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL),
    *(errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY),
)


def write(
    work: Work,
    image: np.ndarray,
    saliency_map: np.ndarray,
    manifest: Manifest | None,
    style: Style = formats.MAPS.style,
) -> str:
    """Writes the files of a job; returns why they cannot be called so, "" if they can.

    Raises:
      UserError: nothing more can be written.
    """
    job, state = work
    try:
        if manifest is not None:
            manifest.begin(job.name, job.names())
        job.folder.mkdir(parents=True, exist_ok=True)
        _write_files(job, image, saliency_map, style)
        if manifest is not None and state is not None:
            manifest.finish(job.name, state, job.names())
    except OSError as error:
        return why_not_written(job, error)
    return ""


def why_not_written(job: Job, error: OSError) -> str:
    """Returns why the files of a job cannot be called so.

    Raises:
      UserError: it is not for their names, and nothing more can be written.
    """
    reason = f"cannot write {job.outputs()[0]}: {error.strerror or error}"
    if error.errno in _OF_THE_NAME:
        return f"{reason}; this is for the image {job.image}"
    raise UserError(
        f"{printable(reason)}; images before it are done: mend that, and run the "
        "same command again"
    ) from error


def _write_files(
    job: Job, image: np.ndarray, saliency_map: np.ndarray, style: Style
) -> None:
    # The longest name first: if it is too long nothing has been written.
    for each in sorted(job.files, key=lambda e: len(job.files[e]), reverse=True):
        path = job.folder / job.files[each]
        if each == "npy":
            with atomic.written_aside(path) as file:
                np.save(file, saliency_map)
        else:
            visualization.save_image(
                path, formats.picture(each, image, saliency_map, style)
            )
