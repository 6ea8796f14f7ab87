"""The image signal as evidence of rate and phase, rebounds, slow motion, rope or none; swaps of left and right."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from counting.classification import groups_of
from counting.classifier import load_models
from counting.features import FLIGHT, ROPE
from counting.image_signal import COMPONENTS, image_signal
from counting.joining import join_tracks
from counting.pipeline import count_jumps
from counting.settings import CountSettings
from counting.tracking import track_people
from tests.counting import synthetic as syn
from tests.counting.rendered import draw, estimate_pose, find_people
from tests.counting.synthetic import Clip, Corruption, film
from vision.types import Frame, PoseTrack

REST = (1.2, syn.stand)
LEGS = ((13, 14), (15, 16))


LIMBS = ((5, 6), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (5, 7), (7, 9), (6, 8), (8, 10))


def pictures(truth: PoseTrack) -> Iterator[Frame]:
    """Drawn joints on limbs as thick as real ones, one leg darker than the other, as light falls from one side."""
    for t, time in enumerate(truth.times):
        points = truth.keypoints[t, :, :2]
        image = draw([points], (320, 600))
        for a, b in LIMBS:
            limb = np.zeros(image.shape[:2], np.uint8)
            cv2.line(limb, points[a].astype(int).tolist(), points[b].astype(int).tolist(), 1, 11)
            image[(limb > 0) & (image[..., 2] != 200), 1] = 110 if (a, b) in ((12, 14), (14, 16)) else 190
        yield Frame(image, float(time))


def followed(motion, seconds: float, size: float = 200, estimate=estimate_pose) -> PoseTrack:
    truth = film(Clip([REST, (seconds, motion), REST], size=size, corruption=Corruption(0.0)))
    (track,) = track_people(pictures(truth), find_people, estimate)
    return track


def exchanged(joints: np.ndarray) -> np.ndarray:
    """Joints (17, 3) with the legs exchanged."""
    points = joints.copy()
    for left, right in LEGS:
        points[left], points[right] = joints[right], joints[left]
    return points


def swapping(share: float, seed: int = 0):
    """A pose network that exchanges the legs in a share of the frames."""
    rng = np.random.default_rng(seed)

    def estimate(images, boxes):
        return np.stack([exchanged(j) if rng.random() < share else j for j in estimate_pose(images, boxes)])

    return estimate


def doubling(seed: int = 0):
    """A pose network that puts both legs on one of them in two of five frames."""
    rng = np.random.default_rng(seed)

    def estimate(images, boxes):
        found = estimate_pose(images, boxes)
        for points in found:
            fate = rng.integers(0, 5)
            for left, right in LEGS:
                if fate < 2:
                    points[(left, right)[fate]] = points[(right, left)[fate]]
        return found

    return estimate


@pytest.mark.parametrize("network", [swapping(0.4), doubling()])
def test_steps_are_counted_from_the_picture_where_the_legs_are_mixed_up(network):
    assert count_jumps(followed(syn.steps(6.0), 5.0)).count == 30
    track = followed(syn.steps(6.0), 5.0, estimate=network)
    assert abs(count_jumps(track).count - 30) <= 1


def test_exchanged_legs_are_counted_without_pictures_too():
    track = followed(syn.steps(6.0), 5.0, estimate=swapping(0.4))
    blind = replace(track, thumbnails=np.zeros_like(track.thumbnails))
    assert abs(count_jumps(blind).count - 30) <= 1


def test_left_and_right_may_be_exchanged_throughout():
    track = film(Clip([REST, (5.0, syn.jumps(2.2)), REST], corruption=Corruption(0.006)))
    other_way = replace(track, keypoints=np.stack([exchanged(joints) for joints in track.keypoints]))
    one, other = (groups_of(t, CountSettings())[0][1] for t in (track, other_way))
    assert one.keys() >= {*FLIGHT, *ROPE}
    for name in FLIGHT.keys() | ROPE.keys():
        assert one[name] == pytest.approx(other[name], abs=0.1, nan_ok=True), name


def test_thumbnails_show_the_rate_of_the_jumps():
    track = followed(syn.jumps(2.0), 6.0)
    grid = np.arange(track.times[0], track.times[-1], 1 / 60)
    image = image_signal(track, grid, 0.25, 27)
    assert image.shape == (COMPONENTS, len(grid))
    inside = image[0, 120:420] * np.hanning(300)
    spectrum = np.abs(np.fft.rfft(inside, 6000))
    assert abs(np.argmax(spectrum) * 60 / 6000 - 2.0) < 0.15


def test_a_track_without_pictures_has_no_image_signal():
    track = film(Clip([REST, (3.0, syn.jumps(2.0)), REST]))
    assert not track.thumbnails.any()
    assert np.isnan(image_signal(track, np.arange(0, 4, 1 / 60), 0.25, 27)).all()
    assert image_signal(track[:0], np.zeros(0), 0.25, 27).shape == (COMPONENTS, 0)


def test_a_rebound_between_two_jumps_is_none():
    def bounce(times: np.ndarray, points: np.ndarray) -> None:
        syn.jumps(1.4)(times, points)
        second = np.sin(2 * np.pi * 2.8 * times - np.pi / 2)
        points[:, list(range(13)), 1] += 0.025 * second[:, None]

    track = film(Clip([REST, (12 / 1.4, bounce), REST], corruption=Corruption(0.002)))
    assert count_jumps(track).count == 12


@pytest.mark.parametrize("speed", [0.5, 0.25])
def test_slow_motion_is_told_and_counted_with_its_speed(speed):
    truth = film(Clip([REST, (6.0, syn.jumps(2.5)), REST], fps=60, corruption=Corruption(0.003)))
    slow = replace(truth, times=truth.times / speed)
    report = count_jumps(slow)
    assert report.count == 0
    assert any("slow motion" in w for w in report.warnings)
    right = count_jumps(slow, CountSettings(speed=speed))
    assert right.count == 15
    np.testing.assert_allclose(right.apex_times, count_jumps(truth).apex_times, atol=1e-6)
    assert right.speed == speed


def test_who_stands_is_told_nothing_about_slow_motion():
    assert count_jumps(film(Clip([(6.0, syn.stand)]))).warnings == ()


def test_the_models_know_their_features_and_say_what_is_likely():
    models = load_models()
    for name, signs in (("flight", FLIGHT), ("rope", ROPE)):
        model = models[name]
        assert model.names == tuple(signs)
        assert all(w * s >= 0 for w, s in zip(model.weights, signs.values(), strict=True) if s)
        unknown = model.probability(dict.fromkeys(signs, float("nan")))
        assert 0.5 < unknown < 0.9  # who is seen to jump, and nothing else, is likely to skip
        assert model.probability(dict.fromkeys(signs, 1e9)) == pytest.approx(
            model.probability(dict.fromkeys(signs, 1e12))
        )


def test_a_rope_over_the_head_is_seen_in_the_motion_energy():
    truth = film(Clip([REST, (6.0, syn.jumps(2.0)), REST], size=200, corruption=Corruption(0.0)))

    def frames():
        for frame in pictures(truth):
            image, time = frame.image, frame.time
            top = 8
            if 1.2 <= time < 7.2 and (time * 2.0) % 1 < 0.15:
                image[top : top + 3, 240:360] = (120, 255, 10)
            yield frame

    (track,) = track_people(frames(), find_people, estimate_pose)
    with_rope = groups_of(track, CountSettings())[0][1]
    without = groups_of(followed(syn.jumps(2.0), 6.0), CountSettings())[0][1]
    assert with_rope["overhead_once"] > 1.5
    assert not without["overhead_once"] > 1.0


def test_what_is_drawn_counts_jumps_without_a_rope_where_there_are_no_others():
    def hop(times: np.ndarray, points: np.ndarray) -> None:
        syn.jumps(2.0)(times, points)
        points[:, (9, 10), 1] += 0.3 * np.sin(np.pi * 2.0 * times)[:, None] + 0.25

    report = count_jumps(film(Clip([REST, (5.0, hop), REST], corruption=Corruption(0.005))))
    assert (report.count, report.count_without_rope) == (0, 10)
    assert len(report.shown.apex_times) == report.shown.count == 10
    assert {part.style for part in report.shown.parts} == {"no rope"}
    skipping = count_jumps(film(Clip([REST, (5.0, syn.jumps(2.0)), REST], corruption=Corruption(0.005))))
    assert skipping.shown is skipping


def test_the_signal_shows_what_was_counted():
    track = followed(syn.steps(6.0), 5.0, estimate=swapping(0.4))
    report = count_jumps(track)
    inside = (report.times > 2.0) & (report.times < 5.5)
    tops = np.diff(np.sign(np.diff(report.signal[inside]))) != 0
    assert abs(tops.sum() - 6.0 * 3.5) <= 1  # a turn of the signal per step


def test_a_thing_with_doubtful_joints_is_no_person():
    track = film(Clip([(4.0, syn.stand)]))
    thing = replace(track, keypoints=track.keypoints * np.array([1, 1, 0.45], np.float32))
    assert len(join_tracks([track])) == 1
    assert join_tracks([thing]) == []
