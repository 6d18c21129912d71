"""The files to write for each of many images, and that none of them harms another.

What two images would both write is decided folder by folder, so that a million images
need no more memory than the names of the largest folder.
"""

import functools
import os
import pathlib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from salgan_jax import output_names
from salgan_jax.errors import UserError, printable
from salgan_jax.input_images import Folder, InputImages

# What the name of each file ends with.
MAP, OVERLAY, ARRAY = ".png", "_overlay.png", ".npy"


class Job(NamedTuple):
    """One image file and the files made from it; None where one is not asked for."""

    image: pathlib.Path
    saliency_map: pathlib.Path
    overlay: pathlib.Path | None
    array: pathlib.Path | None
    name: str = ""  # of the image, below the folder or glob that was given

    def outputs(self) -> list[pathlib.Path]:
        """The files that this job writes."""
        files = (self.saliency_map, self.overlay, self.array)
        return [path for path in files if path is not None]


class Plan:
    """The jobs of one process, made while they are asked for, and their number.

    Attributes:
        output: the folder that all files lie in.
        num_images: of all processes together.
    """

    def __init__(
        self,
        images: InputImages,
        output: pathlib.Path,
        *,
        suffixes: Sequence[str],
        share: tuple[int, int],
    ) -> None:
        """Lists all folders once, so that nothing is begun that cannot end well."""
        self.output = output
        self.num_images = 0
        self._images, self._suffixes, self._share = images, suffixes, share
        self._num_jobs = 0
        # Folders that some file systems take for one, A and a.
        self._alike: dict[str, list[str]] = {}
        places: dict[tuple[int, int] | None, list[str]] = {}
        for folder in images.folders():
            self._alike.setdefault(folder.name.casefold(), []).append(folder.name)
            place = _identity(os.path.join(images.root, folder.name))
            places.setdefault(place, []).append(folder.name)
            names = (*folder.images, *folder.closed)
            self.num_images += len(names)
            self._num_jobs += sum(self._is_ours(folder, name) for name in names)
            self._base_of(folder, [folder])
        self._alike = {k: names for k, names in self._alike.items() if len(names) > 1}
        for names in self._alike.values():
            self._base_of(images.in_folder(names[0]))
        for names in places.values():
            for name in names:
                self._check_place(name)
                self._check_no_input(name, places)

    def __len__(self) -> int:
        return self._num_jobs

    def __iter__(self) -> Iterator[Job]:
        for folder in self._images.folders():
            self._check_place(folder.name)
            base_of = self._base_of(folder)
            for name in folder.images:
                if self._is_ours(folder, name):
                    yield self._job(folder, name, base_of(name))
            for name in folder.closed:  # whoever reads them is told what they are
                if self._is_ours(folder, name):
                    yield self._job(folder, name, name)

    def _is_ours(self, folder: Folder, name: str) -> bool:
        index, count = self._share
        if count == 1:
            return True
        return zlib.crc32(os.fsencode(os.path.join(folder.name, name))) % count == index

    def _job(self, folder: Folder, name: str, base: str) -> Job:
        below = self.output / folder.name
        files = {suffix: below / f"{base}{suffix}" for suffix in self._suffixes}
        return Job(
            image=pathlib.Path(self._images.root, folder.name, name),
            saliency_map=files[MAP],
            overlay=files.get(OVERLAY),
            array=files.get(ARRAY),
            name=os.path.join(folder.name, name),
        )

    def _base_of(
        self, folder: Folder, alike: Sequence[Folder] = ()
    ) -> Callable[[str], str]:
        """How files begin that are made from the images of a folder."""
        if not alike:
            names = self._alike.get(folder.name.casefold(), [])
            others = [self._images.in_folder(n) for n in names if n != folder.name]
            alike = [folder, *others]
        return output_names.make_base_of(
            [name for each in alike for name in each.images],
            self._suffixes,
            output=str(self.output / folder.name),
        )

    def _check_place(self, name: str) -> None:
        """Raises UserError if a link in the output folder leads out of it."""
        top = os.path.realpath(self.output)
        place = os.path.normpath(os.path.join(top, name))
        if os.path.realpath(place) != place:
            raise UserError(
                f"{printable(place)} leads to {printable(os.path.realpath(place))}: "
                "remove that link, or choose another output folder"
            )

    def _check_no_input(
        self, name: str, places: Mapping[tuple[int, int] | None, Sequence[str]]
    ) -> None:
        """Raises UserError if an image would be overwritten by a file made here."""
        below = self.output / name
        entries = _entries(below, places) if below.is_dir() else []
        if not entries:
            return
        folder = self._images.in_folder(name)
        base_of = self._base_of(folder)
        files = {
            (base_of(image) + suffix).casefold()
            for image in folder.images
            for suffix in self._suffixes
        }
        names_in = functools.cache(lambda n: set(self._images.in_folder(n).images))
        for entry in entries:
            if entry.name.casefold() not in files:
                continue
            real = os.path.realpath(entry.path)
            for other in places.get(_identity(os.path.dirname(real)), ()):
                if os.path.basename(real) in names_in(other):
                    raise UserError(
                        f"{printable(entry.path)} is one of the input images and would "
                        "be overwritten; choose another output folder"
                    )


def _entries(
    folder: pathlib.Path, places: Mapping[tuple[int, int] | None, Sequence[str]]
) -> list[os.DirEntry[str]]:
    """Returns what could be an image: all in a folder of images, elsewhere links."""
    holds_images = _identity(folder) in places
    with os.scandir(folder) as entries:
        return [entry for entry in entries if holds_images or entry.is_symlink()]


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Tells whether two paths are of one folder; None where there is nothing."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
