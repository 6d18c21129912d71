"""The scores of runs on the same images: those that evaluate.py left, or made now."""

import json
import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from salgan_jax import inference
from salgan_jax.data import records
from salgan_jax.errors import UserError
from salgan_jax.evaluation import (
    background,
    chosen_images,
    comparison,
    protocol,
    scores,
)
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.evaluation.scoring import Scores, Scoring
from salgan_jax.metrics.conventions import Convention
from salgan_jax.metrics.intervals import MeanInterval
from salgan_jax.report import runs
from salgan_jax.report.runs import Run

BATCH_SIZE = 8

Means = dict[str, MeanInterval]


class RunScores(NamedTuple):
    """How a run scores.

    Attributes:
        means: over the images, by metric.
        of_images: each image's scores, by metric.
        source: the file they were read from; "": computed for this page.
        others: the means of baselines and of people, by row, the same for all runs.
    """

    means: Means
    of_images: Scores
    source: str
    others: dict[str, Means]


def choose_images(
    some: Sequence[Run],
    *,
    dataset: str | None,
    split: str | None,
    train_split: str | None,
    data_dir: str | None,
) -> EvaluationInput:
    """Returns the images that all runs are scored on.

    Raises:
        UserError: they are not the same for all.
        UserError, FileNotFoundError: as `chosen_images.of_checkpoint`.
    """
    found = [
        chosen_images.of_checkpoint(run.config, dataset, split, train_split, data_dir)
        for run in some
    ]
    said = [_in_words(each) for each in found]
    if len(set(said)) > 1:
        each = "; ".join(
            f"{run.name} on {w}" for run, w in zip(some, said, strict=True)
        )
        raise UserError(
            f"the runs are scored on different images ({each}): give --dataset and "
            "--split for all of them, or make a report of each"
        )
    return found[0]


def score(
    some: Sequence[Run], images: EvaluationInput, convention: Convention
) -> list[RunScores]:
    """Returns the scores of each run, with those of baselines and people.

    Scores in the folder of a run are used where they are of the same checkpoint, the
    same images and the same convention; the others are computed as evaluate.py does.

    Raises:
        UserError: scores in a folder are broken, or a map cannot be scored.
    """
    ids = [outline.id for outline in records.outlines(images.records)]
    found = [_read(run, images, ids, convention) for run in some]
    if None in found:
        known = images.background(convention)
        if any(found):  # what is read has the baselines, which are the same
            known = known._replace(baselines={}, ceiling_sigma_px=None)
    scored = []
    for run, own in zip(some, found, strict=True):
        if own is None:
            own = _evaluate(run, images, known, convention)
            known = known._replace(baselines={}, ceiling_sigma_px=None)
        scored.append(own)
    others = next((each.others for each in scored if each.others), {})
    return [each._replace(others=others) for each in scored]


def _in_words(images: EvaluationInput) -> str:
    fold = f", fold {images.held_out}" if images.held_out else ""
    return f"{images.dataset} {images.split}{fold}, baselines of {images.train_split}"


def _evaluate(
    run: Run,
    images: EvaluationInput,
    known: background.Background,
    convention: Convention,
) -> RunScores:
    logging.info(
        "%s has no scores of step %d on %s %s: computing them; evaluate.py with "
        "--output=%s would keep them",
        *(run.name, run.step, images.dataset, images.split),
        os.path.join(run.workdir, "scores"),
    )
    predictor = inference.make_predictor(runs.load_generator(run), BATCH_SIZE)
    predict = protocol.with_progress(
        protocol.from_images(predictor), len(images.records)
    )
    sheet = protocol.score_all(
        {scores.MODEL: predict}, images.records, known, Scoring(convention, BATCH_SIZE)
    )
    means = scores.summarise(sheet).means
    own = means.pop(scores.MODEL)
    return RunScores(own, sheet.rows[scores.MODEL], "", means)


def _read(
    run: Run, images: EvaluationInput, ids: list[str], convention: Convention
) -> RunScores | None:
    """Returns the run's own scores, if evaluate.py left such of these images."""
    workdir = pathlib.Path(run.workdir).expanduser()
    for folder in (workdir, *sorted(workdir.glob("scores*"))):
        path = folder / "metrics.json"
        if not comparison.has_scores(str(folder)) or not path.is_file():
            continue
        try:
            contents = json.loads(path.read_text())
            if not _is_of(contents, run, images, len(ids), convention):
                continue
            others = {
                row: _means(of_row) for row, of_row in contents["baselines"].items()
            }
            own = _means(contents)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path} is not what evaluate.py wrote ({error}): evaluate again, or "
                "remove it"
            ) from error
        of_images = comparison.read_scores(str(folder), ids, convention.name)
        return RunScores(own, of_images, str(path), others)
    return None


def _is_of(
    contents: Mapping[str, Any],
    run: Run,
    images: EvaluationInput,
    num_images: int,
    convention: Convention,
) -> bool:
    """Whether scores are of the checkpoint and of the images."""
    if not contents["checkpoint"]:
        return False
    scored = os.path.basename(os.path.normpath(contents["checkpoint"]))
    wanted = {
        "step": run.step,
        "dataset": images.dataset,
        "split": images.split,
        "train_split": images.train_split,
        "fold": images.held_out or None,
        "convention": convention.name,
        "post_processing": "none",
        "num_images": num_images,
    }
    is_same = all(contents[name] == value for name, value in wanted.items())
    return is_same and scored == os.path.basename(os.path.abspath(run.workdir))


def _means(contents: Mapping[str, Any]) -> Means:
    found = {}
    for metric in scores.HEADINGS:
        if metric in contents:
            of_metric = contents[metric]
            ends = (of_metric[name] for name in ("mean", "low", "high"))
            mean, low, high = (math.nan if x is None else float(x) for x in ends)
            found[metric] = MeanInterval(mean, low, high, of_metric["num_images"])
    return found


def metrics_of(found: Sequence[RunScores]) -> list[str]:
    """Returns the metrics that some run has a score in, in the order of the tables."""
    return [
        metric
        for metric in scores.HEADINGS
        if any(metric in each.means and each.means[metric].num_images for each in found)
    ]


def lowest(found: Sequence[RunScores], metric: str) -> np.ndarray:
    """Returns of each image [N] what the worst run scores, higher for better.

    NaN where no run has a score.
    """
    sign = -1 if scores.is_less_better(metric) else 1
    columns = [sign * each.of_images[metric] for each in found]
    return np.fmin.reduce(columns)
