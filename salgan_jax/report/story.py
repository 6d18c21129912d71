"""The story of a report: runs are read, scored on the same images and shown."""

import os
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from salgan_jax import atomic
from salgan_jax.errors import UserError
from salgan_jax.metrics.conventions import Convention
from salgan_jax.prediction import files
from salgan_jax.report import experiment, page, panels, run_scores, runs
from salgan_jax.report.page import Contents


class Choice(NamedTuple):
    """Which images; None: as the runs' configs have it."""

    dataset: str | None = None
    split: str | None = None
    train_split: str | None = None
    data_dir: str | None = None


_OWN = Choice()


def write(
    workdirs: Sequence[str],
    output: str | os.PathLike[str],
    *,
    names: Sequence[str] = (),
    title: str = "",
    question: str = "",
    choice: Choice = _OWN,
    convention: Convention,
    num_images: int,
) -> Contents:
    """Writes the page of some runs when everything is known, and returns what it shows.

    Args:
        workdirs: of the runs, in the order of the columns; or of an experiment, which
            stands for the first run of each of its arms.
        output: the HTML file; its folder is made where it is missing.
        names: of the runs; none: as their folders are called.
        title, question: the page's words; "": made from the runs.
        choice: the images that all runs are scored on; by default their own, or the
            first test set of an experiment.
        convention: of the scores.
        num_images: how many are shown at most; 0: none.

    Raises:
        UserError, FileNotFoundError: a workdir is no run, the runs cannot be scored on
            the same images, or the file cannot be written; an older one is as it was.
    """
    output = pathlib.Path(output).expanduser()
    if output.is_dir():
        raise UserError(f"--output={output} is a folder: name a file, as report.html")
    if num_images < 0:
        raise UserError(f"--num_images is {num_images}: it must be 0 or more")
    opened = experiment.open_all(workdirs)
    some = runs.open_runs(opened.workdirs, names, choice.data_dir)
    choice = choice._replace(dataset=choice.dataset or opened.dataset)
    images = run_scores.choose_images(some, **choice._asdict())
    files.make_output_folder(output.parent)
    found = run_scores.score(some, images, convention)
    chosen = panels.choose(found, num_images)
    shown = panels.make(some, images.records, chosen) if chosen else []
    contents = Contents(
        title or opened.title,
        question or opened.question,
        some,
        found,
        images,
        convention.name,
        shown,
        opened.experiments,
    )
    text = page.render(contents)
    with atomic.written_aside(output) as file:
        file.write(text.encode())
    return contents
