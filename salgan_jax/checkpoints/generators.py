"""The generator of a checkpoint, ready to be applied."""

from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from salgan_jax.checkpoints import reading
from salgan_jax.errors import UserError
from salgan_jax.models.generator import Generator


class LoadedGenerator(NamedTuple):
    """A trained generator, ready to be applied.

    Attributes:
        generator: the module.
        params: its parameters, as NumPy arrays.
        config: the config it was trained with.
        step: the number of updates it has seen.
    """

    generator: Generator
    params: Any
    config: ConfigDict
    step: int


def make_generator(config: ConfigDict) -> Generator:
    """Returns the generator that a config describes.

    An input convention that is still "auto" is torchvision's: of random weights.
    """
    model = config.model
    convention = model.input_convention
    return Generator(
        encoder_width=model.encoder_width or model.width_multiplier,
        decoder_width=model.decoder_width or model.width_multiplier,
        full_width_blocks=model.full_width_blocks,
        dilated=model.dilated,
        skip_connections=model.skip_connections,
        centre_prior=model.centre_prior,
        smoothing_sigma=model.smoothing_sigma,
        frozen_blocks=model.frozen_blocks,
        input_convention="torchvision" if convention == "auto" else convention,
        kernel_init=model.kernel_init,
    )


def load_generator(workdir: str, step: int | None = None) -> LoadedGenerator:
    """Returns the generator of a checkpoint, the newest intact if no step is given.

    Raises:
        FileNotFoundError: the workdir, or the step, has no checkpoint.
        UserError: the checkpoint is damaged, or its arrays are not those of the
            config's generator.
    """
    config = reading.saved_config(workdir, step)
    name = "average" if config.phases.average_decay else "params"
    saved = reading.newest_intact(workdir, step, subtree=("generator", name))
    params = saved.state["generator"][name]
    return as_loaded(workdir, params, saved.config, saved.step)


def as_loaded(
    place: str, params: Any, config: ConfigDict, step: int
) -> LoadedGenerator:
    """Returns a generator with parameters that are known to be all of its own.

    Args:
        place: where they are from, for messages.
        params: nested dicts of arrays.
        config: of the network.
        step: updates that the parameters have seen.

    Raises:
        UserError: they are not those of the config's generator.
    """
    generator = make_generator(config)
    if "decoder" not in params:
        raise UserError(
            f"{place} holds VGG-16 only, no whole generator: start a run from it "
            f"with --config.init_from={place}"
        )
    _check_shapes(place, generator, params, tuple(config.data.image_size))
    return LoadedGenerator(generator, params, config, step)


def _check_shapes(
    place: str, generator: Generator, params: Any, image_size: tuple[int, ...]
) -> None:
    image = jax.ShapeDtypeStruct((1, *image_size, 3), np.float32)
    expected = jax.eval_shape(generator.init, jax.random.key(0), image)["params"]
    shapes = [
        {jax.tree_util.keystr(path): leaf.shape for path, leaf in leaves}
        for leaves in map(
            jax.tree_util.tree_leaves_with_path, (dict(expected), dict(params))
        )
    ]
    if shapes[0] != shapes[1]:
        wrong = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))
        raise UserError(
            f"the generator in {place} is of another architecture than its config "
            f"says: {', '.join(f'{name} {shape}' for name, shape in wrong[:6])}"
        )
