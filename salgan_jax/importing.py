"""Weight files of others as a checkpoint of ours, at step 0."""

import hashlib
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax import checkpoints, compatibility
from salgan_jax import config as config_module
from salgan_jax.errors import UserError
from salgan_jax.weights import recognition
from salgan_jax.weights.imported import Imported, Layers

# By the beginning of a checksum that the publishers give.
_KNOWN_SHA256 = {"397923af": "torchvision's vgg16-397923af.pth"}
_KNOWN_MD5 = {
    # keras.applications.vgg16, WEIGHTS_PATH_NO_TOP.
    "6d6bbae143d832006294945121d1f1fc": (
        "Keras' vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    ),
}
_CHUNK = 1 << 20


class Source(NamedTuple):
    """One file that was imported.

    Attributes:
        path: of the file.
        sha256: in hexadecimal.
        known_as: which published file it is, "" if none that we know.
        imported: its weights.
    """

    path: str
    sha256: str
    known_as: str
    imported: Imported


def read(paths: Sequence[str]) -> list[Source]:
    """Returns what is in the files.

    Raises:
        FileNotFoundError, UserError: a file is not there or cannot be used; or two of
            them have the same network.
    """
    sources = [_read(path) for path in paths]
    for player in ("encoder", "discriminator"):
        having = [s.path for s in sources if getattr(s.imported, player)]
        if len(having) > 1:
            raise UserError(f"{' and '.join(having)} both have the {player}: give one")
    return sources


def write(sources: Sequence[Source], output: str) -> None:
    """Writes the weights as a checkpoint that everything of ours can open.

    Raises:
        UserError: the folder has something in it.
    """
    directory = pathlib.Path(output).expanduser()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UserError(f"--output={output} is not an empty folder: give a new one")
    state: dict[str, Any] = {}
    for source in sources:
        imported = source.imported
        if imported.encoder:
            parts = {"encoder": imported.encoder, "decoder": imported.decoder}
            params = {part: layers for part, layers in parts.items() if layers}
            state["generator"] = {"params": params}
        if imported.discriminator:
            state["discriminator"] = {"params": imported.discriminator}
    config = config_for([source.imported for source in sources])
    config.init_from = ",".join(pathlib.Path(source.path).name for source in sources)
    checkpoints.save_weights(str(directory), state, config)


def config_for(weights: Sequence[Imported]) -> ConfigDict:
    """Returns the config that the weights need; that of our own exports is kept."""
    config = config_module.default()
    for imported in weights:
        if imported.config is not None:
            config = compatibility.complete(imported.config)
        elif imported.input_convention is not None:
            config.name = imported.what
            config.model.input_convention = imported.input_convention
    for imported in weights:
        if imported.variant is not None:
            config.model.discriminator = imported.variant
    return config


def table(sources: Sequence[Source]) -> str:
    """Returns what each file is, and a line for each group of layers in it."""
    lines = []
    for source in sources:
        imported = source.imported
        lines.append(f"{source.path}: {imported.what}")
        lines.append(f"  sha256 {source.sha256} ({source.known_as or 'not known'})")
        if imported.input_convention:
            lines.append(f"  input convention: {imported.input_convention}")
        lines += [
            f"  {part:14}{len(layers):>3} layers{_size(layers):>12,} parameters"
            for part, layers in (
                ("encoder", imported.encoder),
                ("decoder", imported.decoder),
                ("discriminator", imported.discriminator),
            )
            if layers
        ]
    return "\n".join(lines)


def _read(path: str) -> Source:
    imported = recognition.load(path)
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
    known_as = _KNOWN_SHA256.get(sha256.hexdigest()[:8], "")
    known_as = known_as or _KNOWN_MD5.get(md5.hexdigest(), "")
    return Source(path, sha256.hexdigest(), known_as, imported)


def _size(layers: Layers) -> int:
    return sum(int(x.size) for layer in layers.values() for x in layer.values())
