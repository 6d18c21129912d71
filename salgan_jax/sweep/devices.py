"""Which device a run of a sweep sees: the environment that shows it one of many."""

import json
import os
import subprocess
import sys

from salgan_jax.errors import UserError

PARALLEL = ("none", "devices")
Environment = dict[str, str]

# Asked in a process of its own, for who has asked has taken the devices. A chip of a
# TPU may be several devices, which cannot be shown alone.
_QUESTION = """
import json, jax
devices = jax.local_devices()
places = [getattr(device, "coords", device.id) for device in devices]
version = devices[0].client.platform_version.lower()
print(json.dumps([devices[0].platform, "rocm" in version, len(set(map(str, places)))]))
"""


def slots(parallel: str, num_parallel: int) -> list[Environment]:
    """Returns how many runs there are at a time, as the environment of each.

    Args:
        parallel: "devices": one on each device; "none": `num_parallel` share them.
        num_parallel: how many share them.

    Raises:
        UserError: both are asked for, or there are no devices.
    """
    if parallel == "none":
        return [{} for _ in range(num_parallel)]
    if num_parallel > 1:
        raise UserError(
            f"--parallel=devices is one run on each device: leave out "
            f"--num_parallel={num_parallel}"
        )
    return one_for_each()


def one_for_each() -> list[Environment]:
    """Returns, for each device of this machine, what makes JAX see that one alone.

    Raises:
        UserError: there is no accelerator.
    """
    answer = subprocess.run(
        [sys.executable, "-c", _QUESTION], capture_output=True, text=True
    )
    if answer.returncode:
        last = answer.stderr.strip().splitlines()[-1:]
        raise UserError(f"--parallel=devices: JAX finds no device: {' '.join(last)}")
    platform, is_rocm, count = json.loads(answer.stdout.splitlines()[-1])
    if platform == "cpu":
        raise UserError(
            "--parallel=devices: this machine has no accelerator that JAX sees; use "
            "--num_parallel=N for N runs at a time on its cores"
        )
    return [environment(platform, i, is_rocm=is_rocm) for i in range(count)]


def environment(platform: str, index: int, *, is_rocm: bool = False) -> Environment:
    """Returns the variables that show one device of a kind.

    Args:
        platform: as JAX names it, "gpu" or "tpu".
        index: of the device, among those that are visible now.
        is_rocm: whether the GPU is AMD's.
    """
    if platform == "tpu":
        return {
            "TPU_VISIBLE_CHIPS": _visible("TPU_VISIBLE_CHIPS", index),
            "TPU_CHIPS_PER_PROCESS_BOUNDS": "1,1,1",
            "TPU_PROCESS_BOUNDS": "1,1,1",
        }
    name = "HIP_VISIBLE_DEVICES" if is_rocm else "CUDA_VISIBLE_DEVICES"
    return {name: _visible(name, index)}


def _visible(variable: str, index: int) -> str:
    """The name of a device where the user has already chosen some of them."""
    chosen = [each for each in os.environ.get(variable, "").split(",") if each.strip()]
    return chosen[index].strip() if chosen else str(index)
