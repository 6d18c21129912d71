"""What a run trains on and is scored on, as its config says, and the batches of it."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import logging
from ml_collections import ConfigDict

from salgan_jax import frozen_cache, parallel
from salgan_jax.data import (
    frames,
    mixtures,
    pipeline,
    records,
    sampling,
    selection,
    streaming,
)
from salgan_jax.data.frames import FrameFormat
from salgan_jax.data.records import Record
from salgan_jax.data.sampling import Sampling
from salgan_jax.data.selection import Folds, Part
from salgan_jax.errors import UserError
from salgan_jax.metrics.batches import OF_FIXATIONS
from salgan_jax.models.generator import Generator
from salgan_jax.state import CachedBatch

_MOST_FOR_MEAN = 256  # images of a data set


class TrainingInput(NamedTuple):
    """What a run sees.

    Attributes:
        parts: what it trains on, one for each data set.
        sampling: how a step draws its examples from the parts.
        eval_records: what it is scored on.
    """

    parts: list[Part]
    sampling: Sampling
    eval_records: Sequence[Record]


def with_full_names(config: ConfigDict) -> ConfigDict:
    """Returns the config with the edition of every data set in its name.

    A checkpoint thus tells which SALICON it has seen, even if the user only said
    "salicon".

    Raises:
        UserError, FileNotFoundError: a data set is not known or not prepared.
    """
    mixture = mixtures.parse(config.data.dataset)
    names = [records.full_name(name, config.data.data_dir) for name, _ in mixture]
    if len(names) > 1:
        names = [f"{name}:{w:g}" for name, (_, w) in zip(names, mixture, strict=True)]
    named = config.copy_and_resolve_references()
    named.data.dataset = ",".join(names)
    return named


def open_input(config: ConfigDict, share: tuple[int, int] = (0, 1)) -> TrainingInput:
    """Returns what the config says, once it is known to be usable.

    Args:
        config: of the run, from `with_full_names`.
        share: as in `Sampling`.

    Raises:
        UserError, FileNotFoundError: a data set or a split is not there, is not
            prepared, or lacks what the losses and the best metric need.
    """
    data: Any = config.data
    folds = Folds(data.num_folds, data.fold)
    parts = selection.open_training(
        data.dataset, data.train_split, data.data_dir, folds
    )
    for part in parts:
        if not len(part.rows):
            raise UserError(f"{part.dataset} has no images to train on")
        # All records of a split have a map, or none has.
        frames.make_frame(part.records[int(part.rows[0])], frame_format(config))
    eval_records = selection.open_evaluation(
        data.dataset,
        train_split=data.train_split,
        eval_split=data.eval_split,
        data_dir=data.data_dir,
        folds=folds,
    )
    _check_can_score(config.checkpoint.best_metric, eval_records)
    plan = Sampling(
        counts=tuple(len(part.rows) for part in parts),
        weights=tuple(part.weight for part in parts),
        batch_size=config.batch_size,
        seed=config.seed,
        horizontal_flip=data.horizontal_flip,
        share=share,
    )
    return TrainingInput(parts, plan, eval_records)


def mean_map_value(source: TrainingInput, config: ConfigDict) -> float:
    """Returns the mean of the training maps, in [0, 1], as the network sees them.

    Of each data set at most 256 images, evenly chosen, are looked at; data sets count
    as often as examples are drawn from them.

    Raises:
        UserError: the maps are all empty, or all full.
    """
    means = [
        np.mean(
            [
                frames.make_frame(
                    part.records[int(row)], frame_format(config)
                ).saliency_map.mean()
                for row in part.rows[:: math.ceil(len(part.rows) / _MOST_FOR_MEAN)]
            ]
        )
        for part in source.parts
    ]
    mean = float(np.average(means, weights=source.sampling.weights)) / 255
    if not 0 < mean < 1:
        raise UserError(
            f"the mean of the training maps is {mean:g}, at which no output can start: "
            "look at the maps, or set config.model.output_bias=False"
        )
    return mean


def with_cache(
    config: ConfigDict,
    source: TrainingInput,
    generator: Generator,
    devices: Sequence[jax.Device],
) -> ConfigDict:
    """Returns the config with the place that data.cache="auto" means here."""
    named = config.copy_and_resolve_references()
    data: Any = named.data
    if data.cache != "auto":
        return named
    height, width = data.image_size
    of_example = frames.bytes_per_example(frame_format(config))
    if named.model.cache_frozen_features:
        of_example += frozen_cache.bytes_per_example(
            generator, (height, width), mirrored_too=data.horizontal_flip
        )
    num_bytes = of_example * source.sampling.num_examples
    fits_host = all(
        frames.has_room(
            part.dataset,
            part.split,
            data_dir=data.data_dir,
            frame_format=frame_format(named),
        )
        for part in source.parts
    )
    on_accelerator = devices[0].platform != "cpu"
    if fits_host and on_accelerator and parallel.fits_device(num_bytes, devices):
        data.cache = "device"
    elif fits_host or named.model.cache_frozen_features:
        data.cache = "host"
    else:
        data.cache = "none"
    logging.info("examples wait here: %s", data.cache)
    return named


def batches(
    source: TrainingInput,
    config: ConfigDict,
    devices: Sequence[jax.Device],
    *,
    first_step: int,
    num_steps: int,
    calls: Iterable[range] | None = None,
    features: np.ndarray | None = None,
) -> Iterator[Any]:
    """Returns the sharded batches of steps `first_step` to `num_steps` - 1.

    `config.data.cache` says where the examples wait; the batches are the same.

    Args:
        source: what is trained on.
        config: of the run, from `with_cache`.
        devices: of the run.
        first_step, num_steps: which steps.
        calls: which of them are sent to the device as one stack; each by itself if not
            given.
        features: from `frozen_cache.compute`.

    Raises:
        UserError: the examples do not fit where they are to wait.
    """
    data: Any = config.data
    steps = range(first_step, num_steps)
    calls = calls or (range(step, step + 1) for step in steps)
    if data.cache == "none":
        streamed = streaming.batches(
            first_step,
            num_steps,
            source.parts,
            source.sampling,
            frame_format(config),
            num_workers=data.num_workers,
        )
        return parallel.prefetch(_stacked(streamed, calls), devices)
    copies = training_copies(source, config)
    if data.cache == "device":
        examples = pipeline.joined(copies)
        if features is not None:
            examples = CachedBatch(*examples, features)
        rows = (sampling.rows_at(step, source.sampling) for step in steps)
        return parallel.resident_batches(examples, _stacked(rows, calls), devices)
    found = pipeline.batches(first_step, num_steps, copies, source.sampling, features)
    return parallel.prefetch(_stacked(found, calls), devices)


def _stacked(of_steps: Iterator[Any], calls: Iterable[range]) -> Iterator[Any]:
    """Joins what belongs to the steps of one call: [n, ...] where there are several."""
    for call in calls:
        some = list(itertools.islice(of_steps, len(call)))
        yield (
            some[0]
            if len(some) == 1
            else jax.tree.map(lambda *arrays: np.stack(arrays), *some)
        )


def make_copies(source: TrainingInput, config: ConfigDict) -> None:
    """Makes what `batches` will read, where it is not there."""
    if config.data.cache != "none":
        training_copies(source, config)


def training_copies(source: TrainingInput, config: ConfigDict) -> list[pipeline.Frames]:
    """Returns the examples of all parts, as the network sees them."""
    return [
        pipeline.Frames(
            frames.open_frames(
                part.dataset,
                part.split,
                data_dir=config.data.data_dir,
                frame_format=frame_format(config),
            ),
            part.rows,
        )
        for part in source.parts
    ]


def frame_format(config: ConfigDict) -> FrameFormat:
    """Returns how images fill the network's frame."""
    height, width = config.data.image_size
    return FrameFormat(
        (height, width),
        config.data.geometry,
        with_fixations=config.losses.nss > 0,
    )


def _check_can_score(best_metric: str, eval_records: Sequence[Record]) -> None:
    """Raises UserError if the records cannot give the score that a run is judged by."""
    if not len(eval_records):
        raise UserError("there are no images to evaluate on")
    record = eval_records[0]
    needs_fixations = best_metric in OF_FIXATIONS
    what = record.fixations if needs_fixations else record.density_map
    if what is None:
        missing = "fixations" if needs_fixations else "density maps"
        raise UserError(
            f"the evaluation images have no {missing}, which "
            f"config.checkpoint.best_metric={best_metric} needs: choose another metric"
        )
