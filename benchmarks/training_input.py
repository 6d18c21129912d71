"""Whether training waits for its input: D and G steps on real data and on none."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from benchmarks import contestants, timing, torch_salgan
from salgan_jax import config as config_module
from salgan_jax import experiment, parallel, training_input, updates
from salgan_jax import state as train_state
from salgan_jax.schedule import Update

CONSTANT = "constant batch"
PEER = "PyTorch, DataLoader"
_KINDS = (Update.DISCRIMINATOR, Update.GENERATOR)
# More than any measurement draws.
_NUM_STEPS = 8 * 10_000
_FUSED = 8
_FUSED_NAME = f"data.cache=host, fused_steps={_FUSED}"


def make_config(
    image_size: tuple[int, int], width_multiplier: float, batch_size: int, data_dir: str
) -> ConfigDict:
    """Returns the published recipe on generated displays."""
    config = config_module.default()
    config.batch_size = batch_size
    config.num_devices = 1
    config.init_from = "random"
    config.data.dataset = "popout"
    config.data.data_dir = data_dir
    config.data.image_size = image_size
    config.model.width_multiplier = width_multiplier
    config.model.kernel_init = "he_uniform"
    return training_input.with_full_names(config)


def measure(
    config: ConfigDict, *, caches: tuple[str, ...], rounds: int, num_workers: int = 2
) -> list[dict[str, Any]]:
    """Returns a record for each source of batches: seconds of a D and a G step.

    Args:
        config: from `make_config`.
        caches: values of `config.data.cache` to measure.
        rounds: how often each source's turn comes.
        num_workers: processes of PyTorch's DataLoader.
    """
    setup = experiment.make_experiment(config)
    source = training_input.open_input(config)
    devices = parallel.local_devices(1)

    def batches(cache: str, calls: Iterable[range] | None = None) -> Iterator[Any]:
        chosen = config.copy_and_resolve_references()
        chosen.data.cache = cache
        return training_input.batches(
            source, chosen, devices, first_step=0, num_steps=_NUM_STEPS, calls=calls
        )

    functions = updates.make_updates(setup.recipe, axis_name=parallel.AXIS)
    pair = [functions[kind] for kind in _KINDS]
    constant = itertools.repeat(next(batches("host")))
    runners = {CONSTANT: _our_loop(setup, devices, pair, constant)}
    for cache in caches:
        runners[f"data.cache={cache}"] = _our_loop(setup, devices, pair, batches(cache))
    calls = (range(i, i + _FUSED) for i in range(0, _NUM_STEPS, _FUSED))
    fused = _our_loop(setup, devices, [updates.scanned(pair)], batches("host", calls))
    runners[_FUSED_NAME] = fused
    peer = "bfloat16" if devices[0].platform != "cpu" else "float32"
    frames = training_input.training_copies(source, config)[0].examples
    runners[PEER] = _their_loop(config, frames, peer, num_workers)
    # Long enough to empty what was prepared while others had their turn.
    at_least = timing.AT_LEAST_SECONDS if devices[0].platform == "cpu" else 1.5
    times = timing.interleave(runners, rounds=rounds, at_least_seconds=at_least)
    of_pair = _FUSED // len(_KINDS)
    times[_FUSED_NAME] = timing.Timing(*(t / of_pair for t in times[_FUSED_NAME]))
    return [
        {
            "source": name,
            "batch_size": config.batch_size,
            "width_multiplier": config.model.width_multiplier,
            **taken._asdict(),
            "to_constant": taken.median / times[CONSTANT].median,
        }
        for name, taken in times.items()
    ]


def _our_loop(
    setup: experiment.Experiment,
    devices: list[jax.Device],
    functions: Sequence[Callable],
    batches: Iterator[Any],
) -> timing.Runner:
    """Calls the functions in turn, each on the next of the batches."""
    programs = [parallel.pmap_update(function, devices) for function in functions]
    # A copy: updates consume their state.
    state = train_state.create(
        jax.tree.map(np.array, setup.params),
        generator_optimizer=setup.recipe.generator_optimizer,
        discriminator_optimizer=setup.recipe.discriminator_optimizer,
    )
    held = [parallel.replicate(state, devices), {}]

    def run(count: int) -> None:
        for _ in range(count):
            for program in programs:
                held[:] = program(held[0], next(batches))
        jax.block_until_ready(held)

    return run


def _their_loop(
    config: ConfigDict, frames: Any, precision: str, num_workers: int
) -> timing.Runner:
    import torch

    on_gpu = jax.default_backend() != "cpu"
    steps = torch_salgan.Steps(
        tuple(config.data.image_size),
        width=config.model.width_multiplier,
        device="cuda" if on_gpu else "cpu",
        bfloat16=precision == "bfloat16",
        compiled=on_gpu,
    )
    network = contestants.make_network(
        tuple(config.data.image_size), config.model.width_multiplier
    )
    steps.load(network.params.generator, network.params.discriminator)
    loader = torch.utils.data.DataLoader(
        torch_salgan.Examples(frames),
        batch_size=config.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        # A process with the threads of two frameworks must not be forked.
        multiprocessing_context="forkserver" if num_workers else None,
        timeout=60 if num_workers else 0,
        pin_memory=on_gpu,
    )
    epochs = itertools.chain.from_iterable(itertools.repeat(loader))

    def run(count: int) -> None:
        for _ in range(count):
            for kind in _KINDS:
                loss = steps.update(kind.value, steps.to_device(next(epochs)))
        float(loss)

    return run
