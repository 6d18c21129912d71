"""Which image files a prediction reads, and which files it writes for each."""

import os
import pathlib
import tempfile

from salgan_jax.data.opening import IMAGE_SUFFIXES
from salgan_jax.errors import UserError
from salgan_jax.input_images import InputImages
from salgan_jax.prediction_plan import ARRAY, MAP, OVERLAY, Job, Plan

__all__ = ["Job", "Plan", "make_output_folder", "plan"]


def plan(
    inputs: str,
    output: str | os.PathLike[str],
    *,
    overlay: bool,
    npy: bool,
    share: tuple[int, int] = (0, 1),
) -> Plan:
    """The images that `inputs` names, each with the files to write for it.

    The folders below an input folder, or below a glob's part without wildcards, are
    kept below `output`. An image's files carry its name without suffix: `a.png`,
    `a_overlay.png`, `a.npy`; and with suffix where two images would share a file:
    `a.jpg.png` and `a.tif.png`.

    Args:
      inputs: a file, a folder (its images, those in its subfolders too) or a glob
        (`**` for any folders).
      output: the folder to write to; where it lies in the input folder it is not read.
      overlay: also `<name>_overlay.png`.
      npy: also `<name>.npy`.
      share: (index, count): of so many processes this one. An image belongs to one of
        them by its name, whatever the order in which a machine lists a folder.

    Raises:
      UserError: nothing matches, a file would be written twice, over an input, or
        outside of `output`.
    """
    index, count = share
    if not 0 <= index < count:
        raise UserError(f"process {index} of {count}: it must be 0 to {count - 1}")
    output = pathlib.Path(output).expanduser()
    wanted = {MAP: True, OVERLAY: overlay, ARRAY: npy}
    planned = Plan(
        InputImages(inputs, output),
        output,
        suffixes=[suffix for suffix, is_wanted in wanted.items() if is_wanted],
        share=share,
    )
    if not planned.num_images:
        is_folder = os.path.isdir(os.path.expanduser(inputs))
        accepted = f"; suffixes read in a folder: {' '.join(IMAGE_SUFFIXES)}"
        raise UserError(
            f"no image matches the input {inputs!r}{accepted if is_folder else ''}"
        )
    return planned


def make_output_folder(output: str | os.PathLike[str]) -> None:
    """Makes the folder where it is missing.

    Raises:
      UserError: nothing can be written there.
    """
    output = pathlib.Path(output).expanduser()
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write to the output folder {output}: {error.strerror}; "
            "choose another"
        ) from error
