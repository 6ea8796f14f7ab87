"""Whether people stand upright in a picture, or only once it is turned."""

from __future__ import annotations

import numpy as np

from vision.types import EstimatePose, FindPeople, Image

STANDS, STANDS_TURNED = 0.35, 0.5
"""Box score times mean score of the joints from which on somebody is seen: as the picture is, and turned.

An upright person has about .8, the same person seen lying on a side .3 or is not found.
"""


def turn_of(image: Image, find_people: FindPeople, estimate_pose: EstimatePose) -> int | None:
    """How far to turn a picture counterclockwise so that its people stand: 0, 90 or 270 degrees.

    None where nobody is seen either way.
    """
    if _seen(image, find_people, estimate_pose) >= STANDS:
        return 0
    turned = {k * 90: _seen(np.ascontiguousarray(np.rot90(image, k)), find_people, estimate_pose) for k in (1, 3)}
    best = max(turned, key=lambda d: turned[d])
    return best if turned[best] >= STANDS_TURNED else None


def _seen(image: Image, find_people: FindPeople, estimate_pose: EstimatePose) -> float:
    """How surely the clearest person is seen with shoulders above hips, in [0, 1]."""
    people = find_people(image)
    if not len(people):
        return 0.0
    joints = estimate_pose([image], people.boxes[:1])[0]
    stands = joints[[5, 6], 1].mean() < joints[[11, 12], 1].mean()
    return float(people.scores[0] * joints[:, 2].mean()) if stands else 0.0
