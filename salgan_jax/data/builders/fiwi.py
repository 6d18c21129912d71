"""FIWI: eye fixations of 11 people on 149 web pages (Shen & Zhao, ECCV 2014)."""

import functools
import pathlib
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data import images, opening, stimuli
from salgan_jax.data.builders import layout
from salgan_jax.data.builders.publishers import Known, Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError

# 11 people make a few hundred fixations on the million pixels of a page.
_LARGEST_SHARE = 0.01


class Fiwi(Publishers):
    """The publishers' `webpage_dataset`; no real file of it has been read with this.

    `all5` holds one map of all observers for each page, where a pixel above 0 is a
    fixation; observers are unknown.
    """

    VERSION = tfds.core.Version("1.0.0")
    SIGMA_PX = 30.0  # MSI-Net (Kroner et al. 2020), download.py of their code
    KNOWN: ClassVar[dict[str, Known]] = {"train": Known(num_images=149)}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "the publishers' webpage_dataset.zip, or the folder in it that holds "
        "stimuli/*.png and all5/*.png"
    )
    DESCRIPTION = (
        "Screenshots of web pages, 1360 or 1366 x 768 pixels, seen for 5 seconds each. "
        "Density: fixations of all observers blurred by a Gaussian. All pages are in "
        "one split, train."
    )
    HOMEPAGE = "https://www.ece.nus.edu.sg/stfpage/eleqiz/webpage_saliency.html"
    CITATION = """@inproceedings{shen2014webpage,
  title={Webpage saliency},
  author={Shen, Chengyao and Zhao, Qi},
  booktitle={ECCV}, pages={33--46}, year={2014}}"""

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns all pages, by name."""
        paths = layout.files_below(source, "stimuli", ".png")
        maps = layout.files_below(source, "all5", ".png")
        if not paths or not maps:
            raise UserError(
                f"{source} is not the publishers' FIWI folder, with stimuli/*.png and "
                "all5/*.png"
            )
        layout.check_paired(paths, maps, "fixations (all5/*.png)")
        found = [
            Stimulus(
                id=stem,
                image=path,
                read_fixations=functools.partial(
                    read_fixations,
                    maps[stem],
                    max_megapixels=self.options.max_megapixels,
                ),
            )
            for stem, path in paths.items()
        ]
        return {"train": found}


def read_fixations(
    path: pathlib.Path, *, max_megapixels: float = opening.MAX_MEGAPIXELS
) -> Gaze:
    """Returns the pixels above 0 of a page's map.

    Raises:
      UserError: the file is broken, or is a picture of something else.
    """
    fixation_map = images.read_map(path, max_megapixels=max_megapixels)
    share = np.count_nonzero(fixation_map) / fixation_map.size
    if share > _LARGEST_SHARE:
        raise UserError(
            f"{path} is not a map of single fixations: {share:.0%} of it are above 0"
        )
    return stimuli.gaze_of_map(fixation_map)
