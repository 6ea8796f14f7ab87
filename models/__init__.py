"""The networks and their runners: pixels in, arrays out.

``load_face_finder``, ``load_person_finder`` and ``load_pose_estimator`` load the packaged networks
or custom weights and return callables; they raise ``MissingWeights``.  PyTorch is imported only for a
GPU and for custom weights, given as an argument or by the environment variables ``LANDMARK_WEIGHTS``
and ``POSE_WEIGHTS``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vision.types import EstimatePose, FindFaces, FindPeople


class MissingWeights(RuntimeError):  # noqa: N818
    """A weight file is missing, damaged or of another architecture; the message says what to do."""


def load_face_finder(device: str = "auto", landmark_weights: str | Path | None = None) -> FindFaces:
    """Image (H, W, 3) uint8 RGB -> ``Faces``; ``landmark_weights`` replaces the packaged 106-point network."""
    from models import devices, packaged

    own = landmark_weights or os.environ.get("LANDMARK_WEIGHTS")
    if not own and not devices.wants_gpu(device):
        return packaged.face_finder()
    from models.loading import face_finder

    return face_finder(device, own)


def load_person_finder(device: str = "auto", multi_scale: bool = True) -> FindPeople:
    """Image (H, W, 3) uint8 RGB -> ``Detections`` of people, best first.

    Large images are searched at two scales.  Without ``multi_scale`` the finer one is used only if the coarse one finds
    nobody, which takes less than half of the time and suits videos.
    """
    from models import devices, packaged

    if not devices.wants_gpu(device):
        return packaged.person_finder(multi_scale)
    from models.loading import person_finder

    return person_finder(device, multi_scale)


def load_pose_estimator(
    device: str = "auto", pose_weights: str | Path | None = None, flip_test: bool = True
) -> EstimatePose:
    """(images, boxes (N, 4), one per image) -> (N, 17, 3) x, y, score; ``pose_weights`` replaces the packaged HRNet.

    With ``flip_test`` the prediction is averaged with that of the mirrored crop, in twice the time.  This is more
    accurate in photos of crowds and unusual poses; in frames of videos there was no gain.
    """
    from models import devices, packaged

    own = pose_weights or os.environ.get("POSE_WEIGHTS")
    if not own and not devices.wants_gpu(device):
        return packaged.pose_estimator(flip_test)
    from models.loading import pose_estimator

    return pose_estimator(device, own, flip_test)
