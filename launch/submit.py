"""Makes the file that a benchmark takes, from a checkpoint and its test images.

  python launch/submit.py --benchmark=mit300 --checkpoint=runs/osie \
      --images=BenchmarkIMAGES --output=mit300.zip --fit
  python launch/submit.py --benchmark=mit300 --check=mit300.zip

Number, names and sizes are checked before anything is written, and the zip afterwards;
--check does the latter for a zip that somebody else made.
"""

import pathlib

from absl import flags

from salgan_jax import checkpoints, doors, inference, predictor_flags
from salgan_jax.errors import UserError
from salgan_jax.evaluation import chosen_images
from salgan_jax.evaluation.baseline_predictors import Predict
from salgan_jax.submission import archive, benchmarks, story
from salgan_jax.submission.calibration import Calibration

_BENCHMARK = flags.DEFINE_enum(
    "benchmark", None, list(benchmarks.BENCHMARKS), "Which.", required=True
)
_CHECK = flags.DEFINE_string(
    "check", None, "Only check this zip; with --images the size of each map too."
)
_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "The workdir of a training run.")
_STEP = flags.DEFINE_integer("step", None, "Which checkpoint; the latest by default.")
_IMAGES = flags.DEFINE_string("images", None, "The folder of the test images.")
_OUTPUT = flags.DEFINE_string("output", None, "The zip to write.")
_FORMAT = flags.DEFINE_enum(
    "format", "png", archive.FORMATS, "8-bit maps, or log-densities in HDF5."
)
_FIT = flags.DEFINE_bool(
    "fit",
    False,
    "Fit blur, centre bias and temperature to the run's validation images.",
)
_BLUR = flags.DEFINE_float("blur", 0.0, "Sigma of a blur, in widths of the image.")
_CENTRE_BIAS = flags.DEFINE_float(
    "centre_bias", 0.0, "Share of the training images' centre prior, 0 to 1."
)
_TEMPERATURE = flags.DEFINE_float(
    "temperature", 1.0, "The map is raised to the power 1 / temperature."
)
_how_to_predict = predictor_flags.define("post_processing")
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where datasets lie, for --fit and --centre_bias."
)


def main(argv: list[str]) -> None:
    """Writes and checks, or only checks."""
    del argv
    benchmark = benchmarks.BENCHMARKS[_BENCHMARK.value]
    checkpoint, folder = _CHECKPOINT.value, _IMAGES.value
    if _CHECK.value:
        sizes = story.find_images(folder, benchmark).sizes if folder else None
        number = archive.check(_CHECK.value, benchmark, sizes)
        print(f"{_CHECK.value}: {number} maps, ready for {benchmark.name}")
        return
    if not checkpoint or not folder or not _OUTPUT.value:
        raise UserError("give --checkpoint, --images and --output, or --check=FILE.zip")
    archive.check_format(benchmark, _FORMAT.value)
    output = pathlib.Path(_OUTPUT.value).expanduser()
    if not output.parent.is_dir():
        raise UserError(f"--output={output}: there is no folder {output.parent}")
    paths, sizes = story.find_images(folder, benchmark)
    loaded = checkpoints.load_generator(checkpoint, _STEP.value)
    batch_size = inference.preferred_batch_size(loaded)
    predictor = inference.make_predictor(loaded, batch_size, **_how_to_predict())
    chosen, prior = _calibrate(predictor, loaded)
    print(
        f"blur {chosen.blur:g} widths, centre bias {chosen.centre_bias:.3f}, "
        f"temperature {chosen.temperature:.3f}"
    )
    made = story.densities(predictor, paths, prior, chosen, batch_size=batch_size)
    archive.write(str(output), benchmark, made, _FORMAT.value, sizes)
    print(
        f"{output}: {len(paths)} maps of step {loaded.step}, ready for {benchmark.name}"
    )


def _calibrate(
    predictor: inference.Predictor, loaded: checkpoints.LoadedGenerator
) -> tuple[Calibration, Predict | None]:
    """Returns the calibration of the flags or of the fit, and the prior if needed."""
    chosen = Calibration(_BLUR.value, _CENTRE_BIAS.value, _TEMPERATURE.value)
    if chosen.blur < 0 or not 0 <= chosen.centre_bias <= 1 or chosen.temperature <= 0:
        raise UserError(
            f"{chosen}: blur is 0 or more, centre_bias 0 to 1, temperature above 0"
        )
    if _FIT.value and chosen != Calibration():
        raise UserError("give --fit, or --blur, --centre_bias and --temperature")
    if not _FIT.value and not chosen.centre_bias:
        return chosen, None
    images = chosen_images.of_run(loaded.config, None, None, _DATA_DIR.value)
    if not _FIT.value:
        return chosen, story.make_prior(images)
    fitted, prior = story.fit(predictor, images)
    print(
        f"fitted to {fitted.num_images} images of {images.dataset} {images.split}: "
        f"{fitted.gain_before:.3f} -> {fitted.gain_after:.3f} bits per fixation over "
        "the uniform map"
    )
    return fitted.calibration, prior


if __name__ == "__main__":
    doors.run(main)
