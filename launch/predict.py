"""Predicts saliency maps of photographs with a trained generator.

  python launch/predict.py --checkpoint=runs/osie --input=photo.jpg --output=maps

For every image an 8-bit grey PNG of its size and name: round(255 * saliency), absolute.
Exit code 1 when an image could not be read, after all the others are done.
"""

from absl import flags

from salgan_jax import checkpoints, doors, inference, prediction, prediction_files

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "The workdir of a training run.", required=True
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
    ["auto", "float32", "bfloat16"],
    "Of the arithmetic; auto is what is fast on this machine.",
)
_NPY = flags.DEFINE_bool("npy", False, "Also write <name>.npy, the map in float32.")


def main(argv: list[str]) -> int:
    """Predicts and returns the exit code."""
    del argv
    jobs = prediction_files.plan(
        _INPUT.value, _OUTPUT.value, overlay=_OVERLAY.value, npy=_NPY.value
    )
    loaded = checkpoints.load_generator(_CHECKPOINT.value, _STEP.value)
    prediction_files.make_output_folder(_OUTPUT.value)
    batch_size = min(inference.preferred_batch_size(), len(jobs))
    predict = inference.make_predictor(
        loaded,
        batch_size,
        post_processing=_POST_PROCESSING.value,
        backend=_BACKEND.value,
        precision=_PRECISION.value,
    )
    outcome = prediction.predict_files(predict, jobs, batch_size=batch_size)
    print(
        f"{outcome.num_written} of {len(jobs)} images predicted with step "
        f"{loaded.step}, written to {_OUTPUT.value}"
    )
    if outcome.unreadable:
        print(f"skipped because unreadable: {len(outcome.unreadable)} (named above)")
    return 1 if outcome.unreadable else 0


if __name__ == "__main__":
    doors.run(main)
