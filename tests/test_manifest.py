"""A run that was killed goes on, and leaves what it would have left."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salgan_jax import atomic, visualization
from salgan_jax.errors import UserError
from salgan_jax.prediction import batches, bounded_work, files, manifest

ROOT = Path(__file__).resolve().parents[1]
_A, _B = {"step": 1}, {"step": 2}


class Network:
    """Maps are the images' brightness, divided by a number; it counts its images."""

    def __init__(self, divisor=1):
        self.divisor, self.num_images = divisor, 0

    def __call__(self, images):
        self.num_images += len(images)
        return [i.mean(axis=-1, dtype=np.float32) / 255 / self.divisor for i in images]


@pytest.fixture
def folder(tmp_path):
    """A folder with `in`, of five images in two folders."""
    for i, name in enumerate(("a.png", "b.jpg", "c.png", "sub/a.png", "sub/b.jpg")):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((6, 8, 3), 40 * i, np.uint8)).save(path)
    return tmp_path


def _run(folder, predicted_with=_A, network=None, share=(0, 1), **options):
    """Predicts `in` to `out`; the number of images predicted, and the outcome."""
    network = network or Network()
    jobs = files.plan(str(folder / "in"), folder / "out", share=share)
    files.make_output_folder(folder / "out")
    with manifest.Manifest(
        folder / "out", predicted_with, share=share, **options
    ) as done:
        outcome = batches.predict_files(network, jobs, batch_size=1, manifest=done)
    return network.num_images, outcome


def _contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".jsonl"
    }


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_done_is_left_as_it_is(folder):
    assert _run(folder)[0] == 5
    (folder / "out" / "a.png").write_bytes(b"still there")
    number, outcome = _run(folder)
    assert (number, outcome) == (0, batches.Outcome(0, [], 5))
    assert (folder / "out" / "a.png").read_bytes() == b"still there"


def test_manifest_says_first_how_and_then_what_was_predicted(folder):
    _run(folder)
    (path,) = (folder / "out").glob("*.jsonl")
    first, *rest = _lines(path)
    assert (first["format"], first["predicted_with"]) == (1, _A)
    of_b = next(line for line in rest if line["image"] == "sub/b.jpg")
    status = (folder / "in" / "sub" / "b.jpg").stat()
    assert of_b == {
        "run": first["run"],
        "image": "sub/b.jpg",
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "files": ["sub/b.png"],
    }
    assert len(rest) == 5


def test_changed_images_missing_files_and_other_settings_are_predicted_anew(folder):
    _run(folder)
    os.utime(folder / "in" / "a.png", ns=(1, 1))
    (folder / "out" / "sub" / "a.png").unlink()
    assert _run(folder)[0] == 2
    assert _run(folder)[0] == 0
    assert _run(folder, _B)[0] == 5
    assert _run(folder, _B, resume=False)[0] == 5
    assert _run(folder, _B)[0] == 0


def test_maps_of_another_checkpoint_in_between_are_not_taken_for_its_own(folder):
    _run(folder, _A)
    expected = _contents(folder / "out")
    _run(folder, _B, Network(2))
    assert _contents(folder / "out") != expected
    assert _run(folder, _A)[0] == 5
    assert _contents(folder / "out") == expected


def test_image_that_was_being_replaced_when_the_process_died_is_not_done(folder):
    _run(folder, _A)
    with manifest.Manifest(folder / "out", _B) as killed:
        killed.begin("a.png", ["a.png"])
    assert _run(folder, _A)[0] == 1


def test_run_that_died_after_it_had_replaced_files_has_undone_them(folder, monkeypatch):
    _run(folder, _A)
    expected = _contents(folder / "out")

    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(manifest.Manifest, "finish", die)
        _run(folder, _B, Network(2))
    assert _contents(folder / "out") != expected
    assert _run(folder, _A)[0] >= 1
    assert _contents(folder / "out") == expected


@pytest.mark.parametrize(
    "rest", [b'{"run": "2', b"\xff\xfe", b"[1]\n", b'{"image": 3}']
)
def test_line_that_was_cut_is_as_if_it_were_not_there(folder, rest):
    _run(folder)
    (path,) = (folder / "out").glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + rest)
    assert _run(folder)[0] == 1
    assert _run(folder)[0] == 0


def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been(folder):
    for i in range(30):
        colour = Image.fromarray(np.full((6, 8, 3), 8 * i, np.uint8))
        colour.save(folder / "in" / f"{i}.png")
    program = (
        "import os, sys\n"
        "sys.path.insert(0, 'tests')\n"
        "from pathlib import Path\n"
        "import test_manifest\n"
        "from salgan_jax import visualization\n"
        "save, count = visualization.save_image, [0]\n"
        "def killed(*arguments):\n"
        "    count[0] += 1\n"
        "    if count[0] == 12:\n"
        "        os.kill(os.getpid(), 9)\n"
        "    save(*arguments)\n"
        "visualization.save_image = killed\n"
        "test_manifest._run(Path(sys.argv[1]))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", program, str(folder)], cwd=ROOT, env=environment
    )
    assert process.returncode == -signal.SIGKILL
    in_flight = 2 * bounded_work.num_workers()
    number, outcome = _run(folder)
    assert 24 <= number <= 24 + in_flight
    assert outcome.num_done_before == 35 - number
    uninterrupted = folder / "again"
    uninterrupted.mkdir()
    (folder / "in").rename(uninterrupted / "in")
    _run(uninterrupted)
    assert _contents(folder / "out") == _contents(uninterrupted / "out")


def test_shares_cover_each_image_once_and_write_manifests_of_their_own(folder):
    for i in range(20):
        (folder / "in" / f"{i}.png").write_bytes((folder / "in" / "a.png").read_bytes())
    numbers = [_run(folder, share=(i, 3))[0] for i in range(3)]
    assert sum(numbers) == 25 and min(numbers) > 0
    manifests = sorted((folder / "out").glob("*.jsonl"))
    assert [path.name for path in manifests] == [
        f"manifest-0000{i}-of-00003.jsonl" for i in range(3)
    ]
    images = [line.get("image") for path in manifests for line in _lines(path)[1:]]
    assert len(images) == len(set(images)) == 25
    assert _run(folder)[0] == 0  # one process alone takes it from there


def test_share_of_an_image_depends_on_its_name_alone(folder):
    def share(i):
        plan = files.plan(str(folder / "in"), folder / "out", share=(i, 2))
        assert len(plan) == len(list(plan))
        return {job.name for job in plan}

    before = [share(i) for i in range(2)]
    assert sorted(map(len, before)) != [0, 5]
    (folder / "in" / "0.png").write_bytes(b"")
    after = [share(i) - {"0.png"} for i in range(2)]
    assert after == before
    with pytest.raises(UserError, match="process 2 of 2"):
        share(2)


def test_unreadable_image_is_tried_again(folder):
    good = (folder / "in" / "a.png").read_bytes()
    (folder / "in" / "a.png").write_bytes(b"not yet copied")
    assert _run(folder)[1].num_written == 4
    (failure,) = _run(folder)[1].failures
    assert failure.path == folder / "in" / "a.png"
    (folder / "in" / "a.png").write_bytes(good)
    assert _run(folder) == (1, batches.Outcome(1, [], 4))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_full_disk_stops_the_run_in_one_line_and_it_goes_on_later(
    number, folder, monkeypatch
):
    save, count = visualization.save_image, [0]

    def full(*arguments):
        count[0] += 1
        if count[0] > 2:
            raise OSError(number, os.strerror(number))
        save(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(visualization, "save_image", full)
        patch.setattr(batches.bounded_work, "num_workers", lambda: 1)
        with pytest.raises(UserError) as caught:
            _run(folder)
    assert str(caught.value).isprintable()
    assert os.strerror(number) in str(caught.value)
    assert _run(folder)[0] == 3


def test_manifest_that_leads_elsewhere_is_not_followed(folder):
    (folder / "out").mkdir()
    elsewhere = folder / "elsewhere"
    elsewhere.write_text("")
    (folder / "out" / "manifest-00000-of-00001.jsonl").symlink_to(elsewhere)
    with pytest.raises(UserError, match=r"cannot read .*manifest-00000-of-00001"):
        _run(folder)
    assert elsewhere.read_text() == ""


def test_what_a_killed_run_was_writing_is_removed(folder):
    (folder / "out").mkdir()
    of_ours = folder / "out" / (atomic.aside_prefix("a.png") + "abcd1234")
    of_another = folder / "out" / (atomic.aside_prefix("other.png") + "abcd1234")
    for path in (of_ours, of_another):
        path.write_bytes(b"half")
    _run(folder)
    assert not of_ours.exists()
    assert of_another.exists()


def test_of_many_images_few_are_at_hand(tmp_path, monkeypatch):
    monkeypatch.setattr(batches.bounded_work, "num_workers", lambda: 2)
    Image.new("RGB", (3, 3)).save(tmp_path / "a.png")
    network, ahead = Network(), []

    def jobs():
        for i in range(200):
            ahead.append(i - network.num_images)
            names = {"png": f"{i}.png"}
            yield files.Job(tmp_path / "a.png", tmp_path, names, name=f"{i}")

    batches.predict_files(network, jobs(), batch_size=3)
    assert max(ahead) <= 2 * 2 * 3


def test_a_line_is_three_numbers_in_memory(tmp_path):
    lines = [{"format": 1, "run": "2026-01-01T00:00:00.000000Z", "predicted_with": _A}]
    for i in range(3):
        files = [f"{i}.png"]
        lines.append({"run": lines[0]["run"], "image": f"{i}", "files": files})
        lines[-1] |= {"size": 1, "mtime_ns": 2}
    path = tmp_path / "manifest-00004-of-00009.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    read = manifest._Lines()
    read.read(str(path))
    assert read._numbers.itemsize * len(read._numbers) == 3 * 24
    done = manifest.Manifest(tmp_path, _A)
    (tmp_path / "1.png").write_bytes(b"")
    state = manifest.ImageState(1, 2)
    assert done.is_done("1", state, ["1.png"])
    assert not done.is_done("2", state, ["2.png"])  # its file is gone
    assert not done.is_done("1", manifest.ImageState(1, 3), ["1.png"])
    assert not done.is_done("3", state, ["1.png"])
