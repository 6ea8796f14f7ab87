"""Following one person while the frames come: the steps of ``counting.people``, a few frames at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from counting.appearance import Appearance
from counting.camera import Camera
from counting.people import Person, distinct, follow, watch
from counting.settings import CountSettings
from vision.types import EstimatePose, FindPeople, Floats, Frame, PoseTrack, Times

NOBODY = np.zeros((0, 4), np.float32)


class Follower:
    """Follows the person who looks largest until that person is lost; holds no frame but a small copy of the last."""

    def __init__(self, settings: CountSettings = CountSettings()) -> None:  # noqa: B008
        self._settings = replace(settings, people=1)
        self._alive: list[Person] = []
        self._camera, self._appearance = Camera(), Appearance()
        self._found = -np.inf

    def add(self, frames: Sequence[Frame], find_people: FindPeople, estimate_pose: EstimatePose) -> PoseTrack:
        """What the person did in the next frames, one row for each; NaN with score 0 where nobody is seen.

        ``frames`` are of one size, later than those before; people are looked for every ``settings.find_every`` s.
        """
        if not frames:
            return nobody([])
        held = list(frames)
        found = self._find(held[-1], find_people)
        self._alive, lost = follow(self._alive, held, found, estimate_pose, self._settings, 1.0)
        people = self._alive + lost
        watch(self._camera, self._appearance, people, held, 1.0)
        piece = people[0].track(-len(held)) if people else nobody([frame.time for frame in held])
        for person in self._alive:
            _forget_rows(person)
        return piece

    def _find(self, frame: Frame, find_people: FindPeople) -> Floats:
        """Boxes (N, 4) of people, largest first; none while it is not time to look for them again."""
        if frame.time - self._found < self._settings.find_every:
            return NOBODY
        self._found = frame.time
        boxes = distinct(find_people(frame.image))
        return boxes[np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))]


def nobody(times: Sequence[float] | Times) -> PoseTrack:
    """Rows in which nobody is seen."""
    keypoints = np.full((len(times), 17, 3), [np.nan, np.nan, 0], np.float32)
    return PoseTrack(np.array(times, float), keypoints, np.full((len(times), 4), np.nan, np.float32))


def _forget_rows(person: Person) -> None:
    for value in vars(person).values():
        if isinstance(value, list):
            value.clear()
