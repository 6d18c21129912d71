"""The publishers' files as a folder: fetched where they are public, and unpacked."""

import contextlib
import hashlib
import http.client
import lzma
import pathlib
import shutil
import struct
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import tqdm

from salgan_jax import atomic
from salgan_jax.errors import UserError

_CHUNK = 1 << 20
_ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
# What zipfile and tarfile raise on files that are torn, encrypted or not their own, and
# the disk on names that it cannot hold.
_UNREADABLE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    ArithmeticError,
    LookupError,
    OSError,
)


class Archive(NamedTuple):
    """A file at a stable public address.

    Attributes:
        url: where it is.
        md5: its checksum, in hexadecimal.
    """

    url: str
    md5: str

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.url.rpartition("/")[2]


def fetch(archives: Sequence[Archive], directory: pathlib.Path) -> pathlib.Path:
    """Returns the folder with the archives, downloading those that are not there.

    A file appears under its name only when it is complete and its checksum is right.

    Raises:
      UserError: the address cannot be reached, or sends something else.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        path = directory / archive.name
        if not path.exists():
            _download(archive, path)
    return directory


@contextlib.contextmanager
def unpacked(source: pathlib.Path, scratch: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a folder with the publishers' files.

    An archive, or a folder with archives directly in it, is unpacked below `scratch`
    and what was unpacked is removed in the end; any other folder is yielded as it is.

    Raises:
      UserError: there is no such folder or archive, or an archive is broken.
    """
    if source.is_file():
        archives = [source]
    elif source.is_dir():
        archives = [path for path in sorted(source.iterdir()) if _is_archive(path)]
    else:
        raise UserError(f"--source={source} is neither a folder nor an archive")
    if not archives:
        yield source
        return
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="unpacked-") as directory:
        folder = pathlib.Path(directory)
        for archive in archives:
            _unpack(archive, folder)
        # Afterwards, so that nothing is unpacked through a link into the source.
        if source.is_dir():
            _link_others(source, archives, folder)
        yield folder


def _download(archive: Archive, path: pathlib.Path) -> None:
    try:
        with (
            atomic.written_aside(path) as file,
            urllib.request.urlopen(archive.url, timeout=60) as response,
        ):
            checksum = _copy(response, file, archive.name, response.length)
            if checksum != archive.md5:
                raise UserError(
                    f"{archive.url} sent another file than was published (MD5 "
                    f"{checksum}, expected {archive.md5}): get the files elsewhere and "
                    "give them with --source"
                )
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise UserError(
            f"cannot download {archive.url} ({reason}): get the files elsewhere and "
            "give them with --source"
        ) from error


def _copy(response: BinaryIO, file: BinaryIO, name: str, length: int | None) -> str:
    """Copies a download and returns its MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    with tqdm.tqdm(
        desc=name, total=length, unit="B", unit_scale=True, disable=None
    ) as bar:
        while chunk := response.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
            bar.update(len(chunk))
    return digest.hexdigest()


def _is_archive(path: pathlib.Path) -> bool:
    """Whether a file is an archive, or should be one by its name."""
    if not path.is_file() or path.name.startswith("."):
        return False
    is_named_so = path.name.lower().endswith(_ENDINGS)
    return is_named_so or zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def _link_others(
    source: pathlib.Path, archives: Sequence[pathlib.Path], folder: pathlib.Path
) -> None:
    """Makes what lies beside the archives visible beside what is unpacked."""
    for path in source.iterdir():
        if path not in archives and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path.resolve())


def _unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
    """Unpacks into a folder; no member can be written outside of it."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as file:
                _check_room(archive, sum(i.file_size for i in file.infolist()), folder)
                file.extractall(folder)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as file:
                _check_room(archive, sum(m.size for m in file.getmembers()), folder)
                file.extractall(folder, filter="data")
        else:
            raise UserError(f"{archive} is neither a zip nor a tar archive")
    except UserError:
        raise
    except _UNREADABLE as error:
        raise UserError(f"cannot unpack {archive}: {error}") from error


def _check_room(archive: pathlib.Path, num_bytes: int, folder: pathlib.Path) -> None:
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise UserError(
            f"{archive} unpacks to {num_bytes / 1e9:.1f} GB, but only "
            f"{free / 1e9:.1f} GB are free in {folder.parent}"
        )
