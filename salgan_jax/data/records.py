"""Reading prepared datasets: the records of a split, by index."""

import abc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from salgan_jax.data import catalog, preparation, record_format
from salgan_jax.data.record_format import Outline, Record
from salgan_jax.errors import UserError, did_you_mean

__all__ = [
    "Outline",
    "Record",
    "directory",
    "fixation_sigma_px",
    "full_name",
    "joined",
    "open_split",
    "outlines",
    "split_names",
    "subset",
]


def open_split(dataset: str, split: str = "", data_dir: str = "") -> Sequence[Record]:
    """Returns the records of a split, in the publishers' order, decoded when asked for.

    A dataset that is generated (popout) is prepared first if it is not there yet.

    Args:
      dataset: "osie", "salicon/2017", "popout/tiny".
      split: "train" or "validation"; "" where the dataset has one split only.
      data_dir: where datasets lie; "" means TFDS_DATA_DIR or ~/tensorflow_datasets.

    Raises:
      UserError: the dataset or the split does not exist.
      FileNotFoundError: the dataset is not prepared; the message says how to do it.
    """
    builder = preparation.prepared_builder(dataset, data_dir)
    known = sorted(builder.info.splits)
    if not split and len(known) == 1:
        split = known[0]
    if split not in known:
        raise UserError(
            f"{dataset} has no split {split!r}; it has {', '.join(known)}"
            f"{did_you_mean(split, known)}{_how_to_hold_out(dataset, split)}"
        )
    return _Records(catalog.examples(builder, split))


def _how_to_hold_out(dataset: str, split: str) -> str:
    builder_class, _ = catalog.parse(dataset)
    if split != "validation" or not catalog.takes_any_config(builder_class):
        return ""
    return (
        ": hold out a fold with config.data.num_folds, or prepare it under another "
        "name with --validation_every=5"
    )


def split_names(dataset: str, data_dir: str = "") -> list[str]:
    """Returns the names of a dataset's splits.

    Raises:
      UserError, FileNotFoundError: as `open_split`.
    """
    return sorted(preparation.prepared_builder(dataset, data_dir).info.splits)


def full_name(dataset: str, data_dir: str = "") -> str:
    """Returns the dataset's name with its edition: "salicon/2017" of "salicon".

    Raises:
      UserError, FileNotFoundError: as `open_split`.
    """
    return catalog.full_name(preparation.prepared_builder(dataset, data_dir))


def fixation_sigma_px(dataset: str, data_dir: str = "") -> float | None:
    """Returns the sigma that makes density maps of fixations, in pixels.

    None where neither the publishers nor the user of `prepare_data.py` said one.

    Raises:
      UserError, FileNotFoundError: as `open_split`.
    """
    metadata: Any = preparation.prepared_builder(dataset, data_dir).info.metadata
    sigma_px = metadata["fixation_sigma_px"]
    return None if sigma_px is None else float(sigma_px)


def directory(dataset: str, data_dir: str = "") -> str:
    """Returns the folder that holds a prepared dataset.

    Raises:
      UserError, FileNotFoundError: as `open_split`.
    """
    return str(preparation.prepared_builder(dataset, data_dir).data_path)


def subset(split_records: Sequence[Record], rows: Iterable[int]) -> Sequence[Record]:
    """Returns some records, in the order of `rows`; each is read when asked for."""
    return _Chosen([(split_records, int(row)) for row in rows])


def joined(parts: Sequence[Sequence[Record]]) -> Sequence[Record]:
    """Returns the records of all parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    return _Chosen([(part, row) for part in parts for row in range(len(part))])


def outlines(split_records: Sequence[Record]) -> Iterator[Outline]:
    """Returns all records without their images, one after the other; none is decoded.

    Takes any sequence of records, in memory too.
    """
    for i in range(len(split_records)):
        yield _outline(split_records, i)


def _outline(split_records: Sequence[Record], index: int) -> Outline:
    if isinstance(split_records, _Indexed):
        return split_records.outline(index)
    record = split_records[index]
    return Outline(record.id, record.size, record.fixations, lambda: record.density_map)


class _Indexed(Sequence[Record], abc.ABC):
    """Records that are read one by one, by index or by slice."""

    @abc.abstractmethod
    def read(self, index: int) -> Record:
        """Returns the record at an index that is not negative."""

    @abc.abstractmethod
    def outline(self, index: int) -> Outline:
        """Returns the same without its image."""

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        # The range resolves negative indices, and raises what ends a for loop.
        if isinstance(index, slice):
            return [self.read(i) for i in range(len(self))[index]]
        return self.read(range(len(self))[index])


class _Records(_Indexed):
    """The records of one split."""

    def __init__(self, examples: Sequence[Any]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def read(self, index: int) -> Record:
        return record_format.decode(self._examples[index])

    def outline(self, index: int) -> Outline:
        return record_format.outline(self._examples[index])


class _Chosen(_Indexed):
    """Records of one split or of several, each by where it is."""

    def __init__(self, places: list[tuple[Sequence[Record], int]]) -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def read(self, index: int) -> Record:
        split_records, row = self._places[index]
        return split_records[row]

    def outline(self, index: int) -> Outline:
        return _outline(*self._places[index])
