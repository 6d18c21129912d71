"""How much memory a call takes beyond what was there before it."""

import contextlib
import ctypes
from collections.abc import Callable

import jax


def of_call(call: Callable[[], object]) -> int | None:
    """Returns bytes of this process's memory; None where Linux does not tell.

    What earlier calls have freed goes back to the system first, and the kernel's record
    of the most memory is reset.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = _status("VmRSS")
        call()
        return max(0, _status("VmHWM") - before)
    return None


def in_use() -> int:
    """Returns bytes of this process's memory, once what was freed has gone back.

    Only Linux tells.
    """
    ctypes.CDLL(None).malloc_trim(0)
    return _status("VmRSS")


def of_program(compiled: jax.stages.Compiled) -> int | None:
    """Returns bytes that XLA has planned for intermediate values."""
    analysis = compiled.memory_analysis()
    return None if analysis is None else analysis.temp_size_in_bytes


def _status(field: str) -> int:
    with open("/proc/self/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines[field].split()[0]) * 1024
