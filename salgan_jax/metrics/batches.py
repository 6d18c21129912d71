"""All metrics of images of different sizes at once: padding, and one compiled call."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from salgan_jax.metrics import fixation, roc, similarity
from salgan_jax.metrics.conventions import TUEBINGEN, Convention

METRICS = ("nss", "auc", "auc_judd", "auc_borji", "sauc", "cc", "sim", "kld", "ig")
OF_FIXATIONS = ("nss", "auc", "auc_judd", "auc_borji", "sauc", "ig")
OF_DENSITIES = ("cc", "sim", "kld")

# Padded shapes are rounded up to these, so that few of them are compiled.
_SIDE_MULTIPLE = 32
_FEWEST_FIXATIONS = 256


class Observed(NamedTuple):
    """What people looked at in one image, and what its scores compare with.

    Attributes:
        density_map: float32 [H, W]; zero: not known.
        cc_density_map: that of CC, in conventions where it is another.
        fixations: float32 [N, 2]: (x, y) in pixels.
        others: int32 [H, W]: fixations of other images, for shuffled AUC; zero: none.
        centre_prior: float32 [H, W], for information gain; zero: not known.
    """

    density_map: np.ndarray
    cc_density_map: np.ndarray
    fixations: np.ndarray
    others: np.ndarray
    centre_prior: np.ndarray


class GroundTruth(NamedTuple):
    """What people looked at in a padded batch of images: `Observed`, stacked."""

    density_map: Any  # float32 [b, h, w]
    cc_density_map: Any  # float32 [b, h, w]
    fixations: Any  # float32 [b, n, 2]
    others: Any  # int32 [b, h, w]
    centre_prior: Any  # float32 [b, h, w]
    valid_fixations: Any  # bool [b, n]
    valid_pixels: Any  # bool [b, h, w]


def observed(
    density_map: np.ndarray,
    fixations: np.ndarray,
    *,
    cc_density_map: np.ndarray | None = None,
    others: np.ndarray | None = None,
    centre_prior: np.ndarray | None = None,
) -> Observed:
    """Returns one image's ground truth; what is None is not known."""
    if cc_density_map is None:
        cc_density_map = density_map
    if others is None:
        others = np.zeros(density_map.shape, np.int32)
    if centre_prior is None:
        centre_prior = np.zeros(density_map.shape, np.float32)
    return Observed(density_map, cc_density_map, fixations, others, centre_prior)


def pad_ground_truth(images: Sequence[Observed], *, batch_size: int) -> GroundTruth:
    """Returns the ground truth of images as one padded batch.

    Sides and number of points grow to a common round figure, the number of images, by
    images without pixels, to `batch_size`.
    """
    height = _round_up(max(image.density_map.shape[0] for image in images))
    width = _round_up(max(image.density_map.shape[1] for image in images))
    most = max(_FEWEST_FIXATIONS, *(len(image.fixations) for image in images))
    num_fixations = 1 << (most - 1).bit_length()  # the next power of two
    area, points = (batch_size, height, width), (batch_size, num_fixations)
    truth = GroundTruth(
        density_map=np.zeros(area, np.float32),
        cc_density_map=np.zeros(area, np.float32),
        fixations=np.zeros((*points, 2), np.float32),
        others=np.zeros(area, np.int32),
        centre_prior=np.zeros(area, np.float32),
        valid_fixations=np.zeros(points, bool),
        valid_pixels=np.zeros(area, bool),
    )
    for i, image in enumerate(images):
        height, width = image.density_map.shape
        inside = np.s_[i, :height, :width]
        truth.density_map[inside] = image.density_map
        truth.cc_density_map[inside] = image.cc_density_map
        truth.others[inside] = image.others
        truth.centre_prior[inside] = image.centre_prior
        truth.valid_pixels[inside] = True
        number = len(image.fixations)
        truth.fixations[i, :number] = np.reshape(image.fixations, (-1, 2))
        truth.valid_fixations[i, :number] = True
    return truth


def pad_maps(saliency_maps: Sequence[np.ndarray], truth: GroundTruth) -> np.ndarray:
    """Returns maps [H, W] padded to the shape of the ground truth's batch, float32."""
    padded = np.zeros(truth.density_map.shape, np.float32)
    for i, saliency_map in enumerate(saliency_maps):
        height, width = saliency_map.shape
        padded[i, :height, :width] = saliency_map
    return padded


@functools.partial(jax.jit, static_argnames="convention")
def score(
    saliency_map: Any, truth: GroundTruth, *, convention: Convention = TUEBINGEN
) -> dict[str, jax.Array]:
    """Returns an array [b] for each of `METRICS`, of padded maps [b, h, w].

    An image without fixations has no score of `OF_FIXATIONS`, one whose density map is
    zero none of `OF_DENSITIES`, one without fixations of other images no shuffled AUC,
    one without a centre prior no information gain: NaN.
    """
    masks = (truth.fixations, truth.valid_fixations, truth.valid_pixels)
    valid = truth.valid_pixels
    areas = roc.areas(saliency_map, truth.others, *masks, convention=convention)
    gain = fixation.information_gain(
        saliency_map, truth.centre_prior, *masks, convention=convention
    )
    density_map = truth.density_map
    has_density = jnp.any(density_map > 0, axis=(-2, -1))
    has_prior = jnp.any(truth.centre_prior > 0, axis=(-2, -1))
    correlation = similarity.cc(
        saliency_map, truth.cc_density_map, valid, convention=convention
    )
    similar = similarity.sim(saliency_map, density_map, valid, convention=convention)
    divergence = similarity.kld(saliency_map, density_map, valid, convention=convention)
    return {
        "nss": fixation.nss(saliency_map, *masks, convention=convention),
        **areas._asdict(),
        "cc": jnp.where(has_density, correlation, jnp.nan),
        "sim": jnp.where(has_density, similar, jnp.nan),
        "kld": jnp.where(has_density, divergence, jnp.nan),
        "ig": jnp.where(has_prior, gain, jnp.nan),
    }


def _round_up(side: int) -> int:
    return -(-side // _SIDE_MULTIPLE) * _SIDE_MULTIPLE
