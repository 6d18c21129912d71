"""Scores a trained generator, or maps of another model, beside the baselines.

  python launch/evaluate.py --checkpoint=runs/osie --output=scores
  python launch/evaluate.py --checkpoint=runs/osie --compare=runs/osie_content \
      --output=scores
  python launch/evaluate.py --predictions=maps --dataset=osie --output=scores

Prints a table and writes metrics.csv (every image) and metrics.json (means with 95 %
bootstrap intervals, and those of the baselines), at the size of the original images.
Definitions are those of the MIT/Tübingen benchmark, or of --convention.
"""

from absl import flags

from salgan_jax import (
    checkpoints,
    doors,
    inference,
    predictor_flags,
    processes,
)
from salgan_jax.errors import UserError
from salgan_jax.evaluation import (
    chosen_images,
    comparison,
    protocol,
    scores,
)
from salgan_jax.evaluation.baseline_predictors import Predict
from salgan_jax.evaluation.chosen_images import EvaluationInput
from salgan_jax.evaluation.scoring import Scoring
from salgan_jax.metrics.conventions import CONVENTIONS
from salgan_jax.prediction import files

_BATCH_SIZE = 8

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "The workdir of a training run.")
_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_PREDICTIONS = flags.DEFINE_string(
    "predictions",
    None,
    "Instead of --checkpoint: a folder of maps, <image id> with .npy, .png, .jpg or "
    ".hdf5, each of its image's size; or one HDF5 file with a dataset for each image.",
)
_COMPARE = flags.DEFINE_string(
    "compare",
    None,
    "Another model, compared image by image: a workdir, maps as in --predictions, or "
    "the --output of an earlier evaluation.",
)
_DATASET = flags.DEFINE_string(
    "dataset", None, "Prepared dataset; that of the checkpoint by default."
)
_SPLIT = flags.DEFINE_string(
    "split", None, "What to score; as in the checkpoint, else validation."
)
_TRAIN_SPLIT = flags.DEFINE_string(
    "train_split",
    None,
    "What the baselines are fitted to; as in the checkpoint, else train.",
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where datasets lie; as in the checkpoint, else the TFDS default."
)
_CONVENTION = flags.DEFINE_enum(
    "convention", "tuebingen", list(CONVENTIONS), "Whose definitions of the scores."
)
_EMD = flags.DEFINE_bool("emd", False, "The earth mover's distance too; takes longer.")
_how_to_predict = predictor_flags.define("post_processing")
_OUTPUT = flags.DEFINE_string("output", None, "The folder to write to.", required=True)
_join_processes = doors.define_process_flags()


def main(argv: list[str]) -> None:
    """Scores, prints, and writes when everything is computed."""
    del argv
    _join_processes()
    checkpoint, predictions = _CHECKPOINT.value, _PREDICTIONS.value
    if (checkpoint is None) == (predictions is None):
        raise UserError("give either --checkpoint=DIR or --predictions=DIR")
    if checkpoint is None and _STEP.value is not None:
        raise UserError("--step is of a --checkpoint; maps in a folder have none")
    images = _choose_images(checkpoint)
    step = None
    if checkpoint is not None:
        step, predict = _of_checkpoint(checkpoint, _STEP.value)
    else:
        predict = protocol.from_files(str(predictions), images.records)
    models = {scores.MODEL: protocol.with_progress(predict, len(images.records))}
    if _COMPARE.value and not _is_scored(_COMPARE.value):
        models = {scores.COMPARED: _other_model(_COMPARE.value, images), **models}
    if processes.is_first():
        files.make_output_folder(_OUTPUT.value)

    convention = CONVENTIONS[_CONVENTION.value]
    known = images.background(convention)
    scoring = Scoring(convention, _BATCH_SIZE, _EMD.value)
    sheet = protocol.score_all(models, images.records, known, scoring)
    compared = sheet.rows.get(scores.COMPARED)
    if _COMPARE.value and compared is None:
        compared = comparison.read_scores(
            _COMPARE.value, sheet.images, sheet.convention
        )
    summary = scores.summarise(sheet, compared)
    facts = {
        "dataset": images.dataset,
        "split": images.split,
        "train_split": images.train_split,
        "fold": images.held_out or None,
        "checkpoint": checkpoint,
        "step": step,
        "predictions": predictions,
        "compared": _COMPARE.value,
        **_how_to_predict(),
    }
    if not processes.is_first():
        return
    scores.write(_OUTPUT.value, sheet, summary, facts=facts)
    fold = f", fold {images.held_out}" if images.held_out else ""
    print(
        f"{images.dataset} {images.split}{fold}, {len(sheet.images)} images, "
        f"convention {sheet.convention}, mean ± 95 % interval"
    )
    print(scores.table(sheet, summary))


def _of_checkpoint(workdir: str, step: int | None) -> tuple[int, Predict]:
    loaded = checkpoints.load_generator(workdir, step)
    predictor = inference.make_predictor(loaded, _BATCH_SIZE, **_how_to_predict())
    return loaded.step, protocol.from_images(predictor)


def _is_scored(path: str) -> bool:
    return comparison.has_scores(path) and not checkpoints.has_checkpoints(path)


def _other_model(path: str, images: EvaluationInput) -> Predict:
    if checkpoints.has_checkpoints(path):
        return _of_checkpoint(path, None)[1]
    return protocol.from_files(path, images.records)


def _choose_images(checkpoint: str | None) -> EvaluationInput:
    """Returns what the flags say, completed by the config of the checkpoint."""
    dataset, split, train_split = _DATASET.value, _SPLIT.value, _TRAIN_SPLIT.value
    data_dir = _DATA_DIR.value
    if checkpoint is not None:
        config = checkpoints.saved_config(checkpoint, _STEP.value)
        return chosen_images.of_checkpoint(
            config, dataset, split, train_split, data_dir
        )
    if dataset is None:
        raise UserError("--predictions needs --dataset: of which images are the maps?")
    return chosen_images.of_dataset(dataset, split, train_split, data_dir or "")


if __name__ == "__main__":
    doors.run(main)
