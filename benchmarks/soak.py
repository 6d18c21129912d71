"""Whether a long run stays as it began: memory, open files, speed.

  python -m benchmarks.soak [--steps=5000]

Trains the quickstart's networks, adversarial from the first step, so that all steps
cost the same; evaluations and checkpoints come as in any run.
"""

import os
import pathlib
import sys
import tempfile
import threading
from typing import NamedTuple

import numpy as np
from absl import app, flags

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import memory  # noqa: E402
from configs import quickstart  # noqa: E402
from salgan_jax import scalars, training  # noqa: E402

_STEPS = flags.DEFINE_integer("steps", 5000, "How many.")
_SECONDS_BETWEEN_SAMPLES = 0.5
_IS_WARM = 0.2  # after this part of the samples everything has happened once


class Soak(NamedTuple):
    """What became of a long run.

    Attributes:
        memory_growth: memory in use at the end of a fitted line, relative to its
            beginning, minus 1.
        open_files: (at the beginning, at the end), means of a fifth of the samples.
        speed_ratio: images/s of the last fifth of the steps by that of the first.
        memory: bytes, at the end.
    """

    memory_growth: float
    open_files: tuple[float, float]
    speed_ratio: float
    memory: float


def measure(num_steps: int) -> Soak:
    """Trains for at least so many steps and returns what became of the process."""
    config = quickstart.get_config()
    config.phases.bootstrap_epochs = 0
    samples: list[tuple[float, float]] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_SECONDS_BETWEEN_SAMPLES):
            samples.append(_sample())

    watcher = threading.Thread(target=watch)
    watcher.start()
    with tempfile.TemporaryDirectory() as folder:
        try:
            config.phases.num_epochs = _epochs(config, num_steps)
            training.train(config, os.path.join(folder, "run"))
        finally:
            is_over.set()
            watcher.join()
        speeds = scalars.read(os.path.join(folder, "run"))["train/images_per_second"]
    return _judge(np.array(samples), np.array(speeds[1]))


def _epochs(config, num_steps: int) -> int:
    from salgan_jax import training_input

    num_examples = training_input.open_input(config).sampling.num_examples
    return -(-num_steps // (num_examples // config.batch_size))


def _sample() -> tuple[float, float]:
    """Memory in use, in bytes, and the number of open files."""
    return memory.in_use(), len(os.listdir("/proc/self/fd"))


def _judge(samples: np.ndarray, speeds: np.ndarray) -> Soak:
    warm = samples[int(_IS_WARM * len(samples)) :]
    time = np.arange(len(warm))
    slope, start = np.polyfit(time, warm[:, 0], 1)
    fifth, of_speeds = max(1, len(warm) // 5), max(1, len(speeds) // 5)
    files = warm[:fifth, 1].mean(), warm[-fifth:, 1].mean()
    # Medians: an evaluation or a checkpoint slows the interval that follows it.
    ratio = np.median(speeds[-of_speeds:]) / np.median(speeds[1 : 1 + of_speeds])
    growth = slope * len(warm) / start
    return Soak(float(growth), files, float(ratio), float(warm[-1, 0]))


def main(argv: list[str]) -> None:
    """Measures and prints."""
    del argv
    soak = measure(_STEPS.value)
    print(
        f"{_STEPS.value} steps: {soak.memory / 1e6:.0f} MB in use, "
        f"{100 * soak.memory_growth:+.1f} % over the run; open files "
        f"{soak.open_files[0]:.1f} to {soak.open_files[1]:.1f}; speed of the last "
        f"fifth {soak.speed_ratio:.3f} of the first"
    )


if __name__ == "__main__":
    app.run(main)
