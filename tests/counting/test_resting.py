"""Who rests is estimated now and then, who moves in every frame, from the first interval in which they move."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from counting.pipeline import count_people
from counting.resting import EVERY, between, joints_rest, known_rows, pictures_rest
from counting.tracking import track_people
from tests.counting import synthetic as syn
from tests.counting.rendered import estimate_pose, find_people, frames_of
from tests.counting.synthetic import Clip, Spoiled, film
from vision.types import Frame, PoseTrack

SHAPE = (320, 600)


def acted(*parts) -> PoseTrack:
    return film(Clip(list(parts), size=200, spoiled=Spoiled(0.0)))


def still(seconds: float) -> PoseTrack:
    """Somebody who does not move at all."""
    track = acted((seconds, syn.stand))
    rows = np.zeros(len(track), int)
    return PoseTrack(track.times, track.keypoints[rows], track.boxes[rows])


def still_then(seconds: float, *parts) -> PoseTrack:
    track = acted(*parts)
    times = np.concatenate([np.arange(round(seconds * 30)) / 30, seconds + track.times])
    rows = np.concatenate([np.zeros(round(seconds * 30), int), np.arange(len(track))])
    return PoseTrack(times, track.keypoints[rows], track.boxes[rows])


def counted_estimates(track: PoseTrack) -> tuple[PoseTrack, int]:
    sizes = []

    def estimate(images, boxes):
        sizes.append(len(images))
        return estimate_pose(images, boxes)

    (found,) = track_people(frames_of([track], SHAPE), find_people, estimate)
    return found, sum(sizes)


def test_who_waits_is_estimated_a_third_of_the_time_and_known_in_every_frame() -> None:
    truth = still(4.0)
    found, estimates = counted_estimates(truth)
    assert estimates < 0.5 * len(truth)
    assert found.estimated.sum() == pytest.approx(estimates, abs=2)
    np.testing.assert_allclose(found.keypoints[..., :2], truth.keypoints[..., :2], atol=0.8)


@pytest.mark.parametrize(("motion", "jumps"), [(syn.jumps(2.0), 10), (syn.steps(7.5), 37), (syn.steps(6.0), 30)])
def test_who_begins_to_move_is_estimated_in_every_frame_at_once(motion, jumps: int) -> None:
    """7.5 steps a second look alike in every fourth frame."""
    truth = still_then(2.0, (5.0, motion), (1.0, syn.stand))
    found, _ = counted_estimates(truth)
    moves = (found.times > 2.0) & (found.times < 7.0)
    assert found.estimated[moves].all()
    assert not found.estimated[~moves].all()
    assert count_people([found]).count == pytest.approx(jumps, abs=1)


def test_rows_between_lie_on_a_line_and_the_ends_are_known() -> None:
    known = known_rows(11)
    assert known[0]
    assert known[-1]
    assert known.sum() == 4
    assert known_rows(1).all()
    poses = np.zeros((11, 17, 3), np.float32)
    poses[known] = np.arange(11, dtype=np.float32)[known, None, None]
    np.testing.assert_allclose(between(poses, known)[:, 3, 1], np.arange(11), atol=1e-5)
    assert EVERY == 4


@pytest.mark.parametrize(("moved", "rests"), [(0.0, True), (3.0, True), (5.0, False)])
def test_one_joint_that_moves_is_no_rest(moved: float, rests: bool) -> None:
    poses = np.full((5, 17, 3), 0.9, np.float32)
    poses[3, 15, 1] += moved
    assert joints_rest(poses, 200) is rests
    poses[2, :, 2] = 0.1
    assert not joints_rest(poses, 200), "nothing is known of a frame without sure joints"


def test_a_foot_that_lifts_between_the_estimated_frames_shows_in_the_picture_and_noise_and_drift_do_not() -> None:
    rng, box = np.random.default_rng(0), np.array([50, 20, 170, 260], np.float32)
    ground = cv2.GaussianBlur(rng.integers(0, 256, (300, 220), np.uint8), (0, 0), 4)

    def frame(foot: int = 0, drift: float = 0.0) -> Frame:
        """A shoe of 14 x 8 pixels on a floor that it differs from by 60 levels."""
        grey = cv2.warpAffine(ground, np.array([[1, 0, drift], [0, 1, 0]]), ground.shape[::-1]).astype(float)
        grey[244 - foot : 252 - foot, 90:104] -= 60
        noisy = np.clip(grey + rng.normal(0, 3, grey.shape), 0, 255).astype(np.uint8)
        return Frame(np.repeat(noisy[..., None], 3, axis=2), 0.0)

    assert pictures_rest([frame() for _ in range(9)], box)
    assert pictures_rest([frame(drift=0.2 * i) for i in range(9)], box)
    lifts = [0, 8, 0, 8, 0, 8, 0, 8, 0]
    assert not pictures_rest([frame(lift) for lift in lifts], box)
