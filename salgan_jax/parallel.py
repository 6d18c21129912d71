"""Devices: the only file that knows there may be more than one of them."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from salgan_jax.errors import UserError
from salgan_jax.state import Batch

AXIS = "devices"


def pmap_update(update: Callable, devices: Sequence[jax.Device]) -> Callable:
    """Returns `update` mapped over devices: (state, sharded batch) -> (state, metrics).

    The state has no device axis, is the same on every device and is donated; the batch
    comes from `shard_batch`. `update` must average over the axis `AXIS`.
    """
    return jax.pmap(
        update,
        axis_name=AXIS,
        in_axes=(None, 0),
        out_axes=(None, None),
        donate_argnums=0,
        devices=devices,
    )


def local_devices(num_devices: int) -> list[jax.Device]:
    """Returns the first devices of this machine, all of them if `num_devices` is 0.

    Raises:
        UserError: there are fewer.
    """
    devices = jax.local_devices()
    if num_devices > len(devices):
        raise UserError(
            f"config.num_devices is {num_devices}, but there are {len(devices)}"
        )
    return devices[:num_devices] if num_devices else devices


def check_batch_size(batch_size: int, num_devices: int) -> None:
    """Raises UserError unless every device gets the same number of examples."""
    if batch_size % num_devices:
        raise UserError(
            f"batch_size {batch_size} cannot be split over {num_devices} devices: "
            f"use --config.batch_size={-(-batch_size // num_devices) * num_devices}"
        )


def shard_batch(batch: Batch, num_devices: int) -> Batch:
    """Returns the batch with a leading device axis: [d, b / d, ...] of [b, ...]."""
    return Batch(*(x.reshape(num_devices, -1, *x.shape[1:]) for x in batch))


def prefetch(
    batches: Iterable[Batch], devices: Sequence[jax.Device]
) -> Iterator[Batch]:
    """Yields sharded batches that are already on their devices, one ahead of use.

    The transfer of the next batch overlaps with the step on the present one.
    """
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(AXIS))
    queue: collections.deque[Batch] = collections.deque()
    iterator = iter(batches)

    def enqueue(count: int) -> None:
        for batch in itertools.islice(iterator, count):
            queue.append(jax.device_put(shard_batch(batch, len(devices)), sharding))

    enqueue(2)
    while queue:
        yield queue.popleft()
        enqueue(1)


def resident_batches(
    examples: Batch,
    rows: Iterable[tuple[np.ndarray, np.ndarray]],
    devices: Sequence[jax.Device],
) -> Iterator[Batch]:
    """Returns sharded batches, cut out of examples that lie whole on every device.

    Args:
        examples: [N, ...] in host memory.
        rows: for each batch which examples [b], and which of these to mirror, bool [b].
        devices: of the run.

    Raises:
        UserError: the examples take more than half of a device's memory.
    """
    num_bytes = sum(x.nbytes for x in examples)
    memory = (devices[0].memory_stats() or {}).get("bytes_limit")
    if memory is not None and num_bytes > memory / 2:
        raise UserError(
            f"the examples take {num_bytes / 1e9:.1f} GB, a device has "
            f"{memory / 1e9:.1f} GB and needs half of it for the networks: use "
            "--config.data.cache=host"
        )
    resident = replicate(examples, devices)
    cut = jax.pmap(_cut, axis_name=AXIS, in_axes=(None, 0, 0), devices=devices)
    share = (len(devices), -1)
    return (
        cut(resident, row.reshape(share), is_mirrored.reshape(share))
        for row, is_mirrored in rows
    )


def _cut(examples: Batch, row: jax.Array, is_mirrored: jax.Array) -> Batch:
    chosen = jax.tree.map(lambda x: x[row], examples)
    flip = is_mirrored.reshape(-1, 1, 1, 1)
    return jax.tree.map(lambda x: jnp.where(flip, x[:, :, ::-1], x), chosen)


def replicate(tree: Any, devices: Sequence[jax.Device]) -> Any:
    """Returns the tree on every device, without a device axis."""
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    return jax.device_put(
        tree, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    )
