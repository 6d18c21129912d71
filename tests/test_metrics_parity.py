"""The convention `tuebingen` against pysaliency 0.2.22, on the same float64 maps.

Both get maps that float32 holds exactly, so that what is equal for one is equal for the
other. AUC-Judd is compared without pysaliency's random jitter; pysaliency has no
AUC-Borji.
"""

import jax
import numpy as np
import peer
import pytest
import scipy.ndimage

from salgan_jax.data import fixations, preparation, records
from salgan_jax.data.fixations import OtherFixations
from salgan_jax.metrics import batches


def our_scores(maps, densities, points, priors):
    sizes = [each.shape for each in maps]
    pool = OtherFixations(points, sizes)
    images = [
        batches.observed(
            densities[i],
            points[i],
            others=pool.counts(i),
            centre_prior=priors[i],
        )
        for i in range(len(maps))
    ]
    truth = batches.pad_ground_truth(images, batch_size=len(maps))
    return jax.device_get(batches.score(batches.pad_maps(maps, truth), truth))


def check_parity(maps, densities, points, priors):
    maps, densities, priors = (
        [each.astype(np.float32) for each in arrays]
        for arrays in (maps, densities, priors)
    )
    stimuli, peers_fixations = peer.dataset([m.shape for m in maps], points)
    as_float64 = [
        [each.astype(np.float64) for each in arrays]
        for arrays in (maps, densities, priors)
    ]
    expected = peer.scores(stimuli, peers_fixations, *as_float64)
    ours = our_scores(maps, densities, points, priors)
    assert expected.keys() == set(batches.METRICS) - {"auc_borji"}
    for name, values in expected.items():
        np.testing.assert_allclose(
            ours[name], values, rtol=1e-6, atol=1e-6, err_msg=name
        )


def blurred_points(points, shape, sigma):
    return fixations.density_map(
        points, height=shape[0], width=shape[1], sigma_px=sigma
    )


def random_points(generator, shape, number):
    points = (generator.uniform(size=(number, 2)) * shape[::-1]).astype(np.float32)
    return np.concatenate([points, points[: number // 4]])  # some twice


SHAPES = [(48, 64), (60, 40), (33, 77)]


def random_maps(generator):
    return [generator.uniform(0.01, 1, size=shape) for shape in SHAPES]


def peaky_maps(generator):
    maps = []
    for shape in SHAPES:
        spot = np.zeros(shape)
        spot[generator.integers(shape[0]), generator.integers(shape[1])] = 1
        maps.append(1e-6 + scipy.ndimage.gaussian_filter(spot, 3))
    return maps


def tied_maps(generator):
    return [generator.integers(1, 5, size=shape) for shape in SHAPES]


def constant_maps(generator):
    return [np.full(shape, generator.uniform(0.1, 3)) for shape in SHAPES]


@pytest.mark.parametrize("make", [random_maps, peaky_maps, tied_maps, constant_maps])
@pytest.mark.parametrize("seed", [0, 1])
def test_scores_are_those_of_pysaliency(make, seed):
    generator = np.random.default_rng(seed)
    points = [random_points(generator, shape, 40) for shape in SHAPES]
    densities = [blurred_points(p, s, 3) for p, s in zip(points, SHAPES, strict=True)]
    check_parity(make(generator), densities, points, random_maps(generator))


@pytest.mark.slow
def test_scores_on_real_fixations_are_those_of_pysaliency(osie_source, tmp_path):
    preparation.prepare("osie", str(osie_source), str(tmp_path))
    some = records.open_split("osie", "validation", str(tmp_path))[:2]
    points = [record.fixations for record in some]
    densities = [record.density_map for record in some]
    grey = [record.image.mean(axis=-1) + 1 for record in some]
    centre = scipy.ndimage.gaussian_filter(np.ones((600, 800)), 90, mode="constant")
    check_parity(grey, densities, points, [centre] * 2)


def test_scores_of_the_fixture_of_pysaliency():
    """shared values: pysaliency's own tests, per fixation and per image."""
    points = [
        np.array([(0, 10), (1, 11), (2, 12), (2, 12), (2, 12)], np.float32),
        np.array([(1, 21), (5, 25), (3, 33)], np.float32),
    ]
    y, x = np.mgrid[:40, :40]
    squared = (x - 20.0) ** 2 + (y - 20.0) ** 2
    saliency_map = np.exp(-0.5 * squared / np.hypot(40, 40)).astype(np.float32)
    ones = np.ones((40, 40), np.float32)
    ours = our_scores([saliency_map] * 2, [ones] * 2, points, [ones] * 2)
    np.testing.assert_allclose(ours["auc"], [0.196625, 0.313125], atol=1e-6)
    np.testing.assert_allclose(ours["sauc"], [(4 / 3) / 5, 2.2 / 3], atol=1e-6)
    assert np.mean(ours["auc"]) == pytest.approx(0.254875, abs=1e-6)
    assert np.mean(ours["auc_judd"]) == pytest.approx(0.445042789, abs=1e-6)
    assert np.mean(ours["nss"]) == pytest.approx(-0.7067116, abs=1e-6)
