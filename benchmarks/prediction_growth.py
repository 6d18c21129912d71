"""Whether a prediction of many files costs the same for each, and no more memory.

  python -m benchmarks.prediction_growth

Small images and a network a sixteenth as wide: what is left is the work on files. Each
number of images is predicted, and then predicted again, when all is done before.
"""

import pathlib
import tempfile
import time
from typing import Any

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import contestants, memory
from salgan_jax import doors, inference
from salgan_jax.prediction import batches, files, formats, manifest, predicted_with

_NUMBERS = flags.DEFINE_list(
    "numbers", ["1000", "5000", "20000"], "How many images, one after the other."
)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "How often; the fastest round counts.")
_IMAGE_SIZE = (32, 48)


def measure(folder: pathlib.Path, network: contestants.Network) -> dict[str, Any]:
    """Returns what a prediction of all images in `folder/in` costs, twice.

    In seconds on the clock and of the processors, and bytes of this process afterwards.
    """
    loaded = contestants.as_loaded(network)
    way = {"post_processing": "none", "backend": "jax", "precision": "float32"}
    style = formats.Style()
    predict = inference.make_predictor(loaded, 1, **way)
    predict(list(contestants.random_batch(network, 1).image))  # compiles
    costs: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder) as output:
        for what in ("predicted", "done_before"):
            clock, processors = time.perf_counter(), time.process_time()
            jobs = files.plan(str(folder / "in"), output)
            described = predicted_with.describe(
                loaded, colormap=style.colormap, contours=style.contours, **way
            )
            with manifest.Manifest(output, described) as done:
                batches.predict_files(predict, jobs, batch_size=1, manifest=done)
            costs[f"{what}_seconds"] = time.perf_counter() - clock
            costs[f"{what}_processor_seconds"] = time.process_time() - processors
    return costs | {"bytes": memory.in_use()}


def write_images(folder: pathlib.Path, number: int) -> None:
    """Adds images of noise until there are so many."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for i in range(len(list(folder.iterdir())), number):
        noise = random.integers(0, 256, (*_IMAGE_SIZE, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{i:06}.png")


def main(argv: list[str]) -> None:
    """Prints a line for each number of images."""
    del argv
    network = contestants.make_network(_IMAGE_SIZE, 1 / 16)
    print("images, ms an image: on the clock, of processors, when done before; MB")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for number in map(int, _NUMBERS.value):
            write_images(folder / "in", number)
            rounds = [measure(folder, network) for _ in range(_ROUNDS.value)]
            clock, processors, done = (
                min(costs[name] for costs in rounds) * 1000 / number
                for name in (
                    "predicted_seconds",
                    "predicted_processor_seconds",
                    "done_before_seconds",
                )
            )
            print(
                f"{number:6} {clock:8.3f} {processors:8.3f} {done:8.3f} "
                f"{rounds[-1]['bytes'] / 1e6:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    doors.run(main)
