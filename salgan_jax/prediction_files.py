"""Which image files a prediction reads, and which files it writes for each."""

import collections
import glob
import os
import pathlib
import tempfile
from collections.abc import Iterable
from typing import NamedTuple

from salgan_jax.errors import UserError

# What counts as an image in a folder; a file or a glob is taken at its word.
IMAGE_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm"),
    *(".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)


class Job(NamedTuple):
    """One image file and the files made from it; None where one is not asked for."""

    image: pathlib.Path
    saliency_map: pathlib.Path
    overlay: pathlib.Path | None
    array: pathlib.Path | None

    def outputs(self) -> list[pathlib.Path]:
        """The files that this job writes."""
        return [path for path in self[1:] if path is not None]


def plan(
    inputs: str, output: str | os.PathLike[str], *, overlay: bool, npy: bool
) -> list[Job]:
    """The images that `inputs` names, each with the files to write for it.

    The folders below an input folder, or below a glob's part without wildcards, are
    kept below `output`. An image's files carry its name without suffix: `a.png`,
    `a_overlay.png`, `a.npy`; and with suffix where two images would share a file:
    `a.jpg.png` and `a.tif.png`.

    Args:
      inputs: a file, a folder (its images, those in its subfolders too) or a glob
        (`**` for any folders).
      output: the folder to write to; where it lies in the input folder it is not read.
      overlay: also `<name>_overlay.png`.
      npy: also `<name>.npy`.

    Raises:
      UserError: nothing matches, or a file would be written twice or over an input.
    """
    output = pathlib.Path(output).expanduser()
    root, images = _find(inputs, output)
    names = [image.relative_to(root) for image in images]
    jobs = [
        _job(image, output / name.with_suffix(""), overlay=overlay, npy=npy)
        for image, name in zip(images, names, strict=True)
    ]
    shared = _shared(jobs)
    for i, name in enumerate(names):
        if any(_key(path) in shared for path in jobs[i].outputs()):
            jobs[i] = _job(images[i], output / name, overlay=overlay, npy=npy)
    _check(jobs)
    return jobs


def make_output_folder(output: str | os.PathLike[str]) -> None:
    """Makes the folder where it is missing.

    Raises:
      UserError: nothing can be written there.
    """
    output = pathlib.Path(output).expanduser()
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write to the output folder {output}: {error.strerror}; "
            "choose another"
        ) from error


def _find(inputs: str, output: pathlib.Path) -> tuple[pathlib.Path, list[pathlib.Path]]:
    """The folder that output names are relative to, and the image files, sorted."""
    path = pathlib.Path(inputs).expanduser()
    if path.is_file():  # asked first: as a glob, brackets in its name mean another
        return path.parent, [path]
    if path.is_dir():
        root, accepted = (
            path,
            f"; suffixes read in a folder: {' '.join(IMAGE_SUFFIXES)}",
        )
        found = [file for file in path.rglob("*") if _is_image(file.relative_to(path))]
    else:
        root, accepted = _literal_part(path), ""
        found = [pathlib.Path(file) for file in glob.glob(str(path), recursive=True)]
    output = output.resolve()
    holds_output = root.resolve() in output.parents
    images = sorted(
        file
        for file in found
        if file.is_file() and not (holds_output and output in file.resolve().parents)
    )
    if not images:
        raise UserError(f"no image matches the input {inputs!r}{accepted}")
    return root, images


def _is_image(relative: pathlib.Path) -> bool:
    is_hidden = any(part.startswith(".") for part in relative.parts)
    return relative.suffix.lower() in IMAGE_SUFFIXES and not is_hidden


def _literal_part(pattern: pathlib.Path) -> pathlib.Path:
    """The deepest folder of a glob before its first wildcard."""
    folder = pattern.parent
    while glob.has_magic(str(folder)):
        folder = folder.parent
    return folder


def _job(image: pathlib.Path, base: pathlib.Path, *, overlay: bool, npy: bool) -> Job:
    return Job(
        image=image,
        saliency_map=base.with_name(f"{base.name}.png"),
        overlay=base.with_name(f"{base.name}_overlay.png") if overlay else None,
        array=base.with_name(f"{base.name}.npy") if npy else None,
    )


def _key(path: pathlib.Path) -> str:
    return str(path).casefold()  # some file systems take A.png and a.png for one


def _shared(jobs: Iterable[Job]) -> set[str]:
    """The keys of the files that more than one job would write."""
    writers = collections.Counter(_key(path) for job in jobs for path in job.outputs())
    return {key for key, number in writers.items() if number > 1}


def _check(jobs: list[Job]) -> None:
    shared = _shared(jobs)
    # By identity, not by name: a link to an input is that input.
    inputs = {_identity(job.image) for job in jobs}
    for job in jobs:
        for path in job.outputs():
            if _key(path) in shared:
                raise UserError(
                    f"{path} would be written for {job.image} and for another image; "
                    "rename one, or predict them into different folders"
                )
            if path.exists() and _identity(path) in inputs:
                raise UserError(
                    f"{path} is one of the input images and would be overwritten; "
                    "choose another output folder"
                )


def _identity(path: pathlib.Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
