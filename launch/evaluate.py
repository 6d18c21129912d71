"""Scores a trained generator, or maps of another model, beside the baselines.

  python launch/evaluate.py --checkpoint=runs/osie --output=scores
  python launch/evaluate.py --predictions=maps --dataset=osie --output=scores

Prints a table and writes metrics.csv (every image) and metrics.json (means with 95 %
bootstrap intervals, and those of the baselines). NSS, AUC-Judd, CC, SIM and KL
divergence are those of the MIT/Tübingen benchmark, at the size of the original images.
"""

from typing import Any, NamedTuple

from absl import flags

from salgan_jax import (
    checkpoints,
    doors,
    evaluation,
    inference,
    prediction_files,
    scores,
)
from salgan_jax.data import records
from salgan_jax.errors import UserError

_BATCH_SIZE = 8

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "The workdir of a training run.")
_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_PREDICTIONS = flags.DEFINE_string(
    "predictions",
    None,
    "Instead of --checkpoint: a folder of maps, <image id>.npy, .png or .jpg, each of "
    "its image's size.",
)
_DATASET = flags.DEFINE_string(
    "dataset", None, "Prepared dataset; that of the checkpoint by default."
)
_SPLIT = flags.DEFINE_string(
    "split", None, 'What to score; the checkpoint\'s eval_split, else "validation".'
)
_TRAIN_SPLIT = flags.DEFINE_string(
    "train_split",
    None,
    'What the baselines are fitted to; the checkpoint\'s train_split, else "train".',
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where datasets lie; as in the checkpoint, else the TFDS default."
)
_OUTPUT = flags.DEFINE_string("output", None, "The folder to write to.", required=True)


class _Images(NamedTuple):
    """Which images are scored, and which the baselines are fitted to."""

    dataset: str
    split: str
    train_split: str
    data_dir: str


def main(argv: list[str]) -> None:
    """Scores, prints, and writes when everything is computed."""
    del argv
    checkpoint, predictions = _CHECKPOINT.value, _PREDICTIONS.value
    if (checkpoint is None) == (predictions is None):
        raise UserError("give either --checkpoint=DIR or --predictions=DIR")
    if checkpoint is None and _STEP.value is not None:
        raise UserError("--step is of a --checkpoint; maps in a folder have none")
    images = _choose_images(checkpoint)
    dataset, data_dir = images.dataset, images.data_dir
    train_records = records.open_split(dataset, images.train_split, data_dir)
    scored_records = records.open_split(dataset, images.split, data_dir)

    step = None
    if checkpoint is not None:
        loaded = checkpoints.load_generator(checkpoint, _STEP.value)
        step = loaded.step
        predict = evaluation.from_images(inference.make_predictor(loaded, _BATCH_SIZE))
    else:
        predict = evaluation.from_folder(str(predictions), scored_records)
    prediction_files.make_output_folder(_OUTPUT.value)

    sheet = evaluation.compare(
        evaluation.with_progress(predict, len(scored_records)),
        train_records,
        scored_records,
        sigma_px=records.fixation_sigma_px(dataset, data_dir),
        batch_size=_BATCH_SIZE,
    )
    summary = scores.summarise(sheet)
    facts = {
        "dataset": dataset,
        "split": images.split,
        "train_split": images.train_split,
        "checkpoint": checkpoint,
        "step": step,
        "predictions": predictions,
    }
    scores.write(_OUTPUT.value, sheet, summary, facts=facts)
    print(f"{dataset} {images.split}, {len(sheet.images)} images, mean ± 95 % interval")
    print(scores.table(sheet, summary))


def _choose_images(checkpoint: str | None) -> _Images:
    """Returns what the flags say, completed by the config of the checkpoint."""
    dataset, data_dir = _DATASET.value, _DATA_DIR.value
    split, train_split = "validation", "train"
    if checkpoint is not None:
        data: Any = checkpoints.saved_config(checkpoint, _STEP.value).data
        if data_dir is None:
            data_dir = data.data_dir
        if dataset in (None, data.dataset):
            dataset, split, train_split = (
                data.dataset,
                data.eval_split,
                data.train_split,
            )
    if dataset is None:
        raise UserError("--predictions needs --dataset: of which images are the maps?")
    return _Images(
        dataset,
        _SPLIT.value or split,
        _TRAIN_SPLIT.value or train_split,
        data_dir or "",
    )


if __name__ == "__main__":
    doors.run(main)
