"""EyeCrowd: eye fixations of 16 people on crowds (Jiang, Xu, Zhao, ECCV 2014)."""

import pathlib

import tensorflow_datasets as tfds

from salgan_jax.data.builders import nus_layout, splits
from salgan_jax.data.builders.publishers import Publishers
from salgan_jax.data.stimuli import Stimulus


class Eyecrowd(Publishers):
    """The publishers' files, split by file name: every fifth image is validation.

    The published coordinates have tenths of pixels and span 1.0 to 1024.0 and 1.9 to
    768.0 of 1024 x 768: points seem to have been kept within 1 and the side, which does
    not tell where they count from. They are kept as they are, as OSIE's; points on the
    right or lower border move into the last pixel. An origin at 1 would shift all by a
    pixel, a 24th of sigma. Some observers have no fixation on an image.
    """

    VERSION = tfds.core.Version("1.0.0")
    # OSIE's. Differs from the publishers' code, whose maps are blurred by 26 pixels.
    SIGMA_PX = 24.0
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "the folder of https://github.com/NUS-VIP/saliency-in-crowd that holds "
        "data/stimuli/*.jpg and data/eye/fixations.mat"
    )
    DESCRIPTION = (
        "Saliency in Crowd: 500 photographs with few to very many people. Density: "
        "fixation counts of all observers blurred by a Gaussian. Sorted by file name, "
        "the image with index i is validation if i % 5 == 0, else train."
    )
    HOMEPAGE = "https://github.com/NUS-VIP/saliency-in-crowd"
    CITATION = """@inproceedings{jiang2014saliency,
  title={Saliency in crowd},
  author={Jiang, Ming and Xu, Juan and Zhao, Qi},
  booktitle={ECCV}, year={2014}}"""

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns the images of both splits, sorted by file name."""
        return splits.held_out(nus_layout.find(source, what="EyeCrowd"), every=5)
