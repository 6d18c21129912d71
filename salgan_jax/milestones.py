"""When a run logs, evaluates and saves: after which steps, as its config says."""

from ml_collections import ConfigDict

from salgan_jax.schedule import Schedule


def is_stop(done: int, schedule: Schedule, config: ConfigDict) -> bool:
    """Whether the host wants to see the state after that many updates."""
    is_log_due = done % config.logging.every_steps == 0
    return is_log_due or is_save_due(done, schedule, config)


def is_save_due(done: int, schedule: Schedule, config: ConfigDict) -> bool:
    """Whether a checkpoint is written after that many updates."""
    every_steps = config.checkpoint.every_steps or schedule.steps_per_epoch
    return done % every_steps == 0 or is_evaluation_due(done, schedule, config)


def is_evaluation_due(done: int, schedule: Schedule, config: ConfigDict) -> bool:
    """Whether the state after that many updates is scored."""
    every_steps = config.evaluation.every_epochs * schedule.steps_per_epoch
    is_last_of_phase = done in (schedule.bootstrap_steps, schedule.num_steps)
    return is_last_of_phase or (every_steps > 0 and done % every_steps == 0)
