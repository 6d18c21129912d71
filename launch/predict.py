"""Predicts saliency maps of photographs with a trained generator.

  python launch/predict.py --checkpoint=runs/osie --input=photo.jpg --output=maps

For every image an 8-bit grey PNG of its size and name: round(255 * saliency), absolute.
Run the same command again after an interruption, and it goes on. Exit code 1 when an
image could not be read, after all the others are done.
"""

from absl import flags

from salgan_jax import (
    doors,
    inference,
    loading,
    predicted_with,
    prediction,
    prediction_files,
    processes,
)
from salgan_jax.data import opening
from salgan_jax.errors import printable
from salgan_jax.manifest import Manifest

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A workdir, the folder of a step, or a file.", required=True
)
_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_INPUT = flags.DEFINE_string(
    "input", None, "An image, a folder or a quoted glob.", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "The folder to write to.", required=True)
_OVERLAY = flags.DEFINE_bool(
    "overlay", False, "Also write <name>_overlay.png, the map in colour on the image."
)
_POST_PROCESSING = flags.DEFINE_enum(
    "post_processing",
    "none",
    list(inference.POST_PROCESSING),
    "How predictions become maps: as they are, or as the authors' code made them.",
)
_BACKEND = flags.DEFINE_enum(
    "backend",
    "jax",
    list(inference.BACKENDS),
    "What computes the network; openvino is for CPUs, faster where they have bfloat16.",
)
_PRECISION = flags.DEFINE_enum(
    "precision",
    "auto",
    inference.PRECISIONS,
    "Of the arithmetic; auto is what is fast on this machine.",
)
_RESUME = flags.DEFINE_bool(
    "resume", True, "Leave out images that this checkpoint has predicted there before."
)
_MAX_MEGAPIXELS = flags.DEFINE_float(
    "max_megapixels",
    opening.MAX_MEGAPIXELS,
    "Images with more million pixels are skipped.",
)
_NPY = flags.DEFINE_bool("npy", False, "Also write <name>.npy, the map in float32.")
_join_processes = doors.define_process_flags()


def main(argv: list[str]) -> int:
    """Predicts and returns the exit code."""
    del argv
    _join_processes()
    share = processes.share()
    opening.check_limit(_MAX_MEGAPIXELS.value)
    jobs = prediction_files.plan(
        _INPUT.value,
        _OUTPUT.value,
        overlay=_OVERLAY.value,
        npy=_NPY.value,
        share=share,
    )
    loaded = loading.load_generator(_CHECKPOINT.value, _STEP.value)
    prediction_files.make_output_folder(_OUTPUT.value)
    batch_size = min(inference.preferred_batch_size(loaded), max(1, len(jobs)))
    predict = inference.make_predictor(
        loaded,
        batch_size,
        post_processing=_POST_PROCESSING.value,
        backend=_BACKEND.value,
        precision=_PRECISION.value,
    )
    described = predicted_with.describe(
        loaded,
        post_processing=_POST_PROCESSING.value,
        backend=_BACKEND.value,
        precision=_PRECISION.value,
        overlay=_OVERLAY.value,
        npy=_NPY.value,
    )
    with Manifest(
        _OUTPUT.value, described, share=share, resume=_RESUME.value
    ) as manifest:
        outcome = prediction.predict_files(
            predict,
            jobs,
            batch_size=batch_size,
            manifest=manifest,
            max_megapixels=_MAX_MEGAPIXELS.value,
        )
    written, images, done_before, unreadable = processes.add_up(
        outcome.num_written,
        len(jobs),
        outcome.num_done_before,
        len(outcome.unreadable),
    )
    if processes.is_first():
        print(
            f"{written} of {images} images predicted with step {loaded.step}, written "
            f"to {printable(_OUTPUT.value)}"
        )
        if done_before:
            print(f"done before: {done_before}")
        if unreadable:
            print(f"skipped because unreadable: {unreadable} (named above)")
    return 1 if unreadable else 0


if __name__ == "__main__":
    doors.run(main)
