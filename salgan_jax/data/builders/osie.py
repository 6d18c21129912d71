"""OSIE: eye fixations of 15 people on natural images (Xu et al., J. of Vision 2014)."""

import pathlib

import tensorflow_datasets as tfds

from salgan_jax.data.builders import nus_layout, splits
from salgan_jax.data.builders.publishers import Publishers
from salgan_jax.data.stimuli import Stimulus


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
        return splits.held_out(nus_layout.find(source, what="OSIE"), every=5)
