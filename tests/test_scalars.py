"""The file of scalars survives a kill and forgets what a resumed run does again."""

import json

from salgan_jax import scalars


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


def test_scalars_reach_tensorboard(tmp_path):
    writer = scalars.Writer(str(tmp_path), first_step=0)
    writer.write(1, {"train/content_loss": 0.5})
    writer.close()
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"train/content_loss" in events.read_bytes()
