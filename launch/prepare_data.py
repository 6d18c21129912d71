"""Writes a dataset as records that training and evaluation read; once per dataset.

python launch/prepare_data.py --dataset=osie --source=DIR [--data_dir=DIR]
"""

from absl import flags

from salgan_jax import doors
from salgan_jax.data import preparation

_DATASET = flags.DEFINE_string(
    "dataset", None, "which: osie, popout, or popout/tiny", required=True
)
_SOURCE = flags.DEFINE_string("source", "", "folder with the publishers' files")
_DATA_DIR = flags.DEFINE_string(
    "data_dir", "", "where to write; default TFDS_DATA_DIR or ~/tensorflow_datasets"
)


def main(argv: list[str]) -> None:
    """Prepares the dataset of the flags and prints what it holds."""
    del argv
    summary = preparation.prepare(_DATASET.value, _SOURCE.value, _DATA_DIR.value)
    print(preparation.summary_table(summary))
    state = "was there already, in" if summary.was_prepared_before else "written to"
    print(f"{_DATASET.value} {state} {summary.directory}")


if __name__ == "__main__":
    doors.run(main)
