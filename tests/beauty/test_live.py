"""Frames of a camera one by one: faces are followed, and the preview is steady."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from beauty.live import LOOK_EVERY, FaceFollower, LiveRetouch
from beauty.pipeline import beautify
from beauty.settings import PRESETS, BeautySettings
from tests.beauty.portraits import faces_of, portrait
from vision.types import Faces, Frame, Image


class Trembling:
    """Finds the face of a still portrait with an error of a pixel or so, and counts searches and follows."""

    def __init__(self, faces: Faces, error: float = 0.0) -> None:
        self.faces, self.error, self.noise = faces, error, np.random.default_rng(1)
        self.searches = self.follows = 0
        self.lost = False

    def __call__(self, image: Image) -> Faces:
        self.searches += 1
        return Faces.none() if self.lost else self._seen()

    def follow(self, image: Image, before: Faces) -> Faces:
        self.follows += 1
        return Faces.none() if self.lost or not len(before) else self._seen()

    def _seen(self) -> Faces:
        points = self.faces.points106 + self.noise.normal(0, self.error, (len(self.faces), 106, 2))
        return replace(faces_of(points), scores=self.faces.scores)


def frames(image: Image, start: float, stop: float, rate: int = 15) -> list[Frame]:
    return [Frame(image, i / rate) for i in range(round(start * rate), round(stop * rate))]


def test_faces_are_searched_now_and_then_and_at_once_when_one_is_lost() -> None:
    image, faces = portrait("astronaut")
    find, follower = Trembling(faces), FaceFollower()
    found = [follower.add(frame, find) for frame in frames(image, 0, 2 * LOOK_EVERY)]
    assert all(len(one) == len(faces) for one in found)
    assert find.searches == 2
    assert find.follows == len(found) - 2
    find.lost = True
    (frame,) = frames(image, 1.4, 1.46)
    assert len(follower.add(frame, find)) == 0
    assert find.searches == 3
    find.lost = False
    later = [len(follower.add(frame, find)) for frame in frames(image, 1.5, 3)]
    assert later[0] == 0
    assert later[-1] == len(faces)


def test_the_preview_of_a_still_face_is_steady() -> None:
    image, faces = portrait("hopper")
    settings = replace(BeautySettings(), slimming=0.6, eyes=0.6)
    live = LiveRetouch()
    steady, raw = [], []
    finder = Trembling(faces, 1.0)
    for frame in frames(image, 0, 1.2):
        picture, _ = live.add(frame, settings, finder)
        steady.append(picture.astype(float))
        raw.append(beautify(image, finder._seen(), replace(settings, spots=0.0)).astype(float))

    def change(pictures: list[np.ndarray]) -> float:
        return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(pictures[10:])]))

    assert change(steady) < 0.65 * change(raw)


@pytest.mark.parametrize("preset", ["natural", "glamour"])
def test_the_preview_shows_what_the_photo_will_look_like(preset: str) -> None:
    image, faces = portrait("hopper")
    settings = replace(PRESETS[preset], spots=0.0)
    live = LiveRetouch()
    for frame in frames(image, 0, 0.3):
        shown, _ = live.add(frame, settings, Trembling(faces))
    photo = beautify(image, faces, settings)
    changed = np.abs(photo.astype(float) - image).mean()
    assert np.abs(photo.astype(float) - shown).mean() < 0.45 * changed


def test_nothing_asked_for_changes_nothing() -> None:
    image, faces = portrait("hopper")
    shown, _ = LiveRetouch().add(Frame(image, 0.0), PRESETS["off"], Trembling(faces))
    np.testing.assert_array_equal(shown, image)
