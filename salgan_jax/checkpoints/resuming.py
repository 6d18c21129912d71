"""From a checkpoint back to the state of a run."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from absl import logging

from salgan_jax import places
from salgan_jax.checkpoints import integrity, reading
from salgan_jax.checkpoints.integrity import DamagedCheckpoint
from salgan_jax.errors import UserError, listed
from salgan_jax.state import TrainState

_SET_ASIDE = "damaged_checkpoints"


def as_state(saved: dict[str, Any], like: TrainState) -> TrainState:
    """Returns arrays that were read in the structure of a state, as NumPy arrays.

    Args:
        saved: nested dicts of arrays, from `reading.newest_intact`.
        like: a state of the run that goes on; only its structure matters.

    Raises:
        UserError: they are arrays of another network or optimizer.
    """
    arrays = integrity.named_arrays(saved)
    wanted = integrity.named_arrays(like)
    wrong = [
        name
        for name in sorted(arrays.keys() | wanted.keys())
        if name not in arrays
        or name not in wanted
        or np.shape(arrays[name]) != np.shape(wanted[name])
        or arrays[name].dtype != wanted[name].dtype
    ]
    if wrong:
        raise UserError(
            f"the checkpoint is of another network or optimizer: {listed(wrong)}"
        )
    structure = jax.tree.structure(like)
    return jax.tree.unflatten(structure, [arrays[name] for name in wanted])


def set_aside_damaged(workdir: str, damaged: Sequence[DamagedCheckpoint]) -> None:
    """Moves damaged checkpoints out of the way of those that will be written anew.

    Nothing is deleted: they are in `damaged_checkpoints` in the workdir afterwards.

    Args:
        workdir: of the run.
        damaged: those that are known to be; steps whose config or scores cannot be
            read are found here.
    """
    root = places.as_path(workdir)
    known = {each.step for each in damaged}
    for step in reading.all_steps(workdir):
        if step not in known:
            try:
                reading.newest_intact(workdir, step, subtree=None)
            except DamagedCheckpoint as damage:
                logging.warning("%s", damage)
                known.add(step)
    for step in sorted(known):
        folder = root / _SET_ASIDE
        folder.mkdir(exist_ok=True)
        number = sum(1 for each in folder.iterdir() if each.name.startswith(f"{step}-"))
        moved = folder / f"{step}-{number}"
        (root / "checkpoints" / str(step)).rename(moved)
        logging.warning("the damaged checkpoint of step %d is kept in %s", step, moved)
