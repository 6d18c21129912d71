"""Makes one HTML page of a run, or of several to compare.

  python launch/report.py runs/osie_content runs/osie --output=report.html
  python launch/report.py runs/perceptual_vs_content-osie --output=report.html

The page holds the question, scores with intervals beside baselines and people, learning
curves, what each run predicts for each image, and every config. Of an experiment of
reproduce.py also its tables and figures. It is one file that loads nothing: open it in
a browser, send it to somebody.
"""

from absl import flags

from salgan_jax import doors
from salgan_jax.metrics.conventions import CONVENTIONS
from salgan_jax.report import story
from salgan_jax.report.story import Choice

_OUTPUT = flags.DEFINE_string("output", None, "The HTML file.", required=True)
_TITLE = flags.DEFINE_string("title", "", "Of the page; the runs' names by default.")
_QUESTION = flags.DEFINE_string(
    "question", "", "What the runs are to answer; made from their configs by default."
)
_NAMES = flags.DEFINE_list(
    "names", [], "What the runs are called, in order: --names=content,perceptual."
)
_NUM_IMAGES = flags.DEFINE_integer(
    "num_images",
    100,
    "How many images are shown at most: the worst half of them, and some of all kinds.",
)
_DATASET = flags.DEFINE_string(
    "dataset", None, "Prepared dataset; that of the runs by default."
)
_SPLIT = flags.DEFINE_string(
    "split", None, "What to score; as in the runs, else validation."
)
_TRAIN_SPLIT = flags.DEFINE_string(
    "train_split", None, "What the baselines are fitted to; as in the runs, else train."
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where datasets lie; as in the runs, else the TFDS default."
)
_CONVENTION = flags.DEFINE_enum(
    "convention", "tuebingen", list(CONVENTIONS), "Whose definitions of the scores."
)


def main(argv: list[str]) -> None:
    """Writes the page and says where it is."""
    story.write(
        argv[1:],
        _OUTPUT.value,
        names=_NAMES.value,
        title=_TITLE.value,
        question=_QUESTION.value,
        choice=Choice(
            _DATASET.value, _SPLIT.value, _TRAIN_SPLIT.value, _DATA_DIR.value
        ),
        convention=CONVENTIONS[_CONVENTION.value],
        num_images=_NUM_IMAGES.value,
    )
    print(f"open {_OUTPUT.value} in a browser")


if __name__ == "__main__":
    doors.run(main, arguments=("RUN...",))
