"""The updates of a run as programs for other devices: shapes in, costs out."""

import concurrent.futures
import os
import re
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from absl import logging
from jax import lax
from ml_collections import ConfigDict

from salgan_jax import experiment, frozen_cache, parallel, updates
from salgan_jax import state as train_state
from salgan_jax.schedule import Update
from salgan_jax.state import Batch, CachedBatch

# A tenth of the time, and about the memory that the program will need in the end.
HURRIED = {"exec_time_optimization_effort": -1.0}
_GIB = {"K": 2.0**-20, "M": 2.0**-10, "G": 1.0, "T": 2.0**10}


class Cost(NamedTuple):
    """What one chip needs for an update; memory in bytes.

    Attributes:
        arguments: state and batch.
        output: the new state, in the place of the old one, and the metrics.
        temporaries: what is in between.
        program: the code.
        total: the most that lies there at once. It is less than the sum, for what is
            needed at different times shares memory.
        flops: of a step.
    """

    arguments: int
    output: int
    temporaries: int
    program: int
    total: int
    flops: float


class DoesNotFit(NamedTuple):
    """The compiler found no way to keep an update in memory; its words."""

    reason: str


def made_updates(config: ConfigDict) -> list[Update]:
    """Returns the updates that a run makes."""
    phases = config.phases
    made = [Update.BOOTSTRAP] if phases.bootstrap_epochs else []
    if phases.num_epochs > phases.bootstrap_epochs:
        turns = [Update.DISCRIMINATOR, Update.GENERATOR]
        if config.schedule == "both":
            has_warmup = phases.discriminator_warmup_epochs > 0
            turns = [*turns[:has_warmup], Update.BOTH]
        made += turns
    return made


class Programs:
    """The updates of a config, ready to be compiled for devices that are not here."""

    def __init__(self, config: ConfigDict, devices: Sequence[jax.Device]) -> None:
        self._config = config
        self._devices = devices
        networks = experiment.make_networks(config, platform="tpu")
        params = jax.eval_shape(lambda: experiment.init_params(networks, config))
        self._recipe = experiment.make_recipe(networks, params, config)
        self._params = params

    def compile(
        self, which: Sequence[Update], batch_size: int, options: dict[str, Any]
    ) -> dict[Update, Cost | DoesNotFit]:
        """Returns what each update costs; each core compiles one at a time.

        Args:
            which: updates.
            batch_size: of all devices, a multiple of their number.
            options: of the compiler.
        """
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = pool.map(
                lambda update: self._compile_one(update, batch_size, options), which
            )
            return dict(zip(which, found, strict=True))

    def _compile_one(
        self, update: Update, batch_size: int, options: dict[str, Any]
    ) -> Cost | DoesNotFit:
        start = time.monotonic()
        functions = updates.make_updates(self._recipe, axis_name=parallel.AXIS)
        program = parallel.pmap_update(functions[update], self._devices)
        lowered = program.lower(self._state(update), self._batch(batch_size))
        found = _compiled(lowered, options)
        is_fit = isinstance(found, Cost)
        logging.info(
            "%s, batch %d: %s (%.0f s)",
            update.value,
            batch_size,
            f"{found.total / 2**30:.2f} GiB a chip" if is_fit else "does not fit",
            time.monotonic() - start,
        )
        return found

    def _state(self, update: Update) -> Any:
        recipe = self._recipe
        is_bootstrap = update is Update.BOOTSTRAP
        generator_optimizer = (
            recipe.bootstrap_optimizer if is_bootstrap else recipe.generator_optimizer
        )
        return jax.eval_shape(
            lambda params: train_state.create(
                params,
                generator_optimizer=generator_optimizer,
                discriminator_optimizer=recipe.discriminator_optimizer,
                keeps_average=recipe.average_decay > 0,
            ),
            self._params,
        )

    def _batch(self, batch_size: int) -> Batch | CachedBatch:
        num_devices = len(self._devices)
        height, width = self._config.data.image_size

        def shape(dtype: Any, *of_example: int) -> Any:
            leading = (num_devices, batch_size // num_devices)
            return jax.ShapeDtypeStruct((*leading, *of_example), dtype)

        image = shape(jnp.uint8, height, width, 3)
        saliency_map = shape(jnp.uint8, height, width, 1)
        counts = saliency_map if self._config.losses.nss else None
        if not self._config.model.cache_frozen_features:
            return Batch(image, saliency_map, counts)
        features = frozen_cache.features_shape(
            self._recipe.generator, (1, height, width, 3)
        )
        return CachedBatch(
            image, saliency_map, counts, shape(features.dtype, *features.shape[1:])
        )


def memory_of_chip(devices: Sequence[jax.Device]) -> float:
    """Returns the GiB of a chip that programs can have, in the compiler's own words.

    It says so when asked for more. The runtime keeps some of the chip for itself.
    """
    counts = parallel.pmap_update(
        lambda state, batch: (state, lax.psum(jnp.sum(batch), parallel.AXIS)), devices
    )
    too_much = jax.ShapeDtypeStruct((len(devices), 2**42), jnp.float32)
    found = _compiled(counts.lower(jax.ShapeDtypeStruct((), jnp.int32), too_much), {})
    assert isinstance(found, DoesNotFit)
    said = re.search(
        r"exceeds available HBM \(([\d.]+)([KMGT])\)|of ([\d.]+)([KMGT]) hbm",
        found.reason,
    )
    if said is None:
        raise RuntimeError(f"the compiler does not say how much fits: {found.reason}")
    number, unit = (part for part in said.groups() if part)
    return float(number) * _GIB[unit]


def _compiled(lowered: Any, options: dict[str, Any]) -> Cost | DoesNotFit:
    try:
        compiled = lowered.compile(compiler_options=options)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return DoesNotFit(str(error).splitlines()[0])
    memory = compiled.memory_analysis()
    return Cost(
        arguments=memory.argument_size_in_bytes,
        output=memory.output_size_in_bytes,
        temporaries=memory.temp_size_in_bytes,
        program=memory.generated_code_size_in_bytes,
        total=memory.peak_memory_in_bytes + memory.generated_code_size_in_bytes,
        flops=compiled.cost_analysis()["flops"],
    )
