"""CAT2000: eye fixations on 2,000 images of 20 categories (Borji & Itti 2015)."""

import functools
import pathlib
from typing import ClassVar

import tensorflow_datasets as tfds

from salgan_jax.data import opening, stimuli
from salgan_jax.data.archives import Archive
from salgan_jax.data.builders import layout, matlab_files
from salgan_jax.data.builders.publishers import Known, Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError

# Folders of images, fixations and maps: the publishers', and those that MSI-Net's
# download.py makes of them.
_LAYOUTS = (
    ("Stimuli", "FIXATIONLOCS", "FIXATIONMAPS"),
    ("stimuli", "fixations", "saliency"),
)


class Cat2000(Publishers):
    """The publishers' trainSet; no real file of it has been read with this.

    `FIXATIONLOCS` holds one binary map of all observers for each image, so that
    observers are unknown and a pixel counts once. The publishers' `Output` folders,
    the maps of single observers, are skipped. Ids are "Action/001".
    """

    VERSION = tfds.core.Version("1.0.0")
    SIGMA_PX = 40.0  # the MIT/Tübingen benchmark's for CAT2000
    # Address and checksum: pysaliency, external_datasets/cat2000.py.
    ARCHIVES = (
        Archive(
            "http://saliency.mit.edu/trainSet.zip",
            md5="56ad5c77e6c8f72ed9ef2901628d6e48",
        ),
    )
    KNOWN: ClassVar[dict[str, Known]] = {"train": Known(num_images=2000)}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "trainSet.zip of http://saliency.mit.edu/results_cat2000.html, or the folder "
        "in it, with Stimuli, FIXATIONLOCS and FIXATIONMAPS"
    )
    DESCRIPTION = (
        "Images of 1920 x 1080 pixels in 20 categories, seen for 5 seconds each by 18 "
        "people. Density: the publishers' maps. All images are in one split, train."
    )
    HOMEPAGE = "http://saliency.mit.edu/results_cat2000.html"
    CITATION = """@article{borji2015cat2000,
  title={CAT2000: A large scale fixation dataset for boosting saliency research},
  author={Borji, Ali and Itti, Laurent}, journal={arXiv:1505.03581}, year={2015}}"""

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns all images, category by category."""
        root, (images, locations, maps) = _root(source)
        paths = _by_category(root / images, ".jpg")
        mats = _by_category(root / locations, ".mat")
        layout.check_paired(paths, mats, f"fixations ({locations}/*/*.mat)")
        map_paths = _by_category(root / maps, ".jpg") if (root / maps).is_dir() else {}
        if map_paths:
            layout.check_paired(paths, map_paths, f"maps ({maps}/*/*.jpg)")
        found = [
            Stimulus(
                id=name,
                image=path,
                read_density_map=functools.partial(opening.read_bytes, map_paths[name])
                if map_paths
                else None,
                read_fixations=functools.partial(read_fixations, mats[name]),
            )
            for name, path in paths.items()
        ]
        return {"train": found}


def read_fixations(path: pathlib.Path) -> Gaze:
    """Returns the pixels of `fixLocs`, [H, W], that are not zero.

    Raises:
      UserError: the file is broken or is not laid out as published.
    """
    locations = matlab_files.read_variable(path, "fixLocs")
    if locations.ndim != 2 or locations.dtype.kind not in "biuf":
        raise UserError(
            f"{path} is not laid out as published: `fixLocs` must be a map [H, W]"
        )
    return stimuli.gaze_of_map(locations)


def _root(source: pathlib.Path) -> tuple[pathlib.Path, tuple[str, str, str]]:
    for folder in ("", "trainSet", "CAT2000", "CAT2000/trainSet"):
        for names in _LAYOUTS:
            if all((source / folder / name).is_dir() for name in names[:2]):
                return source / folder, names
    raise UserError(
        f"{source} is not the publishers' CAT2000 folder: it must hold trainSet with "
        "Stimuli and FIXATIONLOCS"
    )


def _by_category(folder: pathlib.Path, suffix: str) -> dict[str, pathlib.Path]:
    """Returns files by "Action/001"; what lies deeper, as Output does, is skipped."""
    return {
        f"{category.name}/{stem}": path
        for category in sorted(folder.iterdir())
        if category.is_dir() and layout.is_theirs(category.name)
        for stem, path in layout.files(category, suffix).items()
    }
