"""What was asked for, what was measured, and whether the one meets the other."""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.steps import CACHED, COMPILED, EAGER, OPENVINO, OURS, PEER, PLAIN
from benchmarks.training_input import CONSTANT

Result = dict[str, Any]
NOT_YET = "not yet measured"
_NOISE = 0.05  # of an exponent of growth


class Target(NamedTuple):
    """A row of the table.

    Attributes:
        where: the machine.
        what: the quantity.
        asked: in words.
        measure: from a result to the number, None where the result lacks it.
        is_met: of the number.
        show: the number in words.
    """

    where: str
    what: str
    asked: str
    measure: Callable[[Result], float | None]
    is_met: Callable[[float], bool]
    show: str = "{:.2f}x"


def seconds(result: Result, task: str, batch_size: int, *entry: str) -> float:
    """Returns the minimum of a contestant (who, precision, how).

    Raises:
        KeyError: it was not measured.
    """
    for record in result.get("steps", ()):
        found = record["who"], record["precision"], record["how"]
        if (record["task"], record["batch_size"], *found) == (task, batch_size, *entry):
            return record["minimum"]
    raise KeyError(f"{task} {batch_size} {entry}")


def _ratio(task: str, how: str = PLAIN) -> Callable[[Result], float]:
    def measure(result: Result) -> float:
        ours = seconds(result, task, 4, OURS, "float32", how)
        return seconds(result, task, 4, PEER, "float32", EAGER) / ours

    return measure


def _against_best(result: Result) -> float:
    peers = [
        seconds(result, "predict", 1, PEER, precision, how)
        for precision, how in (("bfloat16", EAGER), ("bfloat16", COMPILED))
    ]
    return min(peers) / seconds(result, "predict", 1, OURS, "bfloat16", OPENVINO)


def _average_step(result: Result, who: str, how: str) -> float:
    steps = ("discriminator", "generator")
    return sum(seconds(result, t, 64, who, "bfloat16", how) for t in steps) / 2


def _against_compiled(how: str) -> Callable[[Result], float]:
    def measure(result: Result) -> float:
        ours = _average_step(result, OURS, how)
        return _average_step(result, PEER, COMPILED) / ours

    return measure


def _share_of_limit(result: Result) -> float:
    needed = result["flops_per_image"]
    average = (needed["discriminator"] + needed["generator"]) / 2
    per_second = 64 * average / _average_step(result, OURS, PLAIN)
    return per_second / result["limits"]["bfloat16"]


def _input(cache: str) -> Callable[[Result], float]:
    def measure(result: Result) -> float:
        minima = {r["source"]: r["minimum"] for r in result["input"]}
        return minima[f"data.cache={cache}"] / minima[CONSTANT]

    return measure


def growth_exponents(result: Result) -> dict[str, float]:
    """Returns the exponents e of cost ~ quantity^e, by (quantity, what)."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for record in result["growth"]:
        point = (math.log(record["value"]), math.log(record["minimum"]))
        curves.setdefault(f"{record['what']}, {record['grows']}", []).append(point)
    exponents = {}
    for name, points in curves.items():
        value, cost = np.transpose(points)
        exponents[name] = float(np.polyfit(value, cost, 1)[0])
    return exponents


def _at_least(limit: float) -> Callable[[float], bool]:
    return lambda value: value >= limit


def _at_most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


_GPU, _CPU, _AMX, _ANY = "H200", "CPU", "CPU with AMX", "any"
TARGETS = (
    Target(
        *(_GPU, "D and G step, batch 64, bf16, against `torch.compile` bf16"),
        *("at least 1.3x", _against_compiled(PLAIN), _at_least(1.3)),
    ),
    Target(
        *(_GPU, "the same with the frozen cache"),
        *("at least 1.5x", _against_compiled(CACHED), _at_least(1.5)),
    ),
    Target(
        *(
            _GPU,
            "images/s averaged over D and G steps, batch 64, bf16",
            "at least 2000",
        ),
        *(lambda r: 64 / _average_step(r, OURS, PLAIN), _at_least(2000), "{:.0f}"),
    ),
    Target(
        *(_GPU, "share of the measured matmul limit, useful FLOPs", "at least 40 %"),
        *(_share_of_limit, _at_least(0.4), "{:.0%}"),
    ),
    Target(
        *(_GPU, "120 epochs on 10,000 images from the command line, frozen cache"),
        *("at most 10 minutes", lambda r: r["whole_run"][0]["seconds"] / 60),
        *(_at_most(10), "{:.1f} minutes"),
    ),
    *(
        Target(
            *(_CPU, f"{task}, batch 4, float32, against PyTorch eager"),
            *("at least 0.95x", _ratio(task), _at_least(0.95)),
        )
        for task in ("bootstrap", "discriminator", "generator", "predict")
    ),
    *(
        Target(
            *(_CPU, f"{task} with the frozen cache, the same"),
            *("at least 1.0x", _ratio(task, CACHED), _at_least(1.0)),
        )
        for task in ("bootstrap", "discriminator", "generator")
    ),
    Target(
        *(_CPU, "both, which shares a forward pass, the same"),
        *("at least 1.0x", _ratio("both"), _at_least(1.0)),
    ),
    Target(
        *(_AMX, "`--backend=openvino`, one image, against PyTorch's best"),
        *("at least 1.0x", _against_best, _at_least(1.0)),
    ),
    *(
        Target(
            *(_ANY, f"D and G step, batch 32, `data.cache={c}`, to a constant batch"),
            *("at most 1.03x", _input(c), _at_most(1.03), "{:.3f}x"),
        )
        for c in ("device", "host", "none")
    ),
    Target(
        *(_ANY, "exponent of growth with batch, pixels and examples, the largest"),
        *("at most 1", lambda r: max(growth_exponents(r).values())),
        *(_at_most(1 + _NOISE), "{:.2f}"),
    ),
)


def rows(results: Iterable[Result]) -> list[tuple[str, ...]]:
    """Returns (where, what, asked, measured, met) of each target on each machine."""
    found = []
    results = list(results)
    for target in TARGETS:
        measured = [
            (result["machine"]["name"], value)
            for result in results
            if _belongs(target.where, result["machine"])
            and (value := _measured(target, result)) is not None
        ]
        for name, value in measured:
            verdict = "yes" if target.is_met(value) else "no"
            shown = target.show.format(value)
            found.append((name, target.what, target.asked, shown, verdict))
        if not measured:
            found.append((target.where, target.what, target.asked, NOT_YET, ""))
    return found


def _belongs(where: str, machine: Result) -> bool:
    if where == _GPU:
        return "H200" in machine["device"]
    if where == _AMX:
        return "amx" in machine["device"]
    return where == _ANY or machine["platform"] == "cpu"


def _measured(target: Target, result: Result) -> float | None:
    try:
        return target.measure(result)
    except (KeyError, IndexError, ValueError):
        return None
