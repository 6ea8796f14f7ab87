"""Where the skin, the eyes, the lips and the teeth are, from the 106 points and the picture's own colours.

The skin mask multiplies what the points allow (``outline.py``) with the probability that a pixel
shows this face's skin (``skin_colour.py``).  Its edges follow the picture through a guided filter (He, Sun
and Tang, ECCV 2010) whose coefficients are enlarged, so that they are sharp at full size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from beauty.beard import beard, hair_signs
from beauty.features import features, parts
from beauty.filters import side, square
from beauty.frame import FaceFrame
from beauty.glasses import glasses
from beauty.outline import FACE_EDGE, beard_zone, below_forehead, distance, face_outline, prior
from beauty.skin_colour import TEMPORAL_SHARE, Appearance, foreign, roughness, skin_colour
from beauty.skin_distance import skin_distance, skin_probability
from beauty.surroundings import posterior
from vision.prefetch import threads

SURE = 0.8
"""Value of the skin's mask from which a pixel is skin for certain."""

CORE_INSIDE, CORE_FREE, CORE_BARE = 0.05, 0.9, 0.5
"""The face proper, of which its skin is learnt: so many face widths inside the outline, so free of features (in
[0, 1], ``features``), and with less of a beard than this."""

NECK_OUTSIDE, NECK_LOWER = 0.02, 0.45
"""Where skin may lie in the shade of the chin: so far outside the outline and below the top of the brows, in face
widths."""

NO_SKIN = 0.02
"""Probability of skin, by the points, below which the colours beside the face are those of its surroundings."""


class Mole(NamedTuple):
    """A hole of the mask inside the face that is filled, for moles and blemishes are skin."""

    likely: float = 0.6  # probability of skin below which a pixel is part of a hole
    size: float = 0.045  # the longer side of its box at most, in face widths
    filled: float = 0.45  # part of the square of that side that it covers at least: a disc .79, frames of glasses less
    rim: float = 0.006  # by how much it is grown when it is filled, in face widths


MOLE = Mole()

LINKED, SEAM = 0.35, 2
"""Value of the mask from which pixels hang together, and pixels of its fainter rim that stay with them."""

GUIDE, GUIDE_NOISE = 0.016, 1e-3
"""The guided filter: how far its window reaches, in face widths, and the variance of the grey level in [0, 1] below
which an edge of the picture counts as noise and the mask's own edge stays soft."""


@dataclass(frozen=True)
class Regions:
    """Soft masks (rows, cols) float32 in [0, 1] of one face at its patch's small size.

    ``skin`` is the mask there; ``gain`` and ``offset`` give it at any size as
    clip(gain * grey / 255 + offset, 0, 1).  ``inside`` is the distance to the face's outline in pixels.
    """

    skin: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    inside: np.ndarray
    eyes: np.ndarray
    lips: np.ndarray
    mouth: np.ndarray
    under_eyes: np.ndarray
    cheeks: np.ndarray
    seen: Appearance


@dataclass(frozen=True)
class Evidence:
    """Evidence for and against skin, maps (rows, cols) in [0, 1].

    ``allowed`` comes from the points, ``colour`` from the colour model, ``posterior`` from points and colours
    together; ``beard`` and ``foreign`` colours are no skin.

    ``free`` is 1 where no feature lies (``outline.features``), ``core`` the bool mask of the face proper, ``inside``
    the distance to its outline in pixels.
    """

    allowed: np.ndarray
    colour: np.ndarray
    posterior: np.ndarray
    beard: np.ndarray
    foreign: np.ndarray
    free: np.ndarray
    core: np.ndarray
    inside: np.ndarray
    seen: Appearance


def skin_evidence(small: np.ndarray, frame: FaceFrame, before: Appearance | None = None) -> Evidence:
    """What the small picture (rows, cols, 3) RGB says of a face's skin; ``before`` as in ``find_regions``."""
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    rough, shape = roughness(lab[..., 0], frame.width), small.shape[:2]
    free, inside = features(shape, frame), distance(shape, face_outline(frame))
    with threads(1) as beside:
        points_prior = beside.submit(prior, shape, frame, inside)
        core = (inside > CORE_INSIDE * frame.width) & (free > CORE_FREE) & below_forehead(shape, frame)
        neck = (inside < -NECK_OUTSIDE * frame.width) & below_forehead(shape, frame, NECK_LOWER)
        bearded, share = hair_signs(lab, rough, core, beard_zone(shape, frame, inside) * free, frame)
        bare = core & (beard(bearded, share) < CORE_BARE)
        seen = replace(skin_colour(lab, rough, bare, frame), glasses=glasses(lab[..., 0], frame), beard=share)
        seen = seen if before is None else before.mixed(seen, TEMPORAL_SHARE)
        strange = beside.submit(foreign, lab, seen.mean.astype(np.float32))
        away = skin_distance(lab, rough, bare, neck, inside > 0, seen, frame.width)
        allowed = points_prior.result()
        outside = (allowed < NO_SKIN) & (inside < FACE_EDGE.low * frame.width)
        likely = posterior(lab, away * away, allowed, outside, frame)
    bearded = beard(bearded, seen.beard)
    return Evidence(allowed, skin_probability(away), likely, bearded, strange.result(), free, core, inside, seen)


def find_regions(small: np.ndarray, frame: FaceFrame, before: Appearance | None = None) -> Regions:
    """The regions of a face in the small picture (rows, cols, 3) RGB; ``frame`` is in its pixels.

    ``before`` is what was seen in the previous video frame, into which this one's is blended.
    """
    found = skin_evidence(small, frame, before)
    likely = _without_holes(found.colour * found.posterior, found.core, frame.width)
    mask = _connected(likely * (1 - found.beard), found.core) * found.free
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    own = 1 - found.foreign
    gain, offset = (own * x for x in _guided(grey, mask * own, frame.width))
    skin = np.clip(gain * grey + offset, 0, 1)
    return Regions(skin, gain, offset, found.inside, seen=found.seen, **parts(small.shape[:2], frame, skin))


def _without_holes(likely: np.ndarray, core: np.ndarray, width: float) -> np.ndarray:
    """The probability with small round holes filled: moles and blemishes are skin, the frames of glasses are not."""
    holes = ((likely < MOLE.likely) & core).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(holes)
    area, longest = stats[:, cv2.CC_STAT_AREA], stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = (longest <= MOLE.size * width) & (area > MOLE.filled * longest**2)
    small[0] = False
    filled = cv2.dilate(small[labels].astype(np.uint8), square(MOLE.rim * width))
    return np.where((filled > 0) & core, np.float32(1), likely)


def _connected(mask: np.ndarray, core: np.ndarray) -> np.ndarray:
    """The mask without islands that do not touch the face."""
    labels = cv2.connectedComponents((mask > LINKED).astype(np.uint8))[1].astype(np.intp)
    touched = np.zeros(int(labels.max()) + 1, bool)
    touched[np.unique(labels[core])] = True
    touched[0] = False
    keep = cv2.dilate(touched[labels].astype(np.uint8), square(SEAM))
    return mask * keep


def _guided(grey: np.ndarray, mask: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the guided filter of ``mask`` by ``grey`` in [0, 1]."""
    size = side(GUIDE * width)

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(x, -1, (size, size), borderType=cv2.BORDER_REPLICATE)

    m_grey, m_mask = mean(grey), mean(mask)
    gain = (mean(grey * mask) - m_grey * m_mask) / (mean(grey * grey) - m_grey**2 + GUIDE_NOISE)
    return mean(gain), mean(m_mask - gain * m_grey)
