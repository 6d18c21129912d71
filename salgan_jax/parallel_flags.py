"""The flags of how many runs share a machine, which several doors have."""

from collections.abc import Callable

from absl import flags

from salgan_jax.sweep import devices
from salgan_jax.sweep.devices import Environment

flags.disclaim_key_flags()  # --help shows them as those of the script


def define() -> Callable[[], list[Environment]]:
    """Defines --parallel and --num_parallel, and returns what reads them.

    That raises UserError as `devices.slots` does.
    """
    parallel = flags.DEFINE_enum(
        "parallel",
        "none",
        list(devices.PARALLEL),
        "devices: a run on each GPU or TPU chip of this machine at a time.",
    )
    num_parallel = flags.DEFINE_integer(
        "num_parallel", 1, "How many runs share this machine at a time.", lower_bound=1
    )
    return lambda: devices.slots(parallel.value, num_parallel.value)
