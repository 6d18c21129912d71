"""Lists what a checkpoint holds, or compares two.

  python launch/inspect_checkpoint.py runs/osie [--step=N]
  python launch/inspect_checkpoint.py runs/osie --diff=runs/other [--diff_step=N]

With --diff the exit code is 0 when every array of the two whole states is bitwise
identical, 1 when not.
"""

from absl import flags

from salgan_jax import checkpoints, doors, inspection

_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_DIFF = flags.DEFINE_string("diff", None, "The workdir of a run to compare with.")
_DIFF_STEP = flags.DEFINE_integer(
    "diff_step", None, "Which of its checkpoints; by default --step, else the latest."
)


def main(argv: list[str]) -> int:
    """Prints the description or the difference and returns the exit code."""
    workdir = argv[1]
    if _DIFF.value is None:
        print(inspection.describe(workdir, _STEP.value))
        return 0
    other_step = _STEP.value if _DIFF_STEP.value is None else _DIFF_STEP.value
    step, state, _ = checkpoints.restore_arrays(workdir, _STEP.value)
    other_step, other_state, _ = checkpoints.restore_arrays(_DIFF.value, other_step)
    found = inspection.difference(state, other_state)
    first = f"{workdir} step {step}"
    second = f"{_DIFF.value} step {other_step}"
    print(inspection.describe_difference(found, first, second))
    return 0 if found.is_empty() else 1


if __name__ == "__main__":
    doors.run(main, arguments=("DIR",))
