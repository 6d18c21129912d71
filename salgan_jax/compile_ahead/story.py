"""What a config costs on TPUs that are not here: memory, arithmetic, largest batch."""

import importlib.metadata
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from salgan_jax import config as config_module
from salgan_jax import experiment, parallel
from salgan_jax.compile_ahead import chips, largest, programs
from salgan_jax.compile_ahead.programs import Cost, DoesNotFit
from salgan_jax.errors import UserError
from salgan_jax.schedule import Update


class Report(NamedTuple):
    """What the compiler found.

    Attributes:
        config: what was compiled, with the precision that "auto" means on a TPU.
        topology: for what.
        memory: GiB a chip that programs can have.
        costs: of each update that the config makes.
        limit: of the batch size; None if it was not searched.
    """

    config: ConfigDict
    topology: chips.Topology
    memory: float
    costs: dict[Update, Cost]
    limit: largest.Limit | None


def compile_for(config: ConfigDict, topology_name: str, *, is_searched: bool) -> Report:
    """Compiles the updates of a config for a topology with the compiler of TPUs.

    Args:
        config: from a file in `configs/`.
        topology_name: like "v5e:2x4".
        is_searched: whether to look for the largest batch size as well.

    Raises:
        UserError: the config or the topology cannot be used, the compiler is missing,
            or the config does not fit.
    """
    config_module.validate(config)
    topology = chips.parse(topology_name)
    if config.num_devices:
        raise UserError(
            f"config.num_devices is {config.num_devices}, and a topology uses all its "
            f"chips: set it to 0, or give a topology of {config.num_devices} chips"
        )
    parallel.check_batch_size(config.batch_size, topology.num_chips)
    devices = chips.devices(topology)
    config = experiment.with_precision(config, platform="tpu")
    memory = programs.memory_of_chip(devices)
    ahead = programs.Programs(config, devices)
    made = programs.made_updates(config)
    found = ahead.compile(made, config.batch_size, {})
    costs = {u: cost for u, cost in found.items() if isinstance(cost, Cost)}
    if len(costs) < len(made):
        raise UserError(_too_large(ahead, config, topology, found))
    limit = None
    if is_searched:
        limit = _limit(ahead, made, topology.num_chips, first=config.batch_size)
    return Report(config, topology, memory, costs, limit)


def _limit(
    ahead: programs.Programs, made: list[Update], num_chips: int, *, first: int
) -> largest.Limit:
    """Searched in a hurry; what is found is then compiled as training compiles it."""
    order = list(made)

    def fits(batch_size: int, options: dict[str, Any]) -> bool:
        # First what failed last: one that does not fit is enough.
        for update in tuple(order):
            (cost,) = ahead.compile([update], batch_size, options).values()
            if isinstance(cost, DoesNotFit):
                order.remove(update)
                order.insert(0, update)
                return False
        return True

    limit = largest.search(
        lambda size: fits(size, programs.HURRIED), first=first, step=num_chips
    )
    while limit.fits and not fits(limit.fits, {}):
        less = min(limit.fits * 15 // 16, limit.fits - num_chips)
        limit = largest.Limit(less // num_chips * num_chips, limit.fits)
    return limit


def _too_large(
    ahead: programs.Programs,
    config: ConfigDict,
    topology: chips.Topology,
    found: dict[Update, Cost | DoesNotFit],
) -> str:
    failed = [update for update, cost in found.items() if isinstance(cost, DoesNotFit)]
    reason = found[failed[0]]
    assert isinstance(reason, DoesNotFit)
    limit = _limit(ahead, failed, topology.num_chips, first=config.batch_size)
    advice = f"use --config.batch_size={limit.fits}, which does"
    if not limit.fits:
        advice = "not even one example a chip does: make the network or images smaller"
    return (
        f"config.batch_size {config.batch_size} does not fit {topology.name} in the "
        f"{failed[0].value} update; {advice} ({reason.reason})"
    )


def describe(report: Report, *, num_examples: int, utilisation: float) -> str:
    """Returns the report in words and a table, and an estimate of the hours.

    Args:
        report: from `compile_for`.
        num_examples: of the training split.
        utilisation: the assumed share of the chips' peak arithmetic.
    """
    topology, config = report.topology, report.config
    num_chips, memory = topology.num_chips, report.memory
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("jax", "libtpu")
    )
    precision = config.precision
    lines = [
        f"{topology.name} is Cloud TPU's {topology.accelerator_type}: {num_chips} "
        f"chips, each with {memory:.2f} GiB for programs",
        f"{config.name}, batch {config.batch_size}, "
        f"{config.batch_size // num_chips} a chip; generator in {precision.generator}, "
        f"discriminator in {precision.discriminator}; {versions}",
        "",
        "GiB a chip     arguments  output  temporaries  program  total  of chip  "
        "GFLOP a step  ms a step*",
    ]
    seconds = {}
    for update, cost in report.costs.items():
        seconds[update] = cost.flops / topology.chip.peak / utilisation
        parts = cost.arguments, cost.output, cost.temporaries, cost.program, cost.total
        a, o, t, p, total = (part / 2**30 for part in parts)
        lines.append(
            f"{update.value:13}{a:11.3f}{o:8.3f}{t:13.3f}{p:9.3f}{total:7.3f}"
            f"{total / memory:9.1%}{cost.flops * num_chips / 1e9:14,.0f}"
            f"{1e3 * seconds[update]:12.2f}"
        )
    lines += ["", *_limit_in_words(report)]
    lines += _hours_in_words(report, seconds, num_examples, utilisation)
    return "\n".join(lines)


def _limit_in_words(report: Report) -> list[str]:
    height, width = report.config.data.image_size
    kept = 10_000 * height * width * 4 / 2**30
    lines = [
        "The total is the most at once: output takes the place of arguments, and "
        "temporaries share.",
        f"Examples that data.cache keeps on each chip come on top: {kept:.2f} GiB for "
        "10,000.",
    ]
    if report.limit is not None:
        fits, does_not = report.limit
        lines.append(
            f"The largest batch size that was found to fit is {fits}, "
            f"{fits // report.topology.num_chips} a chip; {does_not} does not."
        )
    return lines


def _hours_in_words(
    report: Report,
    seconds: dict[Update, float],
    num_examples: int,
    utilisation: float,
) -> list[str]:
    config, topology = report.config, report.topology
    plan = experiment.make_plan(config, num_examples)
    moves = plan.num_moves
    hours = sum(moves[update] * seconds[update] for update in seconds) / 3600
    return [
        f"* An estimate, not measured: arithmetic at {utilisation:.0%} of the "
        f"{topology.chip.peak / 1e12:.0f} TFLOP/s of a chip.",
        f"  {plan.num_steps:,} steps over {num_examples:,} examples would take "
        f"{hours:.2f} h, {hours * topology.num_chips:.2f} chip-hours,",
        "  without starting, compiling, reading, evaluating and saving.",
    ]
