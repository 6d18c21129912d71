"""Preparing datasets: the publishers' files, or a seed, to records on disk.

A dataset is named as TFDS names it: "osie", "popout", or "popout/tiny" with a config.
"""

import contextlib
import io
import os
import pathlib
import shutil
from typing import Any, NamedTuple

import tensorflow_datasets as tfds
from absl import logging

from salgan_jax import places
from salgan_jax.data import archives, catalog, opening, summaries
from salgan_jax.data.builders.publishers import Options
from salgan_jax.data.catalog import Builder
from salgan_jax.errors import UserError


class Summary(NamedTuple):
    """What `prepare` did: where the records lie and how many they are."""

    dataset: str  # with the config, where there are several
    directory: str
    was_prepared_before: bool
    splits: list[summaries.SplitSummary]


def prepare(
    dataset: str,
    source: str = "",
    data_dir: str = "",
    *,
    sigma_px: float | None = None,
    sigma_degrees: float | None = None,
    pixels_per_degree: float | None = None,
    skip_bad: bool = False,
    max_megapixels: float = opening.MAX_MEGAPIXELS,
    validation_every: int | None = None,
) -> Summary:
    """Writes the records of a dataset, unless they are there already.

    They are written to another directory that is renamed at the end: interrupted at any
    moment, nothing is left that would load later.

    Args:
      dataset: "osie", "salicon/2017", "popout/tiny".
      source: folder or archive with the publishers' files; "" for datasets that are
        generated, or whose publishers let everybody download them.
      data_dir: where datasets lie; "" means TFDS_DATA_DIR or ~/tensorflow_datasets.
      sigma_px: make density maps by blurring the fixations with a Gaussian of this
        sigma, in pixels, even where the publishers give maps.
      sigma_degrees: the same in degrees of visual angle.
      pixels_per_degree: on the screen of the experiment; the dataset's by default.
      skip_bad: leave out images that cannot be used; their names are kept with the
        dataset.
      max_megapixels: larger images cannot be used.
      validation_every: image i of a user's own is validation if i is a multiple of
        this, else train; without it all are in one split.

    Raises:
      UserError: unknown dataset; source missing, incomplete or broken; images that
        cannot be used; the dataset is there already with another sigma or split.
    """
    if places.is_bucket(data_dir):
        raise UserError(
            f"--data_dir={data_dir} is in a bucket: prepare on a disk, and copy the "
            "folder to the bucket"
        )
    builder_class, config = catalog.parse(dataset)
    sigma_px = _sigma_px(builder_class, sigma_px, sigma_degrees, pixels_per_degree)
    _check_source(builder_class, source)
    opening.check_limit(max_megapixels)
    _check_validation_every(builder_class, validation_every)
    options = Options(sigma_px, skip_bad, max_megapixels, validation_every)
    with contextlib.ExitStack() as stack:
        folder = None
        if source and catalog.is_ambiguous(builder_class, config):
            folder = _open_source(builder_class, source, data_dir, stack)
            config = builder_class.detect_config(folder)
        builder = catalog.make_builder(builder_class, config, data_dir)
        was_prepared_before = builder.data_path.exists()
        if not was_prepared_before:
            folder = folder or _open_source(builder_class, source, data_dir, stack)
            _write(builder, folder, options)
            builder = catalog.make_builder(builder_class, config, data_dir)
        elif source:
            # The files are opened only where they have to be compared.
            if _fingerprint(builder) is not None:
                folder = folder or _open_source(builder_class, source, data_dir, stack)
            _check_same_files(builder, folder, source)
    _check_sigma(builder, sigma_px)
    _check_same_split(builder, validation_every)
    return Summary(
        catalog.full_name(builder),
        str(builder.data_path),
        was_prepared_before,
        [summaries.summarise(builder, split) for split in sorted(builder.info.splits)],
    )


def prepared_builder(dataset: str, data_dir: str) -> Builder:
    """Returns the builder of a dataset whose records are on disk.

    A dataset that is generated from a seed is prepared first if it is not there yet.

    Raises:
      UserError: there is no such dataset.
      FileNotFoundError: it is not prepared; the message says how to do it.
    """
    builder_class, config = catalog.parse(dataset)
    builder = catalog.make_builder(builder_class, config, data_dir)
    if builder.data_path.exists():
        return builder
    if catalog.has_publishers(builder_class):
        flag = f" --data_dir={data_dir}" if data_dir else ""
        source = "" if builder_class.ARCHIVES else " --source=DIR"
        is_own = catalog.takes_any_config(builder_class)
        options = " (options: docs/own_data.md)" if is_own else ""
        raise FileNotFoundError(
            f"{dataset} is not prepared in {builder.data_path}; run: python "
            f"launch/prepare_data.py --dataset={dataset}{source}{flag}{options}"
        )
    logging.info("Preparing %s in %s", dataset, builder.data_path)
    _write(builder, None, Options())
    return catalog.make_builder(builder_class, config, data_dir)


def _sigma_px(
    builder_class: Any,
    sigma_px: float | None,
    sigma_degrees: float | None,
    pixels_per_degree: float | None,
) -> float | None:
    """Returns the sigma that the user asks for, in pixels, or None."""
    name = builder_class.name
    if sigma_px is not None and sigma_degrees is not None:
        raise UserError("give --sigma_px or --sigma_degrees, not both")
    if sigma_degrees is not None:
        default = getattr(builder_class, "PIXELS_PER_DEGREE", None)
        pixels_per_degree = pixels_per_degree or default
        if pixels_per_degree is None:
            raise UserError(
                f"nobody says how many pixels of {name} are a degree of visual angle: "
                "give --pixels_per_degree as well, or --sigma_px"
            )
        sigma_px = sigma_degrees * pixels_per_degree
    if sigma_px is None:
        return None
    if not catalog.has_publishers(builder_class):
        raise UserError(f"{name} is generated with a sigma of its own: give none")
    if not 0 < sigma_px < float("inf"):
        raise UserError(f"sigma is {sigma_px:g} pixels: it must be above 0")
    return sigma_px


def _check_sigma(builder: Builder, sigma_px: float | None) -> None:
    """Raises UserError if the records were made with another sigma than asked for."""
    metadata: Any = builder.info.metadata
    prepared_with = metadata["fixation_sigma_px"]
    if sigma_px is not None and sigma_px != prepared_with:
        raise UserError(
            f"{catalog.full_name(builder)} was prepared before with sigma "
            f"{prepared_with} px, "
            f"asked for is {sigma_px:g}: give another --data_dir, or remove "
            f"{builder.data_path}"
        )


def _check_validation_every(builder_class: Any, validation_every: int | None) -> None:
    """Raises UserError unless the dataset can be split so."""
    if validation_every is None:
        return
    if not catalog.takes_any_config(builder_class):
        raise UserError(
            f"{builder_class.name} has the splits of docs/datasets.md: "
            "--validation_every is for images of your own (image_folder)"
        )
    if validation_every < 2:
        raise UserError(
            f"--validation_every={validation_every} leaves nothing to train on: it "
            "must be 2 or more"
        )


def _check_same_split(builder: Builder, validation_every: int | None) -> None:
    """Raises UserError if the records were split in another way than asked for."""
    metadata: Any = builder.info.metadata
    prepared_with = metadata.get("validation_every")
    if validation_every in (None, prepared_with):
        return
    was = (
        f"with --validation_every={prepared_with}" if prepared_with else "in one split"
    )
    raise UserError(
        f"{catalog.full_name(builder)} was prepared before {was}, asked for is "
        f"--validation_every={validation_every}: give another --data_dir, or remove "
        f"{builder.data_path}"
    )


def _fingerprint(builder: Builder) -> str | None:
    metadata: Any = builder.info.metadata
    return metadata.get("fingerprint")


def _check_same_files(builder: Any, folder: pathlib.Path | None, source: str) -> None:
    """Raises UserError if the records were made of other files than are given now."""
    if folder is None or builder.fingerprint(folder) == _fingerprint(builder):
        return
    raise UserError(
        f"{catalog.full_name(builder)} was prepared before from other files than "
        f"--source={source} holds now: name this one --dataset={builder.name}/NAME, "
        f"give another --data_dir, or remove {builder.data_path}"
    )


def _check_source(builder_class: Any, source: str) -> None:
    """Raises UserError unless a source is given exactly where one is needed."""
    name = builder_class.name
    if not catalog.has_publishers(builder_class):
        if source:
            raise UserError(f"{name} is generated from a seed: give no --source")
        return
    if source and not os.path.exists(os.path.expanduser(source)):
        raise UserError(
            f"--source={source} is not a folder or an archive; needed: "
            f"{builder_class.MANUAL_DOWNLOAD_INSTRUCTIONS}"
        )


def _open_source(
    builder_class: Any, source: str, data_dir: str, stack: contextlib.ExitStack
) -> pathlib.Path | None:
    """Returns the folder with the publishers' files, fetched or unpacked if need be."""
    if not catalog.has_publishers(builder_class):
        return None
    scratch = pathlib.Path(
        catalog.make_builder(builder_class, "", data_dir).data_dir
    ).parent
    if source:
        path = pathlib.Path(source).expanduser()
    elif builder_class.ARCHIVES:
        path = archives.fetch(builder_class.ARCHIVES, scratch / "downloads")
    else:
        raise UserError(
            f"{builder_class.name} needs --source=DIR: "
            f"{builder_class.MANUAL_DOWNLOAD_INSTRUCTIONS}"
        )
    return stack.enter_context(archives.unpacked(path, scratch))


def _write(builder: Any, folder: pathlib.Path | None, options: Options) -> None:
    """Writes the records of a dataset that is not prepared."""
    builder.options = options
    tfds.disable_progress_bar()  # the builders show one of their own
    download_config = tfds.download.DownloadConfig(
        manual_dir=str(folder) if folder else None, try_download_gcs=False
    )
    try:
        # TFDS prints that it downloads "Unknown size", where nothing is downloaded.
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare(download_config=download_config)
    except OSError:
        # Another process was faster: the last rename fails, and its records are there.
        if not builder.data_path.exists():
            raise
    finally:
        _tidy(builder)


def _tidy(builder: Builder) -> None:
    """Removes what TFDS leaves beside the records: empty folders, a config of none."""
    data_path = pathlib.Path(builder.data_path)
    dataset_dir = data_path.parents[catalog.full_name(builder).count("/")]
    data_dir = dataset_dir.parent
    folders = ("downloads/extracted", "downloads/manual", "downloads")
    for folder in [*(data_dir / name for name in folders), data_path.parent]:
        with contextlib.suppress(OSError):  # it is not there, or not empty
            folder.rmdir()
    if [path.name for path in dataset_dir.glob("*")] == [".config"]:
        shutil.rmtree(dataset_dir / ".config")
        dataset_dir.rmdir()
