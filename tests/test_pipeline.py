"""The batch of a step depends on the step and the seed, and on nothing else."""

from typing import Any

import numpy as np
import pytest

from salgan_jax.data import pipeline, records
from salgan_jax.data.pipeline import TrainingSet

SETTINGS: dict[str, Any] = {"batch_size": 4, "seed": 3, "horizontal_flip": False}


@pytest.fixture
def training_set():
    """Ten examples whose pixels tell their number and their left side."""
    image = np.zeros((10, 16, 16, 3), np.uint8)
    image += np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    image[:, :, 8:] += 100
    saliency_map = image[..., :1].copy()
    return TrainingSet(image, saliency_map)


def examples(batch):
    return sorted(int(x) for x in batch.image[..., 0].min(axis=(1, 2)))


def test_same_step_and_seed_give_the_same_batch_in_any_order(training_set):
    steps = [7, 0, 3, 7]
    first, *_, last = [
        pipeline.batch_at(step, training_set, **SETTINGS) for step in steps
    ]
    np.testing.assert_array_equal(first.image, last.image)
    np.testing.assert_array_equal(first.saliency_map, last.saliency_map)


def test_batches_from_the_middle_are_those_of_the_whole_run(training_set):
    whole = list(pipeline.batches(0, 9, training_set, **SETTINGS))
    resumed = list(pipeline.batches(5, 9, training_set, **SETTINGS))
    assert len(whole) == 9 and len(resumed) == 4
    for expected, actual in zip(whole[5:], resumed, strict=True):
        np.testing.assert_array_equal(expected.image, actual.image)


def test_an_epoch_sees_no_example_twice_and_epochs_differ(training_set):
    epochs = [
        [
            number
            for step in (2 * epoch, 2 * epoch + 1)
            for number in examples(pipeline.batch_at(step, training_set, **SETTINGS))
        ]
        for epoch in range(6)
    ]
    for epoch in epochs:
        assert len(set(epoch)) == len(epoch) == 8
    assert len({tuple(epoch) for epoch in epochs}) > 1
    assert set().union(*epochs) == set(range(10))


def test_another_seed_gives_another_order(training_set):
    other: Any = SETTINGS | {"seed": 4}
    orders = [
        [examples(pipeline.batch_at(s, training_set, **settings)) for s in range(6)]
        for settings in (SETTINGS, other)
    ]
    assert orders[0] != orders[1]


def test_a_flip_mirrors_image_and_map_together_for_about_half(training_set):
    settings: Any = SETTINGS | {"horizontal_flip": True}
    flips = []
    for step in range(100):
        batch = pipeline.batch_at(step, training_set, **settings)
        np.testing.assert_array_equal(batch.image[..., :1], batch.saliency_map)
        flips += list(batch.image[:, 0, 0, 0] >= 100)
    assert 0.4 < np.mean(flips) < 0.6


def test_training_copy_is_made_once_and_holds_what_the_records_hold(
    tmp_path, monkeypatch
):
    arguments = ("popout/tiny", "train")
    options = {"data_dir": str(tmp_path), "image_size": (32, 48)}
    made = pipeline.open_training_set(*arguments, **options)
    assert made.image.shape == (24, 32, 48, 3)
    assert made.saliency_map.shape == (24, 32, 48, 1)
    record = records.open_split(*arguments, str(tmp_path))[5]
    peak = np.unravel_index(record.density_map.argmax(), record.density_map.shape)
    small_peak = np.unravel_index(made.saliency_map[5, ..., 0].argmax(), (32, 48))
    scale = np.divide(record.density_map.shape, (32, 48))
    assert np.abs(np.array(small_peak) + 0.5 - np.array(peak) / scale).max() < 1.5

    def must_not_run(*_, **__):
        raise AssertionError("the training copy was made twice")

    monkeypatch.setattr(pipeline, "make_training_set", must_not_run)
    again = pipeline.open_training_set(*arguments, **options)
    np.testing.assert_array_equal(made.image, again.image)
