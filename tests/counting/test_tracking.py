"""Tracking of drawn figures: batches, several people, leaving and coming back, cuts, errors."""

import threading

import numpy as np
import pytest

from counting.pipeline import count_people
from counting.settings import CountSettings
from counting.tracking import AHEAD, track_people
from tests.counting import synthetic as syn
from tests.counting.rendered import draw, estimate_pose, find_people, frames_of
from tests.counting.synthetic import Clip, Corruption, film
from vision.types import Detections, Frame, PoseTrack

SHAPE = (320, 600)


def moved(track: PoseTrack, x: float, y: float = 0) -> PoseTrack:
    keypoints = track.keypoints + np.array([x, y, 0], np.float32)
    return PoseTrack(track.times, keypoints, track.boxes + np.array([x, y, x, y], np.float32))


def jumper(seconds: float = 5.0, rate: float = 2.0, size: float = 200) -> PoseTrack:
    return film(
        Clip([(1.0, syn.stand), (seconds, syn.jumps(rate)), (1.0, syn.stand)], size=size, corruption=Corruption(0.0))
    )


@pytest.mark.parametrize(
    ("motion", "n", "seconds", "style"),
    [
        (syn.jumps(2.0), 10, 5.0, "two feet"),
        (syn.steps(6.0), 24, 4.0, "alternate feet"),
        (syn.jumps(2.2, "boxer step"), 11, 5.0, "boxer step"),
        (syn.jumps(2.0, "single leg"), 10, 5.0, "single leg"),
        (syn.jumps(1.8, "jacks"), 9, 5.0, "jacks"),
    ],
)
def test_a_rendered_jumper_of_each_style_gives_exactly_its_number(motion, n, seconds, style):
    truth = film(Clip([(1.0, syn.stand), (seconds, motion), (1.0, syn.stand)], size=200, corruption=Corruption(0.0)))
    tracks = track_people(frames_of([truth], SHAPE), find_people, estimate_pose)
    report = count_people(tracks)
    assert len(tracks) == 1
    assert len(tracks[0]) == len(truth)
    assert (report.count, report.people[0].style) == (n, style)


def test_keypoints_are_those_of_the_picture():
    truth = jumper()
    (track,) = track_people(frames_of([truth], SHAPE), find_people, estimate_pose)
    off = np.abs(track.keypoints[..., :2] - truth.keypoints[..., :2])
    assert off[track.estimated].max() <= 0.8
    assert off[~track.estimated].max() <= 0.02 * 200, "the body is 200 pixels high"
    assert off[~track.estimated].mean() <= 0.5
    np.testing.assert_allclose(track.times, truth.times)


def test_two_people_have_a_track_and_a_count_each():
    one, two = moved(jumper(5, 2.0), -180), moved(jumper(5, 2.6), 120)
    report = count_people(track_people(frames_of([one, two], SHAPE), find_people, estimate_pose))
    assert sorted(p.count for p in report.people) == [10, 13]
    assert report.count == 13


def test_who_leaves_and_comes_back_stays_one_person():
    truth = jumper(8)
    gone = (truth.times > 3) & (truth.times < 6.5)
    frames = (
        Frame(np.zeros((*SHAPE, 3), np.uint8), f.time) if away else f
        for f, away in zip(frames_of([truth], SHAPE), gone, strict=True)
    )
    (track,) = track_people(frames, find_people, estimate_pose)
    away = (track.times > 4) & (track.times < 6)
    assert np.isnan(track.boxes[away]).all()
    assert track.times[-1] == pytest.approx(truth.times[-1])


def test_a_cut_makes_no_jump():
    truth = film(Clip([(4.0, syn.stand)], size=200))
    shifted = [moved(truth, 0), moved(truth, 200, -40)]

    def frames():
        for t, time in enumerate(truth.times):
            scene = int(time) % 2
            image = draw([shifted[scene].keypoints[t, :, :2]], SHAPE)
            image[image[..., 2] == 0] = (0, 0, 0) if scene else (250, 250, 255)
            yield Frame(image, float(time))

    assert count_people(track_people(frames(), find_people, estimate_pose)).count == 0


def test_boxes_of_parts_of_a_body_make_no_second_person_and_do_not_shrink_the_first():
    truth = jumper()
    calls = []

    def find(image):
        """Now the whole body, now its upper half, now both and a box much too wide, as a detector may."""
        whole = find_people(image).boxes[0]
        half, wide = whole.copy(), whole.copy()
        half[3] = (whole[1] + whole[3]) / 2
        wide[0], wide[3] = wide[0] - 200, wide[3] + 0.6 * (whole[3] - whole[1])
        calls.append(1)
        boxes = [[half], [whole], [half, whole, wide], [wide, half]][len(calls) % 4]
        return Detections(np.array(boxes), np.full(len(boxes), 0.8, np.float32))

    (track,) = track_people(frames_of([truth], SHAPE), find, estimate_pose)
    assert (track.keypoints[:, 15:, 2] > 0.5).all(axis=1).mean() > 0.95
    assert count_people([track]).count == count_people([truth]).count > 0


def test_legs_that_the_detector_leaves_out_are_found():
    truth = jumper(5, 2.0)

    def find(image):
        ((x0, y0, x1, y1),) = find_people(image).boxes
        return Detections([[x0, y0, x1, y0 + 0.52 * (y1 - y0)]], [0.9])

    (track,) = track_people(frames_of([truth], SHAPE), find, estimate_pose)
    assert track.keypoints[:, 15:, 2].min() > 0.5, "the feet are seen from the first frame on"
    assert count_people([track]).count == 10


def test_two_who_stand_one_above_the_other_stay_two():
    above, below = moved(jumper(5, 2.0, 130), -60, -60), moved(jumper(5, 2.6, 130), -60, 90)
    tracks = track_people(frames_of([above, below], (400, 600)), find_people, estimate_pose)
    assert sorted(count_people([track]).count for track in tracks) == [10, 13]


def test_the_network_runs_on_full_batches():
    sizes = []

    def counted(images, boxes):
        sizes.append(len(images))
        return estimate_pose(images, boxes)

    track_people(frames_of([jumper()], SHAPE), find_people, counted, CountSettings(batch=3))
    assert max(sizes) == 3
    assert np.mean(np.array(sizes) == 3) > 0.6


def test_people_are_searched_now_and_then_only():
    calls = []

    def find(image):
        calls.append(1)
        return find_people(image)

    truth = jumper()
    track_people(frames_of([truth], SHAPE), find, estimate_pose, CountSettings(find_every=0.5))
    assert len(calls) <= truth.times[-1] / 0.5 + 3


def test_nobody_gives_no_track():
    frames = [Frame(np.zeros((*SHAPE, 3), np.uint8), i / 30) for i in range(40)]
    assert track_people(frames, find_people, estimate_pose) == []
    assert track_people([], find_people, estimate_pose) == []


def test_at_most_so_many_people_are_followed():
    people = [moved(jumper(2), x) for x in (-200, 0, 200)]
    tracks = track_people(frames_of(people, SHAPE), find_people, estimate_pose, CountSettings(people=2))
    assert len(tracks) == 2


def test_large_frames_are_reduced_and_points_come_back_in_full_pixels():
    box = np.array([[200.0, 100, 600, 900]], np.float32)
    frames = [Frame(np.full((1000, 4000, 3), 9, np.uint8), i / 30) for i in range(20)]

    def find(image):
        assert image.shape[1] <= 1920
        assert image.base is None, "the full frame is still in memory"
        return Detections(box / 3, np.ones(1, np.float32))

    def pose(images, boxes):
        return np.concatenate([np.full((len(boxes), 17, 2), 100), np.full((len(boxes), 17, 1), 0.9)], axis=2)

    (track,) = track_people(frames, find, pose)
    np.testing.assert_allclose(track.keypoints[..., :2], 300)


def test_the_error_of_the_source_passes_through():
    def frames():
        yield from list(frames_of([jumper(1)], SHAPE))[:20]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        track_people(frames(), find_people, estimate_pose)


def readers() -> int:
    return sum(thread.name == "prefetch" for thread in threading.enumerate())


def test_frames_are_read_while_the_networks_run():
    read, enough = [], threading.Event()

    def frames():
        for frame in frames_of([jumper(2)], SHAPE):
            read.append(frame.time)
            if len(read) == 20:
                enough.set()
            yield frame

    def find(image):
        assert enough.wait(30), "nothing was read while people were looked for"
        return find_people(image)

    track_people(frames(), find, estimate_pose)
    assert len(read) > 20
    assert readers() == 0


def test_only_two_intervals_and_so_many_more_frames_wait():
    read, done, waiting = [], [], []

    def frames():
        for frame in frames_of([jumper(3)], SHAPE):
            read.append(frame.time)
            yield frame

    def find(image):
        threading.Event().wait(0.1)
        waiting.append(len(read) - sum(len(piece) for piece in done))
        return find_people(image)

    track_people(frames(), find, estimate_pose, CountSettings(find_every=0.2), done.extend)
    one_interval = 7
    assert 2 * one_interval < max(waiting) <= 2 * one_interval + AHEAD + 2


@pytest.mark.parametrize("broken", ["find", "pose", "followed"])
def test_the_error_of_a_network_ends_the_reading(broken):
    closed = []

    def frames():
        try:
            yield from frames_of([jumper(3)], SHAPE)
        finally:
            closed.append(threading.current_thread().name)

    def fail(*_):
        raise RuntimeError("no memory left")

    find, pose = (fail if broken == "find" else find_people), (fail if broken == "pose" else estimate_pose)
    source = frames()
    with pytest.raises(RuntimeError, match="no memory left"):
        track_people(source, find, pose, followed=fail if broken == "followed" else None)
    assert readers() == 0
    source.close()
    assert closed == [threading.current_thread().name]


def test_who_follows_on_the_way_is_told_everything():
    pieces = []
    truth = jumper(3)
    (track,) = track_people(frames_of([truth], SHAPE), find_people, estimate_pose, followed=pieces.extend)
    assert len(pieces) > 5
    np.testing.assert_array_equal(np.concatenate([p.times for p in pieces]), track.times)
    np.testing.assert_array_equal(np.concatenate([p.keypoints for p in pieces]), track.keypoints)
    np.testing.assert_array_equal(np.concatenate([p.boxes for p in pieces]), track.boxes)
    np.testing.assert_array_equal(np.concatenate([p.camera for p in pieces]), track.camera)
