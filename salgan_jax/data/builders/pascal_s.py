"""PASCAL-S: eye fixations on 850 images of PASCAL VOC 2010 (Li et al., CVPR 2014)."""

import functools
import pathlib
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data import opening
from salgan_jax.data.archives import Archive
from salgan_jax.data.builders import layout, matlab_files
from salgan_jax.data.builders.publishers import Known, Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError

_IMAGES = "imgs/pascal"
_FIXATIONS = "fixations/pascalFix.mat"
_MAPS = "pascal/humanFix"


class PascalS(Publishers):
    """The publishers' `salObj.zip`; no real file of it has been read with this.

    Coordinates are rows and columns that count from 1. Maps are the publishers', of a
    sigma that the files do not say.
    """

    VERSION = tfds.core.Version("1.0.0")
    # Address and checksum: pysaliency, external_datasets/pascal_s.py.
    ARCHIVES = (
        Archive(
            "http://cbs.ic.gatech.edu/salobj/download/salObj.zip",
            md5="e48b4e5deac08bddcaec55ce56e4d420",
        ),
    )
    # pysaliency, tests/external_datasets/test_PASCAL_S.py.
    KNOWN: ClassVar[dict[str, Known]] = {
        "train": Known(850, num_fixations=40_314, mean_x=240.7276, mean_y=194.8576)
    }
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "salObj.zip of http://cbs.ic.gatech.edu/salobj, or what is in it: "
        f"datasets/{_IMAGES}/*.jpg, datasets/{_FIXATIONS} and the maps {_MAPS}/*.png"
    )
    DESCRIPTION = (
        "Natural images of up to 500 pixels a side, seen for 2 seconds each. Density: "
        "the publishers' maps, humanFix. All images are in one split, train."
    )
    HOMEPAGE = "http://cbs.ic.gatech.edu/salobj"
    CITATION = """@inproceedings{li2014secrets,
  title={The secrets of salient object segmentation},
  author={Li, Yin and Hou, Xiaodi and Koch, Christof and Rehg, James M and
    Yuille, Alan L},
  booktitle={CVPR}, pages={280--287}, year={2014}}"""

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns all images, by their number."""
        folder = layout.find_folder(
            source,
            candidates=("", "salObj/datasets", "datasets"),
            holds=(_IMAGES, _FIXATIONS),
            what="PASCAL-S",
        )
        gazes = read_fixations(folder / _FIXATIONS)
        paths = layout.files(folder / _IMAGES, ".jpg")
        layout.check_paired(paths, gazes, "fixations (cells of pascalFix.mat)")
        maps = layout.files_below(source, _MAPS, ".png")
        if maps:
            layout.check_paired(paths, maps, f"maps ({_MAPS}/*.png)")
        found = [
            Stimulus(
                id=stem,
                image=path,
                read_density_map=functools.partial(opening.read_bytes, maps[stem])
                if maps
                else None,
                read_fixations=functools.partial(gazes.__getitem__, stem),
            )
            for stem, path in paths.items()
        ]
        return {"train": found}


def read_fixations(path: pathlib.Path) -> dict[str, Gaze]:
    """Returns the fixations of all observers, by the number of the image.

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    gazes = {}
    for i, cell in enumerate(matlab_files.read_variable(path, "fixCell").ravel()):
        row, column, observer = matlab_files.as_points(cell, path, 3).T
        if (observer < 1).any() or (observer > np.iinfo(np.int32).max).any():
            raise UserError(
                f"{path} is not laid out as published: observers of image {i + 1} do "
                "not count from 1"
            )
        gazes[str(i + 1)] = Gaze(
            points=np.stack([column - 1, row - 1], axis=1),
            observers=observer.astype(np.int32) - 1,
        )
    return gazes
