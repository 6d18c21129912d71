"""Trains SalGAN, or goes on with a run that was interrupted.

python launch/train.py --config=configs/osie.py --workdir=runs/osie
python launch/train.py --config=configs/osie.py --help_config
"""

from salgan_jax import config_flag, doors

_CONFIG = config_flag.define()
_WORKDIR = config_flag.define_required("workdir", "Where checkpoints and logs go.")
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
