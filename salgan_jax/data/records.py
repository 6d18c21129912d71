"""Reading prepared datasets: the records of a split, by index."""

from collections.abc import Sequence
from typing import Any, overload

from salgan_jax.data import preparation, record_format
from salgan_jax.data.record_format import Record
from salgan_jax.errors import UserError

__all__ = ["Record", "directory", "fixation_sigma_px", "open_split"]


def open_split(dataset: str, split: str, data_dir: str = "") -> Sequence[Record]:
    """Returns the records of a split, in the publishers' order, decoded when asked for.

    A dataset that needs no source (popout) is prepared first if it is not there yet.

    Args:
      dataset: "osie", "popout", "popout/tiny".
      split: "train" or "validation".
      data_dir: where datasets lie; "" means TFDS_DATA_DIR or ~/tensorflow_datasets.

    Raises:
      UserError: the dataset or the split does not exist.
      FileNotFoundError: the dataset is not prepared; the message says how to do it.
    """
    builder = preparation.prepared_builder(dataset, data_dir)
    if split not in builder.info.splits:
        known = ", ".join(sorted(builder.info.splits))
        raise UserError(f"{dataset} has no split {split!r}; it has {known}")
    return _Records(preparation.examples(builder, split))


def fixation_sigma_px(dataset: str, data_dir: str = "") -> float:
    """Returns the sigma of the Gaussian that made the density maps, in pixels.

    Raises:
      UserError, FileNotFoundError: as `open_split`.
    """
    metadata: Any = preparation.prepared_builder(dataset, data_dir).info.metadata
    return float(metadata["fixation_sigma_px"])


def directory(dataset: str, data_dir: str = "") -> str:
    """Returns the folder that holds a prepared dataset.

    Raises:
      UserError, FileNotFoundError: as `open_split`.
    """
    return str(preparation.prepared_builder(dataset, data_dir).data_path)


class _Records(Sequence[Record]):
    """The records of one split."""

    def __init__(self, examples: Sequence[Any]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        # The range resolves negative indices, and raises what ends a for loop.
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        return record_format.decode(self._examples[range(len(self))[index]])
