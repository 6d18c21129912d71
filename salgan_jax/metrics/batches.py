"""All metrics of images of different sizes at once: padding, and one compiled call."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from salgan_jax.metrics import fixation, similarity

CONVENTION = "tuebingen"
METRICS = ("nss", "auc_judd", "cc", "sim", "kld")

# Padded shapes are rounded up to these, so that few of them are compiled.
_SIDE_MULTIPLE = 32
_FEWEST_FIXATIONS = 256


class GroundTruth(NamedTuple):
    """What people looked at in a padded batch of images."""

    density_map: Any  # float32 [b, h, w]
    fixations: Any  # float32 [b, n, 2]: (x, y) in pixels
    valid_fixations: Any  # bool [b, n]
    valid_pixels: Any  # bool [b, h, w]


def pad_ground_truth(
    density_maps: Sequence[np.ndarray],
    fixations: Sequence[np.ndarray],
    *,
    batch_size: int,
) -> GroundTruth:
    """Returns density maps [H, W] and points [N, 2] of images as one padded batch.

    Sides and number of points grow to a common round figure, the number of images, by
    images without pixels, to `batch_size`.
    """
    height = _round_up(max(density_map.shape[0] for density_map in density_maps))
    width = _round_up(max(density_map.shape[1] for density_map in density_maps))
    most = max(_FEWEST_FIXATIONS, *(len(points) for points in fixations))
    num_fixations = 1 << (most - 1).bit_length()  # the next power of two
    truth = GroundTruth(
        density_map=np.zeros((batch_size, height, width), np.float32),
        fixations=np.zeros((batch_size, num_fixations, 2), np.float32),
        valid_fixations=np.zeros((batch_size, num_fixations), bool),
        valid_pixels=np.zeros((batch_size, height, width), bool),
    )
    for i, (density_map, points) in enumerate(
        zip(density_maps, fixations, strict=True)
    ):
        height, width = density_map.shape
        truth.density_map[i, :height, :width] = density_map
        truth.valid_pixels[i, :height, :width] = True
        truth.fixations[i, : len(points)] = np.reshape(points, (-1, 2))
        truth.valid_fixations[i, : len(points)] = True
    return truth


def pad_maps(saliency_maps: Sequence[np.ndarray], truth: GroundTruth) -> np.ndarray:
    """Returns maps [H, W] padded to the shape of the ground truth's batch, float32."""
    padded = np.zeros(truth.density_map.shape, np.float32)
    for i, saliency_map in enumerate(saliency_maps):
        height, width = saliency_map.shape
        padded[i, :height, :width] = saliency_map
    return padded


@jax.jit
def score(saliency_map: Any, truth: GroundTruth) -> dict[str, jax.Array]:
    """Returns an array [b] for each of `METRICS`, of padded maps [b, h, w].

    An image without fixations has no NSS and no AUC-Judd, one whose density map is zero
    has no CC, SIM and KL divergence: NaN.
    """
    points = (truth.fixations, truth.valid_fixations, truth.valid_pixels)
    area = (truth.density_map, truth.valid_pixels)
    has_density = jnp.any(truth.density_map > 0, axis=(-2, -1))
    return {
        "nss": fixation.nss(saliency_map, *points),
        "auc_judd": fixation.auc_judd(saliency_map, *points),
        "cc": jnp.where(has_density, similarity.cc(saliency_map, *area), jnp.nan),
        "sim": jnp.where(has_density, similarity.sim(saliency_map, *area), jnp.nan),
        "kld": jnp.where(has_density, similarity.kld(saliency_map, *area), jnp.nan),
    }


def _round_up(side: int) -> int:
    return -(-side // _SIDE_MULTIPLE) * _SIDE_MULTIPLE
