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

from salgan_jax.errors import UserError, printable
from salgan_jax.prediction import output_names
from salgan_jax.prediction.formats import Wanted, is_video
from salgan_jax.prediction.input_images import Folder
from salgan_jax.prediction.several_inputs import Inputs


class Job(NamedTuple):
    """One image or video and the files made from it.

    Attributes:
        image: what is read.
        folder: that the files lie in.
        files: names of the files in that folder, by format.
        name: of the image, below the folder or glob that was given.
    """

    image: pathlib.Path
    folder: pathlib.Path
    files: Mapping[str, str]
    name: str = ""

    def outputs(self) -> list[pathlib.Path]:
        """The files that this job writes."""
        return [self.folder / name for name in self.files.values()]

    def names(self) -> list[str]:
        """The names of its files below the output folder."""
        below = os.path.dirname(self.name)
        return [os.path.join(below, name) for name in self.files.values()]


class Plan:
    """The jobs of one process, made while they are asked for, and their number.

    Attributes:
        output: the folder that all files lie in.
        wanted: the formats.
        num_images: of all processes together.
        num_videos: the same.
    """

    def __init__(
        self,
        inputs: Inputs,
        output: pathlib.Path,
        *,
        wanted: Wanted,
        share: tuple[int, int],
    ) -> None:
        """Lists all folders once, so that nothing is begun that cannot end well."""
        self.output, self.wanted = output, wanted
        self.num_images = self.num_videos = 0
        self._inputs, self._share = inputs, share
        self._num_jobs = {False: 0, True: 0}  # images, videos
        # Folders that some file systems take for one, A and a.
        self._alike: dict[str, list[str]] = {}
        places: dict[tuple[int, int] | None, list[str]] = {}
        for folder in inputs.folders():
            self._alike.setdefault(folder.name.casefold(), []).append(folder.name)
            place = _identity(os.path.join(inputs.root, folder.name))
            places.setdefault(place, []).append(folder.name)
            self._count(folder)
            self._base_of(folder, [folder])
        self._alike = {k: names for k, names in self._alike.items() if len(names) > 1}
        for names in self._alike.values():
            self._base_of(inputs.in_folder(names[0]))
        for names in places.values():
            for name in names:
                self._check_place(name)
                self._check_no_input(name, places)

    def __len__(self) -> int:
        return sum(self._num_jobs.values())

    def __iter__(self) -> Iterator[Job]:
        for folder in self._inputs.folders():
            self._check_place(folder.name)
            base_of = self._base_of(folder)
            for name in folder.images:
                if self._is_ours(folder, name):
                    yield self._job(folder, name, base_of(name))
            for name in folder.closed:  # whoever reads them is told what they are
                if self._is_ours(folder, name):
                    yield self._job(folder, name, name)

    @property
    def images(self) -> "Jobs":
        """The jobs that are no videos."""
        return Jobs(self, self._num_jobs[False], of_videos=False)

    @property
    def videos(self) -> "Jobs":
        """The jobs of videos."""
        return Jobs(self, self._num_jobs[True], of_videos=True)

    def _count(self, folder: Folder) -> None:
        for name in (*folder.images, *folder.closed):
            self.num_videos += is_video(name)
            self.num_images += not is_video(name)
            self._num_jobs[is_video(name)] += self._is_ours(folder, name)

    def _is_ours(self, folder: Folder, name: str) -> bool:
        index, count = self._share
        if count == 1:
            return True
        return zlib.crc32(os.fsencode(os.path.join(folder.name, name))) % count == index

    def _job(self, folder: Folder, name: str, base: str) -> Job:
        endings = self.wanted.endings(name)
        return Job(
            image=pathlib.Path(self._inputs.root, folder.name, name),
            folder=self.output / folder.name,
            files={each: base + ending for each, ending in endings.items()},
            name=os.path.join(folder.name, name),
        )

    def _base_of(
        self, folder: Folder, alike: Sequence[Folder] = ()
    ) -> Callable[[str], str]:
        """How files begin that are made from the images of a folder."""
        if not alike:
            names = self._alike.get(folder.name.casefold(), [])
            others = [self._inputs.in_folder(n) for n in names if n != folder.name]
            alike = [folder, *others]
        return output_names.make_base_of(
            [name for each in alike for name in each.images],
            lambda name: self.wanted.endings(name).values(),
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
        folder = self._inputs.in_folder(name)
        base_of = self._base_of(folder)
        files = {
            (base_of(image) + ending).casefold()
            for image in folder.images
            for ending in self.wanted.endings(image).values()
        }
        names_in = functools.cache(lambda n: set(self._inputs.in_folder(n).images))
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


class Jobs:
    """Those jobs of a plan that are of images, or of videos, and their number."""

    def __init__(self, plan: Plan, number: int, *, of_videos: bool) -> None:
        self._plan, self._number, self._of_videos = plan, number, of_videos

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[Job]:
        of_videos = self._of_videos
        return (job for job in self._plan if is_video(job.image.name) == of_videos)


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
