"""Which images and videos a prediction reads, and which files it writes for each."""

import os
import pathlib
import tempfile
from collections.abc import Sequence

from salgan_jax.data.opening import IMAGE_SUFFIXES
from salgan_jax.errors import UserError
from salgan_jax.prediction import formats, several_inputs
from salgan_jax.prediction.formats import Wanted
from salgan_jax.prediction.plan import Job, Plan

__all__ = ["Job", "Plan", "make_output_folder", "plan"]


def plan(
    inputs: str | Sequence[str],
    output: str | os.PathLike[str],
    *,
    wanted: Wanted = formats.MAPS,
    share: tuple[int, int] = (0, 1),
) -> Plan:
    """The images that `inputs` names, each with the files to write for it.

    The folders below an input folder, or below a glob's part without wildcards, are
    kept below `output`; of several inputs those below the folder that holds them all.
    An image's files carry its name without suffix: `a.png`, `a_overlay.png`, `a.npy`;
    and with suffix where two images would share a file: `a.jpg.png` and `a.tif.png`.

    Args:
      inputs: a file, a folder (its images, those in its subfolders too), a glob
        (`**` for any folders), or "-": files that standard input lists, one a line.
        Or several of these.
      output: the folder to write to; where it lies in the input folder it is not read.
      wanted: which files.
      share: (index, count): of so many processes this one. An image belongs to one of
        them by its name, whatever the order in which a machine lists a folder.

    Raises:
      UserError: nothing matches, a file would be written twice, over an input, or
        outside of `output`.
    """
    index, count = share
    if not 0 <= index < count:
        raise UserError(f"process {index} of {count}: it must be 0 to {count - 1}")
    inputs = [inputs] if isinstance(inputs, str) else inputs
    output = pathlib.Path(output).expanduser()
    found = several_inputs.open_inputs(inputs, output)
    planned = Plan(found, output, wanted=wanted, share=share)
    if not planned.num_images + planned.num_videos:
        _refuse(inputs)
    return planned


def _refuse(inputs: Sequence[str]) -> None:
    shown = ", ".join(map(repr, inputs))
    is_folder = any(os.path.isdir(os.path.expanduser(each)) for each in inputs)
    accepted = f"; suffixes read in a folder: {' '.join(IMAGE_SUFFIXES)}"
    raise UserError(
        f"no image matches the input {shown}{accepted if is_folder else ''}"
    )


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
