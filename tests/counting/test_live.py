"""Counting while it happens: the same number at the end, soon after each landing, and no step back."""

import numpy as np
import pytest

from counting import live
from counting.following import Follower, nobody
from counting.live import LiveCounter, LiveState
from counting.pipeline import count_jumps, track_people
from counting.settings import CountSettings
from tests.counting import synthetic as syn
from tests.counting.rendered import estimate_pose, find_people, frames_of
from tests.counting.synthetic import Clip, Corruption, film
from vision.types import Frame, PoseTrack

REST = (1.5, syn.stand)
SOILED = Corruption(0.008, 0.02, 0.5, 0.02, 1.1, 1)


def fed(track: PoseTrack, seconds: float = 0.2) -> tuple[LiveCounter, list[LiveState]]:
    """The counter and its states after each piece of ``seconds``."""
    counter, states, last = LiveCounter(), [], -np.inf
    for now in np.arange(track.times[0], track.times[-1] + seconds, seconds):
        piece = track[(track.times > last) & (track.times <= now)]
        last = now
        states.append(counter.add(piece))
    return counter, states


def session(*parts: tuple[float, syn.Motion], fps: float = 30.0) -> PoseTrack:
    return film(Clip([REST, *parts, REST], fps, corruption=SOILED))


@pytest.mark.parametrize(
    ("motion", "rate", "count"),
    [(syn.jumps(1.4), 1.4, 24), (syn.jumps(2.2), 2.2, 50), (syn.jumps(3.2), 3.2, 60), (syn.steps(6.0), 6.0, 120)],
)
@pytest.mark.parametrize("fps", [18.0, 30.0])
def test_the_end_is_the_count_of_the_recording_and_no_count_goes_back(motion, rate, count, fps):
    track = session((count / rate, motion), fps=fps)
    counter, states = fed(track)
    shown = np.array([state.count for state in states])
    assert counter.finish().count == count_jumps(track).count == count
    assert np.diff(shown).min() >= -1
    assert (np.maximum.accumulate(shown) - shown).max() <= 1


@pytest.mark.parametrize(("motion", "rate"), [(syn.jumps(2.0), 2.0), (syn.steps(6.0), 6.0)])
def test_a_jump_is_shown_within_half_a_second_of_its_landing(motion, rate):
    track = session((20.0, motion))
    apexes = count_jumps(track).apex_times
    _, states = fed(track, 0.1)
    shown = [next(s.time for s in states if s.count >= n) for n in range(1, len(apexes) + 1)]
    landings = apexes + 0.3 / rate
    late = np.array(shown) - landings
    begun = 8
    assert late[begun:].max() <= 0.5


def test_pauses_end_streaks_and_everything_is_counted():
    track = session((10.0, syn.jumps(2.0)), (5.0, syn.stand), (8.0, syn.jumps(2.0)))
    counter, states = fed(track)
    assert counter.finish().count == count_jumps(track).count == 36
    at = {round(state.time, 1): state for state in states}
    nearest = lambda when: at[min(at, key=lambda t: abs(t - when))]  # noqa: E731
    assert nearest(11.0).streak == pytest.approx(19, abs=1)
    assert nearest(11.0).per_minute == pytest.approx(120, abs=6)
    assert (nearest(15.0).streak, nearest(15.0).per_minute, nearest(15.0).count) == (0, 0, 20)
    assert nearest(24.0).streak == pytest.approx(15, abs=1)


@pytest.mark.parametrize("motion", [syn.stand, syn.squats(), syn.walk(), syn.dribble(), syn.talk])
def test_what_is_no_jump_is_never_counted(motion):
    _, states = fed(session((15.0, motion)))
    assert max(state.count for state in states) == 0


def test_memory_is_bounded_and_long_sessions_are_counted_exactly():
    track = session(*[(50.0, syn.jumps(2.0)), (3.0, syn.stand)] * 3, fps=20.0)
    counter, most = LiveCounter(), 0
    for start in range(0, len(track), 20):
        counter.add(track[start : start + 20])
        held = counter._recent
        assert held is not None
        most = max(most, len(held) + len(counter._open))
    assert most <= (live.WINDOW + 2) * 20 + live.SETTLE * 8
    assert counter.finish().count == 300


def test_frames_that_come_twice_count_once():
    track = session((10.0, syn.jumps(2.0)))
    counter = LiveCounter()
    for start in range(0, len(track), 10):
        for _ in range(2):
            counter.add(track[start : start + 10])
    assert counter.finish().count == 20


def test_a_count_that_falls_is_shown_one_lower_at_most(monkeypatch):
    looks = iter([3, 6, 2, 2, 7])

    def jumps(track: PoseTrack, _: CountSettings) -> list[live._Jump]:
        return [live._Jump(float(track.times[-1]) - 0.1, 0.5)] * next(looks)

    monkeypatch.setattr(live, "_jumps", jumps)
    track = session((3.0, syn.stand))
    counter = LiveCounter()
    counts = [counter.add(track[start : start + 10]).count for start in range(0, 50, 10)]
    assert counts == [3, 6, 5, 5, 7]


def test_missing_feet_and_nobody_are_told():
    track = film(Clip([(3.0, syn.stand)]))
    assert LiveCounter().add(track) == LiveState(track.times[-1], 0, 0, 0.0, person=True, feet=True)
    cut = track.keypoints.copy()
    cut[:, 15:, 2] = 0
    state = LiveCounter().add(PoseTrack(track.times, cut, track.boxes))
    assert (state.person, state.feet) == (True, False)
    state = LiveCounter().add(nobody(track.times))
    assert (state.count, state.person, state.feet) == (0, False, False)


def test_nothing_yet_is_no_count():
    assert LiveCounter().finish().count == 0
    assert LiveCounter().add(nobody([])).time == 0


@pytest.mark.parametrize("piece", [3, 5, 8])
def test_a_person_is_followed_through_frames_that_come_in_pieces(piece):
    truth = film(Clip([REST, (5.0, syn.jumps(2.0)), REST], 20, size=160, corruption=Corruption(0.002)))
    frames = list(frames_of([truth], (270, 480)))
    follower, counter, looked = Follower(), LiveCounter(), []

    def find(image):
        looked.append(image)
        return find_people(image)

    for start in range(0, len(frames), piece):
        rows = follower.add(frames[start : start + piece], find, estimate_pose)
        assert len(rows) == len(frames[start : start + piece])
        counter.add(rows)
        assert all(not person.times for person in follower._alive)
    batch = count_jumps(track_people(frames, find_people, estimate_pose)[0])
    assert counter.finish().count == batch.count == 10
    assert len(looked) <= 8.0 / CountSettings().find_every + 1


def test_nobody_is_rows_of_nothing_and_the_next_one_is_found():
    truth = film(Clip([(1.0, syn.stand)], 20, size=160))
    frames = list(frames_of([truth], (270, 480)))
    empty = [Frame(np.zeros_like(f.image), f.time) for f in frames[:8]]
    follower = Follower()
    assert not np.isfinite(follower.add(empty, find_people, estimate_pose).boxes).any()
    follower.add(frames[8:12], find_people, estimate_pose)
    assert np.isfinite(follower.add(frames[12:20], find_people, estimate_pose).boxes).all()


def test_the_largest_person_is_followed():
    small, large = (film(Clip([(1.0, syn.stand)], 20, size=s, corruption=Corruption(0.0))) for s in (70.0, 150.0))
    moved = large.keypoints + np.array([-180, 0, 0], np.float32)
    large = PoseTrack(large.times, moved, large.boxes)
    rows = Follower().add(list(frames_of([small, large], (270, 480)))[:6], find_people, estimate_pose)
    np.testing.assert_allclose(rows.keypoints[-1, :, :2], large.keypoints[5, :, :2], atol=2)
