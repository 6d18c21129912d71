"""Writes a trained generator for other programs, and checks what was written.

  python launch/export.py --checkpoint=runs/osie --format=onnx [--image=photo.jpg]

Formats: safetensors, stablehlo, onnx, tflite, torch. All take float32 [N, H, W, 3] in
0..255 (TensorFlow Lite one image) and return saliency in [0, 1]. The export predicts an
image beside the checkpoint; if they differ, nothing is kept. A model card goes with it.
"""

import pathlib

from absl import flags

from salgan_jax import checkpoints, doors
from salgan_jax.export import model_card, sample, story

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "The workdir of a training run.", required=True
)
_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_FORMAT = flags.DEFINE_string("format", None, "The file format.", required=True)
_OUTPUT = flags.DEFINE_string(
    "output", None, "The folder to write to; <checkpoint>/export/<format> by default."
)
_IMAGE = flags.DEFINE_string(
    "image", None, "What both predict; by default an image of the data set, if there."
)


def main(argv: list[str]) -> None:
    """Exports, and prints what was written and how close it is."""
    del argv
    story.check_format(_FORMAT.value)
    workdir = pathlib.Path(_CHECKPOINT.value).expanduser()
    loaded = checkpoints.load_generator(str(workdir), _STEP.value)
    scores = checkpoints.saved_metrics(str(workdir))[loaded.step]
    compared_on, image = sample.choose(_IMAGE.value, loaded.config)

    def make_card(difference: float) -> str:
        return model_card.make_card(
            loaded.config,
            step=loaded.step,
            scores=scores,
            file_format=_FORMAT.value,
            compared_on=compared_on,
            max_abs_difference=difference,
        )

    output = _OUTPUT.value or str(workdir / "export" / _FORMAT.value)
    exported = story.export(loaded, _FORMAT.value, output, image, make_card)
    for path in exported.files:
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    print(
        f"max abs difference to the checkpoint on {compared_on}: "
        f"{exported.max_abs_difference:.3g} (maps from {exported.lowest:.3g} to "
        f"{exported.highest:.3g})"
    )


if __name__ == "__main__":
    doors.run(main)
