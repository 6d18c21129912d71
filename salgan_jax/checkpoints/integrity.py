"""Whether a checkpoint is what was written: a checksum of every array and JSON item.

Computed of the values, not of the files, so that every damage between the run that
saved and the run that reads is found, whatever the files are.
"""

import contextlib
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from salgan_jax.errors import UserError, listed


class DamagedCheckpoint(UserError):
    """A checkpoint that cannot be read, or is not what was written."""

    def __init__(self, step: int, reason: str):
        """Remembers which step and, in words, why."""
        super().__init__(f"the checkpoint of step {step} is damaged: {reason}")
        self.step = step
        self.reason = reason


def named_arrays(tree: Any) -> dict[str, Any]:
    """Returns leaves by path, such as `generator/params/encoder/conv1_1/kernel`.

    A state and the nested dicts that are restored of it have the same names.
    """
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(p, simple=True, separator="/"): x for p, x in leaves}


def checksums(
    state: Any, config: Mapping[str, Any], metrics: Mapping[str, float] | None
) -> dict[str, Any]:
    """Returns CRC-32 of each array of a state, of the config and of the scores."""
    arrays = named_arrays(jax.device_get(state))
    return {
        "state": {name: _of_array(array) for name, array in arrays.items()},
        "config": _of_json(config),
        "metrics": _of_json(metrics),
    }


def check(
    step: int,
    expected: Mapping[str, Any] | None,
    *,
    state: Any,
    config: Mapping[str, Any],
    metrics: Mapping[str, float] | None,
    subtree: tuple[str, ...] | None = (),
) -> None:
    """Checks what was read against the checksums it was saved with.

    Args:
        step: of the checkpoint.
        expected: from `checksums`; None, of a checkpoint older than they: unchecked.
        state, config, metrics: what was read.
        subtree: path to the part of the state that was read; None: nothing was.

    Raises:
        DamagedCheckpoint: names what differs.
    """
    if expected is None:
        return
    found = checksums(state, config, metrics)
    wanted = {
        name: value
        for name, value in expected["state"].items()
        if subtree is not None and name.startswith("/".join(subtree))
    }
    names = sorted(wanted.keys() | found["state"].keys())
    wrong = [name for name in names if wanted.get(name) != found["state"].get(name)]
    wrong += [item for item in ("config", "metrics") if expected[item] != found[item]]
    if wrong:
        raise DamagedCheckpoint(step, f"{listed(wrong)} differ from their checksums")


@contextlib.contextmanager
def damage_named(step: int) -> Iterator[None]:
    """Turns whatever a broken file makes its reader raise into `DamagedCheckpoint`."""
    try:
        yield
    except (UserError, PermissionError, MemoryError):
        raise
    except Exception as error:  # of Orbax, TensorStore or JSON: there is no end of them
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DamagedCheckpoint(step, first_line[:200]) from error


def _of_array(array: Any) -> int:
    array = np.ascontiguousarray(array)
    kind = f"{array.dtype.str}{array.shape}".encode()
    return zlib.crc32(array.reshape(-1).view(np.uint8), zlib.crc32(kind))


def _of_json(value: Any) -> int:
    return zlib.crc32(json.dumps(value, sort_keys=True).encode())
