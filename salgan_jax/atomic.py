"""Files that appear whole or not at all: written aside, then renamed into place.

A killed process leaves what it was writing beside its place, as a hidden file.
"""

import contextlib
import os
import pathlib
import re
import tempfile
import threading
import zlib
from collections.abc import Iterator
from typing import BinaryIO

# The umask can only be read by setting it, for all threads.
_UMASK = threading.Lock()
# A name may have 255 bytes, one written aside has 20 more than it keeps of that name.
_KEPT_BYTES = 80
_ASIDE = re.compile(r"(\..*\.[0-9a-f]{8}\.)[a-z0-9_]{8}", re.DOTALL)


@contextlib.contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file, to read too, that becomes `path` when the block ends well.

    Until then an older file of that name stays as it was; after an error nothing of the
    new one is left. It is written in the same folder, where a rename is atomic.
    """
    path = pathlib.Path(path)
    handle, aside = tempfile.mkstemp(prefix=aside_prefix(path.name), dir=path.parent)
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


def aside_prefix(name: str) -> str:
    """Returns how the files begin that are written aside for a file of that name."""
    encoded = os.fsencode(name)
    kept = encoded[:_KEPT_BYTES].decode(errors="ignore")
    return f".{kept}.{zlib.crc32(encoded):08x}."


def leftovers(folder: str | os.PathLike[str]) -> dict[str, list[str]]:
    """Returns the paths of files that were written aside in a folder, by their prefix.

    They are of killed processes, or of others that are writing now.
    """
    found: dict[str, list[str]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            match = _ASIDE.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False):
                found.setdefault(match[1], []).append(entry.path)
    return found


def _umask() -> int:
    with _UMASK:
        mask = os.umask(0o022)
        os.umask(mask)
    return mask
