"""OSIE: eye fixations of 15 people on natural images (Xu et al., J. of Vision 2014)."""

import functools
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.io
import tensorflow_datasets as tfds

from salgan_jax.data.builders import matlab_structure
from salgan_jax.data.builders.publishers import Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError


class Osie(Publishers):
    """The publishers' files, split by file name: every fifth image is validation.

    The published coordinates are continuous over the image (they span 1.2 to 798.8 and
    1.2 to 599.2 of 800 x 600, so nothing tells of an origin at 1) and are kept as they
    are; points up to 1 px outside move to the nearest border.
    """

    VERSION = tfds.core.Version("2.0.0")
    SIGMA_PX = 24.0  # about one degree of visual angle at 800 x 600
    PIXELS_PER_DEGREE = 24.0
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "the folder of https://github.com/NUS-VIP/predicting-human-gaze-beyond-pixels "
        "that holds data/stimuli/*.jpg and data/eye/fixations.mat"
    )
    DESCRIPTION = (
        "Object and Semantic Images and Eye-tracking. Density: fixation counts of all "
        "observers blurred by a Gaussian. Sorted by file name, the image with index i "
        "is validation if i % 5 == 0, else train."
    )
    HOMEPAGE = "https://github.com/NUS-VIP/predicting-human-gaze-beyond-pixels"
    CITATION = """@article{xu2014predicting,
  title={Predicting human gaze beyond pixels},
  author={Xu, Juan and Jiang, Ming and Wang, Shuo and Kankanhalli, Mohan S and
    Zhao, Qi},
  journal={Journal of Vision}, volume={14}, number={1}, year={2014}}"""

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns the images of both splits, sorted by file name."""
        source = find_source(source)
        gazes = read_fixations(source / "eye" / "fixations.mat")
        paths = sorted((source / "stimuli").glob("*.jpg"))
        _check_same_images([path.name for path in paths], gazes)
        found = [
            Stimulus(
                id=path.stem,
                image=path,
                read_fixations=functools.partial(gazes.__getitem__, path.name),
            )
            for path in paths
        ]
        train = [stimulus for i, stimulus in enumerate(found) if i % 5 != 0]
        return {"train": train, "validation": found[::5]}


def find_source(directory: pathlib.Path) -> pathlib.Path:
    """Returns the folder with stimuli/ and eye/: the given one or the data/ in it.

    Raises:
      UserError: it is neither the publishers' folder nor its data/.
    """
    for candidate in (directory / "data", directory):
        has_stimuli = any((candidate / "stimuli").glob("*.jpg"))
        if has_stimuli and (candidate / "eye" / "fixations.mat").is_file():
            return candidate
    raise UserError(
        f"{directory} is not the publishers' OSIE folder: it must hold "
        "data/stimuli/*.jpg and data/eye/fixations.mat"
    )


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
            f"fixations.mat has no entry for {_listed(without_fixations)} of stimuli/"
        )
    without_image = sorted(set(gazes) - set(names))
    if without_image:
        raise UserError(
            f"stimuli/ lacks {_listed(without_image)}, for which fixations.mat has "
            "fixations; copy the whole folder"
        )


def _listed(names: Sequence[str]) -> str:
    """Returns the first names and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
