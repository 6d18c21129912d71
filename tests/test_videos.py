"""Videos and cameras become videos of the same times, with the same sound."""

import errno
import io
import os
import signal
import threading

import numpy as np
import pytest

pytest.importorskip("av", reason="PyAV is not installed: requirements-apps.txt has it")

import video_files

from salgan_jax.errors import UserError
from salgan_jax.prediction import (
    cameras,
    files,
    formats,
    video_reading,
    videos,
)
from salgan_jax.prediction.manifest import Manifest

STEADY = [0, 100, 200, 300, 400, 500]


def _brightness(images):
    return [image.mean(axis=-1, dtype=np.float32) / 255 for image in images]


def _settings(predict=_brightness, **changed):
    settings = videos.Settings(predict, 2, 1.0, formats.Style())
    return settings._replace(**changed)


def _predict(inputs, output, *names, manifest=None, **changed):
    wanted = formats.Wanted(videos=names or ("overlay",))
    plan = files.plan(str(inputs), output, wanted=wanted)
    return videos.predict_videos(_settings(**changed), plan.videos, manifest=manifest)


def _close(actual, expected, most=6):
    difference = np.abs(actual.astype(np.int16) - expected)
    return difference.mean() < most


def test_video_keeps_its_times_and_its_sound(tmp_path):
    times = [0, 100, 150, 400, 450, 700]
    source = video_files.write(tmp_path / "a.mp4", times)
    outcome = _predict(source, tmp_path / "out", "png", "overlay")
    assert outcome == videos.Outcome(1, [], 0, 6)
    written = sorted(os.listdir(tmp_path / "out"))
    assert written == ["a_map.mp4", "a_overlay.mp4"]
    before = video_files.sound(source)
    assert before[0] == "aac" and len(before[1]) >= 5
    for name in written:
        assert video_files.frames(tmp_path / "out" / name)[0] == times
        assert video_files.sound(tmp_path / "out" / name) == before
    _, maps = video_files.frames(tmp_path / "out" / "a_map.mp4")
    _, overlays = video_files.frames(tmp_path / "out" / "a_overlay.mp4")
    for i in range(6):
        picture = video_files.frame(i)
        (expected,) = _brightness([picture])
        assert _close(maps[i][..., 0], picture[..., 0])
        shown = formats.picture("overlay", picture, expected, formats.Style())
        assert _close(overlays[i], shown)


def test_turned_video_is_upright_and_odd_sides_become_even(tmp_path):
    source = video_files.write(
        tmp_path / "a.mov", STEADY[:3], size=(33, 49), rotation=-90, ratio=2
    )
    assert video_files.frames(source)[1][0].shape == (49, 33, 3)
    _predict(source, tmp_path / "out", "png")
    found = tmp_path / "out" / "a_map.mov"
    _, maps = video_files.frames(found)
    upright = np.rot90(video_files.frame(2, (33, 49)), -1)
    assert maps[2].shape == (50, 34, 3)
    assert _close(maps[2][:49, :33], upright)
    np.testing.assert_array_equal(maps[2][49], maps[2][48])
    with video_reading.opened(found, max_megapixels=1) as video:
        assert video.stream.sample_aspect_ratio == 1 / 2


@pytest.mark.parametrize(
    ("name", "sound", "kept"),
    [("a.mkv", "libopus", "opus"), ("a.avi", "pcm_s16le", "pcm_s16le")],
)
def test_other_containers_become_matroska_with_their_sound(tmp_path, name, sound, kept):
    source = video_files.write(tmp_path / name, STEADY[:3], sound=sound)
    _predict(source, tmp_path / "out")
    codec, packets = video_files.sound(tmp_path / "out" / "a_overlay.mkv")
    assert (codec, packets) == (kept, video_files.sound(source)[1])


def test_sound_that_does_not_fit_is_left_out_and_said(tmp_path, capsys):
    source = video_files.write(tmp_path / "a.wmv", STEADY[:3], sound="wmav2")
    assert _predict(source, tmp_path / "out").num_written == 1
    assert video_files.sound(tmp_path / "out" / "a_overlay.mkv") == (None, [])
    said = capsys.readouterr().err
    assert "a_overlay.mkv is without sound: it cannot hold wmav2" in said


def test_what_a_truncated_video_has_is_written_and_said(tmp_path, capsys):
    times = [100 * i for i in range(40)]
    source = video_files.write(tmp_path / "a.mp4", times, movflags="faststart")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 3 // 5])
    with Manifest(_made(tmp_path / "out"), {}) as manifest:
        outcome = _predict(source, tmp_path / "out", manifest=manifest)
    found, _ = video_files.frames(tmp_path / "out" / "a_overlay.mp4")
    assert 5 < len(found) < 38 and found == times[: len(found)]
    assert (outcome.num_written, outcome.num_frames) == (0, len(found))
    (failure,) = outcome.failures
    assert failure.path == source
    assert f"ends after {len(found)} frames" in failure.reason
    assert capsys.readouterr().err.startswith("written in part: ")
    with Manifest(tmp_path / "out", {}) as manifest:  # is tried again
        again = _predict(source, tmp_path / "out", manifest=manifest)
    assert again.num_done_before == 0


def _made(folder):
    folder.mkdir()
    return folder


def test_matroska_that_ends_too_early_is_noticed(tmp_path):
    source = video_files.write(tmp_path / "a.mkv", [100 * i for i in range(40)])
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    (failure,) = _predict(source, tmp_path / "out").failures
    assert "it should have 4.00 s" in failure.reason


def test_what_is_no_video_is_skipped_and_leaves_nothing(tmp_path):
    folder = _made(tmp_path / "in")
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n"
    (folder / "playlist.mp4").write_text(playlist)
    (folder / "empty.mp4").write_bytes(b"")
    os.mkfifo(folder / "pipe.mp4")
    (folder / "gone.mp4").symlink_to("nowhere")
    video_files.write(folder / "z.mp4", STEADY[:2], size=(64, 64))
    whole = (folder / "z.mp4").read_bytes()
    (folder / "no_index.mp4").write_bytes(whole[: len(whole) // 2])
    outcome = _predict(folder / "*.mp4", tmp_path / "out", max_megapixels=0.004)
    reasons = {each.path.name: each.reason for each in outcome.failures}
    assert len(reasons) == 6 and outcome.num_written == 0
    assert "no regular file" in reasons["pipe.mp4"]
    assert "No such file" in reasons["gone.mp4"]
    assert "64 x 64" in reasons["z.mp4"]
    assert not list((tmp_path / "out").glob("*"))


def test_video_that_is_done_is_left_and_a_killed_one_leaves_nothing(tmp_path):
    source = video_files.write(tmp_path / "a.mp4", STEADY)

    def killed(images):
        raise KeyboardInterrupt

    with Manifest(_made(tmp_path / "out"), {}) as manifest:
        with pytest.raises(KeyboardInterrupt):
            _predict(source, tmp_path / "out", manifest=manifest, predict=killed)
        assert not list((tmp_path / "out").glob("*a_overlay*"))
        assert _predict(source, tmp_path / "out", manifest=manifest).num_written == 1
    with Manifest(tmp_path / "out", {}) as manifest:
        outcome = _predict(source, tmp_path / "out", manifest=manifest, predict=killed)
    assert outcome == videos.Outcome(0, [], 1, 0)


def test_full_disk_stops_the_run_with_one_line(tmp_path, monkeypatch):
    source = video_files.write(tmp_path / "a.mp4", STEADY)

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(videos.writing.atomic, "written_aside", lambda path: Full())
    with pytest.raises(UserError, match="No space left on device; images before"):
        _predict(source, tmp_path / "out")


def test_memory_for_frames_is_bounded_whatever_their_size(monkeypatch):
    monkeypatch.setattr(videos.bounded_work, "num_workers", lambda: 16)
    assert videos._sizes(8, 32 * 48) == (8, 16)
    assert videos._sizes(8, 1920 * 1080) == (8, 1)
    assert videos._sizes(1, 1920 * 1080) == (1, 15)
    assert videos._sizes(8, 8192 * 4320) == (1, 1)


def test_images_and_videos_of_a_glob_are_told_apart(tmp_path):
    for name in ("a.jpg", "b.MP4", "c.webm"):
        (tmp_path / name).touch()
    plan = files.plan(str(tmp_path / "*"), tmp_path / "out")
    assert [job.image.name for job in plan.images] == ["a.jpg"]
    assert [job.files for job in plan.videos] == [
        {"overlay": "b_overlay.mp4"},
        {"overlay": "c_overlay.mkv"},
    ]
    assert (len(plan.images), len(plan.videos), len(plan)) == (1, 2, 3)
    assert len(files.plan(str(tmp_path), tmp_path / "out")) == 1  # a folder's images
    with pytest.raises(UserError, match=r"b\.MP4 cannot be written as npy"):
        wanted = formats.wanted(["npy"], colormap="inferno", contours=[])
        files.plan(str(tmp_path / "*"), tmp_path / "out", wanted=wanted)


@pytest.fixture
def camera(monkeypatch):
    """FFmpeg's test picture, ten frames a second, in place of a device."""
    monkeypatch.setattr(cameras, "_KIND", "lavfi")
    monkeypatch.setattr(cameras, "_DEVICE", "testsrc=size=48x32:rate=10")


def _job(folder):
    return cameras.job_of("camera:0", str(_made(folder)), formats.MAPS)


def _record(job, seconds, predict=_brightness):
    with cameras.opened(job.image, max_megapixels=1) as video:
        return cameras.record(_settings(predict), video, job, seconds=seconds)


def test_camera_is_recorded_from_zero_until_somebody_says_stop(tmp_path, camera):
    job, seen = _job(tmp_path / "out"), []

    def predict(images):
        was_stopped = len(seen) >= 6  # a second Ctrl-C would end it at once
        seen.extend(images)
        if len(seen) >= 6 and not was_stopped:
            os.kill(os.getpid(), signal.SIGINT)
        return _brightness(images)

    before = signal.getsignal(signal.SIGINT)
    outcome = _record(job, None, predict)
    assert signal.getsignal(signal.SIGINT) is before
    times, pixels = video_files.frames(*job.outputs())
    assert outcome == videos.Outcome(1, [], 0, len(times))
    assert len(times) >= 6 and times == [100 * i for i in range(len(times))]
    assert pixels[0].shape == (32, 48, 3)
    assert threading.active_count() < 50


def test_camera_is_recorded_for_so_many_seconds(tmp_path, camera):
    job = _job(tmp_path / "out")
    assert _record(job, 0.2).num_frames > 0
    assert [path.name for path in job.folder.iterdir()] == [job.files["overlay"]]
    assert job.files["overlay"].startswith("camera_0_20")


def test_camera_that_is_not_there_is_the_users_mistake(tmp_path):
    with pytest.raises(UserError, match=r"no camera to read at /dev/video99"):
        job = cameras.job_of("camera:99", str(tmp_path), formats.MAPS)
        _record(job, 1)
    with pytest.raises(UserError, match="cameras are camera:0"):
        cameras.job_of("camera:front", str(tmp_path), formats.MAPS)
    assert not list(tmp_path.iterdir())
