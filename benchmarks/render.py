"""Results as tables and curves, on the terminal and in docs/performance.md."""

import json
import pathlib
from collections.abc import Iterable, Sequence

from benchmarks import targets
from benchmarks.steps import COMPILED, EAGER, PEER
from benchmarks.targets import Result

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def load(directory: pathlib.Path) -> list[Result]:
    """Returns the results of all machines, by name."""
    return [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]


def merged(earlier: Result, result: Result) -> Result:
    """Returns the result, and what only an earlier one of the same code measured."""
    if any(earlier[key] != result[key] for key in ("commit", "machine")):
        return result
    kept = {key: earlier[key] for key in earlier if not result.get(key)}
    total = earlier["seconds"] + result["seconds"]
    return result | kept | {"seconds": total, "left_out": result["left_out"]}


def write_page(page: pathlib.Path, results: Sequence[Result]) -> None:
    """Replaces what stands between the two marks of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n{markdown(results)}{END}{after}")


def markdown(results: Sequence[Result]) -> str:
    """Returns all results, the targets first."""
    head = ("machine", "what", "asked", "measured", "met")
    parts = ["\n## Targets\n\n", table(head, targets.rows(results))]
    for result in results:
        parts.append(of_machine(result))
    return "".join(parts)


def of_machine(result: Result) -> str:
    """Returns the section of a machine."""
    machine, limits = result["machine"], result["limits"]
    speeds = ", ".join(f"{v / 1e12:.2f} TFLOP/s in {k}" for k, v in limits.items())
    counted = result["flops_per_image"].items()
    needed = ", ".join(f"{task} {flops / 1e9:.1f}" for task, flops in counted)
    parts = [
        f"\n## {machine['name']}\n\n",
        f"{machine['device']}, {machine['cores']} cores; {machine['versions']}; commit "
        f"{result['commit']}, {result['date']}, {result['seconds'] / 60:.0f} minutes. "
        f"A large matrix product reaches {speeds}. GFLOP an image: {needed}.\n",
    ]
    if result["steps"]:
        parts += ["\n", table(_STEP_HEAD, _step_rows(result["steps"]))]
    if result["input"]:
        head = ("input of a D and a G step", "batch", "width", "ms", "to constant")
        parts += ["\n", table(head, _input_rows(result["input"]))]
    if result["tails"]:
        head = ("what", "seconds", "images/s", "network alone", "per network time")
        parts += ["\n", table(head, _tail_rows(result["tails"]))]
    if result["growth"]:
        exponents = targets.growth_exponents(result).items()
        head = ("cost of", "exponent of growth")
        parts += ["\n", table(head, [(name, f"{e:.2f}") for name, e in exponents])]
        parts += [f"\n![cost as it grows](growth_{machine['name']}.png)\n"]
    if result["left_out"]:
        parts += [
            f"\nNot measured for lack of time: {', '.join(result['left_out'])}.\n"
        ]
    return "".join(parts)


_STEP_HEAD = (
    *("task", "batch", "who", "precision", "how", "ms", "images/s"),
    *("to eager", "to compiled", "of limit", "memory GB", "first call s"),
)


def _step_rows(records: Sequence[Result]) -> Iterable[tuple[str, ...]]:
    for record in records:
        peers = {
            r["how"]: r["minimum"]
            for r in records
            if r["who"] == PEER
            and all(r[k] == record[k] for k in ("task", "batch_size", "precision"))
        }
        memory = record["memory"]
        yield (
            *(record["task"], str(record["batch_size"]), record["who"]),
            *(record["precision"], record["how"]),
            f"{1e3 * record['median']:.1f} ({1e3 * record['minimum']:.1f})",
            f"{record['images_per_second']:.3g}",
            *(
                f"{peers[how] / record['minimum']:.2f}x" if how in peers else ""
                for how in (EAGER, COMPILED)
            ),
            f"{record['share_of_limit']:.0%}",
            "" if memory is None else f"{memory / 1e9:.2f}",
            f"{record['first']:.1f}",
        )


def _input_rows(records: Iterable[Result]) -> Iterable[tuple[str, ...]]:
    for record in records:
        yield (
            *(record["source"], str(record["batch_size"])),
            f"{record['width_multiplier']:g}",
            f"{1e3 * record['median']:.1f} ({1e3 * record['minimum']:.1f})",
            f"{record['to_constant']:.3f}",
        )


def _tail_rows(records: Iterable[Result]) -> Iterable[tuple[str, ...]]:
    names = ("seconds", "images_per_second", "network_alone", "to_network")
    for record in records:
        numbers = (record.get(name) for name in names)
        yield record["what"], *("" if n is None else f"{n:.2f}" for n in numbers)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def draw_growth(path: pathlib.Path, records: Sequence[Result]) -> None:
    """Draws cost against each quantity, with a line of proportion."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    quantities = list(dict.fromkeys(record["grows"] for record in records))
    figure, axes = pyplot.subplots(1, len(quantities), figsize=(4 * len(quantities), 3))
    for axis, quantity in zip(axes, quantities, strict=True):
        some = [record for record in records if record["grows"] == quantity]
        for what in dict.fromkeys(record["what"] for record in some):
            points = [(r["value"], r["minimum"]) for r in some if r["what"] == what]
            x, y = zip(*points, strict=True)
            axis.loglog(x, y, "o-", label=what)
            axis.loglog(x, [y[-1] * value / x[-1] for value in x], ":", color="grey")
        values = sorted({record["value"] for record in some})
        axis.set_xticks(values, [f"{value:g}" for value in values])
        axis.set_xticks([], minor=True)
        axis.set_xlabel(quantity)
        axis.set_ylabel("seconds")
        axis.legend(frameon=False)
    figure.suptitle("dotted: in proportion")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
