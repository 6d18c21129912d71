"""Runs a comparison of the paper from start to end: trains, scores, tables, figures.

  python launch/reproduce.py perceptual_vs_content --dataset=salicon/2017
  python launch/reproduce.py ingredients --config=configs/mixture.py --folds=5

Experiments: perceptual_vs_content, downsampling, released_code, ingredients,
modern_vs_salgan, transfer, discriminator, game. The same command goes on after an
interruption, and more seeds add runs. docs/reproduce.md has what each experiment asks
and what it writes.
"""

import os
import pathlib

from absl import flags

from salgan_jax import config_flag, doors, parallel_flags
from salgan_jax.reproduction import experiments, repeats

_CONFIGS = os.path.relpath(pathlib.Path(__file__).resolve().parents[1] / "configs")
_CONFIG = config_flag.define(default=os.path.join(_CONFIGS, "salgan.py"))
_MODERN = config_flag.define_second(
    "modern",
    os.path.join(_CONFIGS, "modern.py"),
    "The second config of modern_vs_salgan; --modern.seed=1 changes a field.",
)
_DATASET = flags.DEFINE_string(
    "dataset", None, "Prepared dataset; that of the config by default."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", "", "Gets all runs and results; runs/EXPERIMENT-DATASET by default."
)
_SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "A run of each arm for each.")
_FOLDS = flags.DEFINE_integer(
    "folds", 0, "Instead: a run for each of so many folds of the training split."
)
_ARMS = flags.DEFINE_list("arms", [], "Only these, and the one they are compared with.")
_UPDATES = flags.DEFINE_integer(
    "updates", 1280, "Of each discriminator, in the experiment of that name.", 1
)
_slots = parallel_flags.define()


def main(argv: list[str]) -> int:
    """Reproduces and returns the exit code."""
    name = experiments.check_name("".join(argv[1:2]))
    seeds = repeats.parse_seeds(_SEEDS.value)
    # After what was typed is checked: JAX is slow to load.
    from salgan_jax.reproduction import story
    from salgan_jax.reproduction.runs import Source

    config, given = _CONFIG.value, config_flag.given()
    if _DATASET.value:
        config.data.dataset = _DATASET.value
        given.overrides["data.dataset"] = _DATASET.value
    modern = None
    if _MODERN.value is not None:
        second = config_flag.given("modern")
        modern = Source(second.file, second.overrides, _MODERN.value)
    asked = story.Asked(
        Source(given.file, given.overrides, config),
        modern,
        repeats.Repeats(seeds, _FOLDS.value),
        _ARMS.value,
        _WORKDIR.value,
        _UPDATES.value,
    )
    script = pathlib.Path(__file__).with_name("train.py")
    return story.reproduce(name, asked, script, _slots())


if __name__ == "__main__":
    doors.run(main, arguments=("[EXPERIMENT]",))
