"""`mit_legacy` against the MATLAB code's formulas, `salicon` against SALICON's demo."""

import base64
import io
import json
from typing import Any

import jax
import jax.numpy as jnp
import matlab_metrics
import numpy as np
import pytest
from PIL import Image

from salgan_jax.data import fixations, preparation, records
from salgan_jax.data.fixations import OtherFixations
from salgan_jax.metrics import batches, fixation, roc, similarity
from salgan_jax.metrics.conventions import (
    CONVENTIONS,
    MIT_LEGACY,
    SALICON,
    TUEBINGEN,
)

SHAPE = (30, 50)


def example(seed, num_levels=1_000_000):
    """A map, points with repeats, a density, a prior and fixations of others."""
    random = np.random.default_rng(seed)
    saliency_map = random.integers(1, num_levels, size=SHAPE).astype(np.float32)
    points = (random.uniform(size=(40, 2)) * SHAPE[::-1]).astype(np.float32)
    points = np.concatenate([points, points[:9]])
    density = fixations.density_map(points, height=SHAPE[0], width=SHAPE[1], sigma_px=4)
    prior = random.uniform(0.5, 1, SHAPE).astype(np.float32)
    others = random.poisson(0.1, SHAPE).astype(np.int32)
    return saliency_map, points, density, prior, others


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("num_levels", [6, 1_000_000])
def test_mit_legacy_is_the_formulas_of_the_matlab_code(seed, num_levels):
    saliency_map, points, density, prior, others = example(seed, num_levels)
    where = fixations.fixation_map(points, height=SHAPE[0], width=SHAPE[1])
    given, xy = saliency_map.astype(np.float64), jnp.asarray(points)
    ours = jnp.asarray(saliency_map)
    expected = {
        "nss": matlab_metrics.nss(given, where),
        "auc_judd": matlab_metrics.auc_judd(given, where),
        "cc": matlab_metrics.cc(given, density),
        "sim": matlab_metrics.similarity(given, np.float64(density)),
        "kld": matlab_metrics.kl_divergence(given, np.float64(density)),
        "ig": matlab_metrics.information_gain(given, where, np.float64(prior)),
    }
    found = {
        "nss": fixation.nss(ours, xy, convention=MIT_LEGACY),
        "auc_judd": roc.auc_judd(ours, xy, convention=MIT_LEGACY),
        "cc": similarity.cc(ours, jnp.asarray(density), convention=MIT_LEGACY),
        "sim": similarity.sim(ours, jnp.asarray(density), convention=MIT_LEGACY),
        "kld": similarity.kld(ours, jnp.asarray(density), convention=MIT_LEGACY),
        "ig": fixation.information_gain(
            ours, jnp.asarray(prior), xy, convention=MIT_LEGACY
        ),
    }
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, rel=2e-6, abs=2e-6), name
    # These draw at random there; here is the mean of all draws: 2,000 come close.
    borji = matlab_metrics.auc_borji(given, where, num_draws=2000)
    assert float(roc.auc_borji(ours, xy, convention=MIT_LEGACY)) == pytest.approx(
        borji, abs=4e-3
    )
    shuffled = matlab_metrics.auc_shuffled(given, where, others > 0, num_draws=2000)
    found_shuffled = roc.shuffled_auc(
        ours, jnp.asarray(others), xy, convention=MIT_LEGACY
    )
    assert float(found_shuffled) == pytest.approx(shuffled, abs=4e-3)


def test_the_fixture_of_pysaliency_under_the_matlab_formula():
    y, x = np.mgrid[:40, :40]
    squared = (x - 20.0) ** 2 + (y - 20.0) ** 2
    saliency_map = jnp.asarray(np.exp(-0.5 * squared / np.hypot(40, 40)), jnp.float32)
    images = (
        ([(0, 10), (1, 11), (2, 12), (2, 12), (2, 12)], 0.314339),
        ([(1, 21), (5, 25), (3, 33)], 0.453767),
    )
    for points, expected in images:
        found = roc.auc_judd(saliency_map, jnp.array(points), convention=MIT_LEGACY)
        assert float(found) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_degenerate_maps_have_the_documented_scores(name):
    convention = CONVENTIONS[name]
    _, points, density, prior, others = example(0)
    truth = batches.pad_ground_truth(
        [
            batches.observed(density, points, others=others, centre_prior=prior),
            batches.observed(density, points, others=others, centre_prior=prior),
            batches.observed(
                0 * density, points[:0], others=others, centre_prior=prior
            ),
        ],
        batch_size=3,
    )
    maps = [np.full(SHAPE, 0.3, np.float32), np.zeros(SHAPE, np.float32), prior]
    scores = jax.device_get(
        batches.score(batches.pad_maps(maps, truth), truth, convention=convention)
    )
    chance = dict.fromkeys(["auc", "auc_judd", "auc_borji", "sauc"], 0.5)
    for image in (0, 1):
        found = {metric: values[image] for metric, values in scores.items()}
        assert found["nss"] == 0 or (name == "mit_legacy" and np.isnan(found["nss"]))
        assert np.isfinite(found["kld"])
        for metric, expected in {**chance, "cc": 0.0}.items():
            expected = expected if name == "tuebingen" else np.nan
            np.testing.assert_equal(found[metric], np.float32(expected), metric)
        for metric in ("sim", "ig"):
            assert np.isfinite(found[metric]) == (name == "tuebingen"), metric
    # MATLAB leaves a map of zeros as it is: no mass wherever people looked.
    assert (scores["kld"][1] > 20) == (name != "tuebingen")
    assert all(np.isnan(values[2]) for values in scores.values())


def test_a_step_of_a_hundredth_is_finer_than_one_of_a_tenth():
    saliency_map = jnp.array([[0.0, 1.0], [0.02, 0.05]])
    point = jnp.array([[1, 1]])  # the 0.05: above 0 and 0.02, which a tenth cannot see
    coarse = roc.auc_borji(saliency_map, point, convention=TUEBINGEN)
    fine = roc.auc_borji(saliency_map, point, convention=SALICON)
    assert float(coarse) == pytest.approx(0.375)
    assert float(fine) == pytest.approx(0.625)


def demo_maps(folder):
    """The maps that SALICON's evaluation code ships with, by image id."""
    path = folder / "fixations_train2014examples_fake_results.json"
    return {
        result["image_id"]: np.array(
            Image.open(io.BytesIO(base64.b64decode(result["saliency_map"])))
        ).astype(np.float32)
        for result in json.loads(path.read_text())
    }


def test_salicon_reproduces_the_demo_of_its_evaluation_code(shared_data, tmp_path):
    """NSS 1.078 and CC .621: the published notebook, with all points.

    AUC .728 and shuffled AUC .677: its formulas with its step of 0.01, computed anew in
    NumPy; the notebook has .709 and .670, the first of which is that of a step of 0.1.
    """
    source = shared_data / "salicon_api_sample"
    preparation.prepare("salicon/2015", str(source), str(tmp_path))
    images: Any = list(records.open_split("salicon/2015", "", str(tmp_path)))
    maps = demo_maps(source)
    pool = OtherFixations([r.fixations for r in images], [r.size for r in images])
    observed = [
        batches.observed(
            record.density_map,
            record.fixations,
            cc_density_map=fixations.fixated_density_map(
                record.fixations, height=480, width=640, sigma_px=19
            ),
            others=pool.counts(i),
        )
        for i, record in enumerate(images)
    ]
    truth = batches.pad_ground_truth(observed, batch_size=10)
    padded = batches.pad_maps(
        [maps[int(record.id.rpartition("_")[2])] for record in images], truth
    )
    scores = batches.score(padded, truth, convention=SALICON)
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    assert means["nss"] == pytest.approx(1.078, abs=5e-4)
    assert means["cc"] == pytest.approx(0.621, abs=5e-4)
    assert means["auc_borji"] == pytest.approx(0.728, abs=5e-4)
    assert means["sauc"] == pytest.approx(0.677, abs=1e-3)
