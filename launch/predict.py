"""Predicts saliency maps of photographs and videos with a trained generator.

  python launch/predict.py --checkpoint=runs/osie --input=photo.jpg --output=maps
  python launch/predict.py --checkpoint=runs/osie --input='photos/*.jpg' --output=maps \
      --format=png,overlay

For every image an 8-bit grey PNG of its size and name: round(255 * saliency), absolute;
for every video one with the map laid over it. Run the same command again after an
interruption, and it goes on. Exit code 1 when something could not be read, after all
the others are done.
"""

import json

from absl import flags

from salgan_jax import doors, predictor_flags, processes
from salgan_jax.data import opening
from salgan_jax.errors import printable
from salgan_jax.prediction import formats, story

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A workdir, the folder of a step, or a file.", required=True
)
_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_INPUT = flags.DEFINE_multi_string(
    "input",
    None,
    "An image, a video, a folder, a quoted glob, - for a list of files on standard "
    "input, or camera:0; may be repeated.",
    required=True,
)
_OUTPUT = flags.DEFINE_string("output", None, "The folder to write to.", required=True)
_FORMAT = flags.DEFINE_list(
    "format",
    [],
    f"What to write, of {', '.join(formats.FORMATS)}; by default png for images and "
    "overlay for videos.",
)
_COLORMAP = flags.DEFINE_string(
    "colormap", formats.Style().colormap, "The colours of pictures: a matplotlib name."
)
_CONTOURS = flags.DEFINE_list(
    "contours",
    list(map(str, formats.Style().contours)),
    "Where contours are drawn: fractions of a map's maximum.",
)
_how_to_predict = predictor_flags.define()
_BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 0, "Images at once; 0 chooses what suits this machine."
)
_RESUME = flags.DEFINE_bool(
    "resume", True, "Leave out images that this checkpoint has predicted there before."
)
_MAX_MEGAPIXELS = flags.DEFINE_float(
    "max_megapixels",
    opening.MAX_MEGAPIXELS,
    "Images with more million pixels are skipped.",
)
_SECONDS = flags.DEFINE_float(
    "seconds", None, "How long to record a camera; by default until Ctrl-C."
)
_JSON = flags.DEFINE_bool(
    "json", False, "Print one JSON object at the end, and nothing else, to stdout."
)
_join_processes = doors.define_process_flags()


def main(argv: list[str]) -> int:
    """Predicts and returns the exit code."""
    del argv
    _join_processes()
    summary = story.predict(
        _CHECKPOINT.value,
        _STEP.value,
        _INPUT.value,
        _OUTPUT.value,
        wanted=formats.wanted(
            _FORMAT.value, colormap=_COLORMAP.value, contours=_CONTOURS.value
        ),
        settings=story.Settings(
            **_how_to_predict(),
            batch_size=_BATCH_SIZE.value,
            max_megapixels=_MAX_MEGAPIXELS.value,
            resume=_RESUME.value,
            seconds=_SECONDS.value,
        ),
    )
    if _JSON.value:
        print(json.dumps(summary.as_json()))
    elif processes.is_first():
        print("\n".join(map(printable, summary.lines())))
    return 1 if summary.num_failures else 0


if __name__ == "__main__":
    doors.run(main)
