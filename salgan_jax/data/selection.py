"""Which records a run trains on and which it is scored on: splits, folds, mixtures."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax.data import records
from salgan_jax.data.records import Record
from salgan_jax.errors import UserError


class Part(NamedTuple):
    """What a run trains on of one data set.

    Attributes:
        dataset: its name with the edition.
        split: that the records are of.
        weight: its share in what is drawn, relative to the other parts'.
        records: all of the split.
        rows: int64, which of them.
    """

    dataset: str
    split: str
    weight: float
    records: Sequence[Record]
    rows: np.ndarray


class Folds(NamedTuple):
    """Cross-validation: record i of a split is held out by fold i % count.

    Attributes:
        count: folds in all; 0 is none, and the splits are those of the data set.
        held_out: the fold that is scored, 0 to count - 1.
    """

    count: int = 0
    held_out: int = 0


def parse_mixture(datasets: str) -> list[tuple[str, float]]:
    """Returns names and weights of "osie" or of "salicon/2017:3,osie:1".

    >>> parse_mixture("salicon/2017:3,osie")
    [('salicon/2017', 3.0), ('osie', 1.0)]

    Raises:
        UserError: a weight is not a number above 0, or a name is there twice.
    """
    mixture = []
    for text in datasets.split(","):
        name, colon, weight = text.strip().partition(":")
        is_number = re.fullmatch(r"\d+(\.\d*)?|\.\d+", weight.strip())
        if not name or (colon and not is_number) or (colon and not float(weight) > 0):
            raise UserError(
                f"{datasets!r} does not name data sets: write a name, or several with "
                "weights above 0, as in salicon/2017:3,osie:1"
            )
        mixture.append((name.strip(), float(weight) if colon else 1.0))
    names = [name for name, _ in mixture]
    if len(set(names)) < len(names):
        raise UserError(f"{datasets!r} names a data set twice")
    return mixture


def open_training(datasets: str, split: str, data_dir: str, folds: Folds) -> list[Part]:
    """Returns what a run trains on, a part for each data set.

    Raises:
        UserError, FileNotFoundError: as `records.open_split`.
    """
    parts = []
    for name, weight in parse_mixture(datasets):
        split_records = records.open_split(name, split, data_dir)
        rows = np.arange(len(split_records))
        if folds.count:
            rows = rows[rows % folds.count != folds.held_out]
        full_name = records.full_name(name, data_dir)
        parts.append(Part(full_name, split, weight, split_records, rows))
    return parts


def open_evaluation(
    datasets: str, *, train_split: str, eval_split: str, data_dir: str, folds: Folds
) -> Sequence[Record]:
    """Returns what a run is scored on: splits of all data sets, or held-out folds.

    Raises:
        UserError, FileNotFoundError: as `records.open_split`.
    """
    split = train_split if folds.count else eval_split
    found = []
    for name, _ in parse_mixture(datasets):
        split_records = records.open_split(name, split, data_dir)
        if folds.count:
            rows = np.arange(folds.held_out, len(split_records), folds.count)
            split_records = records.subset(split_records, rows)
        found.append(split_records)
    return records.joined(found)
