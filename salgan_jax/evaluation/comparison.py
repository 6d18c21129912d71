"""The other model of a comparison: a run, maps in files, or scores of an evaluation."""

import csv
import json
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from salgan_jax.errors import UserError
from salgan_jax.evaluation.scoring import Scores


def has_scores(path: str) -> bool:
    """Whether a folder holds the scores of an evaluation."""
    return os.path.isfile(os.path.join(os.path.expanduser(path), "metrics.csv"))


def read_scores(path: str, images: Sequence[str], convention: str) -> Scores:
    """Returns the scores in a folder that `evaluate.py` wrote, in the order of images.

    Raises:
        UserError: they are of other images, of another convention, or broken.
    """
    folder = pathlib.Path(path).expanduser()
    try:
        facts = json.loads((folder / "metrics.json").read_text())
        with open(folder / "metrics.csv", newline="") as file:
            lines = {line["image"]: line for line in csv.DictReader(file)}
        metrics = [name for name in next(iter(lines.values())) if name != "image"]
        found = {
            name: np.array([float(lines[image][name]) for image in images])
            for name in metrics
            if lines.keys() == set(images)
        }
        used = facts["convention"]
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise UserError(
            f"{folder} does not hold scores that can be compared: metrics.csv and "
            f"metrics.json of evaluate.py are needed ({error})"
        ) from error
    if used != convention:
        raise UserError(
            f"{folder} has scores in the convention {used!r}, not {convention!r}: they "
            f"cannot be compared; score that model again with --convention={convention}"
        )
    if not found:
        raise UserError(
            f"{folder} has scores of {len(lines)} images, not of the {len(images)} "
            "that are scored now: compare on the same data set and split"
        )
    return found
