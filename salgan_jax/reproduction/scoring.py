"""Scoring runs: of each its last checkpoint, all on the same images at once."""

from collections.abc import Sequence
from typing import Any

from absl import logging

from salgan_jax import checkpoints, inference
from salgan_jax.data import records
from salgan_jax.evaluation import chosen_images, protocol, scores
from salgan_jax.evaluation.baseline_predictors import Predict
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.evaluation.scoring import Scoring
from salgan_jax.metrics.conventions import TUEBINGEN
from salgan_jax.reproduction import confidence, scored_runs
from salgan_jax.reproduction.runs import PlannedRun
from salgan_jax.reproduction.scored_runs import ScoredRun

FOLDER = "scores"
BATCH_SIZE = 8


def score(planned: Sequence[PlannedRun]) -> list[ScoredRun]:
    """Scores finished runs on the images that they were evaluated on, the same for all.

    Images are decoded once for all runs that have no scores yet, baselines and people
    are scored with the first. Scores lie in `scores` in the workdir of each, as
    evaluate.py writes them.

    Raises:
        UserError, FileNotFoundError: the images are not there, a checkpoint is broken,
            or scores are.
    """
    images = chosen_images.of_run(planned[0].config, None, None, None)
    return _all_scores(planned, images, FOLDER)


def score_on(
    planned: Sequence[PlannedRun], test_set: str, dataset: str
) -> list[ScoredRun]:
    """Scores finished runs on a data set, whatever they were trained on.

    Its own training split is what the baselines are fitted to. Scores lie in
    `scores_TEST_SET`, where report.py finds them too; else as `score`.

    Args:
        planned: the runs; their splits are those of the first.
        test_set: the name of the data set in the experiment.
        dataset: as a config names it.

    Raises:
        UserError, FileNotFoundError: as `score`.
    """
    data: Any = planned[0].config.data
    images = chosen_images.of_dataset(
        dataset, data.eval_split, data.train_split, data.data_dir
    )
    return _all_scores(planned, images, f"{FOLDER}_{test_set}")


def predictor(run: PlannedRun) -> Predict:
    """Returns what predicts the maps of a run's last checkpoint.

    Raises:
        UserError, FileNotFoundError: the checkpoint is broken, or there is none.
    """
    loaded = checkpoints.load_generator(str(run.folder), scored_runs.last_step(run))
    return protocol.from_images(inference.make_predictor(loaded, BATCH_SIZE))


def _all_scores(
    planned: Sequence[PlannedRun], images: EvaluationInput, folder: str
) -> list[ScoredRun]:
    """Returns the scores of all runs; those that are missing are made first."""
    known = {
        run.name
        for run in planned
        if scored_runs.is_scored(run, images, run.folder / folder)
    }
    has_baselines = any(
        scored_runs.has_baselines(run.folder / folder)
        for run in planned
        if run.name in known
    )
    if not has_baselines:  # nobody has them, or a run that is not asked for now
        known.discard(planned[0].name)
    missing = [run for run in planned if run.name not in known]
    if missing:
        _score(missing, images, folder, with_baselines=not has_baselines)
    ids = [outline.id for outline in records.outlines(images.records)]
    return [scored_runs.read(run, images, ids, run.folder / folder) for run in planned]


def _score(
    missing: Sequence[PlannedRun],
    images: EvaluationInput,
    folder: str,
    *,
    with_baselines: bool,
) -> None:
    logging.info(
        "scoring %s on %d images of %s %s",
        ", ".join(run.name for run in missing),
        *(len(images.records), images.dataset, images.split),
    )
    recorders = {run.name: confidence.Recorder(predictor(run)) for run in missing}
    models = {f"run {name}": recorder for name, recorder in recorders.items()}
    first = f"run {missing[0].name}"
    counted = protocol.with_progress(models[first], len(images.records))
    known = images.background(TUEBINGEN)
    if not with_baselines:
        known = known._replace(baselines={}, ceiling_sigma_px=None)
    sheet = protocol.score_all(
        {**models, first: counted},
        images.records,
        known,
        Scoring(TUEBINGEN, BATCH_SIZE),
    )
    others = {row: each for row, each in sheet.rows.items() if row not in models}
    for run in missing:
        own_folder = run.folder / folder
        own_folder.mkdir(exist_ok=True)
        recorders[run.name].write(own_folder)
        own = sheet._replace(
            rows={scores.MODEL: sheet.rows[f"run {run.name}"], **others}
        )
        facts = scored_runs.facts(run, images) | {"predictions": None, "compared": None}
        scores.write(own_folder, own, scores.summarise(own), facts=facts)
        others = {}  # they are in the scores of the first
