"""Archives are fetched whole or not at all, and nothing in them gets outside."""

import functools
import hashlib
import http.server
import io
import pathlib
import shutil
import tarfile
import threading
import zipfile

import pytest

from salgan_jax.data import archives
from salgan_jax.data.archives import Archive
from salgan_jax.errors import UserError

_CONTENTS = b"the publishers' file" * 1000
_MD5 = hashlib.md5(_CONTENTS).hexdigest()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; of `cut.zip` it announces more than it sends."""

    def log_message(self, *arguments):
        del arguments

    def do_GET(self):
        if not self.path.endswith("cut.zip"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Length", str(2 * len(_CONTENTS)))
        self.end_headers()
        self.wfile.write(_CONTENTS)
        return None


@pytest.fixture
def address(tmp_path):
    """Where a server on this machine serves data.zip from."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "data.zip").write_bytes(_CONTENTS)
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_archive_is_fetched_once(address, tmp_path):
    archive = Archive(f"{address}/data.zip", _MD5)
    folder = archives.fetch([archive], tmp_path / "downloads")
    assert (folder / "data.zip").read_bytes() == _CONTENTS
    shutil.rmtree(tmp_path / "served")
    assert archives.fetch([archive], tmp_path / "downloads") == folder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("data.zip", rf"sent another file than was published \(MD5 {_MD5}, expected 0"),
        ("other.zip", r"cannot download http.*other\.zip \(.*[Nn]ot [Ff]ound\)"),
        ("cut.zip", r"cut\.zip"),
    ],
)
def test_nothing_is_left_of_a_wrong_download(name, message, address, tmp_path):
    with pytest.raises(UserError, match=message) as caught:
        archives.fetch([Archive(f"{address}/{name}", "0" * 32)], tmp_path / "downloads")
    assert "give them with --source" in str(caught.value)
    assert not list((tmp_path / "downloads").iterdir())


def test_address_out_of_reach_is_a_mistake_in_one_line(tmp_path):
    archive = Archive("http://127.0.0.1:1/data.zip", "0" * 32)
    with pytest.raises(UserError, match=r"cannot download http://127\.0\.0\.1:1/data"):
        archives.fetch([archive], tmp_path)


def _write_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in members.items():
            file.writestr(name, contents)


def _write_tar(path, *members):
    with tarfile.open(path, "w:gz") as file:
        for name, contents, kind in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == tarfile.REGTYPE:
                member.size = len(contents)
                file.addfile(member, io.BytesIO(contents))
            else:
                member.linkname = contents
                file.addfile(member)


def _unpacked(source, tmp_path):
    """The names and contents of all files, once they are unpacked."""
    with archives.unpacked(source, tmp_path / "scratch") as folder:
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


def test_archives_of_both_kinds_are_unpacked_and_cleared_away(tmp_path):
    _write_zip(tmp_path / "a.zip", {"x/1.txt": "one"})
    _write_tar(tmp_path / "b.data", ("y/2.txt", b"two", tarfile.REGTYPE))
    assert _unpacked(tmp_path / "a.zip", tmp_path) == {"x/1.txt": b"one"}
    assert _unpacked(tmp_path / "b.data", tmp_path) == {"y/2.txt": b"two"}
    assert not list((tmp_path / "scratch").iterdir())


def test_folder_of_archives_is_seen_as_one_with_what_lies_beside(tmp_path):
    source = tmp_path / "source"
    (source / "plain").mkdir(parents=True)
    (source / "plain" / "3.txt").write_text("three")
    _write_zip(source / "a.zip", {"x/1.txt": "one"})
    _write_tar(source / "b.tar.gz", ("x/2.txt", b"two", tarfile.REGTYPE))
    with archives.unpacked(source, tmp_path / "scratch") as folder:
        assert (folder / "x" / "1.txt").read_text() == "one"
        assert (folder / "x" / "2.txt").read_text() == "two"
        assert (folder / "plain" / "3.txt").read_text() == "three"
    assert (source / "plain" / "3.txt").read_text() == "three"


def test_folder_without_archives_is_used_as_it_is(tmp_path):
    with archives.unpacked(tmp_path, tmp_path / "scratch") as folder:
        assert folder == tmp_path
    assert not (tmp_path / "scratch").exists()


def test_zip_members_stay_inside(tmp_path):
    _write_zip(tmp_path / "a.zip", {"../../out.txt": "x", "/abs/y.txt": "y"})
    assert set(_unpacked(tmp_path / "a.zip", tmp_path)) == {"out.txt", "abs/y.txt"}
    assert not list(tmp_path.rglob("out.txt"))


@pytest.mark.parametrize(
    "members",
    [
        [("../out.txt", b"x", tarfile.REGTYPE)],
        [("link", "/etc", tarfile.SYMTYPE), ("link/x", b"x", tarfile.REGTYPE)],
        [("link", "../..", tarfile.SYMTYPE)],
        [("hard", "/etc/passwd", tarfile.LNKTYPE)],
        [("device", "", tarfile.CHRTYPE)],
    ],
)
def test_tar_members_that_would_get_outside_are_refused(members, tmp_path):
    _write_tar(tmp_path / "a.tar.gz", *members)
    with pytest.raises(UserError, match=r"cannot unpack .*a\.tar\.gz: "):
        _unpacked(tmp_path / "a.tar.gz", tmp_path)
    assert not list((tmp_path / "scratch").iterdir())
    assert not list(tmp_path.rglob("out.txt"))


def _encrypted(path):
    """A zip whose members say that they are encrypted."""
    _write_zip(path, {"x.txt": "secret"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def _bomb(path):
    """A zip that says it unpacks to an exabyte."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.txt", "small")
        file.filelist[0].file_size = 1 << 60


def _truncated(path):
    _write_zip(path, {"x.txt": b"x" * 10_000})
    path.write_bytes(path.read_bytes()[:60])


def _torn(path):
    """A zip with a wrong byte in a member."""
    _write_zip(path, {"x.txt": bytes(range(256)) * 10})
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (_encrypted, r"cannot unpack .*a\.zip: .*encrypted"),
        (_bomb, r"^\S*a\.zip unpacks to 1152921504\.6 GB, but only .* GB are free"),
        (_truncated, r"^\S*a\.zip is neither a zip nor a tar archive"),
        (_torn, r"cannot unpack .*a\.zip: "),
        (pathlib.Path.touch, r"^\S*a\.zip is neither a zip nor a tar archive"),
    ],
)
@pytest.mark.parametrize("source", ["a.zip", ""])
def test_broken_archive_is_named_also_in_a_folder(write, message, source, tmp_path):
    (tmp_path / "source").mkdir()
    write(tmp_path / "source" / "a.zip")
    with pytest.raises(UserError, match=message):
        _unpacked(tmp_path / "source" / source, tmp_path)
    assert not list((tmp_path / "scratch").iterdir())


def test_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere is neither a folder nor an archive"):
        _unpacked(tmp_path / "nowhere", tmp_path)
