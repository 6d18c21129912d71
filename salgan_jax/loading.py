"""A trained generator from wherever it is: a run, a step of it, a file of weights."""

import os
import pathlib

from salgan_jax import checkpoints, importing, places
from salgan_jax.checkpoints import LoadedGenerator
from salgan_jax.errors import UserError
from salgan_jax.export import safetensors_format
from salgan_jax.weights import recognition

_ACCEPTED = (
    "a prediction takes the workdir of a run, the folder of one step in it, what "
    "launch/import_weights.py wrote, or what launch/export.py --format=safetensors "
    "wrote"
)


def load_generator(
    place: str | os.PathLike[str], step: int | None = None
) -> LoadedGenerator:
    """Returns the generator in a workdir, in the folder of a step, or in a file.

    Args:
        place: a workdir of `launch/train.py` or `launch/import_weights.py`, on a disk
            or in a bucket; the folder of one step in it; or a file that
            `launch/export.py --format=safetensors` wrote, or its folder. Of the files
            of others those that `launch/import_weights.py` reads and that hold a whole
            generator.
        step: which checkpoint of a workdir; by default the newest that is intact.

    Raises:
        FileNotFoundError: there is nothing, or no checkpoint of that step.
        UserError: it is damaged, or holds no whole generator.
    """
    place = os.fspath(place)
    if places.is_bucket(place):
        return checkpoints.load_generator(place, step)
    path = pathlib.Path(place).expanduser()
    if path.is_dir() and (path / safetensors_format.FILE).is_file():
        path /= safetensors_format.FILE
    if path.is_file():
        return _from_file(path, step)
    is_named_as_step = path.name.isdecimal() and path.parent.name == "checkpoints"
    if is_named_as_step or (path / "state").is_dir():
        return _from_step(path.absolute(), step)
    return checkpoints.load_generator(place, step)


def _from_step(path: pathlib.Path, step: int | None) -> LoadedGenerator:
    """The generator of a folder like `runs/osie/checkpoints/770`."""
    if not path.name.isdecimal():
        raise UserError(
            f"{path} holds one checkpoint, but is not called by its step: rename it, "
            "for example to 770"
        )
    if step not in (None, int(path.name)):
        raise UserError(f"{path} is step {path.name}, and step {step} was asked for")
    return checkpoints.load_generator(str(path.parent), int(path.name))


def _from_file(path: pathlib.Path, step: int | None) -> LoadedGenerator:
    try:
        weights = recognition.load(str(path))
    except UserError as error:
        raise UserError(f"{error}; {_ACCEPTED}") from error
    if not weights.encoder:
        raise UserError(f"{path} is a {weights.what}, which predicts no map")
    if step not in (None, weights.step):
        raise UserError(f"{path} is of step {weights.step}, not of step {step}")
    params = {"encoder": weights.encoder}
    if weights.decoder:
        params["decoder"] = weights.decoder
    config = importing.config_for([weights])
    return checkpoints.as_loaded(str(path), params, config, weights.step)
