"""Compiles a config for a TPU that is not here: does it fit, and what does it cost?

  python launch/compile_for.py --config=configs/salgan.py --topology=v5e:2x4

The real compiler of TPUs compiles the real updates, on any machine with Linux:
pip install -r requirements-tpu.txt. Prints memory and arithmetic of each update, the
largest batch size that fits, and an estimate of the hours. Takes minutes.
"""

from absl import flags

from salgan_jax import config_flag, doors

_CONFIG = config_flag.define()
_TOPOLOGY = config_flag.define_required(
    "topology",
    "Chips and how they lie: v5e:2x4 is v5litepod-8, v4:2x2x1 is v4-8, v6e:2x4 is "
    "v6e-8; pods are v4:2x2x4, v5e:4x8 and so on.",
)
_FIND_LARGEST = flags.DEFINE_bool(
    "find_largest", True, "Whether to look for the largest batch size, by compiling."
)
_NUM_EXAMPLES = flags.DEFINE_integer(
    "num_examples", 10_000, "Training examples, for the estimate.", lower_bound=1
)
_UTILISATION = flags.DEFINE_float(
    "utilisation",
    0.4,
    "Share of the chips' peak arithmetic that the estimate assumes.",
    lower_bound=0.01,
    upper_bound=1.0,
)


def main(argv: list[str]) -> None:
    """Compiles and prints what was found."""
    del argv
    from salgan_jax.compile_ahead import story  # after the flags: JAX is slow to load

    report = story.compile_for(
        _CONFIG.value, _TOPOLOGY.value, is_searched=_FIND_LARGEST.value
    )
    print(
        story.describe(
            report, num_examples=_NUM_EXAMPLES.value, utilisation=_UTILISATION.value
        )
    )


if __name__ == "__main__":
    doors.run(main)
