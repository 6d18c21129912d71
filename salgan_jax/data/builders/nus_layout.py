"""The files of OSIE and of Saliency in Crowd, which one laboratory laid out alike.

`stimuli/*.jpg` are the images, `eye/fixations.mat` has a cell for each of them with a
cell for each observer.
"""

import functools
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.io

from salgan_jax.data.builders import layout, matlab_structure
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError, listed


def find(source: pathlib.Path, *, what: str) -> list[Stimulus]:
    """Returns all images, sorted by file name.

    Args:
      source: the publishers' folder, or the data/ in it.
      what: the dataset's name, for the message.

    Raises:
      UserError: it is neither; an image has no fixations, or fixations no image.
    """
    data = layout.find_folder(
        source,
        candidates=("", "data"),
        holds=("stimuli", "eye/fixations.mat"),
        what=what,
    )
    gazes = read_fixations(data / "eye" / "fixations.mat")
    paths = sorted((data / "stimuli").glob("*.jpg"))
    _check_same_images([path.name for path in paths], gazes)
    return [
        Stimulus(
            id=path.stem,
            image=path,
            read_fixations=functools.partial(gazes.__getitem__, path.name),
        )
        for path in paths
    ]


def read_fixations(path: pathlib.Path) -> dict[str, Gaze]:
    """Returns the fixations of all observers by image file name.

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    try:
        matlab_structure.check(path.read_bytes())
        contents = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
    # SciPy raises nearly anything on a broken file, zlib.error and TypeError included.
    except Exception as error:
        raise UserError(f"cannot read {path} as a MATLAB file: {error}") from error
    try:
        return {
            str(entry.img): _gaze(entry.subjects)
            for entry in np.atleast_1d(contents["fixations"])
        }
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} is not laid out as published: `fixations` must be cells of .img "
            f"and .subjects, each with .fix_x and .fix_y of one length ({error!r})"
        ) from error


def _gaze(subjects: Any) -> Gaze:
    """Returns the fixations of one image from its MATLAB cells, one per observer."""
    subjects = np.atleast_1d(subjects)
    points = [
        np.stack([np.atleast_1d(subject.fix_x), np.atleast_1d(subject.fix_y)], axis=1)
        for subject in subjects
    ]
    counts = [len(points_of_one) for points_of_one in points]
    return Gaze(
        points=np.concatenate(points).astype(np.float32),
        observers=np.repeat(np.arange(len(subjects)), counts).astype(np.int32),
    )


def _check_same_images(names: Sequence[str], gazes: dict[str, Gaze]) -> None:
    """Raises UserError unless every image has fixations and every fixation an image."""
    without_fixations = sorted(set(names) - set(gazes))
    if without_fixations:
        raise UserError(
            f"fixations.mat has no entry for {listed(without_fixations)} of stimuli/"
        )
    without_image = sorted(set(gazes) - set(names))
    if without_image:
        raise UserError(
            f"stimuli/ lacks {listed(without_image)}, for which fixations.mat has "
            "fixations; copy the whole folder"
        )
