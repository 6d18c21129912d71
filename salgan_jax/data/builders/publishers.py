"""What the builders of published datasets share: from stimuli to written examples."""

import abc
import collections
import pathlib
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow_datasets as tfds
import tqdm

from salgan_jax.data import record_format, stimuli
from salgan_jax.data.archives import Archive
from salgan_jax.data.opening import MAX_MEGAPIXELS
from salgan_jax.data.stimuli import GroundTruth, Stimulus
from salgan_jax.errors import UserError, printable

_MOST_LISTED = 20
_MEAN_TOLERANCE_PX = 1.0
_COUNT_TOLERANCE = 1e-3  # readers disagree on a few points at the borders


class Options(NamedTuple):
    """What a user may ask of a preparation.

    Attributes:
        sigma_px: blur the fixations with this sigma, in pixels, even where the
            publishers give maps; None: as the dataset does by default.
        skip_bad: leave out what cannot be used, instead of stopping.
        max_megapixels: larger images cannot be used.
        validation_every: image i of a user's own is validation if i is a multiple of
            this, else train; None: all are in one split.
    """

    sigma_px: float | None = None
    skip_bad: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    validation_every: int | None = None


class Known(NamedTuple):
    """What a split is known to hold when it is complete; None where nobody says."""

    num_images: int
    num_fixations: int | None = None
    mean_x: float | None = None
    mean_y: float | None = None


class Totals(NamedTuple):
    """What the examples of a split hold together."""

    num_images: int
    num_fixations: int
    sum_x: float
    sum_y: float


class Publishers(tfds.core.GeneratorBasedBuilder):
    """A dataset in the publishers' own files.

    A subclass says in `find` which files belong to which image, and nothing else.

    Attributes:
        SIGMA_PX: sigma of the Gaussian that made the publishers' maps or makes ours, in
            pixels; None where nobody says. The subclass cites where it is from.
        PIXELS_PER_DEGREE: of visual angle, on the publishers' screen; None: unknown.
        TOLERANCE_PX: how far outside of the image a published point may lie.
        ARCHIVES: the publishers' files at stable public addresses; empty where a user
            has to ask for them.
        KNOWN: a complete split's counts, by "split" or "config/split".
        TAKES_ANY_CONFIG: a user may keep several such datasets, each under a name of
            his own: "image_folder/mine".
        options: set by `preparation` before records are written.
    """

    SIGMA_PX: ClassVar[float | None] = None
    PIXELS_PER_DEGREE: ClassVar[float | None] = None
    TOLERANCE_PX: ClassVar[float] = 1.0
    ARCHIVES: ClassVar[tuple[Archive, ...]] = ()
    KNOWN: ClassVar[dict[str, Known]] = {}
    TAKES_ANY_CONFIG: ClassVar[bool] = False
    DESCRIPTION: ClassVar[str] = ""
    HOMEPAGE: ClassVar[str] = ""
    CITATION: ClassVar[str] = ""
    options: Options = Options()

    @abc.abstractmethod
    def find(self, source: pathlib.Path) -> dict[str, list[Stimulus]]:
        """Returns the images of each split, in a fixed order.

        Raises:
          UserError: the folder does not hold the publishers' files.
        """

    @classmethod
    def detect_config(cls, source: pathlib.Path) -> str | None:
        """Returns which config the files are of, where that can be seen in them.

        Raises:
          UserError: there are several, and the files do not tell.
        """
        del source
        return None

    @classmethod
    def fingerprint(cls, source: pathlib.Path) -> str | None:
        """Returns what tells these files from others that could be given instead.

        None where there is one such dataset in the world.
        """
        del source
        return None

    def _info(self) -> tfds.core.DatasetInfo:
        return record_format.dataset_info(
            self,
            description=self.DESCRIPTION,
            sigma_px=self.SIGMA_PX,
            homepage=self.HOMEPAGE,
            citation=self.CITATION,
        )

    def _known(self, split: str) -> Known | None:
        config = self.builder_config.name if self.builder_config else ""
        return self.KNOWN.get(f"{config}/{split}", self.KNOWN.get(split))

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        source = pathlib.Path(dl_manager.manual_dir)
        splits = self.find(source)
        for split, found in splits.items():
            _check_ids(split, found)
        sigma_px = self.options.sigma_px
        if sigma_px is not None:
            self.info.metadata["fixation_sigma_px"] = sigma_px
        self.info.metadata["validation_every"] = self.options.validation_every
        self.info.metadata["left_out"] = {}
        self.info.metadata["fingerprint"] = self.fingerprint(source)
        truth = GroundTruth(
            sigma_px=self.SIGMA_PX if sigma_px is None else sigma_px,
            prefer_fixations=sigma_px is not None,
            tolerance_px=self.TOLERANCE_PX,
            max_megapixels=self.options.max_megapixels,
        )
        return {
            split: self._generate_examples(split, found, truth)
            for split, found in splits.items()
        }

    def _generate_examples(
        self, split: str, found: list[Stimulus], truth: GroundTruth
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yields all examples, then raises UserError if any was not usable.

        TFDS gives the folder its name only after the last example, so that a dataset
        with a problem is never there to be loaded.
        """
        problems: dict[str, str] = {}
        totals = Totals(0, 0, 0.0, 0.0)
        loaded = stimuli.load_all(found, truth)
        bar = tqdm.tqdm(loaded, split, len(found), unit="image", disable=None)
        for i, (stimulus, example, problem) in enumerate(bar):
            if example is None:
                problems[stimulus.id] = problem
            else:
                totals = _add(totals, example["fixations"])
                yield i, example
        if problems and not self.options.skip_bad:
            raise UserError(_listed(problems, len(found)))
        if len(problems) == len(found):
            raise UserError(f"no image of the split {split} can be used: {problem}")
        difference = difference_from(self._known(split), totals)
        if difference:
            raise UserError(
                f"{self.info.full_name} is complete in number, but {split} is not what "
                f"was published: {difference}. Nothing was written"
            )
        self.info.metadata["left_out"][split] = problems


def difference_from(known: Known | None, found: Totals) -> str:
    """Returns in what a complete split is not what was published, "" if in nothing.

    Fewer images than published are a part of the dataset, of which nothing is known.
    """
    if known is None or found.num_images != known.num_images:
        return ""
    expected = known.num_fixations
    if expected is not None and (
        abs(found.num_fixations - expected) > _COUNT_TOLERANCE * expected
    ):
        return f"{found.num_fixations} fixations instead of {expected}"
    for axis, mean, total in (
        ("x", known.mean_x, found.sum_x),
        ("y", known.mean_y, found.sum_y),
    ):
        found_mean = total / max(found.num_fixations, 1)
        if mean is not None and abs(found_mean - mean) > _MEAN_TOLERANCE_PX:
            return f"mean {axis} is {found_mean:.4f} instead of {mean:.4f}"
    return ""


def _add(totals: Totals, points: np.ndarray) -> Totals:
    sum_x, sum_y = points.sum(axis=0, dtype=np.float64)
    return Totals(
        totals.num_images + 1,
        totals.num_fixations + len(points),
        totals.sum_x + float(sum_x),
        totals.sum_y + float(sum_y),
    )


def _check_ids(split: str, found: list[Stimulus]) -> None:
    """Raises UserError unless there are images and no two have the same name."""
    if not found:
        raise UserError(f"there are no images for the split {split}")
    counts = collections.Counter(stimulus.id for stimulus in found)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        names = printable(", ".join(twice[:_MOST_LISTED]))
        raise UserError(f"several images of {split} have the name {names}")


def _listed(problems: dict[str, str], num_images: int) -> str:
    first = "; ".join(list(problems.values())[:_MOST_LISTED])
    more = len(problems) - _MOST_LISTED
    rest = f"; and {more} more" if more > 0 else ""
    return (
        f"{len(problems)} of {num_images} images cannot be used: {first}{rest}. "
        "Nothing was written; mend them, or leave them out with --skip_bad"
    )
