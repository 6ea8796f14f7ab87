"""Poses are estimated as often as the motion asks for: now and then at rest, fifteen times a second in even motion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from counting.pipeline import count_people
from counting.sampling import (
    SPLINE_ERROR,
    Motion,
    holds,
    interpolated,
    interpolated_poses,
    joints_rest,
    known_rows,
    motion_of,
    moves_smoothly,
    pixels_rest,
)
from counting.tracking import track_people
from tests.counting import synthetic as syn
from tests.counting.rendered import estimate_pose, find_people, frames_of
from tests.counting.synthetic import Clip, Corruption, film
from vision.types import Frame, PoseTrack

SHAPE = (320, 600)


def acted(*parts) -> PoseTrack:
    return film(Clip(list(parts), size=200, corruption=Corruption(0.0)))


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


@pytest.mark.parametrize(
    ("motion", "jumps", "least", "most"),
    [(syn.jumps(2.0), 10, 0.5, 0.75), (syn.steps(7.5), 37, 0.8, 1.0), (syn.steps(6.0), 30, 0.5, 1.0)],
)
def test_who_begins_to_move_is_estimated_in_every_frame_at_once_and_less_often_in_even_motion(
    motion, jumps: int, least: float, most: float
) -> None:
    """7.5 steps a second look alike in every fourth frame; jumps at 2 a second are even motion."""
    truth = still_then(2.0, (5.0, motion), (1.0, syn.stand))
    found, _ = counted_estimates(truth)
    moves = (found.times > 2.0) & (found.times < 7.0)
    assert found.estimated[moves & (found.times < 2.08)].all()
    assert least <= found.estimated[moves].mean() <= most
    assert not found.estimated[~moves].all()
    assert count_people([found]).count == pytest.approx(jumps, abs=1)


def waves(frequency: float, rate: float, seconds: float = 0.4, height: float = 200.0) -> tuple[np.ndarray, np.ndarray]:
    """Poses of a body that goes up and down by a twentieth of its height, and their times."""
    times = np.arange(round(seconds * rate) + 1) / rate
    poses = np.full((len(times), 17, 3), 0.9, np.float32)
    poses[..., 1] = 100 + height / 20 * np.sin(2 * np.pi * frequency * times)[:, None]
    return poses, times


@pytest.mark.parametrize(
    ("frequency", "motion"), [(0.0, Motion.REST), (1.5, Motion.SMOOTH), (2.5, Motion.SMOOTH), (7.0, Motion.FAST)]
)
@pytest.mark.parametrize("rate", [30.0, 60.0])
def test_motion_is_told_by_what_the_poses_between_say(frequency: float, motion: Motion, rate: float) -> None:
    poses, times = waves(frequency, rate)
    assert motion_of(poses, times, 200.0) is motion


@pytest.mark.parametrize(
    ("rate", "every"), [(15.0, 1), (20.0, 1), (24.0, 2), (25.0, 2), (30.0, 2), (60.0, 4), (120.0, 8)]
)
def test_even_motion_has_at_least_twelve_poses_a_second_whatever_the_frame_rate(rate: float, every: int) -> None:
    times = np.arange(round(rate)) / rate
    known = known_rows(times, Motion.SMOOTH)
    assert np.diff(np.flatnonzero(known))[0] == every
    assert known.sum() >= 12
    assert known_rows(times, Motion.FAST).all()


@pytest.mark.parametrize("rate", [30.0, 60.0])
def test_poses_between_those_of_even_motion_lie_where_the_body_is(rate: float) -> None:
    poses, times = waves(2.5, rate)
    known = known_rows(times, Motion.SMOOTH)
    assert holds(Motion.SMOOTH, poses[known], times[known], 200.0)
    np.testing.assert_allclose(interpolated_poses(poses * known[:, None, None], times, known), poses, atol=0.5)


def test_a_joint_that_jumps_to_and_fro_or_too_few_poses_are_no_even_motion() -> None:
    poses, times = waves(1.0, 15.0, 0.5)
    assert moves_smoothly(poses, times, 200.0)
    assert not moves_smoothly(poses[:4], times[:4], 200.0)
    poses[1::2, 15:17, 1] += 200 * SPLINE_ERROR * 2
    assert not moves_smoothly(poses, times, 200.0)


def test_what_was_never_seen_stays_unknown_and_scores_stay_scores() -> None:
    poses, times = waves(2.0, 30.0)
    poses[:, 3, :2], poses[:, 3, 2] = np.nan, 0
    poses[::4, 9, 2] = 0.1
    known = known_rows(times, Motion.SMOOTH)
    assert holds(Motion.SMOOTH, poses[known], times[known], 200.0)
    found = interpolated_poses(poses, times, known)
    assert np.isnan(found[:, 3, :2]).all()
    assert np.isfinite(found[:, 4:]).all()
    assert found[..., 2].min() >= 0
    assert found[..., 2].max() <= 1


def test_rows_between_lie_on_a_line_and_the_ends_are_known() -> None:
    times = np.arange(11.0)
    known = known_rows(times, Motion.REST)
    assert known[0]
    assert known[-1]
    assert known.sum() == 4
    assert known_rows(times[:1], Motion.REST).all()
    values = np.where(known, times, 0)[:, None]
    np.testing.assert_allclose(interpolated(values, times, known)[:, 0], times, atol=1e-5)


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

    assert pixels_rest([frame() for _ in range(9)], box)
    assert pixels_rest([frame(drift=0.2 * i) for i in range(9)], box)
    lifts = [0, 8, 0, 8, 0, 8, 0, 8, 0]
    assert not pixels_rest([frame(lift) for lift in lifts], box)
