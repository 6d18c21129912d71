"""What the other images of a data set tell: baselines, priors, others' fixations."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from salgan_jax.data import records
from salgan_jax.data.fixations import OtherFixations
from salgan_jax.data.records import Record
from salgan_jax.evaluation.baseline_predictors import (
    KDE_PRIOR,
    Predict,
    Scored,
    make_blind_predictors,
    training_statistics,
)
from salgan_jax.evaluation.scoring import Knowledge
from salgan_jax.metrics.conventions import TUEBINGEN, Convention


class Background(NamedTuple):
    """What scores and baselines need to know beside the image that is scored.

    Attributes:
        others: fixations of the scored images, for shuffled AUC; None: no such score.
        prior: centre prior, for information gain; None: no such score.
        baselines: predictors that do not see the image, by name.
        ceiling_sigma_px: of the Gaussian that makes maps of single observers; None: no
            human ceilings.
    """

    others: OtherFixations | None = None
    prior: Predict | None = None
    baselines: Mapping[str, Predict] = {}
    ceiling_sigma_px: float | None = None

    def knowledge(self, batch: Sequence[Scored], start: int) -> list[Knowledge]:
        """Returns what is known of each image of a batch that begins at `start`."""
        priors = self.prior(batch) if self.prior else [None] * len(batch)
        return [
            Knowledge(self.others.counts(start + i) if self.others else None, priors[i])
            for i in range(len(batch))
        ]


def make_background(
    train_records: Sequence[Record],
    some_records: Sequence[Record],
    *,
    leave_one_out: bool,
    sigma_px: float | None,
    convention: Convention = TUEBINGEN,
) -> Background:
    """Returns the baselines of a data set and what its scores compare with.

    Args:
      train_records: what the baselines are fitted to; read once, one by one. Without
        fixations in it there are no centre priors, and no information gain.
      some_records: the images to score.
      leave_one_out: these are (or may be) among the training records.
      sigma_px: of the Gaussian that blurs the fixations of single observers; None,
        where nobody knows it, leaves the human ceilings out.
      convention: which other images shuffled AUC compares with.

    Raises:
      UserError: the training split has neither fixations nor density maps.
    """
    statistics = training_statistics(train_records)
    outlines = list(records.outlines(some_records))
    none = np.empty((0, 2))
    others = OtherFixations(
        [none if each.fixations is None else each.fixations for each in outlines],
        [each.size for each in outlines],
        num_others=convention.sauc_num_others,
    )
    predictors = make_blind_predictors(
        train_records, statistics, leave_one_out=leave_one_out
    )
    return Background(others, predictors.get(KDE_PRIOR), predictors, sigma_px)
