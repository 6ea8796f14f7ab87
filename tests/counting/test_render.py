"""The annotated video and the command line."""

import json
import threading

import numpy as np
import pytest

import models
from counting.__main__ import main
from counting.overlay import Scene, live_rate
from counting.pipeline import count_people, render
from counting.settings import CountSettings
from tests.counting import synthetic as syn
from tests.counting.rendered import estimate_pose, find_people, frames_of
from tests.counting.synthetic import Clip, Corruption, film
from vision.types import Detections, Frame, MediaError
from vision.video import probe_video, read_frames, write_video

SHAPE = (270, 480)


@pytest.fixture(scope="module")
def truth():
    return film(Clip([(1.0, syn.stand), (2.5, syn.jumps(2.0)), (0.5, syn.stand)], size=160, corruption=Corruption(0.0)))


@pytest.fixture(scope="module")
def video(tmp_path_factory, truth):
    path = tmp_path_factory.mktemp("video") / "jumper.mp4"
    write_video(path, frames_of([truth], SHAPE), crf=1)
    return path


@pytest.fixture
def networks(monkeypatch, truth):
    """The true track, known by the figure's shape (colours do not survive the compression)."""
    shapes = [frame.image.max(axis=2) > 100 for frame in frames_of([truth], SHAPE)]

    def pose(images, boxes):
        drawn = [image.max(axis=2) > 100 for image in images]
        return np.stack([truth.keypoints[np.argmin([(shape ^ one).sum() for shape in shapes])] for one in drawn])

    found = Detections(truth.boxes[:1], np.ones(1, np.float32))
    monkeypatch.setattr(models, "load_person_finder", lambda device, multi_scale: lambda image: found)
    monkeypatch.setattr(models, "load_pose_estimator", lambda device, flip_test: pose)


def test_drawing_leaves_the_frame_alone_and_changes_the_copy(truth):
    report = count_people([truth])
    scene = Scene([truth], report)
    frame = Frame(np.full((*SHAPE, 3), 90, np.uint8), 2.0)
    drawn = scene.draw(frame).image
    assert (frame.image == 90).all()
    assert drawn.shape == frame.image.shape
    assert (drawn[:60, :60] != 90).any()
    assert (drawn[-60:] != 90).any()
    scene.draw_on(frame.image, frame.time)
    np.testing.assert_array_equal(frame.image, drawn)


def test_a_jump_flashes_at_the_border(truth):
    report = count_people([truth])
    scene = Scene([truth], report)
    blank = np.zeros((*SHAPE, 3), np.uint8)
    apex = float(report.people[0].apex_times[2])
    bright, dark = (scene.draw(Frame(blank, t)).image[0].mean() for t in (apex + 0.001, apex + 0.3))
    assert bright > dark + 50


def test_the_live_rate_is_that_of_the_jumps(truth):
    report = count_people([truth]).people[0]
    assert live_rate(report, 3.5) == pytest.approx(120, abs=4)
    assert live_rate(report, 0.5) == 0


@pytest.mark.parametrize("shape", [(40, 30), (96, 64), (64, 300), (720, 406)])
def test_any_size_can_be_drawn_on(truth, shape):
    image = np.zeros((*shape, 3), np.uint8)
    assert Scene([truth], count_people([truth])).draw(Frame(image, 2.0)).image.shape == image.shape


def test_the_video_keeps_size_and_times(tmp_path, video, truth):
    report = count_people([truth])
    shares = []
    render(video, tmp_path / "out.mp4", [truth], report, shares.append)
    one, two = probe_video(video), probe_video(tmp_path / "out.mp4")
    assert (one.width, one.height) == (two.width, two.height)
    times = [[f.time for f in read_frames(p)] for p in (video, tmp_path / "out.mp4")]
    np.testing.assert_allclose(times[0], times[1], atol=2e-3)
    assert shares == sorted(shares)
    assert shares[-1] > 0.9


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("after", [0.0, 0.5])
def test_stopping_by_the_progress_ends_all_threads_and_leaves_no_file(tmp_path, video, truth, after):
    def stop(share):
        if share >= after:
            raise StoppedError

    with pytest.raises(StoppedError):
        render(video, tmp_path / "out.mp4", [truth], count_people([truth]), stop)
    assert not [t for t in threading.enumerate() if t.name == "prefetch"]
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_cannot_be_written_ends_all_threads(tmp_path, video, truth):
    with pytest.raises(MediaError, match="no folder"):
        render(video, tmp_path / "none" / "out.mp4", [truth], count_people([truth]))
    assert not [t for t in threading.enumerate() if t.name == "prefetch"]


def test_json_of_the_command_line(capsys, video, networks):
    assert main([str(video), "--json", "--batch", "8"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["count"], data["style"]) == (5, "two feet")
    assert len(data["apex_times"]) == 5
    assert data["seconds"] == pytest.approx(4.0, abs=0.1)
    assert len(data["people"]) == 1


def test_csv_and_sentence_of_the_command_line(capsys, tmp_path, video, networks):
    assert main([str(video), str(tmp_path / "out.mp4"), "--csv", str(tmp_path / "jumps.csv")]) == 0
    assert capsys.readouterr().out.startswith("5 jumps in 4.0 s, 120 per minute (5 two feet)")
    assert len((tmp_path / "jumps.csv").read_text().splitlines()) == 6
    assert (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("arguments", [["nothing.mp4"], ["nothing.mp4", "--min-score", "7"]])
def test_bad_input_is_one_line_and_status_2(capsys, arguments, networks):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("counting: ")


def test_settings_name_field_and_range():
    with pytest.raises(ValueError, match="min_score must be between 0 and 1"):
        CountSettings(min_score=2.0)


def test_the_drawn_people_are_found(truth):
    frame = next(frames_of([truth], SHAPE))
    found = find_people(frame.image)
    pose = estimate_pose([frame.image], found.boxes)
    np.testing.assert_allclose(pose[0, :, :2], truth.keypoints[0, :, :2], atol=0.8)
