"""What a run says of itself before its first step."""

import jax
import numpy as np
from absl import logging
from ml_collections import ConfigDict

from salgan_jax import optimizers
from salgan_jax.schedule import Schedule
from salgan_jax.state import TrainState


def announce(
    config: ConfigDict,
    state: TrainState,
    schedule: Schedule,
    *,
    devices: str,
    first_step: int,
) -> None:
    """Logs config, devices, parameter counts and the plan.

    Args:
        config: of the run.
        state: before the first step.
        schedule: the plan of the run.
        devices: their number and kind, in words.
        first_step: updates made before this start of the run.
    """
    logging.info("config:\n%s", config)
    logging.info("devices: %s", devices)
    labels = optimizers.generator_labels(
        state.generator.params, frozen_blocks=config.model.frozen_blocks
    )
    sizes = jax.tree.map(np.size, state.generator.params)
    trained = jax.tree.map(
        lambda size, label: size * (label == optimizers.TRAINED), sizes, labels
    )
    logging.info(
        "generator: %s parameters, %s trained; discriminator: %s; weights from: %s",
        f"{sum(jax.tree.leaves(sizes)):,}",
        f"{sum(jax.tree.leaves(trained)):,}",
        f"{sum(map(np.size, jax.tree.leaves(state.discriminator.params))):,}",
        config.init_from,
    )
    logging.info(
        "plan: %d steps of %d images, %d an epoch; bootstrap to step %d; %s",
        schedule.num_steps,
        config.batch_size,
        schedule.steps_per_epoch,
        schedule.bootstrap_steps,
        f"resumed at step {first_step}" if first_step else "from the start",
    )
