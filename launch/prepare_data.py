"""Writes a dataset as records that training and evaluation read; once per dataset.

python launch/prepare_data.py --dataset=osie --source=DIR [--data_dir=DIR]

DIR is the publishers' folder, or an archive, or a folder with their archives. Every
image, map and fixation is checked; if one cannot be used, nothing is written and all
such files are listed, or they are left out with --skip_bad.
"""

import time

from absl import flags

from salgan_jax import doors
from salgan_jax.data import opening, preparation, summaries

_DATASET = flags.DEFINE_string(
    "dataset", None, "which; an unknown name lists all", required=True
)
_SOURCE = flags.DEFINE_string("source", "", "the publishers' files: folder or archive")
_DATA_DIR = flags.DEFINE_string(
    "data_dir", "", "where to write; default TFDS_DATA_DIR or ~/tensorflow_datasets"
)
_SIGMA_PX = flags.DEFINE_float(
    "sigma_px", None, "make density maps of the fixations, blurred by this many pixels"
)
_SIGMA_DEGREES = flags.DEFINE_float(
    "sigma_degrees", None, "the same in degrees of visual angle"
)
_PIXELS_PER_DEGREE = flags.DEFINE_float(
    "pixels_per_degree", None, "for --sigma_degrees, where the dataset does not say it"
)
_SKIP_BAD = flags.DEFINE_bool(
    "skip_bad", False, "leave out images that cannot be used, and say which"
)
_MAX_MEGAPIXELS = flags.DEFINE_float(
    "max_megapixels",
    opening.MAX_MEGAPIXELS,
    "images with more million pixels cannot be used",
)
_VALIDATION_EVERY = flags.DEFINE_integer(
    "validation_every",
    None,
    "of your own images, by name, the first and every so many after it are validation",
)


def main(argv: list[str]) -> None:
    """Prepares the dataset of the flags and prints what it holds."""
    del argv
    start = time.monotonic()
    summary = preparation.prepare(
        _DATASET.value,
        _SOURCE.value,
        _DATA_DIR.value,
        sigma_px=_SIGMA_PX.value,
        sigma_degrees=_SIGMA_DEGREES.value,
        pixels_per_degree=_PIXELS_PER_DEGREE.value,
        skip_bad=_SKIP_BAD.value,
        max_megapixels=_MAX_MEGAPIXELS.value,
        validation_every=_VALIDATION_EVERY.value,
    )
    print(summaries.table(summary.splits))
    if summary.was_prepared_before:
        print(f"{summary.dataset} was there already, in {summary.directory}")
        return
    print(f"{summary.dataset} written to {summary.directory}")
    seconds = time.monotonic() - start
    num_images = sum(split.num_images for split in summary.splits)
    print(
        f"{num_images} images in {seconds:.1f} s: {num_images / seconds:.1f} images/s"
    )


if __name__ == "__main__":
    doors.run(main)
