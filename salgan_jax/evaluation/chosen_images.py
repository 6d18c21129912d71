"""Which images are scored and which the baselines are fitted to."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax.data import mixtures, records, selection
from salgan_jax.data.records import Record
from salgan_jax.data.selection import Folds
from salgan_jax.evaluation.background import Background, make_background
from salgan_jax.metrics.conventions import Convention


class EvaluationInput(NamedTuple):
    """The images of an evaluation.

    Attributes:
        dataset: with its edition.
        split, train_split: names.
        records: to score.
        train_records: what the baselines are fitted to.
        leave_one_out: the scored images are among these.
        sigma_px: of the Gaussian that makes maps of fixations; None where nobody has
            said, or data sets differ in it.
        held_out: the fold that is scored, "0/5"; "" without folds.
    """

    dataset: str
    split: str
    train_split: str
    records: Sequence[Record]
    train_records: Sequence[Record]
    leave_one_out: bool
    sigma_px: float | None
    held_out: str = ""

    def background(self, convention: Convention) -> Background:
        """Returns the baselines, and what the scores of these images compare with."""
        return make_background(
            self.train_records,
            self.records,
            leave_one_out=self.leave_one_out,
            sigma_px=self.sigma_px,
            convention=convention,
        )


def of_dataset(
    dataset: str, split: str | None, train_split: str | None, data_dir: str
) -> EvaluationInput:
    """Returns the images of a data set's splits.

    By default these are `validation` and `train`; of a data set with one split, that
    split is both.

    Raises:
        UserError, FileNotFoundError: as `records.open_split`.
    """
    known = records.split_names(dataset, data_dir)
    only = known[0] if len(known) == 1 else None
    split = split or only or "validation"
    train_split = train_split or only or "train"
    return EvaluationInput(
        records.full_name(dataset, data_dir),
        split,
        train_split,
        records.open_split(dataset, split, data_dir),
        records.open_split(dataset, train_split, data_dir),
        split == train_split,
        records.fixation_sigma_px(dataset, data_dir),
    )


def of_checkpoint(
    config: ConfigDict,
    dataset: str | None,
    split: str | None,
    train_split: str | None,
    data_dir: str | None,
) -> EvaluationInput:
    """Returns the images that a run was scored on, or those of another data set.

    Args:
        config: of the run.
        dataset: None, or that of the run, are the run's own images.
        split, train_split, data_dir: as in `of_run`.

    Raises:
        UserError, FileNotFoundError: as `records.open_split`.
    """
    trained_on = [name for name, _ in mixtures.parse(config.data.dataset)]
    if dataset in (None, config.data.dataset) or [dataset] == trained_on:
        return of_run(config, split, train_split, data_dir)
    data_dir = str(config.data.data_dir if data_dir is None else data_dir)
    return of_dataset(dataset, split, train_split, data_dir)


def of_run(
    config: ConfigDict, split: str | None, train_split: str | None, data_dir: str | None
) -> EvaluationInput:
    """Returns the images that a run was scored on: of its data sets, or its fold.

    Args:
        config: of the run.
        split, train_split: others than the config's; a fold is one of `train_split`.
        data_dir: where the data sets lie now, if it is not as in the config.

    Raises:
        UserError, FileNotFoundError: as `records.open_split`.
    """
    data: Any = config.data
    data_dir = str(data.data_dir if data_dir is None else data_dir)
    # Another split than the run's own has no fold left out.
    folds = Folds() if split else Folds(data.num_folds, data.fold)
    train_split = str(train_split or data.train_split)
    split = str(split or (train_split if folds.count else data.eval_split))
    names = [name for name, _ in mixtures.parse(data.dataset)]
    parts = selection.open_training(data.dataset, train_split, data_dir, folds)
    train_records = records.joined(
        [records.subset(part.records, part.rows) for part in parts]
    )
    some = selection.open_evaluation(
        data.dataset,
        train_split=train_split,
        eval_split=split,
        data_dir=data_dir,
        folds=folds,
    )
    sigmas = {records.fixation_sigma_px(name, data_dir) for name in names}
    return EvaluationInput(
        ",".join(part.dataset for part in parts),
        split,
        train_split,
        some,
        train_records,
        split == train_split and not folds.count,
        sigmas.pop() if len(sigmas) == 1 else None,
        f"{folds.held_out}/{folds.count}" if folds.count else "",
    )
