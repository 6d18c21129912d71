"""Which network the arrays of a file are, told by their names and shapes."""

import json
import re
from collections.abc import Mapping, Sequence

from salgan_jax.errors import UserError, listed
from salgan_jax.weights import authors, formats, layouts
from salgan_jax.weights.imported import Imported, Layers
from salgan_jax.weights.stored import Contents, Stored

_MOST_LISTED = 8


def load(path: str) -> Imported:
    """Returns the weights in a file, in the layout of our parameters.

    Raises:
        FileNotFoundError: there is no such file.
        UserError: the file is broken, or holds a network that is no part of SalGAN; the
            message lists what is missing, too much or of another shape.
    """
    contents = formats.read(path)
    if contents.metadata.get("format") == "salgan_jax":
        return _ours(contents)
    names = list(contents.arrays)
    if any(re.search(r"features\.\d+\.weight$", name) for name in names):
        return _torch_vgg16(contents)
    if any(_KERAS.search(name) for name in names):
        return _keras_vgg16(contents)
    if names and names == [f"arr_{i}" for i in range(len(names))]:
        return authors.recognise(path, list(contents.arrays.values()))
    raise UserError(
        f"{path} ({contents.file_format}) is neither VGG-16 nor SalGAN: it holds "
        f"{_described(contents.arrays)}"
    )


_KERAS = re.compile(r"block(\d+)_conv(\d+)")


def _torch_vgg16(contents: Contents) -> Imported:
    """The state dict of torchvision's or timm's vgg16, whole or without classifier."""
    arrays = {_without_prefix(name): x for name, x in contents.arrays.items()}
    if any("running_mean" in name for name in arrays):
        raise UserError(
            f"{contents.path} is a VGG with batch normalisation (vgg16_bn and others), "
            "which SalGAN's encoder has not: use vgg16"
        )
    found = {name: x for name, x in arrays.items() if name.startswith("features.")}
    _refuse_other_vggs(contents.path, found)
    expected = {}
    for place, (_, (channels, width)) in zip(
        layouts.TORCH_VGG16, layouts.VGG16_LAYERS, strict=True
    ):
        expected[f"features.{place}.weight"] = (width, channels, 3, 3)
        expected[f"features.{place}.bias"] = (width,)
    _check(contents.path, "VGG-16 of torchvision", found, expected)
    encoder: Layers = {
        name: {
            "kernel": layouts.cross_correlation(found[f"features.{i}.weight"].read()),
            "bias": found[f"features.{i}.bias"].read(),
        }
        for i, (name, _) in zip(layouts.TORCH_VGG16, layouts.VGG16_LAYERS, strict=True)
    }
    is_timm = any(name.startswith(("head.", "pre_logits.")) for name in arrays)
    what = f"{'timm' if is_timm else 'torchvision'} VGG-16 ({contents.file_format})"
    return Imported(what, "torchvision", encoder, {}, {})


def _without_prefix(name: str) -> str:
    """Returns the name without what wrappers put in front: "module.features.0.bias"."""
    return re.sub(r"^(module\.|model\.)+", "", name)


def _keras_vgg16(contents: Contents) -> Imported:
    """Keras' vgg16, with or without top; in HDF5, or the same arrays in another file.

    A layer is a kernel with four axes and a bias with one below a name like
    "block1_conv1".
    """
    found: dict[str, Stored] = {}
    for name, array in contents.arrays.items():
        match = _KERAS.search(name)
        if match:
            kind = "kernel" if len(array.shape) == 4 else "bias"
            place = f"conv{match[1]}_{match[2]}/{kind}"
            if place in found:
                raise UserError(
                    f"{contents.path} holds {place} more than once, {name!r} among "
                    "them: save the weights alone, without an optimizer's state"
                )
            found[place] = array
    _refuse_other_vggs(contents.path, found)
    expected = {}
    for name, (channels, width) in layouts.VGG16_LAYERS:
        expected[f"{name}/kernel"] = (3, 3, channels, width)
        expected[f"{name}/bias"] = (width,)
    _check(contents.path, "VGG-16 of Keras", found, expected)
    encoder: Layers = {
        name: {kind: found[f"{name}/{kind}"].read() for kind in ("kernel", "bias")}
        for name, _ in layouts.VGG16_LAYERS
    }
    what = f"Keras VGG-16 ({contents.file_format})"
    return Imported(what, "caffe", encoder, {}, {})


def _refuse_other_vggs(path: str, found: Mapping[str, Stored]) -> None:
    """Raises UserError if there are as many kernels as another VGG has."""
    count = sum(len(x.shape) == 4 for x in found.values())
    if count in layouts.OTHER_VGGS:
        raise UserError(
            f"{path} is {layouts.OTHER_VGGS[count]}, and SalGAN's encoder is VGG-16"
        )


def _ours(contents: Contents) -> Imported:
    """A generator that launch/export.py wrote."""
    path, metadata = contents.path, contents.metadata
    try:
        config = json.loads(metadata["config"])
        convention, step = config["model"]["input_convention"], int(metadata["step"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} has no config in its metadata ({error!r})") from error
    parts: dict[str, Layers] = {"encoder": {}, "decoder": {}}
    for name, array in contents.arrays.items():
        part, _, rest = name.partition(".")
        layer, _, kind = rest.partition(".")
        if part not in parts or not kind:
            raise UserError(f"{path} has an array {name!r}, which no generator has")
        parts[part].setdefault(layer, {})[kind] = array.read()
    return Imported(
        f"generator of {config.get('name')!r}, step {step}",
        convention,
        parts["encoder"],
        parts["decoder"],
        {},
        config=config,
        step=step,
    )


def _check(
    path: str,
    what: str,
    found: Mapping[str, Stored],
    expected: Mapping[str, Sequence[int]],
) -> None:
    """Raises UserError that lists what is missing, too much or of another shape."""
    problems = {
        "missing": sorted(expected.keys() - found.keys()),
        "too much": sorted(found.keys() - expected.keys()),
        "of another shape": [
            f"{name} {list(found[name].shape)} instead of {list(shape)}"
            for name, shape in expected.items()
            if name in found and found[name].shape != tuple(shape)
        ],
    }
    if any(problems.values()):
        text = "; ".join(
            f"{k}: {listed(v, most=_MOST_LISTED)}" for k, v in problems.items() if v
        )
        raise UserError(f"{path} is not the {what}; {text}")


def _described(arrays: Mapping[str, Stored]) -> str:
    names = [f"{name} {list(array.shape)}" for name, array in arrays.items()]
    return listed(names, most=_MOST_LISTED) or "no arrays of floats"
