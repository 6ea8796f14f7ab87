"""Online tracking of one person: the steps of ``counting.people``, a few frames at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from counting.appearance import Appearance
from counting.camera import Camera
from counting.people import Person, distinct, follow, record_images
from counting.settings import CountSettings
from vision.types import EstimatePose, FindPeople, Floats, Frame, PoseTrack, Times

NOBODY = np.zeros((0, 4), np.float32)


class Follower:
    """Tracks the largest person in the picture until lost; keeps no frame but small copies of the last one."""

    def __init__(self, settings: CountSettings = CountSettings()) -> None:  # noqa: B008
        self._settings = replace(settings, people=1)
        self._alive: list[Person] = []
        self._camera, self._appearance = Camera(), Appearance()
        self._found = -np.inf

    def add(self, frames: Sequence[Frame], find_people: FindPeople, estimate_pose: EstimatePose) -> PoseTrack:
        """The person's track over the next frames, one row for each; NaN with score 0 where nobody is seen.

        ``frames`` have one size and are later than those before; people are detected every ``settings.find_every`` s.
        """
        if not frames:
            return nobody([])
        held = list(frames)
        found = self._find(held[-1], find_people)
        self._alive, lost = follow(self._alive, held, found, estimate_pose, self._settings, 1.0)
        people = self._alive + lost
        rows = [(person, person.latest(len(held))) for person in people]
        record_images(self._camera, self._appearance, rows, held, 1.0)
        piece = people[0].track(rows[0][1]) if people else nobody([frame.time for frame in held])
        for person in self._alive:
            _forget_rows(person)
        return piece

    def _find(self, frame: Frame, find_people: FindPeople) -> Floats:
        """Boxes (N, 4) of people, largest first; none until the next detection is due."""
        if frame.time - self._found < self._settings.find_every:
            return NOBODY
        self._found = frame.time
        boxes = distinct(find_people(frame.image))
        return boxes[np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))]


def nobody(times: Sequence[float] | Times) -> PoseTrack:
    """A track in which nobody is seen, one row per time."""
    keypoints = np.full((len(times), 17, 3), [np.nan, np.nan, 0], np.float32)
    return PoseTrack(np.array(times, float), keypoints, np.full((len(times), 4), np.nan, np.float32))


def _forget_rows(person: Person) -> None:
    for value in vars(person).values():
        if isinstance(value, list):
            value.clear()
