"""A bucket is written and read whole; a folder on a disk is itself."""

import importlib.util
import pathlib

import fsspec
import jax
import miniature
import numpy as np
import pytest
from etils.epath import backend
from fsspec.implementations.memory import MemoryFileSystem

from salgan_jax import places, provenance, scalars
from salgan_jax.data import preparation, records
from salgan_jax.errors import UserError


class FakeBuckets(MemoryFileSystem):
    """Google's buckets, in memory."""

    protocol = ("gs", "gcs")
    store: dict = {}  # noqa: RUF012 (shared by all instances, as buckets are)
    pseudo_dirs = [""]  # noqa: RUF012

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("gs://"))


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """The address of an empty bucket; copies of it go to a folder of the test."""
    FakeBuckets.store.clear()
    fsspec.register_implementation("gcs", FakeBuckets, clobber=True)
    backend.fsspec_backend._get_filesystem.cache_clear()
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: name if name == "gcsfs" else find_spec(name),
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return "gs://bucket"


def put(folder, place):
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            copy = places.as_path(place) / file.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())


def test_a_folder_on_a_disk_is_written_to_directly(tmp_path):
    folder = places.Folder(tmp_path / "runs" / "a")
    assert folder.local == tmp_path / "runs" / "a" and folder.local.is_dir()
    (folder.local / "x").write_text("1")
    folder.close()
    assert (tmp_path / "runs" / "a" / "x").read_text() == "1"


def test_what_is_written_for_a_bucket_comes_there_and_back(bucket):
    folder = places.Folder(f"{bucket}/runs/a", fetched=(scalars.FILE_NAME,))
    writer = scalars.Writer(folder.local, first_step=0)
    writer.write(1, {"train/content_loss": 0.5})
    folder.publish()
    assert scalars.read(f"{bucket}/runs/a")["train/content_loss"] == ([1], [0.5])
    writer.write(2, {"train/content_loss": 0.25})
    writer.close()
    folder.close()
    assert not folder.local.exists()
    # The next start finds what was written, and goes on.
    again = places.Folder(f"{bucket}/runs/a", fetched=(scalars.FILE_NAME,))
    writer = scalars.Writer(again.local, first_step=1)
    writer.write(2, {"train/content_loss": 0.75})
    writer.close()
    again.close()
    series = scalars.read(f"{bucket}/runs/a")
    assert series["train/content_loss"] == ([1, 2], [0.5, 0.75])
    board = places.as_path(f"{bucket}/runs/a/tensorboard")
    assert len(list(board.iterdir())) == 2


def test_a_dataset_in_a_bucket_is_read_as_from_a_disk(bucket, tmp_path):
    here = records.open_split("popout/tiny", "train", str(tmp_path / "data"))
    put(tmp_path / "data", f"{bucket}/data")
    there = records.open_split("popout/tiny", "train", f"{bucket}/data")
    assert len(there) == len(here)
    np.testing.assert_array_equal(there[3].image, here[3].image)
    copied = pathlib.Path(records.directory("popout/tiny", f"{bucket}/data"))
    assert copied.is_relative_to(tmp_path / "cache")


def test_a_dataset_that_is_not_in_the_bucket_is_one_clear_line(bucket):
    with pytest.raises(FileNotFoundError, match=r"copy DIR to gs://bucket/data"):
        records.open_split("osie", "train", f"{bucket}/data")
    with pytest.raises(UserError, match="prepare on a disk"):
        preparation.prepare("popout/tiny", data_dir=f"{bucket}/data")


def test_a_bucket_without_its_reader_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install gcsfs"):
        places.as_path("gs://bucket/runs")


def test_starts_of_a_run_in_a_bucket_are_recorded_there(bucket):
    workdir = f"{bucket}/runs/a"
    places.as_path(workdir).mkdir(parents=True, exist_ok=True)
    for first_step in (0, 5):
        provenance.record(
            workdir,
            miniature.config(),
            first_step=first_step,
            num_steps=9,
            devices=jax.devices(),
        )
    assert [start["first_step"] for start in provenance.read(workdir)] == [0, 5]
    config = provenance.read_config(workdir)
    assert config and config["data"]["image_size"] == [32, 48]
