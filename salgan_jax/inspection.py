"""What a checkpoint holds, in words, and where two checkpoints differ."""

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from salgan_jax import checkpoints, optimizers, provenance

_PLAYERS = ("generator", "discriminator")


class Difference(NamedTuple):
    """Two states array by array; names are paths like `generator/params/...`.

    Attributes:
      only_first: names that only the first has.
      only_second: names that only the second has.
      other_kind: name -> its two shapes and dtypes in words, where these differ.
      other_values: name -> largest absolute difference, largest first; NaN, where one
        side is not finite, before all others. 0 where only bits differ, as in -0.0.
      num_identical: how many arrays are bitwise identical.
    """

    only_first: list[str]
    only_second: list[str]
    other_kind: dict[str, str]
    other_values: dict[str, float]
    num_identical: int

    def is_empty(self) -> bool:
        """Whether every array is in both, bitwise identical."""
        return not any(self[:4])


def describe(workdir: str, step: int | None = None) -> str:
    """A checkpoint as text: steps, starts, config, parameters and optimizer slots.

    Args:
      workdir: of a training run.
      step: which checkpoint; the latest by default.
    """
    step, state, config = checkpoints.restore_arrays(workdir, step)
    lines = [f"checkpoint {workdir}"]
    for known, scores in checkpoints.saved_metrics(workdir).items():
        shown = " (shown below)" if known == step else ""
        lines.append(f"step {known}{shown}: {_scores_in_words(scores)}")
    for start in provenance.read(workdir):
        lines.append(f"started {provenance.in_words(start)}")
        lines.append(f"  by {shlex.join(start['command'])}")
    lines += ["", *_config_lines(config.to_dict(), "config")]
    for player in _PLAYERS:
        if player in state:
            lines += _describe_player(player, state[player], config)
    return "\n".join(lines)


def difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> Difference:
    """Where two states of nested dicts differ in any bit; a NaN equals the same NaN."""
    one, other = flat_arrays(first), flat_arrays(second)
    common = [name for name in one if name in other]
    kinds = {name: (_kind(one[name]), _kind(other[name])) for name in common}
    other_kind = {name: f"{a} | {b}" for name, (a, b) in kinds.items() if a != b}
    same_kind = [name for name in common if name not in other_kind]
    other_values = {
        name: _largest_difference(one[name], other[name])
        for name in same_kind
        if one[name].tobytes() != other[name].tobytes()
    }
    by_size = sorted(
        other_values.items(), key=lambda item: (not np.isnan(item[1]), -item[1])
    )
    return Difference(
        only_first=[name for name in one if name not in other],
        only_second=[name for name in other if name not in one],
        other_kind=other_kind,
        other_values=dict(by_size),
        num_identical=len(same_kind) - len(other_values),
    )


def describe_difference(
    found: Difference, first: str, second: str, top: int = 20
) -> str:
    """A difference as text.

    Args:
      found: from `difference`.
      first: what the first state is called.
      second: what the second state is called.
      top: how many of the arrays with other values are named.
    """
    lines = [f"a: {first}", f"b: {second}"]
    lines += [f"only in a: {name}" for name in found.only_first]
    lines += [f"only in b: {name}" for name in found.only_second]
    lines += [f"differs: {name}  {kinds}" for name, kinds in found.other_kind.items()]
    num_other = len(found.other_values)
    if num_other:
        lines.append(f"{num_other} arrays with other values, by largest |a - b|:")
        named = list(found.other_values.items())[:top]
        lines += [f"  {size:<12.4g} {name}" for name, size in named]
        if num_other > top:
            lines.append(f"  ... and {num_other - top} more")
    verdict = "identical" if found.is_empty() else "different"
    lines.append(f"{verdict}: {found.num_identical} arrays are bitwise identical")
    return "\n".join(lines)


def flat_arrays(tree: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """Path -> array of nested dicts and lists, paths with slashes, None left out."""
    if tree is None:
        return {}
    if isinstance(tree, Mapping):
        items = tree.items()
    elif isinstance(tree, list | tuple):
        items = enumerate(tree)
    else:
        return {prefix: np.asarray(tree)}
    arrays = {}
    for name, branch in items:
        arrays |= flat_arrays(branch, f"{prefix}/{name}" if prefix else str(name))
    return arrays


def _scores_in_words(scores: Mapping[str, float] | None) -> str:
    if not scores:
        return "not evaluated"
    return ", ".join(f"{name} {score:.4g}" for name, score in scores.items())


def _config_lines(fields: Mapping[str, Any], prefix: str) -> list[str]:
    """One line for each field, named as on the command line."""
    lines = []
    for name, value in fields.items():
        if isinstance(value, Mapping):
            lines += _config_lines(value, f"{prefix}.{name}")
        else:
            lines.append(f"{prefix}.{name}={value!r}")
    return lines


def _describe_player(player: str, state: Mapping[str, Any], config: Any) -> list[str]:
    params = state["params"]
    if player == "generator":
        frozen_blocks = config.model.frozen_blocks
        labels = optimizers.generator_labels(params, frozen_blocks=frozen_blocks)
    else:
        labels = optimizers.discriminator_labels(params)
    arrays, labels = flat_arrays(params), flat_arrays(labels)
    sizes = {label: 0 for label in (optimizers.TRAINED, optimizers.FROZEN)}
    rows = [("parameter", "shape", "dtype", "size", "label", "L2 norm")]
    for name, array in arrays.items():
        label = str(labels[name])
        sizes[label] += array.size
        rows.append((name, *_columns(array), label, f"{_norm([array]):.6g}"))
    parts = ", ".join(f"{size:,} {label}" for label, size in sizes.items())
    title = f"{player}: {sum(sizes.values()):,} parameters, {parts}"
    return ["", title, *table(rows), "", *_describe_slots(player, state, set(params))]


def _describe_slots(
    player: str, state: Mapping[str, Any], modules: set[str]
) -> list[str]:
    """One line for each kind of slot: a path in the optimizer up to a parameter's."""
    slots: dict[str, list[np.ndarray]] = {}
    for name, array in flat_arrays(state.get("opt_state")).items():
        parts = name.split("/")
        end = next((i for i, part in enumerate(parts) if part in modules), len(parts))
        slots.setdefault("/".join(parts[:end]), []).append(array)
    rows = [
        ("optimizer slot", "arrays", "size", "dtype", "smallest", "largest", "L2 norm")
    ]
    for slot, arrays in slots.items():
        rows.append(
            (
                slot,
                str(len(arrays)),
                f"{sum(array.size for array in arrays):,}",
                " ".join(sorted({str(array.dtype) for array in arrays})),
                f"{min(float(np.min(array)) for array in arrays):.6g}",
                f"{max(float(np.max(array)) for array in arrays):.6g}",
                f"{_norm(arrays):.6g}",
            )
        )
    return table(rows) if slots else [f"{player}: no optimizer slots"]


def _kind(array: np.ndarray) -> str:
    return f"{tuple(array.shape)} {array.dtype}"


def _columns(array: np.ndarray) -> tuple[str, str, str]:
    return "x".join(map(str, array.shape)) or "()", str(array.dtype), f"{array.size:,}"


def _norm(arrays: list[np.ndarray]) -> float:
    squares = (np.sum(np.square(array.astype(np.float64))) for array in arrays)
    return float(np.sqrt(sum(squares)))


def _largest_difference(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    is_equal = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        return float(np.max(np.where(is_equal, 0.0, np.abs(a - b))))


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """The rows with aligned columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
