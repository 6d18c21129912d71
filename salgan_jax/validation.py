"""Scores of a run that is under way, on its evaluation images."""

import math
from collections.abc import Callable, Sequence

import jax
import numpy as np
from ml_collections import ConfigDict

from salgan_jax import checkpoints, inference, processes, run_log
from salgan_jax.data.records import Record
from salgan_jax.evaluation import protocol
from salgan_jax.metrics.intervals import bootstrap_mean
from salgan_jax.state import TrainState


class _Broken(Exception):
    """The evaluation is not wanted any more."""


def evaluate(
    config: ConfigDict,
    state: TrainState,
    eval_records: Sequence[Record],
    log: run_log.RunLog,
    is_broken_off: Callable[[], bool],
) -> dict[str, float] | None:
    """Returns the means of the metrics over the evaluation images.

    Of several processes each predicts and scores its share, and all have the means.

    Args:
        config: of the run.
        state: of which the generator is scored.
        eval_records: from `training_input.open_input`.
        log: gets scores, panels and curves.
        is_broken_off: asked before each batch; if so, None is returned at once.
    """
    loaded = checkpoints.LoadedGenerator(
        checkpoints.make_generator(config),
        jax.tree.map(np.asarray, state.generator.for_prediction),
        config,
        int(state.step),
    )
    predictor = inference.make_predictor(loaded, config.evaluation.batch_size)

    def predict(images: Sequence[np.ndarray]) -> list[np.ndarray]:
        if is_broken_off():
            raise _Broken
        return predictor(images)

    count = config.evaluation.max_images
    scored = eval_records[:count] if count else eval_records
    try:
        scores = protocol.evaluate(
            protocol.from_images(predict), scored, config.evaluation.batch_size
        )
    except _Broken:
        return None
    means = {name: bootstrap_mean(values).mean for name, values in scores.items()}
    # No image has a score that needs what the data set lacks, or other images.
    means = {name: mean for name, mean in means.items() if not math.isnan(mean)}
    if processes.is_first():
        shown = eval_records[: config.logging.num_panels]
        pictures = predictor([record.image for record in shown])
        log.evaluated(int(state.step), means, shown, pictures)
    return means
