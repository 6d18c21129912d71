"""Which records a run trains on and which it is scored on: splits, folds, mixtures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax.data import mixtures, records
from salgan_jax.data.records import Record


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


def open_training(datasets: str, split: str, data_dir: str, folds: Folds) -> list[Part]:
    """Returns what a run trains on, a part for each data set.

    Raises:
        UserError, FileNotFoundError: as `records.open_split`.
    """
    parts = []
    for name, weight in mixtures.parse(datasets):
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
    for name, _ in mixtures.parse(datasets):
        split_records = records.open_split(name, split, data_dir)
        if folds.count:
            rows = np.arange(folds.held_out, len(split_records), folds.count)
            split_records = records.subset(split_records, rows)
        found.append(split_records)
    return records.joined(found)
