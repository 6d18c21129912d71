import concurrent.futures
import os

import pytest

from salgan_jax import atomic


def test_file_appears_only_when_the_block_ends(tmp_path):
    path = tmp_path / "scores.json"
    path.write_bytes(b"old")
    with atomic.written_aside(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["scores.json"]


def test_error_leaves_the_old_file_and_no_remains(tmp_path):
    path = tmp_path / "scores.json"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic.written_aside(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["scores.json"]


def test_finished_file_follows_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        with atomic.written_aside(tmp_path / "a"):
            pass
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_many_threads_leave_the_umask_and_the_permissions_alone(tmp_path):
    before = os.umask(0o027)

    def write(number):
        with atomic.written_aside(tmp_path / str(number)) as file:
            file.write(b"x")

    try:
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            list(threads.map(write, range(500)))
    finally:
        assert os.umask(before) == 0o027
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o640}
