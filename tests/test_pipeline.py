"""Batches are the same from a copy on disk, from a device and straight from records."""

import itertools

import jax
import numpy as np
import pytest

from salgan_jax import config as config_module
from salgan_jax import parallel, training_input
from salgan_jax.data import frames, mixtures, pipeline, records, sampling
from salgan_jax.data.frames import FrameFormat
from salgan_jax.data.sampling import Sampling
from salgan_jax.errors import UserError
from salgan_jax.state import Batch

FORMAT = FrameFormat((32, 48), "stretch")
SETTINGS = {"batch_size": 4, "seed": 3, "horizontal_flip": False}


@pytest.fixture
def parts():
    """Six and four examples whose pixels tell their number and their left side."""
    image = np.zeros((12, 16, 16, 3), np.uint8)
    image += np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1)
    image[:, :, 8:] += 100
    examples = Batch(image, image[..., :1].copy())
    return [
        pipeline.Frames(examples, np.arange(6)),
        pipeline.Frames(examples, np.arange(8, 12)),
    ]


def plan(parts, **settings):
    return Sampling(
        counts=tuple(len(part.rows) for part in parts),
        weights=(1.0,) * len(parts),
        **(SETTINGS | settings),
    )


def numbers(batch):
    return batch.image[..., 0].min(axis=(1, 2)).tolist()


def test_a_batch_holds_the_examples_of_its_rows(parts):
    names = [0, 1, 2, 3, 4, 5, 8, 9, 10, 11]
    for step in range(20):
        row = sampling.rows_at(step, plan(parts)).row
        batch = pipeline.batch_at(step, parts, plan(parts))
        assert numbers(batch) == [names[i] for i in row]


def test_batches_from_the_middle_are_those_of_the_whole_run(parts):
    whole = list(pipeline.batches(0, 9, parts, plan(parts)))
    resumed = list(pipeline.batches(5, 9, parts, plan(parts)))
    assert len(whole) == 9 and len(resumed) == 4
    for expected, actual in zip(whole[5:], resumed, strict=True):
        np.testing.assert_array_equal(expected.image, actual.image)


def test_a_flip_mirrors_image_and_map_together(parts):
    flips = []
    for step in range(50):
        batch = pipeline.batch_at(step, parts, plan(parts, horizontal_flip=True))
        np.testing.assert_array_equal(batch.image[..., :1], batch.saliency_map)
        flips += list(batch.image[:, 0, 0, 0] >= 100)
    assert 0.35 < np.mean(flips) < 0.65


def test_joined_rows_are_the_rows_of_all_parts(parts):
    together = pipeline.joined(parts)
    assert numbers(together) == [0, 1, 2, 3, 4, 5, 8, 9, 10, 11]
    assert together.saliency_map.shape == (10, 16, 16, 1)


def test_training_copy_is_made_once_and_holds_what_the_records_hold(
    tmp_path, monkeypatch
):
    options = {"data_dir": str(tmp_path), "frame_format": FORMAT}
    made = frames.open_frames("popout/tiny", "train", **options)
    assert made.image.shape == (24, 32, 48, 3)
    assert made.saliency_map.shape == (24, 32, 48, 1)
    record = records.open_split("popout/tiny", "train", str(tmp_path))[5]
    assert record.density_map is not None
    peak = np.unravel_index(record.density_map.argmax(), record.size)
    small_peak = np.unravel_index(made.saliency_map[5, ..., 0].argmax(), (32, 48))
    scale = np.divide(record.size, (32, 48))
    assert np.abs(np.array(small_peak) + 0.5 - np.array(peak) / scale).max() < 1.5

    def must_not_run(*_, **__):
        raise AssertionError("the training copy was made twice")

    monkeypatch.setattr(frames, "make_frames", must_not_run)
    again = frames.open_frames("popout/tiny", "train", **options)
    np.testing.assert_array_equal(made.image, again.image)


def test_other_geometries_have_copies_of_their_own(tmp_path):
    stretched, padded = (
        frames.open_frames(
            "popout/tiny",
            "validation",
            data_dir=str(tmp_path),
            frame_format=FrameFormat((48, 48), geometry),
        )
        for geometry in ("stretch", "pad")
    )
    assert not padded.saliency_map[:, :6].any()
    assert (stretched.image != padded.image).any()


def test_a_folder_that_cannot_be_written_keeps_the_copy_in_memory(
    tmp_path, monkeypatch
):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    records.open_split("popout/tiny", "train", str(tmp_path))
    monkeypatch.setattr(frames, "_save", refused)
    made = frames.open_frames(
        "popout/tiny", "train", data_dir=str(tmp_path), frame_format=FORMAT
    )
    assert len(made.image) == 24
    assert not list(tmp_path.rglob("training_copies/*"))


def test_a_record_without_a_map_cannot_be_trained_on(tmp_path):
    record = records.open_split("popout/tiny", "train", str(tmp_path))[0]
    with pytest.raises(UserError, match=r"no density map.*--sigma_px"):
        frames.make_frame(record._replace(density_map=None), FORMAT)


def small_config(data_dir, **data):
    config = config_module.default()
    config.batch_size = 4
    config.data.dataset = "popout/tiny"
    config.data.data_dir = data_dir
    config.data.image_size = FORMAT.size
    config.data.horizontal_flip = True
    config.data.update(data)
    config.losses.nss = 1.0  # reads everything that a batch can have
    return config


@pytest.fixture(scope="module")
def popout_dir(tmp_path_factory):
    data_dir = str(tmp_path_factory.mktemp("popout"))
    records.open_split("popout/tiny", "train", data_dir)
    return data_dir


def test_the_mean_map_is_that_of_what_is_drawn(popout_dir):
    config = small_config(popout_dir)
    source = training_input.open_input(config)
    (copies,) = training_input.training_copies(source, config)
    maps = np.asarray(copies.examples.saliency_map) / 255
    assert training_input.mean_map_value(source, config) == pytest.approx(maps.mean())
    part = source.parts[0]
    mixed = source._replace(
        parts=[part, part._replace(rows=part.rows[:5])],
        sampling=source.sampling._replace(counts=(24, 5), weights=(1.0, 3.0)),
    )
    expected = (maps.mean() + 3 * maps[:5].mean()) / 4
    assert training_input.mean_map_value(mixed, config) == pytest.approx(expected)
    record = part.records[0]
    assert record.density_map is not None
    empty = record._replace(density_map=np.zeros_like(record.density_map))
    of_empty = part._replace(records=[empty], rows=np.array([0]))
    with pytest.raises(UserError, match=r"training maps is 0.*output_bias=False"):
        training_input.mean_map_value(source._replace(parts=[of_empty]), config)


def batches_of(config, num_devices, first_step=3, num_steps=14):
    source = training_input.open_input(config)
    found = training_input.batches(
        source,
        config,
        jax.devices()[:num_devices],
        first_step=first_step,
        num_steps=num_steps,
    )
    return [jax.tree.map(np.asarray, batch) for batch in found]


@pytest.mark.parametrize(
    ("cache", "num_workers", "num_devices"),
    [("device", 0, 1), ("device", 0, 2), ("none", 0, 1), ("none", 2, 2)],
)
def test_the_cache_does_not_change_the_batches(
    popout_dir, cache, num_workers, num_devices
):
    expected = batches_of(small_config(popout_dir), num_devices)
    config = small_config(popout_dir, cache=cache, num_workers=num_workers)
    found = batches_of(config, num_devices)
    assert len(found) == len(expected) == 11
    for a, b in zip(found, expected, strict=True):
        assert a.image.shape == (num_devices, 4 // num_devices, 32, 48, 3)
        assert a.image.dtype == a.saliency_map.dtype == np.uint8
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.saliency_map, b.saliency_map)
        assert b.fixation_counts.any()
        np.testing.assert_array_equal(a.fixation_counts, b.fixation_counts)


def test_examples_that_do_not_fit_a_device_are_refused(popout_dir, monkeypatch):
    class SmallDevice:
        def memory_stats(self):
            return {"bytes_limit": 1000}

    examples = Batch(
        np.zeros((10, 16, 16, 3), np.uint8), np.zeros((10, 16, 16, 1), np.uint8)
    )
    with pytest.raises(UserError, match="cache=host"):
        parallel.resident_batches(examples, [], [SmallDevice()])  # pyright: ignore


def test_folds_hold_out_each_image_once_and_never_train_on_it(popout_dir):
    held_out = []
    for fold in range(3):
        config = small_config(popout_dir, num_folds=3, fold=fold)
        source = training_input.open_input(config)
        trained = {source.parts[0].records[int(i)].id for i in source.parts[0].rows}
        scored = [record.id for record in source.eval_records]
        assert not trained & set(scored)
        assert len(trained) + len(scored) == 24
        held_out += scored
    assert len(held_out) == len(set(held_out)) == 24


def test_mixed_batches_are_the_same_whatever_the_cache(popout_dir):
    config = small_config(popout_dir)
    source = training_input.open_input(config)
    part = source.parts[0]
    mixed = source._replace(
        parts=[part, part._replace(rows=part.rows[:5])],
        sampling=source.sampling._replace(counts=(24, 5), weights=(1.0, 3.0)),
    )
    expected, found = (
        list(
            itertools.islice(
                training_input.batches(
                    mixed,
                    small_config(popout_dir, cache=cache),
                    jax.devices()[:1],
                    first_step=0,
                    num_steps=20,
                ),
                20,
            )
        )
        for cache in ("host", "none")
    )
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a.image, b.image)


@pytest.mark.parametrize("text", ["", "osie:", "osie:x", "osie:0", "osie,,popout"])
def test_a_mixture_that_cannot_be_read_is_refused(text):
    with pytest.raises(UserError, match=r"as in salicon/2017:3,osie:1"):
        mixtures.parse(text)


def test_a_data_set_is_not_mixed_with_itself():
    with pytest.raises(UserError, match="twice"):
        mixtures.parse("osie:1,osie:2")


def test_a_score_that_the_images_cannot_have_is_no_best_metric(popout_dir):
    record = records.open_split("popout/tiny", "train", popout_dir)[0]
    blind = record._replace(fixations=None, observers=None)
    with pytest.raises(UserError, match=r"no fixations.*best_metric=nss"):
        training_input._check_can_score("nss", [blind])
    training_input._check_can_score("cc", [blind])
    with pytest.raises(UserError, match=r"no density maps.*best_metric=cc"):
        training_input._check_can_score("cc", [record._replace(density_map=None)])


def test_fixations_are_counted_in_the_pixel_of_the_frame_that_they_fall_on(tmp_path):
    with_fixations = FORMAT._replace(with_fixations=True)
    options = {"data_dir": str(tmp_path), "frame_format": with_fixations}
    made = frames.open_frames("popout/tiny", "train", **options)
    record = records.open_split("popout/tiny", "train", str(tmp_path))[5]
    assert record.fixations is not None
    expected = np.zeros((32, 48), int)
    for x, y in record.fixations:
        row = int((np.floor(y) + 0.5) * 32 / record.size[0])
        expected[row, int((np.floor(x) + 0.5) * 48 / record.size[1])] += 1
    assert made.fixation_counts is not None
    np.testing.assert_array_equal(made.fixation_counts[5, ..., 0], expected)
    assert expected.max() > 1

    part = pipeline.Frames(made, np.arange(len(made.image)))
    batch = pipeline.batch_at(0, [part], plan([part], horizontal_flip=True))
    assert batch.fixation_counts is not None
    sums = made.fixation_counts.sum(axis=(1, 2, 3))
    assert set(batch.fixation_counts.sum(axis=(1, 2, 3))) <= set(sums)
    one = pipeline.take([part], np.array([5]))
    mirrored = pipeline.mirror(one, np.array([True]))
    assert mirrored.fixation_counts is not None
    np.testing.assert_array_equal(
        mirrored.fixation_counts[0, ..., 0], expected[:, ::-1]
    )


def test_a_loss_that_reads_fixations_says_which_image_has_none(tmp_path):
    record = records.open_split("popout/tiny", "train", str(tmp_path))[0]
    with pytest.raises(UserError, match=r"no fixations, which NSS .*nss=0"):
        frames.make_frame(
            record._replace(fixations=None), FORMAT._replace(with_fixations=True)
        )
