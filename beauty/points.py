"""Which of the 106 points mark what: the groups from which masks and fields are drawn.

"Left" is the image side; ``vision.layouts`` has the whole layout.
"""

from __future__ import annotations

CONTOUR, CONTOUR_ENDS, CHIN = slice(0, 33), (0, 32), 16
"""The contour from the left temple round the chin to the right temple, its two ends, and its lowest point."""

TEMPLES = tuple(range(6)), tuple(range(27, 33))
"""The contour beside the image-left and the image-right ear."""

LEFT_BROW, RIGHT_BROW = tuple(range(33, 42)), tuple(range(42, 51))
BROWS, INNER_BROWS = slice(33, 51), (37, 42)
"""Both brows, and their ends beside the nose."""

LEFT_EYE, RIGHT_EYE = tuple(range(66, 74)), tuple(range(75, 83))
EYES = slice(66, 84)
"""Both eyes' rims with their centres."""

LEFT_CORNERS, RIGHT_CORNERS, INNER_CORNERS = (66, 70), (75, 79), (70, 75)
"""The corners of an eye from left to right, and those beside the nose."""

NOSE, NOSE_ROOT = tuple(range(51, 66)), 51
WINGS, NOSTRILS = (57, 63), (58, 59, 61, 62)
"""The widest points of the nose, and the points round its two openings."""

OUTER_LIPS, INNER_LIPS = tuple(range(84, 96)), tuple(range(96, 104))
MOUTH_CORNERS, LIP_MIDDLES, LOWER_LIP = (84, 90), (87, 93), 93
"""The corners of the mouth, the middle of the upper and the lower lip's outer rim, and the latter alone."""

MIDLINE = (NOSE_ROOT, 60, *LIP_MIDDLES, CHIN)
"""Points of the face's middle from the root of the nose to the chin; the tip of the nose sticks out when turned."""

PROFILE = (*MIDLINE, 52, 53, 54)
"""Points of the line on which the far side of a profile ends: forehead, nose, lips, chin."""
