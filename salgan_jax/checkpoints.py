"""Checkpoints: state, config and scores in one Orbax directory per step.

    workdir/checkpoints/<step>/{state,config,metrics}

A step that is being written has another name until it is complete. The newest steps
are kept, and the best by one metric besides.
"""

import os
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
from ml_collections import ConfigDict
from orbax.checkpoint import checkpoint_managers

from salgan_jax import compatibility
from salgan_jax.errors import UserError
from salgan_jax.models.generator import Generator
from salgan_jax.state import TrainState

_ITEMS = ("state", "config", "metrics")
_LOWER_IS_BETTER = ("kld",)


class LoadedGenerator(NamedTuple):
    """A trained generator, ready to be applied.

    Attributes:
        generator: the module.
        params: its parameters, as NumPy arrays.
        config: the config it was trained with.
        step: the number of updates it has seen.
    """

    generator: Generator
    params: Any
    config: ConfigDict
    step: int


def make_generator(config: ConfigDict) -> Generator:
    """Returns the generator that a config describes."""
    model = config.model
    return Generator(
        width_multiplier=model.width_multiplier,
        frozen_blocks=model.frozen_blocks,
        input_convention=model.input_convention,
        kernel_init=model.kernel_init,
    )


def open_manager(
    workdir: str, *, max_to_keep: int, best_metric: str
) -> ocp.CheckpointManager:
    """Returns the manager that writes to a workdir, created if it is not there."""
    sign = -1.0 if best_metric in _LOWER_IS_BETTER else 1.0

    def score(metrics: Mapping[str, float]) -> float:
        return sign * metrics[best_metric]

    best = checkpoint_managers.BestN(
        get_metric_fn=score, n=1, keep_checkpoints_without_metrics=False
    )
    keep = checkpoint_managers.AnyPreservationPolicy(
        [checkpoint_managers.LatestN(max_to_keep), best]
    )
    directory = pathlib.Path(workdir).absolute() / "checkpoints"
    directory.mkdir(parents=True, exist_ok=True)
    options = ocp.CheckpointManagerOptions(
        preservation_policy=keep, best_fn=score, cleanup_tmp_directories=True
    )
    return ocp.CheckpointManager(directory, options=options, item_names=_ITEMS)


def save(
    manager: ocp.CheckpointManager,
    step: int,
    state: TrainState,
    config: ConfigDict,
    metrics: Mapping[str, float] | None = None,
) -> None:
    """Starts writing a checkpoint; the next save, or `manager.close()`, waits for it.

    Args:
        manager: from `open_manager`.
        step: updates made so far.
        state: everything that training carries.
        config: the config of the run.
        metrics: scores on the evaluation split, where they were computed.
    """
    items = {
        "state": ocp.args.StandardSave(state),
        "config": ocp.args.JsonSave(config.to_dict()),
    }
    scores = None if metrics is None else {k: float(v) for k, v in metrics.items()}
    manager.save(step, args=ocp.args.Composite(**items), metrics=scores, force=True)


def save_weights(workdir: str, state: Any, config: ConfigDict) -> None:
    """Writes parameters without a run around them, as step 0 of a workdir.

    Args:
        workdir: gets a folder `checkpoints`.
        state: {"generator": {"params": ...}}, "discriminator" alike, or both.
        config: of the networks.
    """
    with open_manager(workdir, max_to_keep=1, best_metric="cc") as manager:
        items = ocp.args.Composite(
            state=ocp.args.StandardSave(state),
            config=ocp.args.JsonSave(config.to_dict()),
        )
        manager.save(0, args=items, force=True)


def restore(workdir: str, step: int, like: Any) -> TrainState:
    """Returns the state at a step, with the shapes and devices of the tree `like`."""
    arguments = ocp.args.Composite(state=ocp.args.StandardRestore(like))
    with _reader(workdir) as manager:
        return manager.restore(step, args=arguments)["state"]


def all_steps(workdir: str) -> list[int]:
    """Returns the steps that are completely written, in order.

    Raises:
        FileNotFoundError: the workdir has no checkpoint.
    """
    with _reader(workdir) as manager:
        return sorted(manager.all_steps())


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
    sign = -1.0 if best_metric in _LOWER_IS_BETTER else 1.0
    with _reader(workdir) as manager:
        scores = {step: manager.metrics(step) for step in manager.all_steps()}
    scored = {s: m[best_metric] for s, m in scores.items() if m and best_metric in m}
    return max(sorted(scored), key=lambda s: sign * scored[s]) if scored else None


def saved_metrics(workdir: str) -> dict[int, dict[str, float] | None]:
    """Returns the scores that each step was saved with, None where there are none."""
    with _reader(workdir) as manager:
        return {step: manager.metrics(step) for step in sorted(manager.all_steps())}


def saved_config(workdir: str, step: int | None = None) -> ConfigDict:
    """Returns the config in a checkpoint, the latest if no step is given."""
    with _reader(workdir) as manager:
        step = _existing_step(manager, step)
        items = ocp.args.Composite(config=ocp.args.JsonRestore())
        return compatibility.complete(manager.restore(step, args=items)["config"])


def load_generator(workdir: str, step: int | None = None) -> LoadedGenerator:
    """Returns the generator of a checkpoint, the latest if no step is given.

    Raises:
        FileNotFoundError: the workdir, or the step, has no checkpoint.
        UserError: the arrays are not those of the config's generator.
    """
    config = saved_config(workdir, step)
    step, state = _restore_numpy(workdir, step, subtree=("generator", "params"))
    generator, params = make_generator(config), state["generator"]["params"]
    if "decoder" not in params:
        raise UserError(
            f"{workdir} holds VGG-16 only, no whole generator: start a run from it "
            f"with --config.init_from={workdir}"
        )
    _check_shapes(workdir, generator, params, tuple(config.data.image_size))
    return LoadedGenerator(generator, params, config, step)


def restore_arrays(
    workdir: str, step: int | None = None
) -> tuple[int, dict[str, Any], ConfigDict]:
    """Returns (step, state, config) of a checkpoint: nested dicts of NumPy arrays.

    Raises:
        FileNotFoundError: the workdir, or the step, has no checkpoint.
    """
    config = saved_config(workdir, step)
    step, state = _restore_numpy(workdir, step)
    return step, state, config


def _restore_numpy(
    workdir: str, step: int | None, subtree: tuple[str, ...] = ()
) -> tuple[int, dict[str, Any]]:
    with _reader(workdir) as manager:
        step = _existing_step(manager, step)
        path = manager.directory / str(step) / "state"
    with ocp.PyTreeCheckpointer() as checkpointer:
        tree = _only(checkpointer.metadata(path).item_metadata.tree, subtree)
        as_numpy = jax.tree.map(
            lambda _: ocp.RestoreArgs(restore_type=np.ndarray), tree
        )
        arguments = ocp.args.PyTreeRestore(
            item=tree, restore_args=as_numpy, partial_restore=bool(subtree)
        )
        return step, checkpointer.restore(path, args=arguments)


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


def _reader(workdir: str) -> ocp.CheckpointManager:
    """A manager that only reads, of a workdir or of its folder `checkpoints`."""
    path = pathlib.Path(os.path.expanduser(workdir)).absolute()
    inner = path / "checkpoints"
    directory = inner if inner.is_dir() else path
    options = ocp.CheckpointManagerOptions(read_only=True, create=False)
    if directory.is_dir():
        manager = ocp.CheckpointManager(directory, options=options, item_names=_ITEMS)
        if manager.all_steps():
            return manager
    raise FileNotFoundError(
        f"no checkpoint in {workdir}: give the --workdir that launch/train.py wrote"
    )


def _existing_step(manager: ocp.CheckpointManager, step: int | None) -> int:
    steps = sorted(manager.all_steps())
    if step is not None and step not in steps:
        known = ", ".join(map(str, steps))
        raise FileNotFoundError(f"no checkpoint of step {step}: there are {known}")
    return steps[-1] if step is None else step


def _check_shapes(
    workdir: str, generator: Generator, params: Any, image_size: tuple[int, ...]
) -> None:
    image = jax.ShapeDtypeStruct((1, *image_size, 3), np.float32)
    expected = jax.eval_shape(generator.init, jax.random.key(0), image)["params"]
    shapes = [
        {jax.tree_util.keystr(path): leaf.shape for path, leaf in leaves}
        for leaves in map(
            jax.tree_util.tree_leaves_with_path, (dict(expected), dict(params))
        )
    ]
    if shapes[0] != shapes[1]:
        wrong = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))
        raise UserError(
            f"the checkpoint in {workdir} is of another architecture than its config "
            f"says: {', '.join(f'{name} {shape}' for name, shape in wrong[:6])}"
        )
