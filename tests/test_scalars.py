"""The file of scalars survives a kill and forgets what a resumed run does again."""

import json
import resource

import numpy as np
import pytest
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.compat.proto import event_pb2

from salgan_jax import scalars
from salgan_jax.errors import UserError


def test_a_resumed_run_forgets_what_lies_after_its_first_step(tmp_path):
    writer = scalars.Writer(str(tmp_path), first_step=0)
    for step in (10, 20, 30):
        writer.write(step, {"train/content_loss": step / 10})
    writer.close()
    resumed = scalars.Writer(str(tmp_path), first_step=20)
    resumed.write(30, {"train/content_loss": 9.0, "eval/nss": 1.5})
    resumed.close()
    series = scalars.read(str(tmp_path))
    assert series["train/content_loss"] == ([10, 20, 30], [1.0, 2.0, 9.0])
    assert series["eval/nss"] == ([30], [1.5])


def test_half_a_line_of_a_killed_run_is_dropped(tmp_path):
    path = tmp_path / scalars.FILE_NAME
    path.write_text(json.dumps({"step": 1, "a": 2.0}) + '\n{"step": 2, "a"')
    assert scalars.read(str(tmp_path)) == {"a": ([1], [2.0])}
    scalars.Writer(str(tmp_path), first_step=5).close()
    assert path.read_text() == '{"step": 1, "a": 2.0}\n'


def test_a_value_that_is_not_finite_does_not_break_the_file(tmp_path):
    writer = scalars.Writer(str(tmp_path), first_step=0)
    writer.write(1, {"a": float("nan"), "b": 1.0})
    writer.close()
    assert scalars.read(str(tmp_path)) == {"b": ([1], [1.0])}


def events_in(folder):
    """What TensorBoard itself finds in the newest of its files, checksums included."""
    path = max((folder / "tensorboard").iterdir())
    return list(event_file_loader.LegacyEventFileLoader(str(path)).Load())


def test_scalars_and_pictures_reach_tensorboard(tmp_path):
    writer = scalars.Writer(tmp_path, first_step=0)
    writer.write(1, {"train/content_loss": 0.5})
    writer.write_image(2, "eval/panels", np.zeros((4, 6, 3), np.uint8))
    _, scalar, picture = events_in(tmp_path)  # even before the file is closed
    assert (scalar.step, scalar.summary.value[0].tag) == (1, "train/content_loss")
    assert scalar.summary.value[0].simple_value == 0.5
    assert (picture.step, picture.summary.value[0].image.width) == (2, 6)
    writer.close()


def test_tensorboard_is_told_which_steps_are_made_again(tmp_path):
    scalars.Writer(tmp_path, first_step=0).close()
    scalars.Writer(tmp_path, first_step=20).close()
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2
    _, start = events_in(tmp_path)
    assert start.step == 21
    assert start.session_log.status == event_pb2.SessionLog.START


def test_a_full_disk_is_one_line_and_no_later_write_hangs(tmp_path):
    writer = scalars.Writer(tmp_path, first_step=0)
    writer.write(1, {"a": 1.0})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        for step in range(2, 40):
            with pytest.raises(UserError, match=r"cannot write to .*: File too large"):
                writer.write(step, {"a": 1.0})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.write(50, {"a": 2.0})
    writer.close()
    assert scalars.read(str(tmp_path))["a"] == ([1, 50], [1.0, 2.0])
