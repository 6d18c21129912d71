"""Files that appear whole or not at all: written aside, then renamed into place."""

import contextlib
import os
import pathlib
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO

# The umask can only be read by setting it, for all threads.
_UMASK = threading.Lock()


@contextlib.contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file, to read too, that becomes `path` when the block ends well.

    Until then an older file of that name stays as it was; after an error nothing of the
    new one is left. It is written in the same folder, where a rename is atomic.
    """
    path = pathlib.Path(path)
    handle, aside = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
        # mkstemp makes a private file; the finished one follows the user's umask.
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside)
        raise


def _umask() -> int:
    with _UMASK:
        mask = os.umask(0o022)
        os.umask(mask)
    return mask
