"""Metrics against pysaliency's published values, plain NumPy and hand-worked cases."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from salgan_jax.metrics import (
    baselines,
    batches,
    fixation,
    intervals,
    roc,
    similarity,
)

# The fixture of pysaliency's tests: a Gaussian map and two images' fixations (x, y).
SIDE = 40
FIRST = [(0, 10), (1, 11), (2, 12), (2, 12), (2, 12)]
SECOND = [(1, 21), (5, 25), (3, 33)]


def gaussian_map():
    y, x = np.mgrid[:SIDE, :SIDE]
    squared_distance = (x - SIDE / 2) ** 2 + (y - SIDE / 2) ** 2
    return np.exp(-0.5 * squared_distance / np.hypot(SIDE, SIDE))


def blurred_fixations(points):
    binary = np.zeros((SIDE, SIDE))
    for x, y in points:
        binary[y, x] = 1
    return scipy.ndimage.gaussian_filter(binary, 10, mode="reflect")


def as_jax(array):
    return jnp.asarray(array, jnp.float32)


SALIENCY_MAP = as_jax(gaussian_map())
DENSITY_MAPS = as_jax(np.stack([blurred_fixations(FIRST), blurred_fixations(SECOND)]))
CONSTANT = jnp.ones((SIDE, SIDE))


def test_nss_of_single_fixations_is_that_of_pysaliency():
    points = jnp.array([*FIRST, *SECOND])[:, None]
    np.testing.assert_allclose(
        fixation.nss(SALIENCY_MAP, points),
        [-0.8215960, -0.7895261, *[-0.7406162] * 3, -0.7073223, -0.4330945, -0.8000704],
        atol=1e-6,
    )


def test_nss_of_images_counts_repeated_fixations():
    values = [
        fixation.nss(SALIENCY_MAP, jnp.array(points)) for points in (FIRST, SECOND)
    ]
    assert np.mean(values) == pytest.approx(-0.7067116, abs=1e-6)


def test_auc_judd_is_that_of_pysaliency_without_jitter():
    values = [
        roc.auc_judd(SALIENCY_MAP, jnp.array(points)) for points in (FIRST, SECOND)
    ]
    assert np.mean(values) == pytest.approx(0.445042789, abs=1e-7)


def test_cc_sim_and_kld_against_densities_are_those_of_pysaliency():
    cc = similarity.cc(SALIENCY_MAP, DENSITY_MAPS)
    sim = similarity.sim(SALIENCY_MAP, DENSITY_MAPS)
    kld = similarity.kld(SALIENCY_MAP, DENSITY_MAPS)
    assert float(cc.mean()) == pytest.approx(-0.1542654, abs=1e-6)
    assert float(sim.mean()) == pytest.approx(0.315899, abs=1e-6)
    assert float(kld.mean()) == pytest.approx(2.029283206727416, abs=2e-6)


def test_sim_and_kld_against_a_constant_are_those_of_pysaliency():
    sim = similarity.sim(SALIENCY_MAP, CONSTANT)
    kld = similarity.kld(SALIENCY_MAP, CONSTANT)
    assert float(sim) == pytest.approx(0.54392, abs=1e-6)
    assert float(kld) == pytest.approx(0.8396272788909165, abs=2e-6)


def test_a_constant_map_scores_as_chance():
    constant = jnp.full((SIDE, SIDE), 0.1)
    points = jnp.array(FIRST)
    assert float(fixation.nss(constant, points)) == 0
    assert float(roc.auc_judd(constant, points)) == 0.5
    assert float(similarity.cc(constant, DENSITY_MAPS[0])) == 0
    assert float(similarity.cc(SALIENCY_MAP, constant)) == 0


def test_a_zero_map_counts_as_uniform():
    zero = jnp.zeros((SIDE, SIDE))
    for metric in (similarity.sim, similarity.kld):
        expected = float(metric(CONSTANT, DENSITY_MAPS[0]))
        assert float(metric(zero, DENSITY_MAPS[0])) == pytest.approx(expected, rel=1e-6)


def test_a_map_that_is_zero_where_people_looked_costs_36_nats():
    saliency_map = jnp.array([[0.0, 1.0]])
    kld = similarity.kld(saliency_map, jnp.array([[1.0, 0.0]]))
    assert float(kld) == pytest.approx(-np.log(2.2204e-16), rel=1e-5)


def test_a_map_with_negative_values_is_moved_up_for_sim_and_kld():
    moved = SALIENCY_MAP - SALIENCY_MAP.min()
    for metric in (similarity.sim, similarity.kld):
        expected = float(metric(moved, DENSITY_MAPS[0]))
        actual = float(metric(moved - 3.0, DENSITY_MAPS[0]))
        assert actual == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1.0, 255.0, 1e30])
def test_the_scale_of_a_map_does_not_matter(scale):
    scaled = as_jax(gaussian_map() * scale)
    for metric in (similarity.cc, similarity.sim, similarity.kld):
        expected = float(metric(SALIENCY_MAP, DENSITY_MAPS[0]))
        assert float(metric(scaled, DENSITY_MAPS[0])) == pytest.approx(
            expected, rel=2e-5
        )
    for metric in (fixation.nss, roc.auc_judd):
        expected = float(metric(SALIENCY_MAP, jnp.array(FIRST)))
        actual = float(metric(scaled, jnp.array(FIRST)))
        assert actual == pytest.approx(expected, rel=2e-5)


def test_nss_and_cc_keep_their_digits_on_a_large_offset():
    levels = np.round(gaussian_map() * 255)
    offset = as_jax(levels + 60_000)  # float32 holds it exactly, its square does not
    nss = fixation.nss(offset, jnp.array(FIRST))
    z_scores = (levels - levels.mean()) / levels.std()
    expected = np.mean([z_scores[y, x] for x, y in FIRST])
    assert float(nss) == pytest.approx(expected, abs=1e-5)
    assert float(similarity.cc(offset, as_jax(levels))) == pytest.approx(1, abs=1e-6)


def auc_judd_in_numpy(saliency_map, points):
    columns, rows = np.floor(points).astype(int).T
    positives = saliency_map[rows, columns]
    is_negative = np.ones(saliency_map.shape, bool)
    is_negative[rows, columns] = False
    negatives = saliency_map[is_negative]
    thresholds = np.sort(positives)[::-1]
    true_positive_rate = [np.mean(positives >= t) for t in thresholds]
    false_positive_rate = [np.mean(negatives >= t) for t in thresholds]
    return np.trapezoid([0, *true_positive_rate, 1], [0, *false_positive_rate, 1])


@pytest.mark.parametrize("num_levels", [3, 256, 1_000_000])
def test_auc_judd_is_the_plain_numpy_one_with_and_without_ties(num_levels):
    generator = np.random.default_rng(num_levels)
    saliency_map = generator.integers(num_levels, size=(60, 80)).astype(np.float32)
    points = generator.uniform(size=(150, 2)) * (80, 60)
    points = np.concatenate([points, points[:40]])
    actual = roc.auc_judd(jnp.asarray(saliency_map), as_jax(points))
    expected = auc_judd_in_numpy(saliency_map, points.astype(np.float32))
    assert float(actual) == pytest.approx(expected, abs=1e-6)


def test_an_image_without_fixations_has_no_fixation_scores():
    nothing = jnp.zeros((0, 2))
    padding = jnp.zeros((4, 2)), jnp.zeros(4, bool)
    for metric in (fixation.nss, roc.auc_judd):
        assert np.isnan(float(metric(SALIENCY_MAP, nothing)))
        assert np.isnan(float(metric(SALIENCY_MAP, *padding)))


def test_auc_judd_of_an_image_with_every_pixel_fixated_is_nan():
    points = jnp.array([[0, 0], [1, 0]])
    assert np.isnan(float(roc.auc_judd(jnp.array([[1.0, 2.0]]), points)))


def test_a_fixation_outside_of_the_image_does_not_count():
    for outside in ([-1, 3], [SIDE, 3], [3, -0.5], [3, SIDE + 7]):
        points = as_jax([*FIRST, outside])
        for metric in (fixation.nss, roc.auc_judd):
            expected = float(metric(SALIENCY_MAP, as_jax(FIRST)))
            assert float(metric(SALIENCY_MAP, points)) == expected


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_map_that_is_not_finite_never_gets_a_score(value):
    broken = SALIENCY_MAP.at[5, 5].set(value)
    points = jnp.array(FIRST)
    assert np.isnan(float(fixation.nss(broken, points)))
    assert np.isnan(float(roc.auc_judd(broken, points)))
    assert np.isnan(float(similarity.cc(broken, DENSITY_MAPS[0])))
    assert np.isnan(float(similarity.sim(broken, DENSITY_MAPS[0])))
    assert np.isnan(float(similarity.kld(broken, DENSITY_MAPS[0])))


def mann_whitney(positives, negatives):
    below = (negatives < positives[:, None]) + 0.5 * (negatives == positives[:, None])
    return below.mean()


def scores_in_numpy(saliency_map, density_map, points, others, prior):
    """All metrics of one unpadded image in float64."""
    saliency_map = saliency_map.astype(np.float64)
    density_map = density_map.astype(np.float64)
    z_scores = (saliency_map - saliency_map.mean()) / saliency_map.std()
    positive = saliency_map - min(saliency_map.min(), 0)
    p, q = positive / positive.sum(), density_map / density_map.sum()
    columns, rows = np.floor(points).astype(int).T
    seen = len(points) > 0
    b = prior / prior.sum()
    steps = np.linspace(0, 1, 11)
    unit = (saliency_map - saliency_map.min()) / np.ptp(saliency_map)
    hits = [(unit[rows, columns] >= t).mean() for t in steps] if seen else [0] * 11
    false = [(unit >= t).mean() for t in steps]
    at_fixations, none = saliency_map[rows, columns], float("nan")
    gain = np.log2((p + 2.2204e-16) / b)
    compared = np.repeat(saliency_map.ravel(), others.ravel())
    return {
        "nss": z_scores[rows, columns].mean() if seen else none,
        "auc": mann_whitney(at_fixations, saliency_map.ravel()) if seen else none,
        "auc_judd": auc_judd_in_numpy(saliency_map, points) if seen else none,
        "auc_borji": -np.trapezoid([1, *hits, 0], [1, *false, 0]) if seen else none,
        "sauc": mann_whitney(at_fixations, compared) if seen else none,
        "ig": gain[rows, columns].mean() if seen else none,
        "cc": np.corrcoef(saliency_map.ravel(), density_map.ravel())[0, 1],
        "sim": np.minimum(p, q).sum(),
        "kld": (q * np.log(2.2204e-16 + q / (p + 2.2204e-16))).sum(),
    }


def random_image(generator, height, width, num_fixations):
    saliency_map = generator.normal(size=(height, width)).astype(np.float32)
    density_map = generator.uniform(size=(height, width)).astype(np.float32)
    points = generator.uniform(size=(num_fixations, 2)) * (width, height)
    return saliency_map, density_map, points.astype(np.float32)


def test_padding_changes_no_score_of_images_of_different_sizes():
    generator = np.random.default_rng(3)
    sizes = [(30, 50, 7), (64, 33, 70), (5, 90, 0), (48, 48, 1)]
    images = [random_image(generator, *size) for size in sizes]
    maps, densities, points = zip(*images, strict=True)
    others = [generator.poisson(0.1, d.shape).astype(np.int32) for d in densities]
    priors = [generator.uniform(size=d.shape).astype(np.float32) for d in densities]
    truth = batches.pad_ground_truth(
        [
            batches.observed(density, xy, others=other, centre_prior=prior)
            for density, xy, other, prior in zip(
                densities, points, others, priors, strict=True
            )
        ],
        batch_size=6,
    )
    assert truth.density_map.shape == (6, 64, 96)
    padded = batches.pad_maps(maps, truth)
    # What lies in the padding must not matter, whatever it is.
    padded[~truth.valid_pixels] = 1e6
    truth.density_map[~truth.valid_pixels] = 0.5
    truth.cc_density_map[~truth.valid_pixels] = 0.5
    truth.others[~truth.valid_pixels] = 7
    truth.centre_prior[~truth.valid_pixels] = 3.0
    together = jax.device_get(batches.score(padded, truth))

    for i, image in enumerate(images):
        expected = scores_in_numpy(*image, others[i], priors[i])
        assert expected.keys() == set(batches.METRICS)
        for metric in batches.METRICS:
            np.testing.assert_allclose(
                together[metric][i], expected[metric], rtol=2e-6, atol=1e-6
            )


def test_leading_axes_are_batched_and_broadcast():
    maps = jnp.stack([SALIENCY_MAP, 1 - SALIENCY_MAP])
    points = jnp.array([FIRST[:3], SECOND])
    scores = fixation.nss(maps, points)
    assert scores.shape == (2,)
    assert float(scores[1]) == pytest.approx(
        -float(fixation.nss(SALIENCY_MAP, points[1])), abs=1e-6
    )
    assert similarity.cc(maps[:, None], DENSITY_MAPS).shape == (2, 2)


def test_the_centre_prior_has_the_mean_and_covariance_of_the_fixations():
    generator = np.random.default_rng(0)
    covariance = np.array([[16.0, 5.0], [5.0, 9.0]])
    points = generator.multivariate_normal((50, 35), covariance, size=5000)
    sums = baselines.NO_FIXATIONS
    for some in np.split(points, 10):
        sums = baselines.add_fixations(sums, some, height=80, width=100)
    prior = baselines.centre_prior(sums, height=80, width=100).astype(np.float64)
    y, x = np.mgrid[:80, :100] + 0.5
    pixels = np.stack([x.ravel(), y.ravel()])
    np.testing.assert_allclose(
        np.average(pixels, axis=1, weights=prior.ravel()), points.mean(0), atol=1e-3
    )
    np.testing.assert_allclose(
        np.cov(pixels, aweights=prior.ravel(), ddof=0), np.cov(points.T), rtol=0.01
    )


def test_the_centre_prior_of_one_fixation_is_finite():
    sums = baselines.add_fixations(
        baselines.NO_FIXATIONS, np.array([[3.5, 2.5]]), height=6, width=8
    )
    prior = baselines.centre_prior(sums, height=6, width=8)
    assert np.isfinite(prior).all()
    assert np.unravel_index(prior.argmax(), prior.shape) == (2, 3)


def test_the_larger_half_of_the_observers_predicts_the_others():
    observers = np.repeat(np.arange(15), 3)
    predicts = baselines.predicting_observers(observers)
    assert set(observers[predicts]) == {0, 2, 4, 6, 8, 10, 12, 14}
    assert baselines.predicting_observers(np.array([7, 7])).all()


def test_the_interval_is_that_of_the_normal_approximation():
    values = np.random.default_rng(0).normal(5, 2, size=400)
    interval = intervals.bootstrap_mean(values)
    half_width = 1.96 * values.std() / 20
    assert interval.mean == values.mean()
    assert interval.low == pytest.approx(values.mean() - half_width, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half_width, abs=0.02)
    assert intervals.bootstrap_mean(values) == interval


def test_images_without_a_score_are_left_out_of_the_mean_and_counted():
    assert intervals.bootstrap_mean(np.array([np.nan, 2.0])) == (2, 2, 2, 1)
    nothing = intervals.bootstrap_mean(np.array([np.nan]))
    assert np.isnan(nothing.mean)
    assert nothing.num_images == 0
