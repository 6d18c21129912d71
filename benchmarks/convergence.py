"""Whether half precision learns what single precision learns, over several seeds.

  python benchmarks/convergence.py --config=configs/quickstart.py --workdir=runs/both

Bootstrap phases are compared over seeds. Adversarial phases depend so much on the order
of the data that each begins, in both precisions, with the same float32 checkpoint, in
several orders.
"""

import pathlib
import shutil
import sys

import numpy as np
from absl import flags
from ml_collections import ConfigDict, config_flags

from salgan_jax import checkpoints, compatibility, doors, scalars, training

PRECISIONS = ("float32", "bfloat16")
_CONFIG = config_flags.DEFINE_config_file("config", None, "A file in configs/.")
_WORKDIR = flags.DEFINE_string("workdir", None, "For all runs.", required=True)
_SEEDS = flags.DEFINE_integer("seeds", 3, "Bootstrap phases in each precision.")
_ORDERS = flags.DEFINE_integer("orders", 3, "Adversarial phases from each of them.")


def bootstrap(config: ConfigDict, workdir: pathlib.Path) -> dict[str, float]:
    """Trains the bootstrap phase; its last content loss and scores."""
    only = config.copy_and_resolve_references()
    only.phases.num_epochs = only.phases.bootstrap_epochs
    training.train(only, str(workdir))
    return _last(workdir)


def adversarial(
    config: ConfigDict, start: pathlib.Path, workdir: pathlib.Path, seed: int
) -> dict[str, float]:
    """Trains the adversarial phase from a bootstrap's end, in the order of a seed."""
    step = checkpoints.latest_step(str(start))
    if not workdir.exists():
        shutil.copytree(
            start / "checkpoints" / str(step), workdir / f"checkpoints/{step}"
        )
    again = config.copy_and_resolve_references()
    again.seed = seed
    training.train(again, str(workdir))
    return _last(workdir)


def _last(workdir: pathlib.Path) -> dict[str, float]:
    series = scalars.read(str(workdir))
    values = {name: series[f"eval/{name}"][1][-1] for name in ("nss", "cc")}
    return {
        "content_loss": float(np.mean(series["train/content_loss"][1][-4:]))
    } | values


def main(argv: list[str]) -> None:
    """Trains all and prints means with standard deviations."""
    del argv
    # The orders of the adversarial phases are other seeds, on purpose.
    compatibility.RESUMABLE_FIELDS += ("seed", "precision")
    root = pathlib.Path(_WORKDIR.value)
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for precision in PRECISIONS:
        config = _CONFIG.value.copy_and_resolve_references()
        config.precision.generator = precision
        for seed in range(_SEEDS.value):
            config.seed = seed
            scores = bootstrap(config, root / f"bootstrap_{precision}_{seed}")
            found.setdefault(("bootstrap", precision), []).append(scores)
            start = root / f"bootstrap_{PRECISIONS[0]}_{seed}"
            for order in range(_ORDERS.value):
                workdir = root / f"adversarial_{precision}_{seed}_{order}"
                scores = adversarial(config, start, workdir, 10 + order)
                found.setdefault(("adversarial", precision), []).append(scores)
    for (phase, precision), runs in found.items():
        numbers = []
        for name in runs[0]:
            values = [run[name] for run in runs]
            spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
            numbers.append(f"{name} {np.mean(values):.3f} +- {spread:.3f}")
        print(f"{phase:11} {precision:8} {len(runs)} runs: {', '.join(numbers)}")
    sys.stdout.flush()


if __name__ == "__main__":
    doors.run(main)
