"""The points of a sweep: each value of each field with each of the others."""

import itertools
import re
import urllib.parse
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from salgan_jax import config as config_module
from salgan_jax import config_help, fields, initial_weights, training_input, wandb_run
from salgan_jax.errors import UserError

Point = dict[str, Any]
_LONGEST_NAME = 150  # bytes; file systems take 255, and a log is named alike
# A comma that is not in brackets and not in quotes.
_VALUE = re.compile(r"""(?:\([^()]*\)|\[[^\[\]]*\]|"[^"]*"|'[^']*'|[^,])+""")


def parse(words: Sequence[str], config: ConfigDict) -> dict[str, list[Any]]:
    """Returns field -> values of `seed=0,1,2 losses.alpha=0.005,0.05`.

    The fields are in the order of `config.py`, however they were given.

    Raises:
        UserError: a word is no field with values of its kind, or something is there
            twice.
    """
    known = fields.flat(config.to_dict())
    axes: dict[str, list[Any]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        name = name.removeprefix("config.")
        if not equals or not text:
            raise UserError(
                f"--grid {word}: write a field and its values, as in seed=0,1,2"
            )
        if name not in known:
            meant = fields.nearest(name, known)
            hint = f"; did you mean {meant}?" if meant else ""
            raise UserError(f"--grid {word}: there is no field {name!r}{hint}")
        if name in axes:
            raise UserError(f"--grid {word}: {name} is there twice")
        axes[name] = _values(name, text, known[name])
    return {name: axes[name] for name in config_help.words() if name in axes}


def points(axes: Mapping[str, Sequence[Any]]) -> list[Point]:
    """Returns every combination, the last field changing fastest."""
    return [
        dict(zip(axes, values, strict=True))
        for values in itertools.product(*axes.values())
    ]


def name_of(point: Point) -> str:
    """Returns what the workdir of a point is called, on any file system.

    >>> name_of({"seed": 0, "data.dataset": "salicon/2017"})
    'seed=0,data.dataset=salicon%2F2017'
    """
    name = ",".join(
        f"{field}={urllib.parse.quote(_text(value), safe='()')}"
        for field, value in point.items()
    )
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[:_LONGEST_NAME]}~{zlib.crc32(name.encode()):08x}"


def overrides(values: Mapping[str, Any]) -> list[str]:
    """Returns the flags that set fields, for the command line of `launch/train.py`."""
    return [f"--config.{name}={_text(value)}" for name, value in values.items()]


def at_point(config: ConfigDict, point: Point) -> ConfigDict:
    """Returns the config with the values of a point."""
    changed = config.copy_and_resolve_references()
    changed.update_from_flattened_dict(point)
    return changed


def check(config: ConfigDict, points: Sequence[Point]) -> None:
    """Checks every point, so that no run is begun where another cannot be.

    Data sets are found, and made if they are of the kind that is made.

    Raises:
        UserError, FileNotFoundError: names the point and what is wrong with it.
    """
    seen: set[tuple[str, str]] = set()
    for point in points:
        made = at_point(config, point)
        try:
            config_module.validate(made)
            wandb_run.check_installed(made.logging.wandb_project)
            if made.init_from != "random":
                initial_weights.existing(made.init_from)
            data = made.data.dataset, made.data.data_dir
            if data not in seen:
                training_input.with_full_names(made)
                seen.add(data)
        except (UserError, FileNotFoundError) as error:
            here = ", ".join(f"{name}={value}" for name, value in point.items())
            raise UserError(f"--grid at {here}: {error}") from error


def _values(name: str, text: str, like: Any) -> list[Any]:
    values = []
    for each in _VALUE.findall(text):
        value = fields.parse(name, each.strip().strip("\"'"), like)
        if value in values:
            raise UserError(f"--grid {name}={text}: {each} is there twice")
        values.append(value)
    return values


def _text(value: Any) -> str:
    return str(value).replace(" ", "") if isinstance(value, tuple) else str(value)
