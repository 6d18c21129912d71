"""What a run begins with: data, networks, devices, and where it goes on from."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from salgan_jax import (
    checkpoints,
    compatibility,
    experiment,
    frozen_cache,
    initial_weights,
    milestones,
    parallel,
    places,
    processes,
    training_input,
    updates,
)
from salgan_jax import state as train_state
from salgan_jax.errors import UserError
from salgan_jax.schedule import Schedule, Update
from salgan_jax.state import TrainState


class Beginning(NamedTuple):
    """Everything a run needs for its first step.

    Attributes:
        config: with what "auto" and short names in it mean here.
        source: what is trained on and scored.
        schedule: the plan of the whole run.
        setup: networks, optimizers, weights.
        devices: of this process.
        num_devices: of all processes.
        saved: the checkpoint that it goes on from, if any.
        state: before the first step, on the devices.
        calls: the steps that are left, as they are sent to the devices.
        batches: of each call.
        programs: from `_programs`.
    """

    config: ConfigDict
    source: training_input.TrainingInput
    schedule: Schedule
    setup: experiment.Experiment
    devices: Sequence[jax.Device]
    num_devices: int
    saved: checkpoints.Saved | None
    state: TrainState
    calls: list[range]
    batches: Iterator[Any]
    programs: tuple[dict[Update, Any], dict[Update, Any]]

    @property
    def first_step(self) -> int:
        """Updates made before."""
        return self.saved.step if self.saved else 0


def begin(config: ConfigDict, workdir: str) -> Beginning:
    """Returns what a run begins with; the workdir is read, and nothing written there.

    Raises:
        UserError, FileNotFoundError: the config, the data, the initial weights or the
            workdir cannot be used.
    """
    # ---- data ------------------------------------------------------------------------
    folder = places.as_path(workdir)
    if folder.exists() and not folder.is_dir():
        raise UserError(
            f"the workdir {workdir} is a file: give a folder, or a new name"
        )
    is_resumed = checkpoints.has_checkpoints(workdir)
    saved = checkpoints.newest_intact(workdir) if is_resumed else None
    first_step = saved.step if saved else 0
    processes.check_same_everywhere("the checkpoint they go on from", str(first_step))
    with processes.first_alone("data"):
        config = training_input.with_full_names(config)
        source = training_input.open_input(config, processes.share())
    config = experiment.with_precision(config, saved and saved.config)
    imported = None
    if saved is None and config.init_from != "random":
        imported = initial_weights.load(config.init_from)
    config = experiment.with_input_convention(config, imported, saved and saved.config)
    schedule = experiment.make_plan(config, source.sampling.num_examples)
    if saved is not None:
        compatibility.check_resumable(
            saved.config, config, epochs_done=first_step / schedule.steps_per_epoch
        )

    # ---- networks and devices --------------------------------------------------------
    devices = parallel.local_devices(config.num_devices)
    all_devices = parallel.all_devices(config.num_devices)
    parallel.check_batch_size(config.batch_size, len(all_devices))
    processes.check_same_everywhere("their config", config.to_json())
    setup = experiment.make_experiment(config, schedule)
    config = training_input.with_cache(config, source, setup.recipe.generator, devices)
    if saved is None:
        if config.model.output_bias and not (imported and imported.decoder):
            mean_map_value = training_input.mean_map_value(source, config)
            setup = experiment.with_output_bias(setup, mean_map_value)
        if imported is not None:
            setup = experiment.with_initial_weights(setup, config, imported)
    state = _initial_or_restored(setup, schedule, saved, devices)

    # ---- steps -----------------------------------------------------------------------
    calls = list(
        schedule.calls(
            first_step,
            fused_steps=config.fused_steps,
            is_stop=lambda done: milestones.is_stop(done, schedule, config),
        )
    )
    with processes.first_alone("training copies"):
        training_input.make_copies(source, config)
    batches = training_input.batches(
        source,
        config,
        devices,
        first_step=first_step,
        num_steps=schedule.num_steps,
        calls=calls,
        features=_frozen_features(config, setup, state, source, len(all_devices)),
    )
    return Beginning(
        config=config,
        source=source,
        schedule=schedule,
        setup=setup,
        devices=devices,
        num_devices=len(all_devices),
        saved=saved,
        state=state,
        calls=calls,
        batches=batches,
        programs=_programs(setup, all_devices),
    )


def _initial_or_restored(
    setup: experiment.Experiment,
    schedule: Schedule,
    saved: checkpoints.Saved | None,
    devices: Sequence[jax.Device],
) -> TrainState:
    """The state that was saved, or a new one where there is none."""
    recipe = setup.recipe
    is_bootstrap = (saved.step if saved else 0) <= schedule.bootstrap_steps
    fresh = train_state.create(
        setup.params,
        generator_optimizer=(
            recipe.bootstrap_optimizer
            if is_bootstrap and schedule.bootstrap_steps
            else recipe.generator_optimizer
        ),
        discriminator_optimizer=recipe.discriminator_optimizer,
        keeps_average=recipe.average_decay > 0,
    )
    state = fresh if saved is None else checkpoints.as_state(saved.state, fresh)
    return parallel.replicate(state, devices)


def _frozen_features(
    config: ConfigDict,
    setup: experiment.Experiment,
    state: TrainState,
    source: training_input.TrainingInput,
    num_devices: int,
) -> np.ndarray | None:
    if not config.model.cache_frozen_features:
        return None
    return frozen_cache.compute(
        setup.recipe.generator,
        state.generator.params,
        training_input.training_copies(source, config),
        mirrored_too=config.data.horizontal_flip,
        batch_size=config.batch_size // num_devices,
    )


def _programs(
    setup: experiment.Experiment, devices: Sequence[jax.Device]
) -> tuple[dict[Update, Any], dict[Update, Any]]:
    """The updates of one step, and those of several that begin with that update."""
    functions = updates.make_updates(setup.recipe, axis_name=parallel.AXIS)
    turns = {update: [function] for update, function in functions.items()}
    turns[Update.DISCRIMINATOR].append(functions[Update.GENERATOR])
    return (
        {u: parallel.pmap_update(f, devices) for u, f in functions.items()},
        {
            u: parallel.pmap_update(updates.scanned(f), devices)
            for u, f in turns.items()
        },
    )
