"""DUT-OMRON: eye fixations of 5 people on 5,168 images (Yang et al., CVPR 2013)."""

import functools
import pathlib
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data.archives import Archive
from salgan_jax.data.builders import layout, matlab_files
from salgan_jax.data.builders.publishers import Known, Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError

_IMAGES = "DUT-OMRON-image"
_FIXATIONS = "DUT-OMRON-eye-fixations/mat"


class DutOmron(Publishers):
    """The publishers' two archives; no real file of them has been read with this.

    Coordinates count from 0, as zeros among them show (pysaliency, dut_omrom.py). The
    number of an observer may mean another person in another image.
    """

    VERSION = tfds.core.Version("1.0.0")
    SIGMA_PX = 16.0  # MSI-Net (Kroner et al. 2020), download.py of their code
    # Addresses and checksums: pysaliency, external_datasets/dut_omrom.py.
    ARCHIVES = (
        Archive(
            "http://saliencydetection.net/dut-omron/download/DUT-OMRON-image.zip",
            md5="a8951db9297afacf78bc0e5079103cf1",
        ),
        Archive(
            "http://saliencydetection.net/dut-omron/download/"
            "DUT-OMRON-eye-fixations.zip",
            md5="d9f4f83fcc78b1e5efb579ae9fb0edc2",
        ),
    )
    # pysaliency, tests/external_datasets/test_DUT_OMRON.py.
    KNOWN: ClassVar[dict[str, Known]] = {
        "train": Known(5168, num_fixations=797_542, mean_x=182.1620, mean_y=147.6226)
    }
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "a folder with DUT-OMRON-image.zip and DUT-OMRON-eye-fixations.zip of "
        "http://saliencydetection.net/dut-omron, or with what is in them: "
        f"{_IMAGES}/*.jpg and {_FIXATIONS}/*.mat"
    )
    DESCRIPTION = (
        "Natural images of up to 400 pixels a side, seen for 2 seconds each. Density: "
        "fixation counts of all observers blurred by a Gaussian. All images are in one "
        "split, train."
    )
    HOMEPAGE = "http://saliencydetection.net/dut-omron"
    CITATION = """@inproceedings{yang2013saliency,
  title={Saliency detection via graph-based manifold ranking},
  author={Yang, Chuan and Zhang, Lihe and Lu, Huchuan and Ruan, Xiang and
    Yang, Ming-Hsuan},
  booktitle={CVPR}, pages={3166--3173}, year={2013}}"""

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns all images, by name."""
        folder = layout.find_folder(
            source,
            candidates=("",),
            holds=(_IMAGES, _FIXATIONS),
            what="DUT-OMRON",
        )
        paths = layout.files(folder / _IMAGES, ".jpg")
        tables = layout.files(folder / _FIXATIONS, ".mat")
        layout.check_paired(paths, tables, f"fixations ({_FIXATIONS}/*.mat)")
        found = [
            Stimulus(
                id=stem,
                image=path,
                read_fixations=functools.partial(read_fixations, tables[stem]),
            )
            for stem, path in paths.items()
        ]
        return {"train": found}


def read_fixations(path: pathlib.Path) -> Gaze:
    """Returns the fixations of one image, of rows (x, y, observer).

    The row of observer 0 holds the width and the height of the image instead.

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    table = matlab_files.as_points(matlab_files.read_variable(path, "s"), path, 3)
    observer = table[:, 2]
    is_size = observer == 0
    in_range = (observer >= 0) & (observer <= np.iinfo(np.int32).max)
    if is_size.sum() != 1 or not in_range.all():
        raise UserError(
            f"{path} is not laid out as published: `s` must have one row of observer "
            "0, with the size of the image, and rows of observers from 1"
        )
    return Gaze(
        points=table[~is_size, :2],
        observers=observer[~is_size].astype(np.int32) - 1,
    )
