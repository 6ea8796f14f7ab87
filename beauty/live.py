"""Retouching while it happens: frames of a camera go in one by one, retouched frames come out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from beauty.pipeline import VideoRetouch
from beauty.settings import BeautySettings
from vision.types import Faces, FollowingFinder, Frame, Image

LOOK_EVERY = 0.7
"""Seconds between two searches for faces; between them the points are followed from frame to frame."""

LIVE_WIDTH = 55
"""Face width, in pixels, at which masks and bands are computed: the time for a frame hardly depends on the face."""


class FaceFollower:
    """Finds faces now and then and follows their points in the frames between; keeps the points of one frame."""

    def __init__(self) -> None:
        self._faces, self._looked = Faces.none(), -np.inf

    def add(self, frame: Frame, find_faces: FollowingFinder) -> Faces:
        """The faces of the next frame; searched for at once when one of them is lost."""
        before = len(self._faces)
        if frame.time - self._looked < LOOK_EVERY:
            self._faces = find_faces.follow(frame.image, self._faces)
        if len(self._faces) < before or frame.time - self._looked >= LOOK_EVERY:
            self._faces, self._looked = find_faces(frame.image), frame.time
        return self._faces


@dataclass
class LiveRetouch:
    """A preview of the retouching: followed faces, filtered points and masks as in a video, at less detail."""

    follower: FaceFollower = field(default_factory=FaceFollower)
    retouch: VideoRetouch = field(default_factory=lambda: VideoRetouch(LIVE_WIDTH))

    def add(self, frame: Frame, settings: BeautySettings, find_faces: FollowingFinder) -> tuple[Image, Faces]:
        """The next frame retouched, and its faces; times must not go back."""
        return self.retouch.add(frame, self.follower.add(frame, find_faces), settings)
