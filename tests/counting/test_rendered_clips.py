"""From file to count and style with the packaged weights, on a clip of ``tools.render.clips`` (number 2 of the set)."""

from pathlib import Path

from counting.pipeline import count_people, track_people
from models import load_person_finder, load_pose_estimator
from vision.video import read_frames

CLIP = Path(__file__).with_name("crossover.mp4")


def test_arms_crossed_in_every_second_of_twelve_jumps():
    tracks = track_people(read_frames(CLIP), load_person_finder("cpu"), load_pose_estimator("cpu", flip_test=False))
    report = count_people(tracks)
    assert report.skipper is not None
    assert report.skipper.per_style() == {"crossover": 12}
    assert (report.skipper.turns, report.skipper.rope) == (12, True)
