"""Names, groups and mirror orders of the keypoint layouts: 106 face points and 17 COCO joints.

The 106-point order is that of LaPa (Liu et al., AAAI 2020) and of EasyCV; "left" in a face is the
image side.  The joints are those of COCO (Lin et al., ECCV 2014); left is the person's own.
"""

from __future__ import annotations

import numpy as np

FACE_GROUPS: dict[str, tuple[int, ...]] = {
    "contour": tuple(range(33)),
    "brow_left": tuple(range(33, 42)),
    "brow_right": tuple(range(42, 51)),
    "nose": tuple(range(51, 66)),
    "eye_left": tuple(range(66, 75)),
    "eye_right": tuple(range(75, 84)),
    "pupils": (104, 105),
    "lips": tuple(range(84, 104)),
}
"""Every one of the 106 points belongs to one group (eye centres 74 and 83 to their eye)."""

FACE_LINES: dict[str, tuple[int, ...]] = {
    "contour": tuple(range(33)),
    "brow_left": (33, 34, 35, 36, 37, 38, 39, 40, 41, 33),
    "brow_right": (42, 43, 44, 45, 46, 47, 48, 49, 50, 42),
    "nose_bridge": (51, 52, 53, 54),
    "nose_side": tuple(range(55, 66)),
    "eye_left": (66, 67, 68, 69, 70, 71, 72, 73, 66),
    "eye_right": (75, 76, 77, 78, 79, 80, 81, 82, 75),
    "lips_outer": (*range(84, 96), 84),
    "lips_inner": (*range(96, 104), 96),
}
"""Polylines to draw; closed ones repeat their first point."""

OUTER_EYES = (66, 79)
PUPILS = (104, 105)
FIVE_FROM_106 = (104, 105, 54, 84, 90)

_PAIRS = (
    [(i, 32 - i) for i in range(16)]
    + [(33, 46), (34, 45), (35, 44), (36, 43), (37, 42), (38, 50), (39, 49), (40, 48), (41, 47)]
    + [(55, 65), (56, 64), (57, 63), (58, 62), (59, 61)]
    + [(66, 79), (67, 78), (68, 77), (69, 76), (70, 75), (71, 82), (72, 81), (73, 80), (74, 83)]
    + [(84, 90), (85, 89), (86, 88), (91, 95), (92, 94), (96, 100), (97, 99), (101, 103), (104, 105)]
)


def _mirror(count: int, pairs: list[tuple[int, int]]) -> np.ndarray:
    order = np.arange(count)
    for a, b in pairs:
        order[a], order[b] = b, a
    order.setflags(write=False)
    return order


FACE_MIRROR = _mirror(106, _PAIRS)
"""``points[FACE_MIRROR]`` puts a mirrored face's points into the layout's order."""

FACE_LEFT = (*range(16), *range(33, 42), *range(55, 60), *range(66, 75), 84, 85, 86, 94, 95, 96, 97, 103, 104)
"""Points of the image-left half of an upright face; ``FACE_MIRROR`` names those of the right half."""

FIVE_MIRROR = _mirror(5, [(0, 1), (3, 4)])

IBUG68_FROM_106 = np.array(
    list(range(0, 33, 2)) + [33, 34, 35, 36, 37, 42, 43, 44, 45, 46, 51, 52, 53, 54, 58, 59, 60, 61, 62]
    + [66, 67, 69, 70, 71, 73, 75, 76, 78, 79, 80, 82] + list(range(84, 104))
)  # fmt: skip
"""Entry k is the 106-point index that stands for iBUG point k (Sagonas et al., ICCVW 2013)."""

JOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip

JOINT_MIRROR = _mirror(17, [(i, i + 1) for i in range(1, 17, 2)])

BONES = (
    (0, 1), (0, 2), (1, 3), (2, 4), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12),
    (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
"""Pairs of joints that a skeleton drawing connects."""

OKS_SIGMAS = np.array(
    [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089]
)  # fmt: skip
"""Per-joint constants of COCO's object keypoint similarity."""
