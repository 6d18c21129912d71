"""Trains SalGAN, or goes on with a run that was interrupted.

python launch/train.py --config=configs/osie.py --workdir=runs/osie
"""

from absl import flags
from ml_collections import config_flags

from salgan_jax import doors

_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "A file in configs/; --config.batch_size=8 changes a field."
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Where checkpoints and logs go.", required=True
)
flags.mark_flag_as_required("config")
_join_processes = doors.define_process_flags()


def main(argv: list[str]) -> int:
    """Trains and returns the exit code."""
    del argv
    _join_processes()
    from salgan_jax import training  # after the flags are checked: JAX is slow to load

    training.train(_CONFIG.value, _WORKDIR.value)
    return 0


if __name__ == "__main__":
    doors.run(main)
