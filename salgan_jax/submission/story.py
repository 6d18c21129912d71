"""A submission: a checkpoint's densities of a benchmark's test images."""

import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tqdm
from PIL import Image

from salgan_jax.data.opening import IMAGE_SUFFIXES
from salgan_jax.errors import UserError
from salgan_jax.evaluation import baseline_predictors, protocol
from salgan_jax.evaluation.baseline_predictors import Predict, Scored
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.inference import Predictor
from salgan_jax.submission import benchmarks, calibration
from salgan_jax.submission.benchmarks import Benchmark
from salgan_jax.submission.calibration import Calibration, Fitted

_MOST_FITTED = 200  # validation images


class BenchmarkImages(NamedTuple):
    """A benchmark's images: where they are, and (height, width), by name."""

    paths: dict[str, pathlib.Path]
    sizes: dict[str, tuple[int, ...]]


def find_images(folder: str, benchmark: Benchmark) -> BenchmarkImages:
    """Returns the test images by their path without suffix, all of them.

    Raises:
        FileNotFoundError: there is no such folder.
        UserError: they are not the benchmark's: number, names or sizes are others.
    """
    root = pathlib.Path(folder).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {root} with images")
    found: dict[str, pathlib.Path] = {}
    sizes: dict[str, tuple[int, ...]] = {}
    for path in sorted(root.rglob("*")):
        # The publishers of CAT2000 left maps of single observers in folders `Output`.
        if path.suffix.lower() in IMAGE_SUFFIXES and path.parent.name != "Output":
            name = path.relative_to(root).with_suffix("").as_posix()
            try:
                with Image.open(path) as image:
                    sizes[name] = (image.height, image.width)
            except (OSError, SyntaxError, ValueError) as error:
                raise UserError(f"cannot read {path}: {error}") from error
            found[name] = path
    benchmarks.check(benchmark, sizes, "images", str(root))
    return BenchmarkImages(found, sizes)


def fit(predictor: Predictor, chosen: EvaluationInput) -> tuple[Fitted, Predict]:
    """Returns the calibration fitted to the validation images, and the centre prior.

    Raises:
        UserError: there are no fixations to fit to.
    """
    prior = make_prior(chosen)
    step = -(-len(chosen.records) // _MOST_FITTED)
    some = [
        baseline_predictors.scored(chosen.records[i])
        for i in range(0, len(chosen.records), step)
    ]
    predict = protocol.with_progress(protocol.from_images(predictor), len(some))
    try:
        return calibration.fit(predict, prior, some), prior
    except ValueError as error:
        raise UserError(f"{chosen.dataset} {chosen.split}: {error}") from error


def make_prior(chosen: EvaluationInput) -> Predict:
    """Returns the KDE centre prior of a run's training images."""
    statistics = baseline_predictors.training_statistics(chosen.train_records)
    return baseline_predictors.make_kde_prior(statistics)


def densities(
    predictor: Predictor,
    paths: dict[str, pathlib.Path],
    prior: Predict | None,
    chosen: Calibration,
    *,
    batch_size: int,
) -> Iterator[tuple[str, np.ndarray]]:
    """Returns the density of each image with its path below the folder of images.

    Args:
        predictor: of saliency maps.
        paths: of the images, by name.
        prior: the centre prior; None: the calibration has no centre bias.
        chosen: how maps become densities.
        batch_size: images predicted at a time.
    """
    items = list(paths.items())
    with tqdm.tqdm(total=len(items), unit="image", disable=None) as progress:
        for start in range(0, len(items), batch_size):
            some = items[start : start + batch_size]
            pictures = [_read_as_stored(path) for _, path in some]
            maps = predictor(pictures)
            for (name, path), picture, saliency_map in zip(
                some, pictures, maps, strict=True
            ):
                own_prior = _prior_of(prior, picture)
                density = calibration.density(saliency_map, own_prior, chosen)
                yield name + path.suffix, density
                progress.update()


def _read_as_stored(path: pathlib.Path) -> np.ndarray:
    """Returns an image uint8 [H, W, 3], not turned.

    The benchmarks ignore the EXIF orientation, which is wrong in one image of CAT2000
    (Pattern/134.jpg): people saw it, and maps are compared, as it is stored.
    """
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _prior_of(prior: Predict | None, picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    if prior is None:
        return np.full((height, width), 1 / (height * width))
    nothing: Sequence = np.empty((0, 2), np.float32), np.empty(0, np.int32)
    blank = Scored("", picture, np.zeros((height, width), np.float32), *nothing)
    return prior([blank])[0]
