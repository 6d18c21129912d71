"""Trains one config with several values of some fields, and compares the scores.

  python launch/sweep.py --config=configs/quickstart.py --workdir=runs/sweep \
      --grid seed=0,1,2 losses.alpha=0.005,0.05

A run for each combination, in a workdir of its own; mean and deviation over seeds are
printed and written. The same command goes on after an interruption, and a larger grid
adds runs.
"""

import pathlib

from absl import flags

from salgan_jax import config_flag, doors, parallel_flags

_CONFIG = config_flag.define()
_WORKDIR = config_flag.define_required("workdir", "Gets a workdir for each run.")
_GRID = flags.DEFINE_multi_string(
    "grid", [], "FIELD=VALUE,VALUE,...; more fields may follow it."
)
_slots = parallel_flags.define()
_SCORES = flags.DEFINE_enum(
    "scores",
    "last",
    ["last", "best"],
    "Which evaluation counts; the best is by config.checkpoint.best_metric.",
)
config_flag.mark_as_required("grid")


def main(argv: list[str]) -> int:
    """Sweeps and returns the exit code."""
    # After the flags are checked: JAX is slow to load.
    from salgan_jax.sweep import story

    config, given = _CONFIG.value, config_flag.given()
    script = pathlib.Path(__file__).with_name("train.py")
    return story.sweep(
        story.Recipe(script, given.file, given.overrides, config),
        _WORKDIR.value,
        [*_GRID.value, *argv[1:]],
        slots=_slots(),
        is_best=_SCORES.value == "best",
    )


if __name__ == "__main__":
    doors.run(main, arguments=("[FIELD=VALUES...]",))
