"""SALICON: where thousands of people moved a blurring mouse (Jiang et al., CVPR 2015).

The editions of 2015 and 2017 differ in their fixations and maps, and their scores are
not comparable: the same maps reached NSS 3.23 on one and 1.87 on the other
(github.com/marcellacornia/sam, issue 6).
"""

import functools
import itertools
import pathlib
from collections.abc import Sequence
from typing import ClassVar

import tensorflow_datasets as tfds

from salgan_jax.data import opening
from salgan_jax.data.builders import layout, salicon_files
from salgan_jax.data.builders.publishers import Known, Publishers
from salgan_jax.data.stimuli import Stimulus
from salgan_jax.errors import UserError, listed

_SPLITS = {"train": "train", "val": "validation", "test": "test"}
# Fixations an image: 2015 has 317 (train) and 333 (validation), 2017 has 460 and 515.
_BETWEEN_EDITIONS = 390
_ENOUGH_IMAGES = 100  # to tell them apart by that
_COUNTED_IMAGES = 500
_ASK = "name the edition: --dataset=salicon/2017 or --dataset=salicon/2015"


class Salicon(Publishers):
    """The publishers' images/, maps/ and fixations/; or the files of the SALICON API.

    Of the API real files have been read with this, of the rest generated ones only.
    Maps are the publishers' own; those of the API are mouse samples, blurred.
    """

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS: ClassVar[list[tfds.core.BuilderConfig]] = [
        tfds.core.BuilderConfig(name="2017"),
        tfds.core.BuilderConfig(name="2015"),
    ]
    SIGMA_PX = 19.0  # NUS-VIP/salicon-evaluation
    # pysaliency, tests of its SALICON: points of `fixations`, not of the mouse.
    KNOWN: ClassVar[dict[str, Known]] = {
        "2015/train": Known(10_000, 3_171_533, mean_x=310.9384),
        "2015/validation": Known(5_000, 1_662_655, mean_x=308.6465),
        "2017/train": Known(10_000, 4_598_112, mean_x=314.6273),
        "2017/validation": Known(5_000, 2_576_914, mean_x=312.8489),
        "mouse/train": Known(10_000, 68_992_355, mean_x=313.0926),
        "mouse/validation": Known(5_000, 38_846_998, mean_x=311.4414),
    }
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "the folder of http://salicon.net with images/{train,val}, maps/{train,val} "
        "and fixations/{train,val}, or the API's fixations_*.json with its images"
    )
    DESCRIPTION = (
        "COCO images of 640 x 480 pixels. Density: the publishers' maps where there "
        "are any, else fixations or mouse samples blurred by a Gaussian of 19 px. The "
        "config is the edition."
    )
    HOMEPAGE = "http://salicon.net"
    CITATION = """@inproceedings{jiang2015salicon,
  title={SALICON: Saliency in context},
  author={Jiang, Ming and Huang, Shengsheng and Duan, Juanyong and Zhao, Qi},
  booktitle={CVPR}, pages={1072--1080}, year={2015}}"""

    _is_mouse = False

    @classmethod
    def detect_config(cls, source: pathlib.Path) -> str:
        """Returns the edition: by layout, or by the number of fixations an image."""
        if _api_files(source):
            return "2015"
        paths = _mat_files(_root(source))
        if not paths:
            raise UserError(f"{source} has no fixations to tell its edition by: {_ASK}")
        if "I" in salicon_files.variables(paths[0]):
            return "2015"
        if len(paths) < _ENOUGH_IMAGES:
            raise UserError(
                f"{len(paths)} images do not tell which edition they are of: {_ASK}"
            )
        counted = paths[:: max(1, len(paths) // _COUNTED_IMAGES)]
        total = sum(map(salicon_files.count_fixations, counted))
        return "2017" if total / len(counted) > _BETWEEN_EDITIONS else "2015"

    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns the images of each split that is there, by name."""
        edition = self.builder_config.name if self.builder_config else ""
        self.info.metadata["edition"] = edition
        api = _api_files(source)
        self._is_mouse = bool(api)
        if api and edition != "2015":
            raise UserError(f"{api[0]} is of 2015's edition: --dataset=salicon/2015")
        if api:
            return _find_api(source, api)
        root = _root(source)
        found = {
            split: _find_split(root, name)
            for name, split in _SPLITS.items()
            if (root / "images" / name).is_dir()
        }
        return {split: images for split, images in found.items() if images}

    def _known(self, split: str) -> Known | None:
        key = "mouse" if self._is_mouse else self.info.metadata["edition"]
        return self.KNOWN.get(f"{key}/{split}")


def _root(source: pathlib.Path) -> pathlib.Path:
    return layout.find_folder(
        source,
        candidates=("", "salicon", "SALICON"),
        holds=("images",),
        what="SALICON",
    )


def _find_split(root: pathlib.Path, name: str) -> list[Stimulus]:
    """Returns the images of images/<name>, each with what there is of it."""
    paths = layout.files(root / "images" / name, ".jpg")
    if name == "test":
        return [Stimulus(id=stem, image=path) for stem, path in paths.items()]
    maps = _files(root / "maps" / name, ".png")
    mats = _files(root / "fixations" / name, ".mat")
    old_maps = _files(root / "maps" / name, ".mat")
    if mats and "I" in salicon_files.variables(next(iter(mats.values()))):
        mats, old_maps = {}, mats
    if not maps and not mats and not old_maps:
        raise UserError(
            f"{root} has neither maps/{name}/*.png nor fixations/{name}/*.mat: copy "
            "them as well"
        )
    for files, what in (
        (maps, f"maps (maps/{name}/*.png)"),
        (mats, f"fixations (fixations/{name}/*.mat)"),
        (old_maps, f"maps (.mat files of {name})"),
    ):
        if files:
            layout.check_paired(paths, files, what)
    stimuli = []
    for stem, path in paths.items():
        read_map = functools.partial(opening.read_bytes, maps[stem]) if maps else None
        if not maps and old_maps:
            read_map = functools.partial(salicon_files.read_old_map, old_maps[stem])
        read_gaze = None
        if mats:
            read_gaze = functools.partial(salicon_files.read_gaze, mats[stem])
        stimuli.append(Stimulus(stem, path, read_map, read_gaze))
    return stimuli


def _find_api(
    source: pathlib.Path, api: Sequence[pathlib.Path]
) -> dict[str, list[Stimulus]]:
    """Returns the images that the API's files name, from wherever they lie."""
    images = {path.name: path for path in layout.walk(source)}
    found = {}
    for path in api:
        gazes = salicon_files.read_api(path)
        missing = [name for name in gazes if name not in images]
        if missing:
            raise UserError(
                f"{path} names {listed(missing)}, which {source} lacks: copy "
                "the images as well"
            )
        split = "validation" if "val" in path.stem else "train"
        found[split] = [
            Stimulus(
                id=pathlib.PurePath(name).stem,
                image=images[name],
                read_fixations=functools.partial(gazes.__getitem__, name),
            )
            for name in sorted(gazes)
        ]
    return found


def _api_files(source: pathlib.Path) -> list[pathlib.Path]:
    """Returns the API's annotations: one file for each split."""
    paths = sorted(source.glob("fixations_*.json"))
    return [path for path in paths if "fake_results" not in path.name]


def _mat_files(root: pathlib.Path) -> list[pathlib.Path]:
    folders = itertools.product(("fixations", "maps"), ("train", "val"))
    found = [
        list(_files(root / kind / name, ".mat").values()) for kind, name in folders
    ]
    return list(itertools.chain(*found))


def _files(folder: pathlib.Path, suffix: str) -> dict[str, pathlib.Path]:
    return layout.files(folder, suffix) if folder.is_dir() else {}
