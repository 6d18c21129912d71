"""Writing checkpoints while training goes on."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import orbax.checkpoint as ocp
from absl import logging
from ml_collections import ConfigDict
from orbax.checkpoint import checkpoint_managers

from salgan_jax import places
from salgan_jax.checkpoints import integrity
from salgan_jax.checkpoints.reading import ITEMS, sign_of
from salgan_jax.errors import UserError
from salgan_jax.state import TrainState

Manager = ocp.CheckpointManager


@contextlib.contextmanager
def open_manager(
    workdir: str, *, max_to_keep: int, best_metric: str
) -> Iterator[Manager]:
    """The manager that writes to a workdir, created if it is not there.

    At the end of the block everything is written.

    Raises:
        UserError: a checkpoint cannot be written.
    """

    def score(metrics: Mapping[str, float]) -> float:
        return sign_of(best_metric) * metrics[best_metric]

    best = checkpoint_managers.BestN(
        get_metric_fn=score, n=1, keep_checkpoints_without_metrics=False
    )
    keep = checkpoint_managers.AnyPreservationPolicy(
        [checkpoint_managers.LatestN(max_to_keep), best]
    )
    directory = places.as_path(workdir) / "checkpoints"
    directory.mkdir(parents=True, exist_ok=True)
    options = ocp.CheckpointManagerOptions(
        preservation_policy=keep,
        best_fn=score,
        cleanup_tmp_directories=True,
    )
    manager = ocp.CheckpointManager(directory, options=options, item_names=ITEMS)
    try:
        yield manager
        with _failure_said(manager):
            manager.wait_until_finished()
    finally:
        _close(manager)


def save(
    manager: Manager,
    step: int,
    state: TrainState,
    config: ConfigDict,
    metrics: Mapping[str, float] | None = None,
) -> None:
    """Starts writing a checkpoint; the next save, or the end, waits for it.

    Of several processes every one calls this, with the same state.

    Args:
        manager: from `open_manager`.
        step: updates made so far.
        state: everything that training carries.
        config: the config of the run.
        metrics: scores on the evaluation split, where they were computed.

    Raises:
        UserError: this checkpoint, or the one before, cannot be written.
    """
    scores = None if metrics is None else {k: float(v) for k, v in metrics.items()}
    fields = config.to_dict()
    items = ocp.args.Composite(
        state=ocp.args.StandardSave(_of_all_processes(state)),
        config=ocp.args.JsonSave(fields),
        checksums=ocp.args.JsonSave(integrity.checksums(state, fields, scores)),
    )
    with _failure_said(manager):
        manager.save(step, args=items, metrics=scores, force=True)


def replace(
    manager: Manager,
    step: int,
    state: TrainState,
    config: ConfigDict,
    metrics: Mapping[str, float],
) -> None:
    """Writes the newest checkpoint anew, with the scores it was saved without."""
    with _failure_said(manager):
        manager.delete(step)
    save(manager, step, state, config, metrics)


def save_weights(workdir: str, state: Any, config: ConfigDict) -> None:
    """Writes parameters without a run around them, as step 0 of a workdir.

    Args:
        workdir: gets a folder `checkpoints`.
        state: {"generator": {"params": ...}}, "discriminator" alike, or both.
        config: of the networks.
    """
    with open_manager(workdir, max_to_keep=1, best_metric="cc") as manager:
        save(manager, 0, state, config)


def _close(manager: Manager) -> None:
    try:
        manager.close()
    except (OSError, ValueError) as error:  # not to hide the error that led here
        logging.error("a checkpoint was not completed: %s", _reason(error))


def _of_all_processes(state: Any) -> Any:
    """The state as arrays that all processes know they share; Orbax asks for it."""
    if jax.process_count() == 1:
        return state
    return jax.tree.map(
        ocp.utils.fully_replicated_host_local_array_to_global_array, state
    )


@contextlib.contextmanager
def _failure_said(manager: Manager) -> Iterator[None]:
    """Says in one line that a checkpoint could not be written, and which are good."""
    try:
        yield
    except (OSError, ValueError) as error:
        complete = ocp.utils.checkpoint_steps(manager.directory)
        steps = ", ".join(map(str, sorted(complete))) or "none"
        raise UserError(
            f"a checkpoint cannot be written to {manager.directory}: {_reason(error)}; "
            f"complete are those of steps {steps}: mend that and start again"
        ) from error


def _reason(error: Exception) -> str:
    """What the system says, which TensorStore puts at the end of a long story."""
    code = re.search(r"os_error_code='(\d+)'", str(error))
    if code:
        return os.strerror(int(code[1]))
    return str(error).strip().splitlines()[0][:300]
