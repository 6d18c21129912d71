"""Preparing datasets: the publishers' files, or a seed, to records on disk.

A dataset is named as TFDS names it: "osie", "popout", or "popout/tiny" with a config.
"""

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds
from absl import logging

from salgan_jax.data import record_format
from salgan_jax.data.builders import osie, popout
from salgan_jax.errors import UserError

_BUILDERS: dict[str, type[tfds.core.GeneratorBasedBuilder]] = {
    "osie": osie.Osie,
    "popout": popout.Popout,
}


class SplitSummary(NamedTuple):
    """How much one split of a prepared dataset holds."""

    split: str
    num_images: int
    num_fixations: int


class Summary(NamedTuple):
    """What `prepare` did: where the records lie and how many they are."""

    directory: str
    was_prepared_before: bool
    splits: list[SplitSummary]


def prepare(dataset: str, source: str = "", data_dir: str = "") -> Summary:
    """Writes the records of a dataset, unless they are there already.

    They are written to another directory that is renamed at the end: interrupted at any
    moment, nothing is left that would load later.

    Args:
      dataset: "osie", "popout", "popout/tiny".
      source: folder with the publishers' files, for datasets that are not generated.
      data_dir: where datasets lie; "" means TFDS_DATA_DIR or ~/tensorflow_datasets.

    Raises:
      UserError: unknown dataset; source missing, incomplete or broken.
    """
    builder = _builder(dataset, data_dir)
    was_prepared_before = builder.data_path.exists()
    if not was_prepared_before:
        _check_source(builder, source)
        _write(builder, source)
        builder = _builder(dataset, data_dir)
    splits = [
        _summary(split, examples(builder, split))
        for split in sorted(builder.info.splits)
    ]
    return Summary(str(builder.data_path), was_prepared_before, splits)


def prepared_builder(dataset: str, data_dir: str) -> tfds.core.GeneratorBasedBuilder:
    """Returns the builder of a dataset whose records are on disk.

    A dataset that needs no source is prepared first if it is not there yet.

    Raises:
      UserError: there is no such dataset.
      FileNotFoundError: it is not prepared; the message says how to do it.
    """
    builder = _builder(dataset, data_dir)
    if builder.data_path.exists():
        return builder
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        flag = f" --data_dir={data_dir}" if data_dir else ""
        raise FileNotFoundError(
            f"{dataset} is not prepared in {builder.data_path}; run: python "
            f"launch/prepare_data.py --dataset={dataset} --source=DIR{flag}"
        )
    logging.info("Preparing %s in %s", dataset, builder.data_path)
    _write(builder, source="")
    return _builder(dataset, data_dir)


def examples(builder: tfds.core.GeneratorBasedBuilder, split: str) -> Sequence[Any]:
    """Returns the examples of a split, with their images still encoded."""
    as_data_source: Any = builder.as_data_source  # its decorator hides its signature
    return as_data_source(split, decoders=record_format.undecoded())


def summary_table(summary: Summary) -> str:
    """Returns the numbers of each split as lines of text."""
    lines = [f"{'split':<12}{'images':>8}{'fixations':>11}{'per image':>11}"]
    lines += [
        f"{split:<12}{images:>8}{fixations:>11}{fixations / max(images, 1):>11.1f}"
        for split, images, fixations in summary.splits
    ]
    return "\n".join(lines)


def _builder(dataset: str, data_dir: str) -> tfds.core.GeneratorBasedBuilder:
    """Returns the builder of a dataset, whether prepared or not."""
    name, _, config = dataset.partition("/")
    if name not in _BUILDERS:
        known = ", ".join(sorted(_BUILDERS))
        raise UserError(f"there is no dataset {dataset!r}; there are {known}")
    configs = _BUILDERS[name].builder_configs
    if config and config not in configs:
        known = ", ".join(f"{name}/{config}" for config in configs) or name
        raise UserError(f"there is no dataset {dataset!r}; there are {known}")
    return _BUILDERS[name](
        data_dir=os.path.expanduser(data_dir) or None,
        config=config or None,
        file_format="array_record",
    )


def _check_source(builder: tfds.core.GeneratorBasedBuilder, source: str) -> None:
    """Raises UserError unless a source is given exactly where one is needed."""
    instructions = builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    if instructions and not source:
        raise UserError(f"{builder.name} needs --source=DIR: {instructions}")
    if instructions and not os.path.isdir(source):
        raise UserError(f"--source={source} is not a folder; needed: {instructions}")
    if source and not instructions:
        raise UserError(f"{builder.name} is generated from a seed: give no --source")


def _write(builder: tfds.core.GeneratorBasedBuilder, source: str) -> None:
    """Writes the records of a dataset that is not prepared."""
    # Generated datasets take seconds; a log file needs no bars.
    if source and sys.stderr.isatty():
        tfds.enable_progress_bar()
    else:
        tfds.disable_progress_bar()
    download_config = tfds.download.DownloadConfig(
        manual_dir=source or None, try_download_gcs=False
    )
    try:
        # TFDS prints that it downloads "Unknown size", where nothing is downloaded.
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(download_config=download_config)
    except OSError:
        # Another process was faster: the last rename fails, and its records are there.
        if not builder.data_path.exists():
            raise


def _summary(split: str, split_examples: Sequence[Any]) -> SplitSummary:
    """Returns how many images and fixations the examples of a split hold."""
    counts = [np.size(example["observers"]) for example in split_examples]
    return SplitSummary(split, len(counts), sum(counts))
