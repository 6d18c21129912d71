"""Eight devices do what one does, and the batch is split without losing anything."""

import jax
import miniature
import numpy as np
import pytest

from salgan_jax import parallel, updates
from salgan_jax.errors import UserError
from salgan_jax.schedule import Update


def train(num_devices, dtype, num_steps=4):
    """Some updates of each kind, starting from the same parameters."""
    devices = jax.devices()[:num_devices]
    params = jax.tree.map(lambda x: x.astype(dtype), miniature.experiment().params)
    state = parallel.replicate(miniature.state(params), devices)
    functions = updates.make_updates(
        miniature.experiment().recipe, axis_name=parallel.AXIS
    )
    mapped = {u: parallel.pmap_update(f, devices) for u, f in functions.items()}
    # Both at once is made of the single moves.
    singles = [update for update in Update if update is not Update.BOTH]
    order = [update for update in singles for _ in range(num_steps)]
    batches = parallel.prefetch(
        [miniature.batch(size=8, seed=step) for step in range(len(order))], devices
    )
    seen = []
    for update, batch in zip(order, batches, strict=True):
        state, metrics = mapped[update](state, batch)
        assert all(np.shape(value) == () for value in metrics.values())
        seen.append(jax.device_get(metrics))
    return jax.tree.map(np.asarray, state), seen


def largest_difference(a, b):
    relative = jax.tree.map(
        lambda x, y: np.max(np.abs(x - y)) if x.size else 0.0,
        (a.generator.params, a.discriminator.params),
        (b.generator.params, b.discriminator.params),
    )
    return max(jax.tree.leaves(relative))


@pytest.mark.slow
def test_eight_devices_equal_one_exactly_in_float64():
    with jax.enable_x64(True):
        one, of_one = train(1, np.float64)
        eight, of_eight = train(8, np.float64)
    assert one.generator.params["decoder"]["decoder_output"]["bias"].dtype == np.float64
    assert one.step == eight.step == 12
    assert largest_difference(one, eight) < 1e-9
    for of_step, same in zip(of_one, of_eight, strict=True):
        assert of_step.keys() == same.keys()
        for name, value in of_step.items():
            np.testing.assert_allclose(same[name], value, rtol=1e-9, err_msg=name)


@pytest.mark.slow
def test_eight_devices_equal_one_in_float32():
    one, eight = train(1, np.float32)[0], train(8, np.float32)[0]
    assert largest_difference(one, eight) < 1e-4


def test_the_state_is_donated():
    devices = jax.devices()[:1]
    function = updates.make_updates(
        miniature.experiment().recipe, axis_name=parallel.AXIS
    )[Update.DISCRIMINATOR]
    state = parallel.replicate(miniature.state(), devices)
    (batch,) = parallel.prefetch([miniature.batch()], devices)
    parallel.pmap_update(function, devices)(state, batch)
    assert state.discriminator.params["fc4"]["kernel"].is_deleted()


def test_prefetch_yields_every_batch_once_and_in_order():
    devices = jax.devices()[:4]
    given = [miniature.batch(seed=seed) for seed in range(5)]
    got = list(parallel.prefetch(iter(given), devices))
    assert len(got) == 5
    for before, after in zip(given, got, strict=True):
        assert after.image.shape == (4, 2, *before.image.shape[1:])
        flat = np.reshape(after.image, before.image.shape)
        np.testing.assert_array_equal(flat, before.image)


def test_a_stack_of_batches_is_split_within_each_batch():
    batches = [miniature.batch(size=8, seed=seed) for seed in range(3)]
    stack = jax.tree.map(lambda *x: np.stack(x), *batches)
    sharded = parallel.shard_batch(stack, 4)
    assert sharded.image.shape == (4, 3, 2, *stack.image.shape[2:])
    np.testing.assert_array_equal(sharded.image[1, 2], batches[2].image[2:4])


def test_a_batch_that_cannot_be_split_is_refused_with_one_that_can():
    with pytest.raises(UserError, match=r"batch_size 10 .* 8 devices: .*batch_size=16"):
        parallel.check_batch_size(10, 8)


def test_more_devices_than_there_are_is_refused():
    with pytest.raises(UserError, match="num_devices is 9, but there are 8"):
        parallel.local_devices(9)
