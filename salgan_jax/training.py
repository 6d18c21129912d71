"""The story of a run: data, networks, bootstrap, then the game of the two players.

Pan et al. 2017, Sec. 4.2. A run that is started again with the same config and workdir
goes on from its last checkpoint, and ends with the parameters it would have had.
"""

import math
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
    inference,
    parallel,
    run_log,
    training_input,
    updates,
)
from salgan_jax import config as config_module
from salgan_jax import state as train_state
from salgan_jax.data.records import Record
from salgan_jax.evaluation import protocol
from salgan_jax.metrics.intervals import bootstrap_mean
from salgan_jax.schedule import Schedule, Update, make_schedule
from salgan_jax.state import TrainState


def train(config: ConfigDict, workdir: str) -> TrainState:
    """Trains as the config says, resumes if the workdir has checkpoints.

    Args:
        config: from a file in `configs/`.
        workdir: gets `checkpoints/`, `tensorboard/`, `scalars.jsonl` and pictures.

    Returns:
        The state after the last step.

    Raises:
        UserError, FileNotFoundError: the config, the data, the initial weights or the
            workdir cannot be used; nothing has been overwritten.
        UserError: a loss or a gradient is not finite; names the step.
    """
    config_module.validate(config)
    compilation.keep_programs(config.compilation_cache, workdir=workdir)

    # ---- data ------------------------------------------------------------------------
    config = training_input.with_full_names(config)
    saved_step = checkpoints.latest_step(workdir)
    is_new = saved_step is None
    saved = None if is_new else checkpoints.saved_config(workdir, saved_step)
    config = experiment.with_precision(config, saved)
    source = training_input.open_input(config)
    schedule = make_schedule(
        num_examples=source.sampling.num_examples,
        batch_size=config.batch_size,
        bootstrap_epochs=config.phases.bootstrap_epochs,
        num_epochs=config.phases.num_epochs,
        schedule=config.schedule,
    )

    # ---- networks and devices --------------------------------------------------------
    devices = parallel.local_devices(config.num_devices)
    parallel.check_batch_size(config.batch_size, len(devices))
    setup = experiment.make_experiment(config)
    config = training_input.with_cache(config, source, setup.recipe.generator, devices)
    if saved_step is None or saved is None:
        setup = experiment.with_initial_weights(setup, config)
    else:
        epochs_done = saved_step / schedule.steps_per_epoch
        compatibility.check_resumable(saved, config, epochs_done=epochs_done)
    state = _initial_or_restored(setup, schedule, workdir, saved_step, devices)
    first_step = int(state.step)
    calls = list(
        schedule.calls(
            first_step,
            fused_steps=config.fused_steps,
            is_stop=lambda done: _is_stop(done, schedule, config),
        )
    )
    batches = training_input.batches(
        source,
        config,
        devices,
        first_step=first_step,
        num_steps=schedule.num_steps,
        calls=calls,
        features=_frozen_features(config, setup, state, source, len(devices)),
    )
    programs = _programs(setup, devices)
    # Nothing is written before this line, so that a mistake leaves no trace.
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
    )
    log.announce(config, state, devices)

    # ---- steps -----------------------------------------------------------------------
    with manager, log:
        for steps, batch in zip(calls, batches, strict=True):
            if schedule.is_phase_change(steps.start):
                state = _begin_adversarial_phase(state, config, setup, devices)
            state, metrics = programs[len(steps) > 1][schedule.update_at(steps.start)](
                state, batch
            )
            done = steps.stop
            log.add(steps, metrics)

            # A checkpoint is of a state that has been checked and, if due, evaluated:
            # the order of the next three must not change.
            if _is_stop(done, schedule, config):
                log.flush()
            scores = None
            if _is_evaluation_due(done, schedule, config):
                scores = _evaluate(config, state, source.eval_records, log)
            if _is_save_due(done, schedule, config):
                checkpoints.save(manager, done, state, config, scores)
                log.saved(done)
    return state


def _initial_or_restored(
    setup: experiment.Experiment,
    schedule: Schedule,
    workdir: str,
    saved_step: int | None,
    devices: Sequence[jax.Device],
) -> TrainState:
    """The state of the newest checkpoint, or a new one where there is none."""
    recipe = setup.recipe
    is_bootstrap = (saved_step or 0) <= schedule.bootstrap_steps
    fresh = train_state.create(
        setup.params,
        generator_optimizer=(
            recipe.bootstrap_optimizer
            if is_bootstrap and schedule.bootstrap_steps
            else recipe.generator_optimizer
        ),
        discriminator_optimizer=recipe.discriminator_optimizer,
    )
    state = parallel.replicate(fresh, devices)
    if saved_step is None:
        return state
    return checkpoints.restore(workdir, saved_step, like=state)


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


def _is_stop(done: int, schedule: Schedule, config: ConfigDict) -> bool:
    """Whether the host wants to see the state after that many updates."""
    is_log_due = done % config.logging.every_steps == 0
    return is_log_due or _is_save_due(done, schedule, config)


def _is_save_due(done: int, schedule: Schedule, config: ConfigDict) -> bool:
    every_steps = config.checkpoint.every_steps or schedule.steps_per_epoch
    return done % every_steps == 0 or _is_evaluation_due(done, schedule, config)


def _is_evaluation_due(done: int, schedule: Schedule, config: ConfigDict) -> bool:
    every_steps = config.evaluation.every_epochs * schedule.steps_per_epoch
    is_last_of_phase = done in (schedule.bootstrap_steps, schedule.num_steps)
    return is_last_of_phase or (every_steps > 0 and done % every_steps == 0)


def _evaluate(
    config: ConfigDict,
    state: TrainState,
    eval_records: Sequence[Record],
    log: run_log.RunLog,
) -> dict[str, float]:
    """Means of the metrics over the evaluation split; panels go to the log."""
    loaded = checkpoints.LoadedGenerator(
        checkpoints.make_generator(config),
        jax.tree.map(np.asarray, state.generator.params),
        config,
        int(state.step),
    )
    predictor = inference.make_predictor(loaded, config.evaluation.batch_size)
    count = config.evaluation.max_images
    scored = eval_records[:count] if count else eval_records
    scores = protocol.evaluate(
        protocol.from_images(predictor), scored, config.evaluation.batch_size
    )
    shown = eval_records[: config.logging.num_panels]
    means = {name: bootstrap_mean(values).mean for name, values in scores.items()}
    # No image has a score that needs what the data set lacks, or other images.
    means = {name: mean for name, mean in means.items() if not math.isnan(mean)}
    log.evaluated(int(state.step), means, shown, predictor([r.image for r in shown]))
    return means
