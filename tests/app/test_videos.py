"""The video job: counting, progress, cancel, limits and errors."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from counting.settings import CountSettings
from vision.types import Floats, Image, MediaError, PoseTrack
from vision.video import probe_video
from webui import jobs
from webui.jobs import CancelledError, StopOnClose
from webui.service import Limits
from webui.uploads import Upload
from webui.videos import CountJob, PartialCount, TooLargeError, TooLongError, Work, recount

from .fakes import FigurePose, find_figure, jumping_video, video_threads, wait_until


def make_job(video: Path, target: Path, *, delay: float = 0.0, limits: Limits = Limits()) -> CountJob:  # noqa: B008
    return CountJob(Upload(video, video.name), target, Work(find_figure, FigurePose(delay), CountSettings(), limits))


def test_a_job_counts_draws_and_reports_its_progress(skipping: Path, tmp_path: Path) -> None:
    job = make_job(skipping, tmp_path / "out.mp4", delay=0.004)
    seen = [progress.share for progress, _ in StopOnClose(job, every=0.02)]
    shares = [s for s in seen if s is not None]
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1
    assert job.result is not None
    assert job.result.report.count in (7, 8)
    assert probe_video(job.target).duration == pytest.approx(4, abs=0.1)


def test_the_count_grows_on_the_way(tmp_path: Path) -> None:
    counts: list[int] = []

    class AskingPose(FigurePose):
        def __call__(self, images: Sequence[Image], boxes: Floats) -> Floats:
            counts.append(job.count_so_far())
            return super().__call__(images, boxes)

    video = jumping_video(tmp_path / "in.mp4", 8)
    work = Work(find_figure, AskingPose(), CountSettings(), Limits())
    job = CountJob(Upload(video, video.name), tmp_path / "out.mp4", work)
    list(StopOnClose(job, every=0.02))
    assert job.result is not None
    assert counts == sorted(counts)
    assert 4 < counts[-1] <= job.result.report.count <= 16


def test_closing_the_follower_stops_the_work(skipping: Path, tmp_path: Path) -> None:
    job = make_job(skipping, tmp_path / "out.mp4", delay=0.2)
    follower = iter(StopOnClose(job, every=0.05))
    next(follower)
    follower.close()  # type: ignore[attr-defined]
    assert wait_until(lambda: job.wait(0.01), 30)
    assert isinstance(job.error, CancelledError)
    assert list(tmp_path.iterdir()) == []
    assert video_threads() == 0


def test_a_job_that_nobody_looks_at_stops(skipping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 0.3)
    job = make_job(skipping, tmp_path / "out.mp4", delay=0.03)
    job.start()
    assert wait_until(lambda: video_threads() == 0, 30)
    assert isinstance(job.error, CancelledError)


def test_a_single_picture_is_no_video(portrait: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="single picture"):
        list(StopOnClose(make_job(portrait, tmp_path / "out.mp4"), every=0.02))


def test_a_long_video_is_refused_before_it_is_read(skipping: Path, tmp_path: Path) -> None:
    pose = FigurePose()
    job = CountJob(
        Upload(skipping, "in.mp4"),
        tmp_path / "out.mp4",
        Work(find_figure, pose, CountSettings(), Limits(video_seconds=2)),
    )
    with pytest.raises(TooLongError):
        list(StopOnClose(job, every=0.02))
    assert pose.seen == 0


def test_large_frames_are_refused(skipping: Path, tmp_path: Path) -> None:
    job = make_job(skipping, tmp_path / "out.mp4", limits=Limits(frame_megapixels=0.01))
    with pytest.raises(TooLargeError):
        list(StopOnClose(job, every=0.02))


def test_an_error_of_the_model_reaches_the_visitor(skipping: Path, tmp_path: Path) -> None:
    def broken(images, boxes):
        raise RuntimeError("no memory left")

    job = CountJob(
        Upload(skipping, "in.mp4"), tmp_path / "out.mp4", Work(find_figure, broken, CountSettings(), Limits())
    )
    with pytest.raises(RuntimeError, match="no memory left"):
        list(StopOnClose(job, every=0.02))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.mp4"
    path.write_bytes(b"\x00\x01nothing" * 200)
    with pytest.raises(MediaError):
        list(StopOnClose(make_job(path, tmp_path / "out.mp4"), every=0.02))


def test_other_settings_count_again_without_the_video(skipping: Path, tmp_path: Path) -> None:
    video = Path(shutil.copy(skipping, tmp_path / "in.mp4"))
    job = make_job(video, tmp_path / "out.mp4")
    list(StopOnClose(job, every=0.02))
    assert job.result is not None
    video.unlink()
    again = recount(job.result, CountSettings(min_score=1.0))
    assert again.report.count == 0
    assert recount(again, CountSettings()).report.count == job.result.report.count


def test_the_count_on_the_way_knows_how_the_camera_moved() -> None:
    boxes, camera = np.full((4, 4), [0, 0, 9, 9], np.float32), np.arange(8, dtype=np.float32).reshape(4, 2)
    seen = PoseTrack(np.arange(4) / 30, np.ones((4, 17, 3), np.float32), boxes, camera)
    partial = PartialCount()
    partial.saw([seen[:2]])
    partial.saw([seen[2:]])
    np.testing.assert_array_equal(partial.track().camera, seen.camera)


def test_an_empty_partial_count_is_an_empty_track() -> None:
    track = PartialCount().track()
    assert len(track) == 0
    assert track.keypoints.shape == (0, 17, 3)
    assert np.issubdtype(track.times.dtype, np.float64)
