"""TPU chips by name: what a topology like `v5e:2x4` is, and its compiler."""

import importlib.util
import math
import os
import re
from typing import Any, NamedTuple

import jax
from jax.experimental import topologies
from jax.experimental.compilation_cache import compilation_cache

from salgan_jax.errors import UserError


class Chip(NamedTuple):
    """One generation of TPUs.

    Attributes:
        peak: FLOP/s in bfloat16 (docs.cloud.google.com/tpu/docs/v4 and so on).
        dimensions: of its topologies.
        accelerator_type: what Cloud TPU calls a slice, without its number.
        units: by which Cloud TPU counts, for each chip: cores or chips.
        options: for a chip that is one device, as on Cloud TPU.
    """

    peak: float
    dimensions: int
    accelerator_type: str
    units: int
    options: dict[str, Any]


CHIPS = {
    "v4": Chip(275e12, 3, "v4", 2, {"chip_config_name": "megacore"}),
    "v5e": Chip(197e12, 2, "v5litepod", 1, {}),
    "v5p": Chip(459e12, 3, "v5p", 2, {}),
    "v6e": Chip(918e12, 2, "v6e", 1, {}),
}
_EXAMPLES = "v4:2x2x1, v5e:2x4, v5p:2x2x1, v6e:2x4"
# The slices of v5e and v6e that are one machine of another size than 2x2 chips.
_ONE_HOST: dict[tuple[int, ...], tuple[int, int, int]] = {
    (1, 1): (1, 1, 1),
    (2, 4): (2, 4, 1),
}


class Topology(NamedTuple):
    """Chips and how they are connected.

    Attributes:
        name: as in `v5e:2x4`.
        chip: of which generation they are.
        sides: how many there are along each dimension.
    """

    name: str
    chip: Chip
    sides: tuple[int, ...]

    @property
    def num_chips(self) -> int:
        """All of them; each is one device."""
        return math.prod(self.sides)

    @property
    def accelerator_type(self) -> str:
        """What Cloud TPU calls it."""
        return f"{self.chip.accelerator_type}-{self.num_chips * self.chip.units}"


def parse(name: str) -> Topology:
    """Returns the topology of a name.

    Raises:
        UserError: it is no such name.

    >>> parse("v4:2x2x4").accelerator_type
    'v4-32'
    """
    generation, _, layout = name.partition(":")
    sides = re.fullmatch(r"[1-9]\d*(x[1-9]\d*)+", layout) and layout.split("x")
    if generation not in CHIPS or not sides:
        raise UserError(
            f"there is no topology {name!r}: use one of {', '.join(CHIPS)} and the "
            f"sides of the slice in chips, as in {_EXAMPLES}"
        )
    chip = CHIPS[generation]
    if len(sides) != chip.dimensions:
        raise UserError(
            f"topology {name!r} has {len(sides)} sides, {generation} has "
            f"{chip.dimensions}: use a name like {_EXAMPLES}"
        )
    return Topology(name, chip, tuple(map(int, sides)))


def devices(topology: Topology) -> list[Any]:
    """Returns the devices of a topology, for which can be compiled but not computed.

    Changes JAX's settings and the environment of this process.

    Raises:
        UserError: the compiler is missing, or knows no such slice.
    """
    if importlib.util.find_spec("libtpu") is None:
        raise UserError(
            "libtpu, which has the compiler for TPUs, is missing: install "
            "requirements-tpu.txt"
        )
    # Whatever else is here computes nothing, and no TPU is looked for or locked. Kept
    # programs would be loaded, which needs the device.
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_compilation_cache", False)
    compilation_cache.reset_cache()
    os.environ.update(
        TPU_SKIP_MDS_QUERY="1",
        TPU_ACCELERATOR_TYPE=topology.accelerator_type,
        TPU_WORKER_HOSTNAMES="localhost",
        TPU_WORKER_ID="0",
        ALLOW_MULTIPLE_LIBTPU_LOAD="1",
    )
    options = dict(topology.chip.options)
    if topology.sides in _ONE_HOST:
        options["chips_per_host_bounds"] = _ONE_HOST[topology.sides]
    try:
        description = topologies.get_topology_desc(
            platform="tpu", topology_name=topology.name, **options
        )
    except jax.errors.JaxRuntimeError as error:
        raise UserError(
            f"the compiler for TPUs has no topology {topology.name!r}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    found = list(description.devices)
    assert len(found) == topology.num_chips, (topology.name, len(found))
    return found
