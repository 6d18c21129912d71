"""Evaluation of fake predictors on in-memory records."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from salgan_jax.data import fixations, records
from salgan_jax.data.records import Record
from salgan_jax.errors import UserError
from salgan_jax.evaluation import (
    background,
    baseline_predictors,
    human_ceilings,
    protocol,
)
from salgan_jax.evaluation.scoring import Scoring
from salgan_jax.metrics.batches import METRICS, OF_DENSITIES, OF_FIXATIONS
from salgan_jax.metrics.conventions import CONVENTIONS

SIGMA_PX = 3.0


def make_record(index, *, height=40, width=60, num_fixations=24, num_observers=4):
    """People look around a place that differs from image to image."""
    generator = np.random.default_rng(index)
    place = generator.uniform(0.3, 0.7, size=2) * (width, height)
    points = generator.normal(place, 2.0, size=(num_fixations, 2))
    points = np.clip(points, 0, (width - 1, height - 1)).astype(np.float32)
    return Record(
        id=f"image_{index}",
        image=generator.integers(256, size=(height, width, 3), dtype=np.uint8),
        density_map=fixations.density_map(
            points, height=height, width=width, sigma_px=SIGMA_PX
        ),
        fixations=points,
        observers=np.arange(num_fixations, dtype=np.int32) % num_observers,
    )


RECORDS = [make_record(0), make_record(1, height=32, width=44), make_record(2)]
TRAIN = [make_record(index) for index in range(10, 16)]
SCORED = baseline_predictors.scored(RECORDS[0])


def ground_truth(some):
    return [record.density_map for record in some]


def noise(some):
    return [np.random.default_rng(0).uniform(size=r.density_map.shape) for r in some]


def test_the_ground_truth_has_the_best_scores():
    scores = protocol.evaluate(ground_truth, RECORDS)
    assert tuple(scores) == METRICS
    assert all(len(values) == 3 for values in scores.values())
    np.testing.assert_allclose(scores["cc"], 1, atol=1e-6)
    np.testing.assert_allclose(scores["sim"], 1, atol=1e-6)
    np.testing.assert_allclose(scores["kld"], 0, atol=1e-6)
    assert (scores["nss"] > 2).all()
    assert (scores["auc_judd"] > 0.9).all()


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_the_batch_size_changes_no_score(batch_size):
    expected = protocol.evaluate(noise, RECORDS, 8)
    actual = protocol.evaluate(noise, RECORDS, batch_size)
    for metric in METRICS:
        np.testing.assert_allclose(
            actual[metric], expected[metric], rtol=1e-5, atol=1e-6
        )


class Stream(Sequence):
    """Records that are made when asked for."""

    def __init__(self, length):
        self.length, self.asked = length, []

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        self.asked.append(index)
        return make_record(index)


def test_records_are_read_once_and_a_batch_at_a_time():
    stream, behind = Stream(7), []

    def predict(some):
        behind.append(len(stream.asked))
        return ground_truth(some)

    protocol.evaluate(predict, stream, batch_size=3)
    assert stream.asked == list(range(7))
    assert behind == [3, 6, 7]


def test_an_image_without_fixations_has_no_scores_and_the_others_keep_theirs():
    empty = RECORDS[1]._replace(
        fixations=np.zeros((0, 2), np.float32),
        observers=np.zeros(0, np.int32),
        density_map=np.zeros_like(RECORDS[1].density_map),
    )
    scores = protocol.evaluate(noise, [RECORDS[0], empty, RECORDS[2]])
    for metric in set(METRICS) - {"sauc", "ig"}:
        np.testing.assert_array_equal(np.isnan(scores[metric]), [False, True, False])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_map_that_is_not_finite_is_an_error_naming_the_image(value):
    def predict(some):
        maps = [record.density_map.copy() for record in some]
        maps[-1][0, 0] = value
        return maps

    with pytest.raises(UserError, match="image_2 has values that are not finite"):
        protocol.evaluate(predict, RECORDS)


def test_a_map_of_another_size_is_an_error_naming_the_image():
    def predict(some):
        return [np.ones((40, 60)) for _ in some]

    with pytest.raises(UserError, match=r"image_1 .* \(40, 60\).* \(32, 44\)"):
        protocol.evaluate(predict, RECORDS)


def test_a_fixation_outside_of_its_image_is_an_error_naming_the_image():
    outside = RECORDS[0]._replace(fixations=np.array([[60.0, 3.0]], np.float32))
    with pytest.raises(UserError, match="image_0 has a fixation outside"):
        protocol.evaluate(noise, [outside])


def test_no_images_is_an_error():
    with pytest.raises(UserError, match="no images"):
        protocol.evaluate(noise, [])


def score(models, some=RECORDS, train=TRAIN, *, sigma_px=SIGMA_PX, **options):
    leave_one_out = options.pop("leave_one_out", False)
    scoring = Scoring(**options)
    known = background.make_background(
        train,
        some,
        leave_one_out=leave_one_out,
        sigma_px=sigma_px,
        convention=scoring.convention,
    )
    return protocol.score_all(models, some, known, scoring)


BASELINES = ["uniform", "centre_prior", "kde_prior", "mean_training_map", "shuffled"]
PEOPLE = ["human_ceiling", "human_leave_one_out"]


def test_the_rows_are_ordered_as_they_should_be():
    sheet = score({"model": noise})
    assert list(sheet.rows) == [*BASELINES, "model", *PEOPLE]
    assert sheet.images == ["image_0", "image_1", "image_2"]
    nss = {row: scores["nss"].mean() for row, scores in sheet.rows.items()}
    assert nss["uniform"] == 0
    for row in ("centre_prior", "kde_prior", "mean_training_map"):
        assert 0 < nss[row] < nss["human_ceiling"]
    assert (sheet.rows["uniform"]["auc"] == 0.5).all()
    assert (sheet.rows["human_ceiling"]["cc"] > 0.5).all()
    # 3 of 4 observers predict the fourth better than 2 predict the other 2.
    assert nss["human_leave_one_out"] > nss["human_ceiling"]
    # Information gain is against the KDE prior, by definition.
    np.testing.assert_allclose(sheet.rows["kde_prior"]["ig"], 0, atol=1e-6)
    assert (sheet.rows["uniform"]["ig"] < 0).all()
    assert (sheet.rows["human_ceiling"]["ig"] > 0).all()


def test_a_row_does_not_depend_on_the_others():
    rows = score({"model": noise}).rows
    alone = protocol.evaluate(noise, RECORDS)
    for metric in set(METRICS) - {"sauc", "ig"}:
        np.testing.assert_array_equal(rows["model"][metric], alone[metric])
    assert np.isnan(alone["sauc"]).all() and np.isnan(alone["ig"]).all()
    two = score({"model": noise, "compared": ground_truth}).rows
    for metric in METRICS:
        np.testing.assert_array_equal(two["model"][metric], rows["model"][metric])


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_scores_every_row(name):
    sheet = score({"model": noise}, convention=CONVENTIONS[name])
    assert sheet.convention == name
    for values in sheet.rows["model"].values():
        assert np.isfinite(values).all()


def test_shuffled_auc_compares_with_the_other_images_only():
    """A map of where people look in the others is worse than chance."""
    others = {
        record.id: fixations.density_map(
            np.concatenate(
                [
                    np.asarray(other.fixations) / other.size[::-1] * record.size[::-1]
                    for other in RECORDS
                    if other is not record
                ]
            ),
            height=record.size[0],
            width=record.size[1],
            sigma_px=1,
        )
        for record in RECORDS
    }
    sheet = score({"model": lambda some: [others[record.id] for record in some]})
    assert (sheet.rows["model"]["sauc"] < 0.2).all()
    assert (score({"model": ground_truth}).rows["model"]["sauc"] > 0.8).all()


def test_the_earth_movers_distance_is_opt_in():
    sheet = score({"model": ground_truth}, with_emd=True)
    assert list(sheet.rows["model"]) == [*METRICS, "emd"]
    np.testing.assert_allclose(sheet.rows["model"]["emd"], 0, atol=1e-6)
    assert (sheet.rows["uniform"]["emd"] > 0.01).all()


def test_an_image_is_left_out_of_the_baselines_fitted_to_it():
    """In two images people look at opposite corners: only the other one is known."""
    corners = []
    for name, (x, y) in (("a", (15, 10)), ("b", (45, 30))):
        points = np.random.default_rng(x).normal((x, y), 2.5, (9, 2)).astype(np.float32)
        density_map = fixations.density_map(points, height=40, width=60, sigma_px=3)
        corners.append(
            RECORDS[0]._replace(
                id=name,
                density_map=density_map,
                fixations=points,
                observers=np.arange(9, dtype=np.int32),
            )
        )
    left_out = score({"model": noise}, corners, corners, leave_one_out=True).rows
    fitted = score({"model": noise}, corners, corners).rows
    for row in ("centre_prior", "kde_prior", "mean_training_map"):
        assert (fitted[row]["auc"] > 0.7).all(), row
        assert (left_out[row]["auc"] < 0.4).all(), row
    assert (left_out["shuffled"]["auc"] < 0.4).all()


def test_images_without_density_maps_have_the_scores_of_fixations():
    some = [record._replace(density_map=None) for record in RECORDS]
    train = [record._replace(density_map=None) for record in TRAIN]
    rows = score({"model": noise}, some, train).rows
    assert "mean_training_map" not in rows and "shuffled" not in rows
    assert all(np.isfinite(rows["model"][name]).all() for name in OF_FIXATIONS)
    assert all(np.isnan(rows["model"][name]).all() for name in OF_DENSITIES)


def test_the_mean_training_map_is_the_mean_of_maps_of_one_size():
    statistics = baseline_predictors.training_statistics(TRAIN)
    maps: Any = [record.density_map for record in TRAIN]
    expected = np.mean(maps, axis=0)
    mean_map = statistics.total_map / statistics.num_maps
    np.testing.assert_allclose(mean_map, expected, atol=1e-6)
    assert statistics.fixations.count == 6 * 24
    gazes: Any = [record.fixations for record in TRAIN]
    points = np.concatenate(gazes)
    np.testing.assert_allclose(
        statistics.fixations.points / (6 * 24), points.mean(0) / (60, 40), rtol=1e-6
    )


def test_training_maps_of_other_sizes_are_resized_to_the_first():
    mixed = [*TRAIN, make_record(20, height=80, width=30)]
    assert baseline_predictors.training_statistics(mixed).total_map.shape == (40, 60)


def test_a_training_split_without_any_ground_truth_is_an_error():
    nothing = RECORDS[0]._replace(fixations=None, density_map=None)
    for some in ([], [nothing]):
        with pytest.raises(UserError, match="neither fixations nor density maps"):
            baseline_predictors.training_statistics(some)


def test_images_with_maps_alone_have_the_scores_of_maps():
    some = [record._replace(fixations=None, observers=None) for record in RECORDS]
    train = [record._replace(fixations=None, observers=None) for record in TRAIN]
    rows = score({"model": ground_truth}, some, train).rows
    assert "centre_prior" not in rows and "kde_prior" not in rows
    np.testing.assert_allclose(rows["model"]["cc"], 1, atol=1e-6)
    assert (rows["mean_training_map"]["cc"] < 0.9).all()
    assert all(np.isnan(rows["model"][name]).all() for name in OF_FIXATIONS)


def test_half_of_the_observers_predicts_the_other_half():
    (half,) = human_ceilings.split_half(SCORED, sigma_px=SIGMA_PX)
    assert set(half.others.observers) == {1, 3}
    expected = fixations.density_map(
        SCORED.fixations[1::2], height=40, width=60, sigma_px=SIGMA_PX
    )
    np.testing.assert_array_equal(half.others.density_map, expected)
    expected = fixations.density_map(
        SCORED.fixations[::2], height=40, width=60, sigma_px=SIGMA_PX
    )
    np.testing.assert_array_equal(half.saliency_map, expected)


def test_each_observer_is_predicted_by_all_others():
    predictions = human_ceilings.leave_one_out(SCORED, sigma_px=SIGMA_PX)
    assert [set(each.others.observers) for each in predictions] == [{0}, {1}, {2}, {3}]
    expected = fixations.density_map(
        SCORED.fixations[SCORED.observers != 2], height=40, width=60, sigma_px=SIGMA_PX
    )
    np.testing.assert_array_equal(predictions[2].saliency_map, expected)
    many = make_record(0, num_fixations=50, num_observers=50)
    scored = baseline_predictors.scored(many)
    assert len(human_ceilings.leave_one_out(scored, sigma_px=SIGMA_PX)) == 10


@pytest.mark.parametrize("row", PEOPLE)
def test_an_image_with_one_observer_has_no_ceiling(row):
    lonely = make_record(5, num_observers=1)
    rows = score({"model": noise}, [RECORDS[0], lonely]).rows
    for values in rows[row].values():
        np.testing.assert_array_equal(np.isnan(values), [False, True])


def test_a_predictor_of_images_gets_the_images():
    def predict(images):
        return [image[..., 0] / 255 for image in images]

    (saliency_map,) = protocol.from_images(predict)([SCORED])
    np.testing.assert_array_equal(saliency_map, RECORDS[0].image[..., 0] / 255)


def test_osie_baselines_have_the_known_scores(osie_source, tmp_path):
    from salgan_jax.data.builders import nus_layout

    source = osie_source / "data"
    gazes = nus_layout.read_fixations(source / "eye" / "fixations.mat")
    some = []
    for path in sorted((source / "stimuli").glob("*.jpg"))[:30:5]:
        points = np.clip(gazes[path.name].points, 0, (799.99, 599.99))
        density_map = fixations.density_map(
            points, height=600, width=800, sigma_px=24.0
        )
        some.append(
            records.Record(
                path.stem,
                np.zeros((600, 800, 3), np.uint8),
                density_map,
                points,
                gazes[path.name].observers,
            )
        )
    rows = score({"model": noise}, some[:3], some[3:], sigma_px=24.0).rows
    # On 100 images a map of 8 observers has NSS 3.46 for the other 7, a centred
    # Gaussian 0.77.
    assert 2.5 < rows["human_ceiling"]["nss"].mean() < 4.5
    assert 0.3 < rows["centre_prior"]["nss"].mean() < 1.5
