"""The same task in our code and in PyTorch: prediction or one update, made n times."""

import functools
import gc
import importlib.util
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import memory
from benchmarks.timing import Runner
from salgan_jax import config as config_module
from salgan_jax import experiment, inference, parallel, updates
from salgan_jax import state as train_state
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.errors import UserError
from salgan_jax.schedule import Update
from salgan_jax.state import Batch, CachedBatch, InitialParams

PREDICT = "predict"
TASKS = (PREDICT, *(update.value for update in Update))
# A cache of frozen features shortens these.
TRAINING = tuple(update.value for update in Update)
# What an update computes before anything has moved.
_FIRST_LOSS = {
    Update.BOOTSTRAP: "content_loss",
    Update.DISCRIMINATOR: "discriminator_loss",
    Update.GENERATOR: "generator_loss",
    Update.BOTH: "discriminator_loss",
}


def check_peer() -> None:
    """Raises UserError unless PyTorch can compute where JAX does."""
    if importlib.util.find_spec("torch") is None:
        raise UserError("PyTorch is the peer and is not installed: pip install torch")
    import torch

    platform = jax.default_backend()
    if platform != "cpu" and not torch.cuda.is_available():
        raise UserError(
            f"JAX computes on {platform} and PyTorch cannot: install a PyTorch with "
            "CUDA, or set JAX_PLATFORMS=cpu to compare both on the CPU"
        )


class Network(NamedTuple):
    """What all contestants share: the size of the networks, and their weights.

    Attributes:
        image_size: (height, width).
        width_multiplier: channels relative to VGG-16.
        params: of both networks, as NumPy arrays.
    """

    image_size: tuple[int, int]
    width_multiplier: float
    params: InitialParams


class Contestant(NamedTuple):
    """A way to do a task.

    Attributes:
        run: does it n times.
        first: does it once; returns the loss, or the maps [n, h, w, 1].
        memory: bytes that it takes beyond networks, optimizers and batch; None where
            that cannot be told.
    """

    run: Runner
    first: Callable[[], Any]
    memory: Callable[[], int | None]


def make_network(image_size: tuple[int, int], width_multiplier: float) -> Network:
    """Returns the published networks with weights that keep a signal alive."""
    setup = make_experiment(image_size, width_multiplier, "float32")
    params = jax.tree.map(np.asarray, setup.params)
    return Network(image_size, width_multiplier, params)


@functools.cache
def make_experiment(
    image_size: tuple[int, int], width_multiplier: float, precision: str
) -> experiment.Experiment:
    """Returns the published recipe at a size, in a precision of the generator."""
    config = config_module.default()
    config.data.image_size = image_size
    config.model.width_multiplier = width_multiplier
    config.model.kernel_init = "he_uniform"
    config.precision.generator = precision
    return experiment.make_experiment(config)


def random_batch(network: Network, batch_size: int, *, seed: int = 0) -> Batch:
    """Returns noise, uint8."""
    random = np.random.default_rng(seed)
    shape = (batch_size, *network.image_size)
    return Batch(
        random.integers(0, 256, (*shape, 3), dtype=np.uint8),
        random.integers(0, 256, (*shape, 1), dtype=np.uint8),
    )


def ours(
    network: Network,
    task: str,
    batch: Batch,
    precision: str,
    *,
    is_cached: bool = False,
    forms: str = "auto",
) -> Contestant:
    """Returns how this project does a task, mapped over one device as in training.

    Args:
        network: what computes.
        task: in `TASKS`.
        batch: on which, all the time.
        precision: of the generator.
        is_cached: start from the output of the frozen blocks.
        forms: of the primitives.
    """
    setup = make_experiment(network.image_size, network.width_multiplier, precision)
    recipe = setup.recipe
    recipe = recipe._replace(
        generator=recipe.generator.clone(forms=forms),
        discriminator=recipe.discriminator.clone(forms=forms),
    )
    if task == PREDICT:
        return _our_prediction(recipe.generator, network, batch)
    devices = jax.devices()[:1]
    given = _with_features(recipe.generator, network, batch) if is_cached else batch
    (on_device,) = parallel.prefetch([given], devices)
    kind = Update(task)
    function = updates.make_updates(recipe, axis_name=parallel.AXIS)[kind]
    mapped: Any = parallel.pmap_update(function, devices)
    is_bootstrap = kind is Update.BOOTSTRAP
    optimizers = recipe.bootstrap_optimizer, recipe.generator_optimizer
    state = train_state.create(
        network.params,
        generator_optimizer=optimizers[not is_bootstrap],
        discriminator_optimizer=recipe.discriminator_optimizer,
    )
    held = [parallel.replicate(state, devices), {}]

    def run(count: int) -> None:
        for _ in range(count):
            held[:] = mapped(held[0], on_device)
        jax.block_until_ready(held)

    def first() -> float:
        run(1)
        return float(held[1][_FIRST_LOSS[kind]])

    def planned() -> int | None:
        return memory.of_program(mapped.lower(held[0], on_device).compile())

    return Contestant(run, first, _memory(run, planned))


def _our_prediction(generator: Any, network: Network, batch: Batch) -> Contestant:
    params = jax.device_put(network.params.generator)
    image = jax.device_put(batch.image)
    maps: Any = jax.jit(
        lambda params, image: jax.nn.sigmoid(
            jnp.float32(generator.apply({"params": params}, jnp.float32(image)))
        )
    )

    def run(count: int) -> jax.Array:
        for _ in range(count - 1):
            maps(params, image)
        return maps(params, image).block_until_ready()

    def planned() -> int | None:
        return memory.of_program(maps.lower(params, image).compile())

    return Contestant(run, lambda: np.asarray(run(1)), _memory(run, planned))


def as_loaded(network: Network) -> LoadedGenerator:
    """Returns the generator as if it came from a checkpoint."""
    setup = make_experiment(network.image_size, network.width_multiplier, "float32")
    config = config_module.default()
    config.data.image_size = network.image_size
    return LoadedGenerator(setup.recipe.generator, network.params.generator, config, 0)


def openvino(network: Network, batch: Batch) -> Contestant:
    """Returns how `launch/predict.py --backend=openvino` predicts."""
    maps = inference.BACKENDS["openvino"](as_loaded(network), "auto")

    def run(count: int) -> np.ndarray:
        for _ in range(count):
            found = maps(np.asarray(batch.image))
        return found

    return Contestant(run, lambda: run(1)[..., None], _memory(run, lambda: None))


def _with_features(generator: Any, network: Network, batch: Batch) -> CachedBatch:
    features = jax.jit(
        lambda params, image: generator.apply(
            {"params": params}, jnp.float32(image), method=generator.frozen_features
        )
    )(network.params.generator, batch.image)
    return CachedBatch(batch.image, batch.saliency_map, None, np.asarray(features))


def give_memory_back() -> None:
    """Frees what contestants that are gone have left on a GPU."""
    gc.collect()
    if jax.default_backend() != "cpu":
        import torch

        torch.cuda.empty_cache()


def _memory(
    run: Runner, on_accelerator: Callable[[], int | None]
) -> Callable[[], int | None]:
    if jax.default_backend() == "cpu":
        return lambda: memory.of_call(lambda: run(1))
    return on_accelerator


def theirs(
    network: Network, task: str, batch: Batch, precision: str, *, mode: str = "eager"
) -> Contestant:
    """Returns how PyTorch does a task; `mode` is "eager" or "compiled".

    TensorFloat-32 is allowed on a GPU, as JAX does by default.
    """
    import torch

    from benchmarks import torch_salgan

    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    is_cpu = jax.default_backend() == "cpu"
    steps = torch_salgan.Steps(
        network.image_size,
        width=network.width_multiplier,
        device="cpu" if is_cpu else "cuda",
        bfloat16=precision == "bfloat16",
        compiled=mode == "compiled",
    )
    steps.load(network.params.generator, network.params.discriminator)
    on_device = steps.to_device(batch)

    def once() -> Any:
        if task == PREDICT:
            return steps.predict(on_device[0])
        if task == Update.BOTH.value:
            loss = steps.update("discriminator", on_device)
            steps.update("generator", on_device)
            return loss
        return steps.update(task, on_device)

    def run(count: int) -> Any:
        for _ in range(count):
            result = once()
        if not is_cpu:
            torch.cuda.synchronize()
        return result

    def first() -> Any:
        result = run(1).float().cpu().numpy()
        return result.transpose(0, 2, 3, 1) if task == PREDICT else float(result)

    def allocated() -> int:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run(1)
        return torch.cuda.max_memory_allocated() - before

    return Contestant(run, first, _memory(run, allocated))
