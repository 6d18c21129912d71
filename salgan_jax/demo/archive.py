"""The maps of many images, as a zip of the files that launch/predict.py writes."""

import glob
import os
import pathlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from salgan_jax.data import opening
from salgan_jax.demo.models import Model
from salgan_jax.errors import printable
from salgan_jax.prediction import batches, formats
from salgan_jax.prediction import files as prediction_files
from salgan_jax.prediction.files import Job

NAME = "saliency_maps.zip"


class Archive(NamedTuple):
    """What became of some images.

    Attributes:
        path: of the zip; None where no image could be read.
        num_images: that have maps in it.
        skipped: one line for each of the others.
    """

    path: pathlib.Path | None
    num_images: int
    skipped: list[str]


def write(
    models: Sequence[Model],
    files: Sequence[str],
    folder: str | os.PathLike[str],
    *,
    overlay: bool,
    max_megapixels: float = opening.MAX_MEGAPIXELS,
    progress: Callable[[float], object] = lambda share: None,
) -> Archive:
    """Predicts all images with all models into a zip.

    Of several models each has a folder in it. Where two files have the same name, the
    second is called `name_2`.

    Args:
      models: whose maps are wanted.
      files: uploaded images, of which nothing is known.
      folder: where the zip is to lie; it is not yet there.
      overlay: also `<name>_overlay.png`.
      max_megapixels: larger images are skipped.
      progress: called with the share of the work that has begun, 0 to 1.
    """
    wanted = formats.Wanted(("png", "overlay") if overlay else ("png",))
    outcome = batches.Outcome(0, [])
    path = pathlib.Path(folder) / NAME
    with tempfile.TemporaryDirectory() as scratch:
        inputs = pathlib.Path(scratch) / "images"
        _link(files, inputs)
        outputs = pathlib.Path(scratch) / "maps"
        for i, model in enumerate(models):
            output = outputs / f"{i + 1}_{model.name}_step_{model.step}"
            plan = prediction_files.plan(
                f"{glob.escape(str(inputs))}/*",
                outputs if len(models) == 1 else output,
                wanted=wanted,
            )
            batch_size = min(model.batch_size, len(plan))
            outcome = batches.predict_files(
                model.predictor(batch_size),
                _counted(plan, i, len(models), progress),
                batch_size=batch_size,
                max_megapixels=max_megapixels,
            )
        skipped = [
            printable(failure.reason.replace(f"{inputs}{os.sep}", ""))
            for failure in outcome.failures
        ]
        if not outcome.num_written:
            return Archive(None, 0, skipped)
        _zip(outputs, path)
    return Archive(path, outcome.num_written, skipped)


def _link(files: Sequence[str], folder: pathlib.Path) -> None:
    """Makes a folder of links to the files, which come from a folder each."""
    folder.mkdir()
    for file in files:
        given = pathlib.Path(file)
        stem = given.stem.lstrip(".") or "image"  # hidden files are not read
        # What is called a video is looked into, too: the page takes images.
        is_video = formats.is_video(given.name)
        suffix = f"{given.suffix}.image" if is_video else given.suffix
        link, number = folder / f"{stem}{suffix}", 1
        while os.path.lexists(link):
            number += 1
            link = folder / f"{stem}_{number}{suffix}"
        link.symlink_to(given.absolute())


def _counted(
    jobs: prediction_files.Plan,
    round_: int,
    num_rounds: int,
    progress: Callable[[float], object],
) -> Iterator[Job]:
    for i, job in enumerate(jobs):
        progress((round_ + i / len(jobs)) / num_rounds)
        yield job


def _zip(folder: pathlib.Path, path: pathlib.Path) -> None:
    """Writes all files below a folder; PNGs are compressed already."""
    with zipfile.ZipFile(path, "x") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
