"""Datasets by name: "osie", "salicon/2017", "salicon" if one edition is prepared."""

import functools
import os
import re
from collections.abc import Sequence
from typing import Any

import tensorflow_datasets as tfds

from salgan_jax import places
from salgan_jax.data import record_format
from salgan_jax.data.builders import BUILDERS
from salgan_jax.data.builders.publishers import Publishers
from salgan_jax.errors import UserError, did_you_mean

Builder = tfds.core.GeneratorBasedBuilder


def parse(dataset: str) -> tuple[Any, str]:
    """Returns the builder's class and the config, "" if the name has none."""
    name, _, config = dataset.partition("/")
    if name not in BUILDERS:
        known = ", ".join(sorted(BUILDERS))
        hint = did_you_mean(name, BUILDERS)
        raise UserError(f"there is no dataset {dataset!r}; there are {known}{hint}")
    configs = BUILDERS[name].builder_configs
    if config and takes_any_config(BUILDERS[name]):
        if not re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", config):
            raise UserError(
                f"{dataset!r} is no name: after {name}/ comes a letter, then letters, "
                "digits, - and _"
            )
    elif config and config not in configs:
        editions = [f"{name}/{each}" for each in configs] or [name]
        raise UserError(
            f"there is no dataset {dataset!r}; there are {', '.join(editions)}"
            f"{did_you_mean(dataset, editions)}"
        )
    return BUILDERS[name], config


def has_publishers(builder_class: Any) -> bool:
    """Whether the dataset is made of somebody's files, not generated."""
    return issubclass(builder_class, Publishers)


def takes_any_config(builder_class: Any) -> bool:
    """Whether users keep several such datasets under names of their own."""
    return getattr(builder_class, "TAKES_ANY_CONFIG", False)


def is_ambiguous(builder_class: Any, config: str) -> bool:
    """Whether the files have to say which of several editions they are."""
    return (
        not config
        and has_publishers(builder_class)
        and len(builder_class.builder_configs) > 1
    )


def make_builder(builder_class: Any, config: str, data_dir: str) -> Builder:
    """Returns a dataset's builder; of several editions the one that is prepared.

    Of a bucket the dataset is copied to this machine, once.
    """
    settings = {
        "data_dir": _local(data_dir, builder_class.name) or None,
        "file_format": "array_record",
    }
    if is_ambiguous(builder_class, config):
        builders = [
            builder_class(config=name, **settings)
            for name in builder_class.builder_configs
        ]
        prepared = [builder for builder in builders if builder.data_path.exists()]
        if len(prepared) > 1:
            names = " and ".join(full_name(builder) for builder in prepared)
            raise UserError(f"there are {names}, which are not alike: name one of them")
        return (prepared or builders)[0]
    if config and takes_any_config(builder_class):
        own = tfds.core.BuilderConfig(name=config, version=builder_class.VERSION)
        return builder_class(config=own, **settings)
    return builder_class(config=config or None, **settings)


def _local(data_dir: str, name: str) -> str:
    if not places.is_bucket(data_dir):
        return os.path.expanduser(data_dir)
    place = places.as_path(data_dir) / name
    if not place.is_dir():
        raise FileNotFoundError(
            f"{place} does not exist: prepare the dataset with launch/prepare_data.py "
            f"--data_dir=DIR on a disk, and copy DIR to {data_dir}"
        )
    return str(_fetched_once(place).parent)


_fetched_once = functools.cache(places.fetched)


def full_name(builder: Builder) -> str:
    """Returns a dataset's name with its config, "salicon/2017", if it has configs."""
    config = builder.builder_config
    return f"{builder.name}/{config.name}" if config else builder.name


def examples(builder: Builder, split: str) -> Sequence[Any]:
    """Returns the examples of a split, with their images still encoded."""
    as_data_source: Any = builder.as_data_source  # its decorator hides its signature
    return as_data_source(split, decoders=record_format.undecoded())
