"""From maps and records in memory to scores: padding, the compiled metrics, and EMD."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from salgan_jax.data import fixations, images
from salgan_jax.errors import UserError
from salgan_jax.evaluation.baseline_predictors import Scored
from salgan_jax.metrics import batches, transport
from salgan_jax.metrics.batches import METRICS, GroundTruth
from salgan_jax.metrics.conventions import TUEBINGEN, Convention

Scores = dict[str, np.ndarray]
"""A float64 array [num_images] for each metric; NaN where there is no score."""

EMD = "emd"


class Scoring(NamedTuple):
    """How maps are scored.

    Attributes:
        convention: of all metrics.
        batch_size: images at once.
        with_emd: the earth mover's distance too, which takes longest.
    """

    convention: Convention = TUEBINGEN
    batch_size: int = 8
    with_emd: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of the scores, in order."""
        return (*METRICS, EMD) if self.with_emd else METRICS


class Knowledge(NamedTuple):
    """What other images tell about one; None where they do not.

    Attributes:
        others: int32 [H, W], their fixations in each pixel.
        prior: float32 [H, W], the centre prior.
    """

    others: np.ndarray | None = None
    prior: np.ndarray | None = None


def ground_truth(
    some: Sequence[Scored], known: Sequence[Knowledge], scoring: Scoring
) -> GroundTruth:
    """Returns a padded batch of what people looked at.

    Raises:
      UserError: a fixation lies outside of its image.
    """
    observed = []
    for record, knowledge in zip(some, known, strict=True):
        height, width = record.size
        points = np.reshape(record.fixations, (-1, 2))
        if not ((points >= 0) & (points < (width, height))).all():
            raise UserError(f"image {record.id} has a fixation outside of the image")
        cc_density_map = None
        sigma_px = scoring.convention.density_sigma_px
        if sigma_px and len(points):
            cc_density_map = fixations.fixated_density_map(
                points, height=height, width=width, sigma_px=sigma_px
            )
        observed.append(
            batches.observed(
                record.density_map,
                points,
                cc_density_map=cc_density_map,
                others=knowledge.others,
                centre_prior=knowledge.prior,
            )
        )
    return batches.pad_ground_truth(observed, batch_size=scoring.batch_size)


def score_maps(
    saliency_maps: Sequence[np.ndarray],
    some: Sequence[Scored],
    truth: GroundTruth,
    scoring: Scoring,
) -> Scores:
    """Returns the scores of one batch of maps.

    Raises:
      UserError: a map has another size than its image, or values that are not finite.
    """
    for saliency_map, record in zip(saliency_maps, some, strict=True):
        _check(saliency_map, record)
    padded = batches.pad_maps(saliency_maps, truth)
    found = jax.device_get(batches.score(padded, truth, convention=scoring.convention))
    scores = {
        metric: np.asarray(found[metric][: len(some)], np.float64) for metric in METRICS
    }
    if scoring.with_emd:
        scores[EMD] = transport.emd(
            [_reduced(saliency_map) for saliency_map in saliency_maps],
            [_reduced(record.density_map) for record in some],
        )
    return scores


def score_predictions(
    saliency_maps: Sequence[np.ndarray],
    some: Sequence[Scored],
    known: Sequence[Knowledge],
    scoring: Scoring,
) -> Scores:
    """Returns the scores of any number of maps, each of a record of its own."""
    parts = []
    for start in range(0, len(some), scoring.batch_size):
        part = slice(start, start + scoring.batch_size)
        truth = ground_truth(some[part], known[part], scoring)
        parts.append(score_maps(saliency_maps[part], some[part], truth, scoring))
    return {
        metric: np.concatenate([np.empty(0), *(part[metric] for part in parts)])
        for metric in scoring.metrics
    }


def _check(saliency_map: np.ndarray, record: Scored) -> None:
    if np.shape(saliency_map) != record.size:
        raise UserError(
            f"the map of image {record.id} has the shape {np.shape(saliency_map)}; "
            f"it must have that of the image, {record.size}"
        )
    if not np.isfinite(saliency_map).all():
        raise UserError(
            f"the map of image {record.id} has values that are not finite (NaN or "
            "infinite): it cannot be scored"
        )


def _reduced(saliency_map: np.ndarray) -> np.ndarray:
    height, width = (-(-side // transport.GRID_FACTOR) for side in saliency_map.shape)
    return images.resize_map(saliency_map, height=height, width=width)
