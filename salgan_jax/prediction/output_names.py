"""How the files made from the images of one folder are called, so that none is shared.

Some file systems take A.png and a.png for one file, so that case never tells two apart.
"""

import collections
import pathlib
from collections.abc import Callable, Iterable, Sequence

from salgan_jax.errors import UserError, printable


def make_base_of(
    names: Sequence[str], endings: Callable[[str], Iterable[str]], *, output: str
) -> Callable[[str], str]:
    """Returns a function from an image's name to what its files' names begin with.

    That is the name without suffix; and with it where two images would share a file.

    Args:
      names: of all images of a folder.
      endings: returns how the names of an image's files end.
      output: the folder they are written to, for the message.

    Raises:
      UserError: a file would be written twice all the same.
    """
    shared = _twice(_stem(name) + end for name in names for end in endings(name))

    def base_of(name: str) -> str:
        stem = _stem(name)
        is_shared = any((stem + end).casefold() in shared for end in endings(name))
        return name if is_shared else stem

    if shared:
        still = _twice(base_of(name) + end for name in names for end in endings(name))
        for name in names:
            for end in endings(name):
                file = base_of(name) + end
                if file.casefold() in still:
                    raise UserError(
                        f"{printable(f'{output}/{file}')} would be written for "
                        f"{printable(name)} and for another image; rename one, or "
                        "predict them into different folders"
                    )
    return base_of


def _stem(name: str) -> str:
    return pathlib.PurePath(name).stem


def _twice(files: Iterable[str]) -> set[str]:
    """The names, without their case, that occur more than once."""
    counts = collections.Counter(file.casefold() for file in files)
    return {file for file, number in counts.items() if number > 1}
