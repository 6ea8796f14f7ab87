"""The count of synthetic jumpers: every style gives exactly its number, what is no jump gives zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counting.pipeline import count_jumps, count_people
from counting.settings import CountSettings
from tests.counting import synthetic as syn
from tests.counting.synthetic import Clip, Corruption, film
from vision.types import PoseTrack

REST = (1.2, syn.stand)


def jumped(motion: syn.Motion, n: int, rate: float) -> tuple[float, syn.Motion]:
    return n / rate, motion


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    n=st.integers(5, 25),
    rate=st.floats(1.0, 3.6),
    fps=st.sampled_from([24.0, 25.0, 30.0, 60.0]),
    corruption=st.builds(
        Corruption,
        noise=st.floats(0, 0.01),
        drops=st.floats(0, 0.05),
        jitter=st.floats(0, 1),
        drift=st.floats(0, 0.04),
        zoom=st.floats(0.8, 1.25),
        seed=st.integers(0, 99),
    ),
)
def test_two_feet_are_counted_exactly(n, rate, fps, corruption):
    track = film(Clip([REST, jumped(syn.jumps(rate), n, rate), REST], fps, corruption=corruption))
    report = count_jumps(track)
    assert report.count == n
    assert np.all(np.diff(report.apex_times) > 0.4 / rate)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(n=st.integers(8, 40), rate=st.floats(3.6, 8.0), seed=st.integers(0, 99), fps=st.sampled_from([25.0, 30.0, 60.0]))
def test_every_step_of_alternate_feet_counts(n, rate, seed, fps):
    clip = Clip(
        [REST, jumped(syn.steps(rate), n, rate), REST], fps, corruption=Corruption(0.008, 0.02, 0.5, 0.02, 1.1, seed)
    )
    report = count_jumps(film(clip))
    assert report.count == n
    assert report.style == "alternate feet"


@pytest.mark.parametrize("rate", [1.2, 2.0, 3.0])
@pytest.mark.parametrize("drops", [0.0, 0.1])
def test_fifteen_frames_a_second_suffice_for_two_feet(rate, drops):
    clip = Clip([REST, jumped(syn.jumps(rate), 12, rate), REST], 15, corruption=Corruption(0.008, drops, 0.5))
    assert count_jumps(film(clip)).count == 12


@settings(max_examples=5, deadline=None, derandomize=True)
@given(pause=st.floats(1.5, 6), seed=st.integers(0, 99), fast=st.booleans())
def test_a_clip_a_pause_and_the_clip_again_count_twice(pause, seed, fast):
    rate, n = (6.0, 24) if fast else (2.2, 11)
    part = jumped(syn.steps(rate) if fast else syn.jumps(rate), n, rate)
    clip = Clip([REST, part, (pause, syn.stand), part, REST], 30, corruption=Corruption(0.008, seed=seed))
    report = count_jumps(film(clip))
    assert report.count == 2 * n
    assert [s[2] for s in report.streaks] == [n, n]
    assert len(report.breaks) == 1
    assert report.breaks[0][1] - report.breaks[0][0] == pytest.approx(pause, abs=0.8)


@pytest.mark.parametrize("style", ["two feet", "single leg", "boxer step", "jacks", "crossover"])
@pytest.mark.parametrize("rate", [1.7, 2.4])
def test_the_style_is_found_by_itself(style, rate):
    clip = Clip([REST, jumped(syn.jumps(rate, style), 14, rate), REST], corruption=Corruption(0.008, seed=3))
    report = count_jumps(film(clip))
    assert (report.count, report.style) == (14, style)
    assert report.rope


def test_double_unders_are_one_jump_and_two_turns():
    clip = Clip([REST, jumped(syn.jumps(2.2, turns=2), 15, 2.2), REST], corruption=Corruption(0.005))
    report = count_jumps(film(clip))
    assert (report.count, report.turns, report.style) == (15, 30, "double under")


@pytest.mark.parametrize(("until", "counted"), [(6.5, {48}), (99, {47, 48})])
def test_a_foot_that_is_given_twice_for_a_while_or_to_the_end_hides_no_step(until, counted):
    track = film(Clip([REST, jumped(syn.steps(6, lift=0.2), 48, 6), REST], size=300, corruption=Corruption(0.004)))
    points = track.keypoints.copy()
    lifted = points[:, 16, 1] < points[:, 15, 1]
    hidden = lifted & (track.times > 4) & (track.times < until)
    for right, left in ((14, 13), (16, 15)):
        points[hidden, right] = points[hidden, left] + [6, 0, 0]
    report = count_jumps(PoseTrack(track.times, points, track.boxes))
    assert report.per_style().keys() == {"alternate feet"}
    assert report.count in counted
    assert len(report.streaks) == 1


@pytest.mark.parametrize(("hidden", "counted"), [((), 2), ((15, 16), 0)])
def test_two_jumps_alone_count_with_the_feet_in_sight(hidden, counted):
    track = film(Clip([REST, jumped(syn.jumps(1.6), 2, 1.6), REST], corruption=Corruption(0.002)))
    points = track.keypoints.copy()
    points[:, list(hidden), 2] = 0
    assert count_jumps(PoseTrack(track.times, points, track.boxes)).count == counted


def test_fast_feet_need_to_rise_less():
    low = film(Clip([REST, jumped(syn.steps(7.5, lift=0.04), 45, 7.5), REST], fps=60, corruption=Corruption(0.001)))
    assert abs(count_jumps(low).count - 45) <= 1


def test_legs_that_are_not_seen_surely_need_to_rise_more():
    low = film(Clip([REST, jumped(syn.steps(7.5, lift=0.04), 45, 7.5), REST], fps=60, corruption=Corruption(0.001)))
    points = low.keypoints.copy()
    points[:, 13:17, 2] = 0.35
    assert count_jumps(PoseTrack(low.times, points, low.boxes)).count == 0


def test_one_foot_may_be_seen_to_rise_far_less_than_the_other():
    track = film(Clip([REST, jumped(syn.steps(6, lift=0.08), 36, 6), REST], corruption=Corruption(0.002)))
    points = track.keypoints.copy()
    ground = np.median(points[:, 15, 1])
    points[:, 15, 1] = ground + (points[:, 15, 1] - ground) * 0.25
    assert count_jumps(PoseTrack(track.times, points, track.boxes)).count in (35, 36)


def test_a_leg_that_is_mostly_hidden_behind_the_other_is_still_lifted():
    track = film(Clip([REST, jumped(syn.jumps(2.0, "single leg"), 14, 2.0), REST], corruption=Corruption(0.004)))
    points = track.keypoints.copy()
    hidden = np.arange(len(points)) % 4 > 0
    points[hidden, 16] = points[hidden, 15]
    assert count_jumps(PoseTrack(track.times, points, track.boxes)).per_style() == {"single leg": 14}


def test_a_lifted_foot_that_is_put_on_the_standing_one_in_the_air_makes_no_step():
    track = film(Clip([REST, jumped(syn.jumps(1.7, "single leg"), 12, 1.7), REST], corruption=Corruption(0.004)))
    points = track.keypoints.copy()
    risen = np.median(points[:, 5, 1]) - points[:, 5, 1] > 3
    points[risen, 16] = points[risen, 15]
    points[~risen, 16, 1] = points[~risen, 15, 1] - 0.2 * 240
    assert count_jumps(PoseTrack(track.times, points, track.boxes)).per_style() == {"single leg": 12}


def test_crossed_wrists_may_be_seen_on_one_spot():
    def cross(times, points):
        syn.jumps(2.0)(times, points)
        crossed = np.floor(2.0 * times) % 2 == 1
        points[crossed, 9:11] = points[crossed, 9:11].mean(axis=1, keepdims=True)

    report = count_jumps(film(Clip([REST, (7.0, cross), REST], corruption=Corruption(0.006))))
    assert (report.count, report.turns, report.style) == (14, 14, "crossover")


def test_who_hops_on_one_leg_in_turn_stands_over_it():
    def shift(times, points):
        syn.jumps(2.0)(times, points)
        points[:, :13, 0] += 0.03 * np.sin(np.pi / 2 * 2.0 * times)[:, None]

    report = count_jumps(film(Clip([REST, (7.0, shift), REST], corruption=Corruption(0.006))))
    assert (report.count, report.style) == (14, "boxer step")


def test_wrists_that_beat_sideways_turn_the_rope_twice():
    def flick(times, points):
        syn.jumps(2.0)(times, points)
        points[:, 9, 0] += 0.03 * np.sin(8 * np.pi * times)
        points[:, 10, 0] -= 0.03 * np.sin(8 * np.pi * times)

    report = count_jumps(film(Clip([REST, (7.0, flick), REST], corruption=Corruption(0.006))))
    assert (report.count, report.turns, report.style) == (14, 28, "double under")


def test_styles_are_told_per_segment():
    parts = [REST, jumped(syn.jumps(2.0), 10, 2.0), (2.0, syn.stand), jumped(syn.steps(6), 30, 6), REST]
    report = count_jumps(film(Clip(parts, corruption=Corruption(0.008))))
    assert report.per_style() == {"two feet": 10, "alternate feet": 30}
    assert report.longest_streak == 30


@pytest.mark.parametrize(("fps", "seed"), [(15.0, 0), (30.0, 1)])
@pytest.mark.parametrize(
    "motion",
    [
        syn.stand, syn.squats(), syn.squats(0.8, 0.15), syn.walk(), syn.walk(2.3), syn.walk(1.8, speed=0.8),
        syn.leg_swings(), syn.leg_swings(1.4), syn.dribble(), syn.dribble(3.0), syn.talk, syn.pan,
    ],
)  # fmt: skip
def test_what_is_no_jump_counts_nothing(motion, fps, seed):
    clip = Clip([(7.0, motion)], fps, corruption=Corruption(0.012, 0.03, 0.5, 0.03, 1.3, seed))
    assert count_jumps(film(clip)).count == 0


def test_hands_that_hang_turn_no_rope():
    def hop(times, points):
        syn.jumps(2.0)(times, points)
        points[:, (9, 10), 0] = [0.2, -0.2]
        points[:, (9, 10), 1] += 0.25 * np.sin(np.pi * 2.0 * times)[:, None]

    track = film(Clip([REST, (5.0, hop), REST], corruption=Corruption(0.005)))
    report = count_jumps(track)
    assert (report.count, report.count_without_rope) == (0, 10)
    assert not report.rope
    assert report.turns == 0
    assert any("without a rope" in w for w in report.warnings)
    both = count_jumps(track, CountSettings(without_rope=True))
    assert (both.count, both.count_without_rope) == (10, 10)


def test_feet_out_of_the_picture_are_told():
    track = film(Clip([REST, jumped(syn.jumps(2.0), 12, 2.0), REST], corruption=Corruption(0.005)))
    cut = track.keypoints.copy()
    cut[:, 13:, 2] = 0
    report = count_jumps(PoseTrack(track.times, cut, track.boxes))
    assert report.count == 12
    assert any("feet" in w for w in report.warnings)


def test_amplitudes_do_not_depend_on_the_size_in_the_picture():
    small, large = (
        count_jumps(film(Clip([REST, jumped(syn.jumps(2.0), 10, 2.0), REST], size=size, corruption=Corruption(0.0))))
        for size in (60.0, 900.0)
    )
    assert small.count == large.count == 10
    np.testing.assert_allclose(small.heights, large.heights, rtol=0.02)


def test_time_may_start_anywhere():
    track = film(Clip([REST, jumped(syn.jumps(2.0), 10, 2.0), REST]))
    late = PoseTrack(track.times + 1234.5, track.keypoints, track.boxes)
    np.testing.assert_allclose(count_jumps(late).apex_times - 1234.5, count_jumps(track).apex_times, atol=0.02)


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_tiny_tracks_count_nothing(frames):
    track = film(Clip([(1.0, syn.stand)]))
    part = PoseTrack(track.times[:frames], track.keypoints[:frames], track.boxes[:frames])
    assert count_jumps(part).count == 0


def test_a_track_without_keypoints_counts_nothing():
    track = PoseTrack(np.arange(60) / 30, np.full((60, 17, 3), [np.nan, np.nan, 0]), np.full((60, 4), np.nan))
    report = count_jumps(track)
    assert (report.count, report.coverage) == (0, 0.0)
    assert report.warnings


def test_the_main_skipper_is_the_one_who_jumps():
    big = film(Clip([(8.0, syn.walk())], size=400))
    small = film(Clip([REST, jumped(syn.jumps(2.0), 10, 2.0), REST], size=150))
    report = count_people([big, small])
    assert (report.main, report.count) == (1, 10)
    data = report.to_dict()
    assert [p["count"] for p in data["people"]] == [0, 10]
    assert data["seconds"] == pytest.approx(8.0, abs=0.1)


def test_nobody_is_a_count_of_zero_with_a_sentence():
    report = count_people([], seconds=3.0)
    data = report.to_dict()
    assert (data["count"], data["style"], data["people"], data["apex_times"]) == (0, "none", [], [])
    assert "No person" in data["warnings"][0]


def test_height_gives_centimetres():
    clip = Clip([REST, jumped(syn.jumps(2.0), 10, 2.0), REST], corruption=Corruption(0.0))
    data = count_jumps(film(clip), CountSettings(height_cm=170)).to_dict()
    assert len(data["height_cm"]) == 10
    assert 5 < np.median(data["height_cm"]) < 30
    assert count_jumps(film(clip)).to_dict()["height_cm"] is None


def test_steps_have_no_height_and_no_airtime_for_a_lifted_foot_tells_neither():
    track = film(Clip([REST, jumped(syn.steps(5), 30, 5), REST]))
    report = count_people([track], CountSettings(height_cm=170), seconds=10.0)
    data = report.people[0].to_dict()
    assert data["height_cm"] == data["heights"] == data["airtime"] == [None] * 30
    rows = report.to_csv().splitlines()
    assert len(rows) == 31
    assert all(row.endswith(",,") for row in rows[1:])


def test_csv_has_a_line_per_jump():
    report = count_people([film(Clip([REST, jumped(syn.jumps(2.0), 10, 2.0), REST]))])
    lines = report.to_csv().splitlines()
    assert len(lines) == 11
    assert lines[1].startswith("0,1,")
    assert "two feet" in lines[1]
