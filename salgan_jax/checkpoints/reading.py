"""Reading checkpoints: which there are, and what the newest intact one holds."""

import json
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging
from etils import epath
from ml_collections import ConfigDict

from salgan_jax import compatibility, places
from salgan_jax.checkpoints import integrity
from salgan_jax.checkpoints.integrity import DamagedCheckpoint
from salgan_jax.errors import UserError

ITEMS = ("state", "config", "metrics", "checksums")
_LOWER_IS_BETTER = ("kld",)


class Saved(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        step: updates made.
        state: nested dicts of NumPy arrays, or the part that was asked for.
        config: of the run, with the fields that are newer than it.
        metrics: scores it was saved with, if any.
        damaged: newer checkpoints that were passed over.
    """

    step: int
    state: dict[str, Any]
    config: ConfigDict
    metrics: dict[str, float] | None
    damaged: tuple[DamagedCheckpoint, ...] = ()


def newest_intact(
    workdir: str, step: int | None = None, *, subtree: tuple[str, ...] | None = ()
) -> Saved:
    """Returns the newest checkpoint whose checksums hold, or that of one step.

    A newer one that is damaged is passed over, and named in the log.

    Args:
        workdir: of a run.
        step: which; no other is taken instead of it.
        subtree: the only part of the state to read, as a path into it; None: nothing.

    Raises:
        FileNotFoundError: the workdir, or the step, has no checkpoint.
        UserError: the step is damaged, or all are.
    """
    folder = steps_folder(workdir)
    if step is not None:
        return _read(folder, existing_step(folder, step), subtree)
    damaged = []
    for each in sorted(steps_in(folder), reverse=True):
        try:
            saved = _read(folder, each, subtree)
        except DamagedCheckpoint as damage:
            logging.warning("%s: going back to an older one", damage)
            damaged.append(damage)
        else:
            return saved._replace(damaged=tuple(damaged))
    reasons = "; ".join(f"{each.step}: {each.reason}" for each in damaged)
    raise UserError(
        f"every checkpoint in {workdir} is damaged ({reasons}): bring one back from a "
        "copy, or use another folder"
    )


def restore_arrays(
    workdir: str, step: int | None = None
) -> tuple[int, dict[str, Any], ConfigDict]:
    """Returns (step, state, config) of a checkpoint: nested dicts of NumPy arrays.

    Raises:
        FileNotFoundError, UserError: as `newest_intact`.
    """
    saved = newest_intact(workdir, step)
    return saved.step, saved.state, saved.config


def all_steps(workdir: str) -> list[int]:
    """Returns the steps that are completely written, in order.

    Raises:
        FileNotFoundError: the workdir has no checkpoint.
    """
    return steps_in(steps_folder(workdir))


def latest_step(workdir: str) -> int | None:
    """Returns the newest step, or None where there is no checkpoint."""
    try:
        return all_steps(workdir)[-1]
    except FileNotFoundError:
        return None


def has_checkpoints(workdir: str) -> bool:
    """Whether there is a checkpoint in a folder."""
    return latest_step(workdir) is not None


def best_step(workdir: str, best_metric: str) -> int | None:
    """Returns the step with the best score, or None if no step has scores."""
    scored = {
        step: scores[best_metric]
        for step, scores in saved_metrics(workdir).items()
        if scores and best_metric in scores
    }
    sign = sign_of(best_metric)
    return max(sorted(scored), key=lambda s: sign * scored[s]) if scored else None


def saved_metrics(workdir: str) -> dict[int, dict[str, float] | None]:
    """Returns the scores that each step was saved with, None where there are none.

    Steps whose scores cannot be read are left out.
    """
    scores = {}
    folder = steps_folder(workdir)
    for step in steps_in(folder):
        try:
            scores[step] = _read(folder, step, None).metrics
        except DamagedCheckpoint as damage:
            logging.warning("%s", damage)
    return scores


def saved_config(workdir: str, step: int | None = None) -> ConfigDict:
    """Returns the config in a checkpoint, the newest readable if no step is given."""
    return newest_intact(workdir, step, subtree=None).config


def sign_of(metric: str) -> float:
    """Returns -1 for a metric of which less is better, else 1."""
    return -1.0 if metric in _LOWER_IS_BETTER else 1.0


def steps_folder(workdir: str) -> epath.Path:
    """Returns the folder of the steps of a workdir, which may be that folder itself.

    Raises:
        FileNotFoundError: it has none.
    """
    path = places.as_path(workdir)
    inner = path / "checkpoints"
    folder = inner if inner.is_dir() else path
    if folder.is_dir() and steps_in(folder):
        return folder
    raise FileNotFoundError(
        f"no checkpoint in {workdir}: give the --workdir that launch/train.py wrote"
    )


def steps_in(folder: epath.Path) -> list[int]:
    """Returns the steps that are completely written, in order."""
    return sorted(ocp.utils.checkpoint_steps(folder))


def existing_step(folder: epath.Path, step: int) -> int:
    """Returns the step if it has a checkpoint.

    Raises:
        FileNotFoundError: names those that there are.
    """
    steps = steps_in(folder)
    if step not in steps:
        known = ", ".join(map(str, steps))
        raise FileNotFoundError(f"no checkpoint of step {step}: there are {known}")
    return step


def _read(folder: epath.Path, step: int, subtree: tuple[str, ...] | None) -> Saved:
    """What a checkpoint holds, compared with its checksums.

    Raises:
        DamagedCheckpoint: it cannot be read, or is something else.
    """
    path = folder / str(step)
    with integrity.damage_named(step):
        config = _read_json(path / "config")
        # Without scores, or from before there were checksums, the item is missing.
        optional = {
            name: _read_json(path / name) if (path / name).exists() else None
            for name in ("metrics", "checksums")
        }
        state = {} if subtree is None else _read_state(path / "state", subtree)
        integrity.check(
            step,
            optional["checksums"],
            state=state,
            config=config,
            metrics=optional["metrics"],
            subtree=subtree,
        )
        completed = compatibility.complete(config)
    return Saved(step, state, completed, optional["metrics"])


def _read_json(path: epath.Path) -> dict[str, Any]:
    # Not by Orbax, which would have every process of a run read at the same time. It
    # calls the file of scores by another name than those of other items.
    name = "metrics" if path.name == "metrics" else "metadata"
    return json.loads((path / name).read_text())


def _read_state(path: epath.Path, subtree: tuple[str, ...]) -> dict[str, Any]:
    # Asked itself: the checkpointer warns of a file that an item of a step never has.
    handler = ocp.PyTreeCheckpointHandler()
    with ocp.Checkpointer(handler) as checkpointer:
        tree = _only(handler.metadata(path).tree, subtree)
        as_numpy = jax.tree.map(
            lambda _: ocp.RestoreArgs(restore_type=np.ndarray), tree
        )
        arguments = ocp.args.PyTreeRestore(
            item=tree, restore_args=as_numpy, partial_restore=bool(subtree)
        )
        return checkpointer.restore(path, args=arguments)


def _only(tree: Any, path: tuple[str, ...]) -> Any:
    """The tree without everything that is not below `path`.

    Raises:
        UserError: there is nothing below it.
    """
    if not path:
        return tree
    if path[0] not in tree:
        raise UserError(
            f"the checkpoint holds no {path[0]}; it holds {', '.join(tree)}"
        )
    return {path[0]: _only(tree[path[0]], path[1:])}
