"""The story of a run: data, networks, bootstrap, then the game of the two players.

Pan et al. 2017, Sec. 4.2. A run that is started again with the same config and workdir
goes on from its last checkpoint, and ends with the parameters it would have had.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from salgan_jax import (
    checkpoints,
    compatibility,
    compilation,
    experiment,
    frozen_cache,
    milestones,
    parallel,
    places,
    preemption,
    processes,
    run_log,
    scalars,
    training_input,
    updates,
    validation,
)
from salgan_jax import config as config_module
from salgan_jax import state as train_state
from salgan_jax.errors import UserError
from salgan_jax.schedule import Schedule, Update, make_schedule
from salgan_jax.state import TrainState


def train(config: ConfigDict, workdir: str) -> TrainState:
    """Trains as the config says, resumes if the workdir has checkpoints.

    SIGTERM saves the state and ends the run, which can go on later from that step.

    Args:
        config: from a file in `configs/`.
        workdir: gets `checkpoints/`, `tensorboard/`, `scalars.jsonl` and pictures; of
            several processes all use the same.

    Returns:
        The state after the last step, or after that at which the run was ended.

    Raises:
        UserError, FileNotFoundError: the config, the data, the initial weights or the
            workdir cannot be used; nothing has been overwritten.
        UserError: a loss or a gradient is not finite; names the step.
        UserError: a checkpoint cannot be written; the earlier ones are good.
    """
    config_module.validate(config)
    with preemption.watch() as notice:
        return _train(config, workdir, notice)


def _train(config: ConfigDict, workdir: str, notice: preemption.Notice) -> TrainState:
    compilation.keep_programs(config.compilation_cache, workdir=workdir)

    # ---- data ------------------------------------------------------------------------
    is_resumed = checkpoints.has_checkpoints(workdir)
    saved = checkpoints.newest_intact(workdir) if is_resumed else None
    first_step = saved.step if saved else 0
    processes.check_same_everywhere("the checkpoint they go on from", str(first_step))
    with processes.first_alone("data"):
        config = training_input.with_full_names(config)
        source = training_input.open_input(config, processes.share())
    config = experiment.with_precision(config, saved and saved.config)
    processes.check_same_everywhere("their config", config.to_json())
    schedule = make_schedule(
        num_examples=source.sampling.num_examples,
        batch_size=config.batch_size,
        bootstrap_epochs=config.phases.bootstrap_epochs,
        num_epochs=config.phases.num_epochs,
        schedule=config.schedule,
    )

    # ---- networks and devices --------------------------------------------------------
    devices = parallel.local_devices(config.num_devices)
    all_devices = parallel.all_devices(config.num_devices)
    parallel.check_batch_size(config.batch_size, len(all_devices))
    setup = experiment.make_experiment(config)
    config = training_input.with_cache(config, source, setup.recipe.generator, devices)
    if saved is None:
        setup = experiment.with_initial_weights(setup, config)
    else:
        compatibility.check_resumable(
            saved.config, config, epochs_done=first_step / schedule.steps_per_epoch
        )
    state = _initial_or_restored(setup, schedule, saved, devices)
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
    programs = _programs(setup, all_devices)
    # Nothing is written before this line, so that a mistake leaves no trace.
    if saved and processes.is_first():
        checkpoints.set_aside_damaged(workdir, saved.damaged)
    processes.wait_for_all("damaged checkpoints are set aside")
    manager = checkpoints.open_manager(
        workdir,
        max_to_keep=config.checkpoint.max_to_keep,
        best_metric=config.checkpoint.best_metric,
    )
    log = run_log.RunLog(
        workdir,
        schedule=schedule,
        batch_size=config.batch_size,
        first_step=first_step,
        best_metric=config.checkpoint.best_metric,
        is_written=processes.is_first(),
    )
    _check_workdir_is_shared(workdir)
    log.announce(config, state, all_devices)

    def evaluate(state: TrainState) -> dict[str, float] | None:
        return validation.evaluate(
            config, state, source.eval_records, log, notice.is_given
        )

    # ---- steps -----------------------------------------------------------------------
    notice.begin()
    with manager, log:
        if saved and _lacks_scores(saved, schedule, config):
            scores = evaluate(state)
            checkpoints.replace(manager, first_step, state, config, scores)
        for steps, batch in zip(calls, batches, strict=True):
            if schedule.is_phase_change(steps.start):
                state = _begin_adversarial_phase(state, config, setup, devices)
            state, metrics = programs[len(steps) > 1][schedule.update_at(steps.start)](
                state, batch
            )
            done = steps.stop
            log.add(steps, metrics)
            is_last = notice.is_due()

            # A checkpoint is of a state that has been checked and, if due, evaluated:
            # the order of the next three must not change.
            if milestones.is_stop(done, schedule, config) or is_last:
                log.flush()
            scores = None
            if milestones.is_evaluation_due(done, schedule, config):
                scores = evaluate(state)
                is_last = is_last or notice.is_given()
            if milestones.is_save_due(done, schedule, config) or is_last:
                checkpoints.save(manager, done, state, config, scores)
                log.saved(done)
            if is_last:
                log.ended_early(done)
                break
        checkpoints.finish(manager)
    return state


def _check_workdir_is_shared(workdir: str) -> None:
    processes.wait_for_all("the log is open")
    if not (places.as_path(workdir) / scalars.FILE_NAME).exists():
        raise UserError(
            f"process {processes.share().index} does not see what process 0 wrote to "
            f"{workdir}: --workdir must be on a disk, or in a bucket, that all share"
        )


def _lacks_scores(
    saved: checkpoints.Saved, schedule: Schedule, config: ConfigDict
) -> bool:
    """Whether a run was ended while it was evaluating, and did so at once."""
    is_due = milestones.is_evaluation_due(saved.step, schedule, config)
    return is_due and saved.step > 0 and saved.metrics is None


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


def _begin_adversarial_phase(
    state: TrainState,
    config: ConfigDict,
    setup: experiment.Experiment,
    devices: Sequence[jax.Device],
) -> TrainState:
    if config.phases.carry_optimizer_state:
        return state
    opt_state = setup.recipe.generator_optimizer.init(state.generator.params)
    generator = state.generator.replace(
        opt_state=parallel.replicate(opt_state, devices)
    )
    return state.replace(generator=generator)
