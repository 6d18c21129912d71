"""Where files lie: on a disk, or in a bucket (`gs://...`)."""

import os

from etils import epath


def as_path(place: str | os.PathLike[str]) -> epath.Path:
    """Returns an absolute path, which has the methods of `pathlib.Path`.

    >>> as_path("gs://bucket/runs").parent.name
    'bucket'
    """
    path = epath.Path(place)
    return path if is_bucket(place) else path.expanduser().absolute()


def is_bucket(place: str | os.PathLike[str]) -> bool:
    """Whether the place is in a bucket: files there are read and written whole."""
    return "://" in os.fspath(place)
