"""Serves a page in the browser that shows what a checkpoint predicts of your images.

  python launch/demo.py --checkpoint=runs/osie [--compare=runs/other]

Drop, paste or photograph an image: its saliency map, an overlay, the most salient
points in order, and the time it took. Needs pip install -r requirements-apps.txt, and
no network: the page is for this machine alone unless --host says otherwise.
"""

from absl import flags

from salgan_jax import doors, predictor_flags
from salgan_jax.data import opening
from salgan_jax.demo import story

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "The workdir of a training run.", required=True
)
_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_COMPARE = flags.DEFINE_string(
    "compare", None, "The workdir of another run, to be shown beside it."
)
_COMPARE_STEP = flags.DEFINE_integer(
    "compare_step", None, "Which checkpoint of that; the latest by default."
)
_HOST = flags.DEFINE_string(
    "host", "127.0.0.1", "Where to listen; 0.0.0.0 lets others in, without a password."
)
_PORT = flags.DEFINE_integer(
    "port", 7860, "The port to listen at.", lower_bound=1, upper_bound=65535
)
_MAX_MEGABYTES = flags.DEFINE_float(
    "max_megabytes", 50.0, "Larger files are not taken, in million bytes."
)
_MAX_MEGAPIXELS = flags.DEFINE_float(
    "max_megapixels",
    opening.MAX_MEGAPIXELS,
    "Images with more million pixels are refused.",
)
_how_to_predict = predictor_flags.define()


def main(argv: list[str]) -> None:
    """Serves until it is interrupted."""
    del argv
    workdirs = [(_CHECKPOINT.value, _STEP.value)]
    if _COMPARE.value is not None:
        workdirs.append((_COMPARE.value, _COMPARE_STEP.value))
    story.run(
        workdirs,
        host=_HOST.value,
        port=_PORT.value,
        max_megabytes=_MAX_MEGABYTES.value,
        max_megapixels=_MAX_MEGAPIXELS.value,
        **_how_to_predict(),
    )


if __name__ == "__main__":
    doors.run(main)
