"""Toronto: eye fixations of 20 people on 120 scenes (Bruce & Tsotsos 2005)."""

import functools
import pathlib
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data import opening, stimuli
from salgan_jax.data.archives import Archive
from salgan_jax.data.builders import layout, matlab_files
from salgan_jax.data.builders.publishers import Known, Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError

_IMAGES = "Original Image Set"
_MAPS = "Density Maps produced from raw experimental eye tracking data"


class Toronto(Publishers):
    """The publishers' folder `fixdens`; no real file of it has been read with this.

    `origfixdata.mat` holds one binary map of all observers for each image. The lists of
    single observers beside it are not in pixels of the image (pysaliency, toronto.py),
    so that observers are unknown. Maps are the publishers', of a sigma that the files
    do not say.
    """

    VERSION = tfds.core.Version("1.0.0")
    # Address and checksum: pysaliency, external_datasets/toronto.py.
    ARCHIVES = (
        Archive(
            "https://www-sop.inria.fr/members/Neil.Bruce/eyetrackingdata.zip",
            md5="38d5c02217060d4d2d1a4649cc632af1",
        ),
    )
    KNOWN: ClassVar[dict[str, Known]] = {"train": Known(num_images=120)}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "eyetrackingdata.zip of http://www-sop.inria.fr/members/Neil.Bruce, or the "
        f"folder fixdens in it, with '{_IMAGES}/*.jpg' and origfixdata.mat"
    )
    DESCRIPTION = (
        "Indoor and outdoor scenes of 681 x 511 pixels, seen for 4 seconds each. "
        "Density: the publishers' maps. All images are in one split, train."
    )
    HOMEPAGE = "http://www-sop.inria.fr/members/Neil.Bruce"
    CITATION = """@inproceedings{bruce2005saliency,
  title={Saliency based on information maximization},
  author={Bruce, Neil and Tsotsos, John},
  booktitle={Advances in Neural Information Processing Systems}, year={2005}}"""

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns all images, by their number."""
        folder = layout.find_folder(
            source,
            candidates=("", "fixdens", "eyetrackingdata/fixdens"),
            holds=(_IMAGES, "origfixdata.mat"),
            what="Toronto",
        )
        gazes = read_fixations(folder / "origfixdata.mat")
        paths = layout.files(folder / _IMAGES, ".jpg")
        layout.check_paired(paths, gazes, "fixations (cells of origfixdata.mat)")
        has_maps = (folder / _MAPS).is_dir()
        found = [
            Stimulus(
                id=stem,
                image=path,
                read_density_map=functools.partial(
                    opening.read_bytes, folder / _MAPS / f"d{path.name}"
                )
                if has_maps
                else None,
                read_fixations=functools.partial(gazes.__getitem__, stem),
            )
            for stem, path in paths.items()
        ]
        return {"train": found}


def read_fixations(path: pathlib.Path) -> dict[str, Gaze]:
    """Returns the fixations of all observers together, by the number of the image.

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    gazes = {}
    for i, cell in enumerate(matlab_files.read_variable(path, "white").ravel()):
        fixation_map = np.asarray(cell)
        if fixation_map.ndim != 2 or fixation_map.dtype.kind not in "biuf":
            raise UserError(
                f"{path} is not laid out as published: cell {i + 1} of `white` must be "
                "the fixation map of an image"
            )
        gazes[str(i + 1)] = stimuli.gaze_of_map(fixation_map)
    return gazes
