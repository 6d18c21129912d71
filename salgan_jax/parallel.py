"""Devices: the only file that knows there may be more than one of them."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from salgan_jax.errors import UserError
from salgan_jax.state import Batch, CachedBatch

AXIS = "devices"


def pmap_update(update: Callable, devices: Sequence[jax.Device]) -> Callable:
    """Returns `update` mapped over devices: (state, sharded batch) -> (state, metrics).

    The state has no device axis, is the same on every device and is donated; the batch
    comes from `shard_batch`. `update` must average over the axis `AXIS`. Of several
    processes each gives the batch of its own devices, and all call at the same time.
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
    """Returns the first devices of this process, all of them if `num_devices` is 0.

    Raises:
        UserError: there are fewer.
    """
    devices = jax.local_devices()
    if num_devices > len(devices):
        raise UserError(
            f"config.num_devices is {num_devices}, but there are {len(devices)}"
        )
    return devices[:num_devices] if num_devices else devices


def all_devices(num_devices: int) -> list[jax.Device]:
    """Returns the devices of all processes, those of each in a row.

    Args:
        num_devices: of each process; 0: all.

    Raises:
        UserError: one process has fewer than another.
    """
    of_process = collections.defaultdict(list)
    for device in sorted(jax.devices(), key=lambda device: device.id):
        of_process[device.process_index].append(device)
    number = num_devices or max(map(len, of_process.values()))
    for index, devices in of_process.items():
        if len(devices) < number:
            raise UserError(
                f"process {index} has {len(devices)} devices, others have {number}: "
                f"use --config.num_devices={len(devices)}"
            )
    return [device for i in sorted(of_process) for device in of_process[i][:number]]


def check_batch_size(batch_size: int, num_devices: int) -> None:
    """Raises UserError unless every device gets the same number of examples."""
    if batch_size % num_devices:
        raise UserError(
            f"batch_size {batch_size} cannot be split over {num_devices} devices: "
            f"use --config.batch_size={-(-batch_size // num_devices) * num_devices}"
        )


def shard_batch(batch: Any, num_devices: int) -> Any:
    """Returns the arrays with a leading device axis: [d, b / d, ...] of [b, ...].

    Of a stack of n batches, [n, b, height, width, c], it makes [d, n, b / d, ...].
    """
    is_stack = batch.image.ndim == 5
    return jax.tree.map(lambda x: _split(x, num_devices, axis=int(is_stack)), batch)


def _split(x: np.ndarray, num_devices: int, *, axis: int) -> np.ndarray:
    shape = (*x.shape[:axis], num_devices, -1, *x.shape[axis + 1 :])
    return np.moveaxis(x.reshape(shape), axis, 0)


def prefetch(batches: Iterable[Any], devices: Sequence[jax.Device]) -> Iterator[Any]:
    """Yields sharded batches that are already on their devices, one ahead of use.

    The transfer of the next batch overlaps with the step on the present one.
    """
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(AXIS))
    queue: collections.deque[Any] = collections.deque()
    iterator = iter(batches)

    def enqueue(count: int) -> None:
        for batch in itertools.islice(iterator, count):
            queue.append(jax.device_put(shard_batch(batch, len(devices)), sharding))

    enqueue(2)
    while queue:
        yield queue.popleft()
        enqueue(1)


def fits_device(num_bytes: int, devices: Sequence[jax.Device]) -> bool:
    """Whether examples of that size leave half of a device's memory to the networks."""
    memory = (devices[0].memory_stats() or {}).get("bytes_limit")
    return memory is None or num_bytes <= memory / 2


def resident_batches(
    examples: Batch | CachedBatch,
    rows: Iterable[tuple[np.ndarray, np.ndarray]],
    devices: Sequence[jax.Device],
) -> Iterator[Any]:
    """Returns sharded batches, cut out of examples that lie whole on every device.

    Args:
        examples: [N, ...] in host memory; frozen features are [N, 1, ...], or
            [N, 2, ...] with those of the mirrored images.
        rows: for each batch which examples [b], and which of these to mirror, bool [b];
            or [n, b] for a stack of batches.
        devices: of the run.

    Raises:
        UserError: the examples take more than half of a device's memory.
    """
    num_bytes = sum(x.nbytes for x in jax.tree.leaves(examples))
    if not fits_device(num_bytes, devices):
        memory = devices[0].memory_stats()["bytes_limit"]
        raise UserError(
            f"the examples take {num_bytes / 1e9:.1f} GB, a device has "
            f"{memory / 1e9:.1f} GB and needs half of it for the networks: use "
            "--config.data.cache=host"
        )
    resident = replicate(examples, devices)
    cut = jax.pmap(_cut, axis_name=AXIS, in_axes=(None, 0, 0), devices=devices)
    return (
        cut(resident, *(_split(x, len(devices), axis=x.ndim - 1) for x in of_call))
        for of_call in rows
    )


def _cut(
    examples: Batch | CachedBatch, row: jax.Array, is_mirrored: jax.Array
) -> Batch | CachedBatch:
    flip = is_mirrored[..., None, None, None]
    pictures = Batch(examples.image, examples.saliency_map, examples.fixation_counts)
    batch = jax.tree.map(
        lambda x: jnp.where(flip, x[row][..., ::-1, :], x[row]), pictures
    )
    if isinstance(examples, CachedBatch):
        features = examples.frozen_features[row, is_mirrored.astype(jnp.int32)]
        return CachedBatch(
            batch.image, batch.saliency_map, batch.fixation_counts, features
        )
    return batch


def replicate(tree: Any, devices: Sequence[jax.Device]) -> Any:
    """Returns the tree on every device, without a device axis."""
    mesh = jax.sharding.Mesh(np.array(devices), (AXIS,))
    return jax.device_put(
        tree, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    )
