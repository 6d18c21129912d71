"""Datasets are prepared whole or not at all, and their records are read by index."""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

import pytest

from salgan_jax.data import preparation, records
from salgan_jax.data.builders import popout
from salgan_jax.errors import UserError

_ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def popout_dir(tmp_path_factory):
    data_dir = str(tmp_path_factory.mktemp("popout"))
    preparation.prepare("popout/tiny", data_dir=data_dir)
    return data_dir


def test_unknown_names_are_answered_with_the_known_ones(popout_dir):
    with pytest.raises(UserError, match=r"'osei'; there are .*osie, .*popout"):
        records.open_split("osei", "train", popout_dir)
    with pytest.raises(UserError, match="there are popout/full, popout/tiny"):
        records.open_split("popout/huge", "train", popout_dir)
    with pytest.raises(UserError, match="no split 'test'; it has train, validation"):
        records.open_split("popout/tiny", "test", popout_dir)


def test_records_are_a_sequence(popout_dir):
    train = records.open_split("popout/tiny", "train", popout_dir)
    assert len(train) == 24
    assert train[-1].id == train[23].id
    assert [record.id for record in train[:2]] == [train[0].id, train[1].id]
    assert len(list(train)) == 24
    with pytest.raises(IndexError):
        train[24]


def test_records_can_be_read_by_several_threads(popout_dir):
    train = records.open_split("popout/tiny", "train", popout_dir)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda i: train[i % 24], range(240)))
    assert [record.id for record in read] == [record.id for record in train] * 10


def test_popout_prepares_itself_when_opened(tmp_path):
    opened = records.open_split("popout/tiny", "validation", str(tmp_path))
    assert len(opened) == 8


def test_interrupted_preparation_leaves_nothing(monkeypatch, tmp_path):
    def interrupted(split, index):
        if index == 5:
            raise KeyboardInterrupt
        return make_example(split, index)

    make_example = popout.make_example
    with monkeypatch.context() as patch:
        patch.setattr(popout, "make_example", interrupted)
        with pytest.raises(KeyboardInterrupt):
            preparation.prepare("popout/tiny", data_dir=str(tmp_path))
    assert not list(tmp_path.glob("popout/tiny/*"))
    assert len(records.open_split("popout/tiny", "train", str(tmp_path))) == 24


def test_killed_preparation_is_never_loaded(tmp_path):
    code = (
        "import os, sys\n"
        "from salgan_jax.data import preparation\n"
        "from salgan_jax.data.builders import popout\n"
        "make = popout.make_example\n"
        "popout.make_example = lambda split, i: (\n"
        "    os.kill(os.getpid(), 9) if split == 'validation' else make(split, i))\n"
        "preparation.prepare('popout/tiny', data_dir=sys.argv[1])\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=_ROOT)
    assert killed.returncode == -9
    assert list(tmp_path.glob("popout/tiny/incomplete*"))
    assert not list(tmp_path.glob("popout/tiny/2.0.0"))
    assert len(records.open_split("popout/tiny", "validation", str(tmp_path))) == 8


def test_preparation_overtaken_by_another_one_uses_its_records(monkeypatch, tmp_path):
    def overtaken(split, index):
        if (split, index) == ("validation", 0):
            monkeypatch.setattr(popout, "make_example", make_example)
            preparation.prepare("popout/tiny", data_dir=str(tmp_path))
        return make_example(split, index)

    make_example = popout.make_example
    monkeypatch.setattr(popout, "make_example", overtaken)
    opened = records.open_split("popout/tiny", "validation", str(tmp_path))
    assert len(opened) == 8
    assert opened[7].id.startswith("validation_00007")
    assert [path.name for path in tmp_path.glob("popout/tiny/*")] == ["2.0.0"]


def _prepare_data(*flags):
    return subprocess.run(
        [sys.executable, "launch/prepare_data.py", *flags],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )


def test_prepare_data_prints_what_it_wrote_and_then_that_it_is_there(
    tmp_path,
):
    flags = ["--dataset=popout/tiny", f"--data_dir={tmp_path}"]
    first = _prepare_data(*flags)
    assert first.returncode == 0, first.stderr
    lines = [line.split() for line in first.stdout.splitlines()]
    assert [line[:2] for line in lines[1:3]] == [["train", "24"], ["validation", "8"]]
    assert lines[3][:3] == ["popout/tiny", "written", "to"]
    again = _prepare_data(*flags)
    assert again.returncode == 0
    assert "popout/tiny was there already" in again.stdout


def test_prepare_data_answers_a_wrong_source_in_one_line(tmp_path):
    data_dir = f"--data_dir={tmp_path / 'out'}"
    wrong = _prepare_data("--dataset=osie", f"--source={tmp_path}/nowhere", data_dir)
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 1
    assert "nowhere is not a folder" in wrong.stderr
    assert not wrong.stdout


def test_source_is_wanted_exactly_where_it_is_needed(tmp_path):
    with pytest.raises(UserError, match="popout is generated"):
        preparation.prepare("popout/tiny", str(tmp_path), str(tmp_path))
    with pytest.raises(UserError, match="osie needs --source=DIR"):
        preparation.prepare("osie", "", str(tmp_path))
