"""Where the skin, the eyes, the lips and the teeth are, from the 106 points and the picture's own colours.

The skin mask multiplies a prior from the points (face, ears, neck; features cut out) with the
likeness of each pixel to this face's skin: a Gaussian in Lab whose mean follows the light over the
face (no fixed colour bounds, so that any skin tone and monochrome pictures work), and the texture
of hair and beards against it.  The mask's edges follow the picture through a guided filter (He,
Sun and Tang, ECCV 2010) whose coefficients are enlarged, so that they are sharp at full size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from beauty.frame import FaceFrame

LEFT_EYE, RIGHT_EYE = tuple(range(66, 74)), tuple(range(75, 83))
LEFT_BROW, RIGHT_BROW = tuple(range(33, 42)), tuple(range(42, 51))
OUTER_LIPS, INNER_LIPS = tuple(range(84, 96)), tuple(range(96, 104))
NOSTRILS = (58, 59, 61, 62)


@dataclass(frozen=True)
class Appearance:
    """How a face looks: its skin's ``mean`` (3,) and ``inverse`` covariance (3, 3) in Lab and usual log roughness.

    ``glasses`` is 0, or up to 1 when a frame crosses the nose.
    """

    mean: np.ndarray
    inverse: np.ndarray
    texture: float
    glasses: float = 0.0

    def mixed(self, other: Appearance, share: float) -> Appearance:
        """This look with ``share`` of another one (for steady masks in videos)."""
        return Appearance(
            self.mean + share * (other.mean - self.mean),
            self.inverse + share * (other.inverse - self.inverse),
            self.texture + share * (other.texture - self.texture),
            self.glasses + share * (other.glasses - self.glasses),
        )


@dataclass(frozen=True)
class Regions:
    """Soft masks (rows, cols) float32 in [0, 1] of one face at its patch's small size.

    ``skin`` is the mask there; ``gain`` and ``offset`` give it at any size as
    clip(gain * grey / 255 + offset, 0, 1).
    """

    skin: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    eyes: np.ndarray
    lips: np.ndarray
    mouth: np.ndarray
    under_eyes: np.ndarray
    cheeks: np.ndarray
    seen: Appearance


def find_regions(small: np.ndarray, frame: FaceFrame, before: Appearance | None = None) -> Regions:
    """The regions of a face in the small picture (rows, cols, 3) RGB; ``frame`` is in its pixels.

    ``before`` is what was seen in the previous video frame, into which this one's is blended.
    """
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    rough = _roughness(lab[..., 0], frame.width)
    features = _features(small.shape[:2], frame)
    inside = _distance(small.shape[:2], _face_outline(frame))
    core = (inside > 0.05 * frame.width) & (features > 0.9) & _below_forehead(small.shape[:2], frame)
    neck = (inside < -0.02 * frame.width) & _below_forehead(small.shape[:2], frame, 0.45)
    seen = replace(_skin_colour(lab, rough, core, frame), glasses=_glasses(lab[..., 0], frame))
    seen = seen if before is None else before.mixed(seen, 0.2)
    prior = _prior(small.shape[:2], frame, inside)
    likely = _likeness(lab, rough, core, neck, seen, frame.width)
    mask = _connected(_without_holes(likely, core, frame.width) * prior, core) * features
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    gain, offset = _guided(grey, mask, frame.width)
    skin = np.clip(gain * grey + offset, 0, 1)
    return Regions(skin, gain, offset, seen=seen, **_parts(small.shape[:2], frame, skin))


def _soft(distance: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((distance - low) / max(high - low, 1e-6), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _distance(shape: tuple[int, int], polygon: np.ndarray) -> np.ndarray:
    """Distance (rows, cols) in pixels to a closed polygon (P, 2), positive inside."""
    mask = np.zeros(shape, np.uint8)
    fine = np.clip(np.round(np.asarray(polygon) * 16), -(2**24), 2**24).astype(np.int32)
    cv2.fillPoly(mask, [fine], 255, cv2.LINE_8, 4)
    if mask.min() == 255:
        return np.full(shape, float(max(shape)), np.float32)
    if mask.max() == 0:
        return np.full(shape, -float(max(shape)), np.float32)
    inside, outside = (cv2.distanceTransform(m, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for m in (mask, 255 - mask))
    return inside - outside


def _face_outline(frame: FaceFrame) -> np.ndarray:
    """Contour (33, 2) closed by an arc over the forehead, as far up as a forehead may reach."""
    local = frame.local(frame.points)
    left, right = local[0], local[32]
    brow = float(local[33:51, 1].min())
    top = brow - 0.42 * frame.width
    angle = np.linspace(0, np.pi, 15)[1:-1]
    middle, half = (left + right) / 2, (right[0] - left[0]) / 2
    arc = np.stack([middle[0] + half * np.cos(angle), middle[1] - (middle[1] - top) * np.sin(angle) ** 0.8], axis=1)
    return np.concatenate([frame.points[:33], frame.pixels(arc)])


def _features(shape: tuple[int, int], frame: FaceFrame) -> np.ndarray:
    """1 where skin may be changed, 0 on eyes, brows, lips and nostrils, soft round them."""
    w, points = frame.width, frame.points
    free = np.ones(shape, np.float32)
    for part, near, far in (
        (LEFT_EYE, 0.016, 0.04), (RIGHT_EYE, 0.016, 0.04), (LEFT_BROW, 0.014, 0.035), (RIGHT_BROW, 0.014, 0.035),
        (OUTER_LIPS, 0.012, 0.032),
    ):  # fmt: skip
        free = np.minimum(free, _soft(-_distance(shape, points[list(part)]), near * w, far * w))
    y, x = np.ogrid[: shape[0], : shape[1]]
    for px, py in points[list(NOSTRILS)]:
        free = np.minimum(free, _soft(np.hypot(x - px, y - py), 0.012 * w, 0.035 * w))
    return free


def _prior(shape: tuple[int, int], frame: FaceFrame, inside: np.ndarray) -> np.ndarray:
    """How far the points alone allow skin: the face, softly the ears beside it and the neck below it."""
    w, local = frame.width, frame.local(frame.points)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    u = (x - frame.origin[0]) * frame.right[0] + (y - frame.origin[1]) * frame.right[1]
    v = (x - frame.origin[0]) * frame.down[0] + (y - frame.origin[1]) * frame.down[1]
    chin, mouth = local[16], float(local[[84, 90], 1].mean())
    face = _soft(inside, -0.05 * w, 0.01 * w)
    ears = _soft(inside, -0.16 * w, -0.06 * w) * _soft(v, -0.12 * w, 0.0) * (1 - _soft(v, mouth - 0.05 * w, mouth))
    sides = np.interp(v, *_jaw_rows(local))
    below = (1 - _soft(v - chin[1], 0.1 * w, 0.42 * w)) * _soft(v, mouth, mouth + 0.1 * w)
    neck = below * (1 - _soft(np.abs(u - (local[0, 0] + local[32, 0]) / 2) - sides, -0.02 * w, 0.05 * w))
    return np.maximum.reduce([face, 0.9 * ears, 0.95 * neck]).astype(np.float32)


def _below_forehead(shape: tuple[int, int], frame: FaceFrame, lower: float = -0.05) -> np.ndarray:
    """Where no fringe hangs as a rule: below the brows' top, moved down by ``lower`` face widths."""
    line = float(frame.local(frame.points[33:51])[:, 1].min()) + lower * frame.width
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (x - frame.origin[0]) * frame.down[0] + (y - frame.origin[1]) * frame.down[1] > line


def _jaw_rows(local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half width of head and neck (2,) by height: the face at the mouth, less on the neck."""
    half = abs(float(local[32, 0] - local[0, 0])) / 2
    mouth, chin = float(local[[84, 90], 1].mean()), float(local[16, 1])
    return np.array([mouth, max(chin, mouth + 1.0)]), np.array([0.98 * half, 0.8 * half])


def _roughness(lightness: np.ndarray, width: float) -> np.ndarray:
    """Log of the local contrast at the scale of hairs."""
    fine = lightness - cv2.GaussianBlur(lightness, (0, 0), max(0.006 * width, 0.8))
    return np.log(np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), max(0.012 * width, 1.2))) + 0.7)


def _skin_colour(lab: np.ndarray, rough: np.ndarray, core: np.ndarray, frame: FaceFrame) -> Appearance:
    """Robust mean and covariance of the skin, started on cheeks and nose and grown over the face."""
    seed = np.zeros(lab.shape[:2], np.uint8)
    for part in ((1, 4, 7, 84, 57, 73, 66), (31, 28, 25, 90, 63, 80, 79), (51, 57, 63)):
        cv2.fillPoly(seed, [np.round(frame.points[list(part)]).astype(np.int32)], 1)
    start = (seed > 0) & core
    start = start if start.sum() >= 30 else core if core.any() else np.ones_like(core)
    mean = np.median(lab[start], axis=0).astype(np.float64)
    usual = float(np.median(rough[start]))
    chosen = lab[core if core.sum() >= 30 else start].astype(np.float64)
    spread = 1.5 * np.abs(lab[start] - mean).mean(axis=0) + (5, 3, 3)
    inverse = np.diag(1 / spread**2)
    for _ in range(4):
        gap = chosen - mean
        near = np.einsum("ni,ij,nj->n", gap, inverse, gap) < 7
        if near.sum() < 30:
            break
        mean = chosen[near].mean(axis=0)
        inverse = np.linalg.inv(1.4 * np.cov(chosen[near].T) + np.diag([16.0, 3.0, 3.0]))
    return Appearance(mean, inverse, usual)


def _likeness(
    lab: np.ndarray, rough: np.ndarray, core: np.ndarray, neck: np.ndarray, colour: Appearance, width: float
) -> np.ndarray:
    """Probability of skin (rows, cols): near the face's colour, nearer to the skin's colour round about, not hairy.

    Shine on the face and shade on the neck count half; ``core`` is where the skin round about is learned.
    """
    if np.hypot(*colour.mean[1:]) < 5:
        neck = np.zeros_like(neck)  # without colour, shaded skin cannot be told from dark cloth
    wide = _far(_eased(lab - colour.mean.astype(np.float32), core, neck), colour.inverse)
    first = (core | neck) * (1 - _soft(np.sqrt(wide), 2.0, 3.2))
    local = _spread(lab, first, colour.mean, 0.11 * width)
    narrow = np.linalg.inv(np.linalg.inv(colour.inverse) * 0.45 + np.diag([12.0, 2.0, 2.0]))
    near = _far(_eased(lab - local, core, neck), narrow)
    hairy = np.clip(rough - colour.texture - 0.75, 0, None)
    total = np.sqrt(near + 0.3 * wide) + 1.6 * hairy
    return 1 - _soft(total, 2.5, 4.0)


def _eased(gap: np.ndarray, core: np.ndarray, neck: np.ndarray) -> np.ndarray:
    """Colour differences (rows, cols, 3), halved for shine on the face and, in lightness, for shade on the neck."""
    lightness = gap[..., 0]
    shine, shade = core & (lightness > 0), neck & (lightness < 0)
    eased = gap * np.where(shine, np.float32(0.5), np.float32(1))[..., None]
    eased[..., 0] *= np.where(shade, np.float32(0.55), np.float32(1))
    return eased


def _far(gap: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Squared Mahalanobis distance of colour differences (rows, cols, 3)."""
    return np.einsum("yxi,yxi->yx", gap @ inverse.astype(np.float32), gap)


def _spread(lab: np.ndarray, weight: np.ndarray, mean: np.ndarray, sigma: float) -> np.ndarray:
    """The weighted mean colour round every pixel, at a quarter of the size; ``mean`` where nothing is near."""
    shape = lab.shape[1::-1]
    small = (max(shape[0] // 4, 2), max(shape[1] // 4, 2))
    packed = np.dstack([lab * weight[..., None], weight])
    packed = cv2.GaussianBlur(cv2.resize(packed, small, interpolation=cv2.INTER_AREA), (0, 0), max(sigma / 4, 0.8))
    ease = 0.02
    colour = (packed[..., :3] + ease * mean.astype(np.float32)) / (packed[..., 3:] + ease)
    return cv2.resize(colour, shape, interpolation=cv2.INTER_LINEAR)


def _without_holes(likely: np.ndarray, core: np.ndarray, width: float) -> np.ndarray:
    """The likeness with small round holes filled: moles and blemishes are skin, the frames of glasses are not."""
    holes = ((likely < 0.6) & core).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(holes)
    area, longest = stats[:, cv2.CC_STAT_AREA], stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = (longest <= 0.045 * width) & (area > 0.45 * longest**2)
    small[0] = False
    size = 2 * max(round(0.006 * width), 1) + 1
    filled = cv2.dilate(small[labels].astype(np.uint8), np.ones((size, size), np.uint8))
    return np.where((filled > 0) & core, np.float32(1), likely)


def _connected(mask: np.ndarray, core: np.ndarray) -> np.ndarray:
    """The mask without islands that do not touch the face."""
    labels = cv2.connectedComponents((mask > 0.35).astype(np.uint8))[1].astype(np.intp)
    touched = np.zeros(int(labels.max()) + 1, bool)
    touched[np.unique(labels[core])] = True
    touched[0] = False
    keep = cv2.dilate(touched[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return mask * keep


def _guided(grey: np.ndarray, mask: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the guided filter of ``mask`` by ``grey`` in [0, 1]."""
    size = 2 * max(round(0.016 * width), 1) + 1

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(x, -1, (size, size), borderType=cv2.BORDER_REPLICATE)

    m_grey, m_mask = mean(grey), mean(mask)
    gain = (mean(grey * mask) - m_grey * m_mask) / (mean(grey * grey) - m_grey**2 + 1e-3)
    return mean(gain), mean(m_mask - gain * m_grey)


def _parts(shape: tuple[int, int], frame: FaceFrame, skin: np.ndarray) -> dict[str, np.ndarray]:
    """Masks of the eyes, the lips, the inside of the mouth, the skin under the eyes and the cheeks."""
    w, points = frame.width, frame.points
    lids = [_distance(shape, points[list(eye)]) for eye in (LEFT_EYE, RIGHT_EYE)]
    eyes = _soft(np.maximum(*lids), -0.004 * w, 0.012 * w)
    inner = _distance(shape, points[list(INNER_LIPS)])
    mouth = _soft(inner, -0.006 * w, 0.012 * w)
    lips = _soft(_distance(shape, points[list(OUTER_LIPS)]), -0.012 * w, 0.012 * w) * (1 - mouth)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    under, cheeks = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for eye, outer, wing, jaw in ((LEFT_EYE, 66, 57, 4), (RIGHT_EYE, 79, 63, 28)):
        ring = points[list(eye)]
        centre = ring.mean(0) + 0.085 * w * frame.down
        under = np.maximum(under, _blob(x, y, centre, frame, 0.1 * w, 0.055 * w))
        cheek = 0.35 * points[outer] + 0.35 * points[wing] + 0.3 * points[jaw] + 0.03 * w * frame.down
        cheeks = np.maximum(cheeks, _blob(x, y, cheek, frame, 0.12 * w, 0.085 * w))
    return {"eyes": eyes, "lips": lips, "mouth": mouth, "under_eyes": under * skin, "cheeks": cheeks * skin}


def _blob(x: np.ndarray, y: np.ndarray, centre: np.ndarray, frame: FaceFrame, wide: float, tall: float) -> np.ndarray:
    """A soft ellipse in the face's axes."""
    u = (x - centre[0]) * frame.right[0] + (y - centre[1]) * frame.right[1]
    v = (x - centre[0]) * frame.down[0] + (y - centre[1]) * frame.down[1]
    return np.exp(-((u / wide) ** 2) - (v / tall) ** 2).astype(np.float32)


def _glasses(lightness: np.ndarray, frame: FaceFrame) -> float:
    """Whether the bridge of a pair of glasses crosses the root of the nose: a strong edge over smooth skin."""
    w, local = frame.width, frame.local(frame.points)
    root = (local[51] + local[[70, 75]].mean(0)) / 2
    heights = np.arange(-0.12, 0.09, 0.004) * w + root[1]
    across = root[0] + np.linspace(-0.02, 0.02, 5) * w
    at = frame.pixels(np.stack(np.meshgrid(across, heights), axis=-1)).astype(np.float32)
    smooth = cv2.GaussianBlur(lightness, (0, 0), max(0.005 * w, 0.6))
    profile = cv2.remap(smooth, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    steps = np.abs(profile[4:] - profile[:-4])
    return float(_soft(np.array(np.median(steps.max(axis=0))), 9.0, 18.0))
