"""Orientation of a picture from the people in it: upright, or rotated by a quarter turn."""

from __future__ import annotations

import numpy as np

from vision.types import EstimatePose, FindPeople, Image

STANDS, STANDS_TURNED = 0.35, 0.5
"""Least box score times mean joint score of a detected person: in the picture as it is, and rotated.

An upright person has about .8; the same person in a picture that lies on its side has .3 or is not found.
"""


def upright_rotation(image: Image, find_people: FindPeople, estimate_pose: EstimatePose) -> int | None:
    """Counterclockwise rotation of a picture that makes its people upright: 0, 90 or 270 degrees.

    None where nobody is found in any of them.
    """
    if _seen(image, find_people, estimate_pose) >= STANDS:
        return 0
    turned = {k * 90: _seen(np.ascontiguousarray(np.rot90(image, k)), find_people, estimate_pose) for k in (1, 3)}
    best = max(turned, key=lambda d: turned[d])
    return best if turned[best] >= STANDS_TURNED else None


def _seen(image: Image, find_people: FindPeople, estimate_pose: EstimatePose) -> float:
    """Score in [0, 1] of the best person with shoulders above hips, 0 without one."""
    people = find_people(image)
    if not len(people):
        return 0.0
    joints = estimate_pose([image], people.boxes[:1])[0]
    stands = joints[[5, 6], 1].mean() < joints[[11, 12], 1].mean()
    return float(people.scores[0] * joints[:, 2].mean()) if stands else 0.0
