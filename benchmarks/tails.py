"""What people wait for outside the steps: the first step, and maps of their files."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import jax
import numpy as np
from PIL import Image

from benchmarks import contestants
from benchmarks.contestants import Network
from salgan_jax import inference
from salgan_jax.data import records
from salgan_jax.prediction import batches, files

_ROOT = pathlib.Path(__file__).parents[1]
_JPEG_SIZE = (480, 640)


def first_step(data_dir: str, *overrides: str) -> list[dict[str, Any]]:
    """Returns seconds from command to first step: compiled anew, and from the cache."""
    with tempfile.TemporaryDirectory() as scratch:
        return [
            {
                "what": f"from command to first step, programs {state}",
                "seconds": _until_first_step(f"{scratch}/{i}", data_dir, overrides),
            }
            for i, state in enumerate(("compiled", "kept"))
        ]


def whole_run(
    data_dir: str, *overrides: str, dataset: str = "popout/large"
) -> list[dict[str, Any]]:
    """Returns seconds of the published schedule from the command line to its end.

    Evaluation and checkpoints are included; that the data set is made is not.

    Args:
        data_dir: where it lies or is made; "": where all data sets of the user do.
        overrides: of the config.
        dataset: on which it trains.
    """
    records.open_split(dataset, "train", data_dir)
    with tempfile.TemporaryDirectory() as workdir:
        start = time.monotonic()
        code, lines = _train(
            *("salgan", workdir, data_dir, f"--config.data.dataset={dataset}"),
            "--config.model.cache_frozen_features=True",
            *overrides,
        )
        if code:
            raise RuntimeError("training failed:\n" + "".join(lines[-20:]))
        scores = [line for line in lines if "evaluation:" in line][-1]
    return [
        {
            "what": f"configs/salgan.py on {dataset}, frozen cache",
            "seconds": time.monotonic() - start,
            "scores": scores.partition("evaluation:")[2].strip(),
        }
    ]


def _until_first_step(workdir: str, data_dir: str, overrides: tuple[str, ...]) -> float:
    start = time.monotonic()
    code, lines = _train("smoke", workdir, data_dir, *overrides, until="first step")
    if code is not None:
        raise RuntimeError("training ended before its first step:\n" + "".join(lines))
    return time.monotonic() - start


def _train(
    config: str, workdir: str, data_dir: str, *overrides: str, until: str = "\0"
) -> tuple[int | None, list[str]]:
    """Trains; the exit code, None if stopped at a line with `until`, and all lines."""
    command = [
        *(sys.executable, "launch/train.py", f"--config=configs/{config}.py"),
        f"--workdir={workdir}",
        f"--config.data.data_dir={data_dir}",
        *("--config.num_devices=1", "--config.init_from=random"),
        *overrides,
    ]
    # A compilation cache of the environment would be of other runs.
    inherited = {
        k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"
    }
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        env=inherited,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if until in line:
                process.kill()
                return None, lines
    return process.returncode, lines


def predict_files(
    network: Network, *, num_images: int, backend: str = "jax"
) -> dict[str, Any]:
    """Returns images/s from JPEG to PNG, and of the network alone on as many batches.

    Images are of 640x480 pixels, precision is that of `launch/predict.py`.
    """
    loaded = contestants.as_loaded(network)
    batch_size = inference.preferred_batch_size(loaded)
    predict = inference.make_predictor(
        loaded, batch_size, backend=backend, precision="auto"
    )
    frames = list(contestants.random_batch(network, batch_size).image)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        _write_photographs(folder / "in", num_images)
        jobs = files.plan(str(folder / "in"), folder / "out")
        predict(frames)  # compiles
        start = time.perf_counter()
        batches.predict_files(predict, jobs, batch_size=batch_size)
        per_file = (time.perf_counter() - start) / num_images
    count = max(1, num_images // batch_size)
    saliency_maps = inference.BACKENDS[backend](loaded, "auto")
    batch = np.stack(frames)
    jax.block_until_ready(saliency_maps(batch))
    start = time.perf_counter()
    for _ in range(count):
        maps = saliency_maps(batch)
    jax.block_until_ready(maps)
    alone = (time.perf_counter() - start) / (count * batch_size)
    return {
        "what": f"predict, {num_images} JPEGs of 640x480 to PNGs, {backend}",
        "images_per_second": 1 / per_file,
        "network_alone": 1 / alone,
        "to_network": per_file / alone,
    }


def _write_photographs(folder: pathlib.Path, number: int) -> None:
    """Smooth noise, of which JPEGs take about as long as of photographs."""
    folder.mkdir()
    height, width = _JPEG_SIZE
    random = np.random.default_rng(0)
    for i in range(number):
        coarse = random.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((width, height))
        image.save(folder / f"{i:05d}.jpg", quality=90)
