"""The flags of how a network predicts, which several doors have."""

from collections.abc import Callable

from absl import flags

from salgan_jax import inference

flags.disclaim_key_flags()  # --help shows them as those of the script
_FLAGS = {
    "post_processing": (
        "none",
        list(inference.POST_PROCESSING),
        "How predictions become maps: as they are, or as the authors' code made them.",
    ),
    "backend": (
        "jax",
        list(inference.BACKENDS),
        "What computes the network; openvino is for CPUs, faster where they have "
        "bfloat16.",
    ),
    "precision": (
        "auto",
        list(inference.PRECISIONS),
        "Of the arithmetic; auto is what is fast on this machine.",
    ),
}


def define(*names: str) -> Callable[[], dict[str, str]]:
    """Defines these flags, all by default; returns what reads them once parsed.

    What it returns are arguments of `inference.make_predictor`.
    """
    holders = {name: flags.DEFINE_enum(name, *_FLAGS[name]) for name in names or _FLAGS}
    return lambda: {name: str(holder.value) for name, holder in holders.items()}
