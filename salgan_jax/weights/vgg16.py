"""VGG-16 for the encoder: from torchvision's file, or Keras' kernels in an .npz."""

import re
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from salgan_jax.errors import UserError

# (block, index) of the 13 convolutions, in order.
_LAYERS = [
    (block, index)
    for block, count in enumerate((2, 2, 3, 3, 3), start=1)
    for index in range(1, count + 1)
]
# Where torchvision's `features` (nn.Sequential) has its convolutions.
_TORCHVISION_INDICES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


class VGG16Weights(NamedTuple):
    """Convolutions of VGG-16, all or the first blocks.

    Attributes:
        input_convention: what the weights expect of an image, as `models.vgg16` says.
        layers: "conv3_2" to {"kernel": [3, 3, in, out], "bias": [out]}, float32.
    """

    input_convention: str
    layers: dict[str, dict[str, np.ndarray]]


def load(path: str) -> VGG16Weights:
    """Returns the convolutions in a file.

    Accepted are torchvision's `vgg16-*.pth` (needs PyTorch, which reads it without
    executing what a pickle may hold) and an .npz of Keras' kernels
    `block1_conv1_W` with all biases, rounded to 1/2048, as `b0..b12_q4_11`.

    Raises:
        FileNotFoundError: there is no such file; the message says where to get it.
        UserError: the file is of another kind, broken, or lacks layers.
    """
    try:
        with open(path, "rb") as file:
            is_numpy = file.read(2) == b"PK" and path.endswith(".npz")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"no VGG-16 weights at {path}: download https://download.pytorch.org/models"
            "/vgg16-397923af.pth and give its path with --config.init_from=FILE, or "
            "start from random weights with --config.init_from=random "
            "--config.model.frozen_blocks=0"
        ) from None
    return _load_keras_npz(path) if is_numpy else _load_torchvision(path)


def check_convention(weights: VGG16Weights, input_convention: str) -> None:
    """Checks that the encoder will prepare images as the weights expect them.

    Raises:
        UserError: says which setting to change.
    """
    if weights.input_convention != input_convention:
        raise UserError(
            f"these VGG-16 weights expect {weights.input_convention!r} input, but "
            f"config.model.input_convention is {input_convention!r}: set "
            f"--config.model.input_convention={weights.input_convention}"
        )


def graft(params: Any, weights: VGG16Weights, *, frozen_blocks: int) -> Any:
    """Returns the generator's parameters with the encoder's layers replaced.

    Layers that the weights lack keep their random values; a frozen one must be there.

    Raises:
        UserError: lists every layer that is missing or has another shape.
    """
    encoder = dict(params["encoder"])
    missing = [
        name
        for name in encoder
        if int(name[4]) <= frozen_blocks and name not in weights.layers
    ]
    if missing:
        raise UserError(
            f"the VGG-16 weights lack {', '.join(missing)}, which "
            f"config.model.frozen_blocks={frozen_blocks} would freeze at random "
            f"values: lower it to {int(min(missing)[4]) - 1}, or use a complete file"
        )
    misshapen = [
        f"{name}/{kind} is {value.shape}, expected {encoder[name][kind].shape}"
        for name, layer in weights.layers.items()
        for kind, value in layer.items()
        if value.shape != encoder[name][kind].shape
    ]
    if misshapen:
        raise UserError(
            "the VGG-16 weights do not fit the encoder (config.model.width_multiplier "
            f"must be 1): {'; '.join(misshapen)}"
        )
    return {**params, "encoder": {**encoder, **weights.layers}}


def _load_keras_npz(path: str) -> VGG16Weights:
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"cannot read the weights in {path}: {error}") from error
    layers = {}
    for position, (block, index) in enumerate(_LAYERS):
        kernel = arrays.get(f"block{block}_conv{index}_W")
        bias = arrays.get(f"b{position}_q4_11")
        if kernel is not None and bias is not None:
            layers[f"conv{block}_{index}"] = {
                "kernel": kernel.astype(np.float32),
                "bias": bias.astype(np.float32),
            }
    if not layers:
        names = ", ".join(sorted(arrays)[:8])
        raise UserError(f"{path} holds no VGG-16 kernels; it holds {names}")
    return VGG16Weights("caffe", layers)


def _load_torchvision(path: str) -> VGG16Weights:
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise UserError(
            f"reading {path} needs PyTorch, once: pip install torch"
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises every kind on a file that is not its own
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"cannot read the weights in {path}: {reason}") from error
    if not isinstance(state, Mapping):
        raise UserError(f"{path} is not torchvision's VGG-16: it holds no state dict")
    return _from_torchvision(path, {str(k): v for k, v in state.items()})


def _from_torchvision(path: str, state: dict[str, Any]) -> VGG16Weights:
    """State dict of `torchvision.models.vgg16` to our layers; kernels OIHW to HWIO."""
    expected = [
        f"features.{index}.{kind}"
        for index in _TORCHVISION_INDICES
        for kind in ("weight", "bias")
    ]
    given = [name for name in state if re.match(r"features\.", name)]
    missing = sorted(set(expected) - set(given))
    extra = sorted(set(given) - set(expected))
    if missing or extra:
        raise UserError(
            f"{path} is not torchvision's vgg16 (vgg16_bn and others differ); "
            f"missing: {', '.join(missing) or 'none'}; "
            f"extra: {', '.join(extra) or 'none'}"
        )
    layers = {}
    for (block, index), position in zip(_LAYERS, _TORCHVISION_INDICES, strict=True):
        kernel = state[f"features.{position}.weight"].numpy()
        bias = state[f"features.{position}.bias"].numpy()
        layers[f"conv{block}_{index}"] = {
            "kernel": np.ascontiguousarray(kernel.transpose(2, 3, 1, 0), np.float32),
            "bias": np.asarray(bias, np.float32),
        }
    return VGG16Weights("torchvision", layers)
