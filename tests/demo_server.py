"""launch/demo.py on checkpoints made small, started and ended."""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

import jax
import miniature
import numpy as np

from salgan_jax import checkpoints

ROOT = pathlib.Path(__file__).resolve().parents[1]


def write_checkpoint(path, *, scale=1.0):
    """Writes a narrow generator; with another scale its maps are others."""
    params = jax.tree.map(
        lambda leaf: np.asarray(leaf) * np.float32(scale),
        miniature.experiment().params.generator,
    )
    state = {"generator": {"params": params}}
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoints.save_weights(str(path), state, miniature.config())


def free_port():
    """Returns a port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def started(*arguments, cwd, scratch=None):
    """The address of a page that is served until the block ends, and its process."""
    command = [sys.executable, f"{ROOT}/launch/demo.py", *map(str, arguments)]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "TMPDIR": str(scratch or cwd)}
        # Asked for from outside, and not to be had.
        | {"GRADIO_SHARE": "True", "GRADIO_ANALYTICS_ENABLED": "True"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if address := re.search(r"open (http://\S+)", line):
                yield address[1], process
                break
        else:
            raise AssertionError(said)
        _terminate_by_another_thread(process.pid)
        rest = process.stdout.read()
        assert process.wait(30) == 128 + signal.SIGTERM, rest
        assert "Traceback" not in rest
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _terminate_by_another_thread(pid):
    """A signal that the system gives to any thread must end the main one as well."""
    thread = max(map(int, os.listdir(f"/proc/{pid}/task")))
    assert thread != pid
    assert ctypes.CDLL(None).tgkill(pid, thread, signal.SIGTERM) == 0
