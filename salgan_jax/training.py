"""The story of a run: data, networks, bootstrap, then the game of the two players.

Pan et al. 2017, Sec. 4.2. A run that is started again with the same config and workdir
goes on from its last checkpoint, and ends with the parameters it would have had.
"""

from ml_collections import ConfigDict

from salgan_jax import (
    beginning,
    checkpoints,
    compilation,
    milestones,
    parallel,
    places,
    preemption,
    processes,
    provenance,
    run_log,
    scalars,
    validation,
    wandb_run,
)
from salgan_jax import config as config_module
from salgan_jax.beginning import Beginning
from salgan_jax.errors import UserError
from salgan_jax.state import TrainState


def train(config: ConfigDict, workdir: str) -> TrainState:
    """Trains as the config says, resumes if the workdir has checkpoints.

    SIGTERM saves the state and ends the run, which can go on later from that step.

    Args:
        config: from a file in `configs/`.
        workdir: gets `checkpoints/`, `tensorboard/`, `scalars.jsonl`, `config.json`,
            `provenance.jsonl` and pictures; of several processes all use the same.

    Returns:
        The state after the last step, or after that at which the run was ended.

    Raises:
        UserError, FileNotFoundError: the config, the data, the initial weights or the
            workdir cannot be used; nothing has been overwritten.
        UserError: a loss or a gradient is not finite; names the step.
        UserError: a checkpoint cannot be written; the earlier ones are good.
    """
    config_module.validate(config)
    wandb_run.check_installed(config.logging.wandb_project)
    compilation.keep_programs(config.compilation_cache, workdir=workdir)
    with preemption.watch() as notice:
        # Nothing is written before this has returned: a mistake leaves no trace.
        run = beginning.begin(config, workdir)
        notice.begin()
        if run.saved and processes.is_first():
            checkpoints.set_aside_damaged(workdir, run.saved.damaged)
        processes.wait_for_all("damaged checkpoints are set aside")
        with (
            checkpoints.open_manager(
                workdir,
                max_to_keep=run.config.checkpoint.max_to_keep,
                best_metric=run.config.checkpoint.best_metric,
            ) as manager,
            _tracker(run.config, workdir) as tracker,
            run_log.RunLog(
                workdir,
                schedule=run.schedule,
                batch_size=run.config.batch_size,
                first_step=run.first_step,
                best_metric=run.config.checkpoint.best_metric,
                is_written=processes.is_first(),
                tracker=tracker,
            ) as log,
        ):
            _check_workdir_is_shared(workdir)
            _record(workdir, run)
            log.announce(run.config, run.state, run.num_devices, run.devices[0])
            return _steps(run, manager, log, notice)


def _steps(
    run: Beginning,
    manager: checkpoints.Manager,
    log: run_log.RunLog,
    notice: preemption.Notice,
) -> TrainState:
    """Returns the state after all steps that are left, or when told to end."""
    config, schedule, state = run.config, run.schedule, run.state

    def evaluate(state: TrainState) -> dict[str, float] | None:
        return validation.evaluate(
            config, state, run.source.eval_records, log, notice.is_given
        )

    if _lacks_scores(run):
        scores = evaluate(state)
        if scores is None:  # told to end again: for the next start to make up
            log.ended_early(run.first_step)
            return state
        checkpoints.replace(manager, run.first_step, state, config, scores)
    for steps, batch in zip(run.calls, run.batches, strict=True):
        if schedule.is_phase_change(steps.start):
            state = _begin_adversarial_phase(state, run)
        update = run.programs[len(steps) > 1][schedule.update_at(steps.start)]
        state, metrics = update(state, batch)
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
    return state


def _lacks_scores(run: Beginning) -> bool:
    """Whether the run was ended while it was evaluating, and did so at once."""
    if run.saved is None or run.first_step == 0:
        return False
    is_due = milestones.is_evaluation_due(run.first_step, run.schedule, run.config)
    return is_due and run.saved.metrics is None


def _begin_adversarial_phase(state: TrainState, run: Beginning) -> TrainState:
    if run.config.phases.carry_optimizer_state:
        return state
    opt_state = run.setup.recipe.generator_optimizer.init(state.generator.params)
    generator = state.generator.replace(
        opt_state=parallel.replicate(opt_state, run.devices)
    )
    return state.replace(generator=generator)


def _tracker(config: ConfigDict, workdir: str) -> wandb_run.WandbRun:
    """Of several processes the first one's counts, and the others have none."""
    return wandb_run.WandbRun(
        workdir,
        project=config.logging.wandb_project if processes.is_first() else "",
        name=places.as_path(workdir).name,
        config=config.to_dict(),
    )


def _record(workdir: str, run: Beginning) -> None:
    if processes.is_first():
        provenance.record(
            workdir,
            run.config,
            first_step=run.first_step,
            num_steps=run.schedule.num_steps,
            devices=parallel.all_devices(run.config.num_devices),
        )


def _check_workdir_is_shared(workdir: str) -> None:
    processes.wait_for_all("the log is open")
    if not (places.as_path(workdir) / scalars.FILE_NAME).exists():
        raise UserError(
            f"process {processes.share().index} does not see what process 0 wrote to "
            f"{workdir}: --workdir must be on a disk, or in a bucket, that all share"
        )
