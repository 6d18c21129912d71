"""MIT1003: eye fixations of 15 people on 1,003 photographs (Judd et al., ICCV 2009)."""

import functools
import pathlib
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from salgan_jax.data import images, opening, stimuli
from salgan_jax.data.archives import Archive
from salgan_jax.data.builders import layout, matlab_files, mit1003_samples
from salgan_jax.data.builders.publishers import Known, Publishers
from salgan_jax.data.stimuli import Gaze, Stimulus
from salgan_jax.errors import UserError

_IMAGES, _MAPS, _DATA = "ALLSTIMULI", "ALLFIXATIONMAPS", "DATA"
# Lies among the points by mistake; MSI-Net's download.py skips it as well.
_STRAY = "i05june05_static_street_boston_p1010764fixPts.jpg"
_LONGEST_NAME = 63  # of a MATLAB variable
_THRESHOLD = 0.5  # a JPEG smears the white pixels of a binary map


class Mit1003(Publishers):
    """The publishers' ALLSTIMULI and ALLFIXATIONMAPS; no real file has been read.

    *fixMap.jpg are the maps. Fixations are those in the raw eye samples of DATA, where
    that is given, with their observers: the first of a trial, forced to the centre, is
    left out, and so are those beside the image, as pysaliency does. Without DATA, they
    are the white pixels of *fixPts.jpg, of all observers together.
    """

    VERSION = tfds.core.Version("1.0.0")
    SIGMA_PX = 35.0  # one degree (Judd et al. 2009)
    PIXELS_PER_DEGREE = 35.0
    # Addresses: MSI-Net's download.py; checksum of the images: pysaliency, mit.py. That
    # of the maps is published nowhere, so that they are not fetched.
    ARCHIVES: ClassVar[tuple[Archive, ...]] = ()
    # pysaliency, tests of its MIT1003, which reads the publishers' DATA.
    KNOWN: ClassVar[dict[str, Known]] = {
        "points/train": Known(1003),
        "samples/train": Known(1003, 104_171, mean_x=487.1368, mean_y=392.7273),
    }
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "a folder with ALLSTIMULI.zip, ALLFIXATIONMAPS.zip and, for observers, "
        "DATA.zip of https://people.csail.mit.edu/tjudd/WherePeopleLook, or with what "
        "is in them"
    )
    DESCRIPTION = (
        "Photographs of up to 1024 pixels a side, seen for 3 seconds each. Density: "
        "the publishers' maps. All images are in one split, train."
    )
    HOMEPAGE = "https://people.csail.mit.edu/tjudd/WherePeopleLook"
    CITATION = """@inproceedings{judd2009learning,
  title={Learning to predict where humans look},
  author={Judd, Tilke and Ehinger, Krista and Durand, Fr{\\'e}do and
    Torralba, Antonio},
  booktitle={ICCV}, pages={2106--2113}, year={2009}}"""

    _reads_samples = False

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns all images, by name."""
        layout.find_folder(
            source, candidates=("",), holds=(_IMAGES, _MAPS), what="MIT1003"
        )
        paths = layout.files(source / _IMAGES, ".jpeg")
        maps, points = _maps_and_points(source / _MAPS)
        self._reads_samples = (source / _DATA).is_dir()
        layout.check_paired(paths, maps, "maps (*_fixMap.jpg)")
        observers: list[pathlib.Path] = []
        if self._reads_samples:
            observers = sorted(p for p in (source / _DATA).iterdir() if p.is_dir())
        else:
            layout.check_paired(paths, points, "fixations (*_fixPts.jpg)")
        found = [
            Stimulus(
                id=stem,
                image=path,
                read_density_map=functools.partial(opening.read_bytes, maps[stem]),
                read_fixations=functools.partial(read_samples, observers, stem)
                if self._reads_samples
                else functools.partial(
                    read_points,
                    points[stem],
                    max_megapixels=self.options.max_megapixels,
                ),
            )
            for stem, path in paths.items()
        ]
        return {"train": found}

    def _known(self, split: str) -> Known | None:
        kind = "samples" if self._reads_samples else "points"
        return self.KNOWN.get(f"{kind}/{split}")


def read_points(
    path: pathlib.Path, *, max_megapixels: float = opening.MAX_MEGAPIXELS
) -> Gaze:
    """Returns the white pixels of a picture of fixations.

    Raises:
      UserError: the picture cannot be read.
    """
    fixation_map = images.read_map(path, max_megapixels=max_megapixels)
    return stimuli.gaze_of_map(fixation_map > _THRESHOLD)


def read_samples(observers: Sequence[pathlib.Path], stem: str) -> Gaze:
    """Returns the fixations of all observers of one image, found in their samples.

    Args:
      observers: the folders below DATA.
      stem: the image's name, which is also that of the variable.

    Raises:
      UserError: a file is missing, broken or not laid out as published.
    """
    points = [
        mit1003_samples.find_fixations(_samples(folder / f"{stem}.mat"))[1:]
        for folder in observers
    ]
    counts = [len(points_of_one) for points_of_one in points]
    return Gaze(
        points=np.concatenate([np.empty((0, 2)), *points]),
        observers=np.repeat(np.arange(len(observers)), counts),
        is_of_screen=True,
    )


def _samples(path: pathlib.Path) -> np.ndarray:
    """Returns where one observer's eye was, float64 [N, 2]."""
    name = path.stem[:_LONGEST_NAME]
    try:
        trial = matlab_files.read_variable(path, name)["DATA"].ravel()[0]
        samples = np.asarray(trial["eyeData"].ravel()[0], np.float64)[:, :2]
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise UserError(
            f"{path} is not laid out as published: `{name}` must have DATA.eyeData "
            f"with rows (x, y) ({' '.join(str(error).split())[:200]})"
        ) from error
    if samples.shape[1] != 2 or not len(samples):
        raise UserError(f"{path} holds no eye samples (x, y)")
    return samples


def _maps_and_points(
    folder: pathlib.Path,
) -> tuple[dict[str, pathlib.Path], dict[str, pathlib.Path]]:
    """Returns the *_fixMap.jpg and the *_fixPts.jpg by the image's name."""
    found: dict[str, dict[str, pathlib.Path]] = {"_fixMap": {}, "_fixPts": {}}
    for stem, path in layout.files(folder, ".jpg").items():
        kind = next((kind for kind in found if stem.endswith(kind)), None)
        if kind is not None:
            found[kind][stem.removesuffix(kind)] = path
        elif path.name != _STRAY:
            raise UserError(f"{path} is neither a *_fixMap.jpg nor a *_fixPts.jpg")
    return found["_fixMap"], found["_fixPts"]
