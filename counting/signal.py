"""From keypoints to the heights of joints, in body heights, corrected for zoom and the camera's motion.

What the background did is taken away from every joint first.  Every joint's vertical steps are then divided by
the person's present size and summed, so a zoom does not change the amplitude of a jump; what is slower than about
0.5 Hz (pans over a plain wall, walking up, sinking into a squat) is taken away.  Nothing faster is smoothed here:
at eight steps a second and 25 frames a second there are three frames a step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counting.image_signal import image_signal
from counting.settings import CountSettings
from counting.smoothing import Array, fill_gaps, smooth
from counting.spectrum import RATE
from vision.types import PoseTrack

LONGEST_GAP = 0.25
"""Gaps up to this many seconds are bridged: shorter than the period of all but the fastest jumps."""

SLOW = 0.45
"""Width in seconds of the mean that is taken away; passes 0.6 Hz and faster nearly untouched."""

FASTEST = 4.5
"""No joint rises faster than this in body heights a second (a flight of half a metre starts with 1.8)."""

CLEAR_ORDER = 0.05
"""Feet (or knees) this many body heights apart have a clear order from left to right."""

BOX = 1.05
"""Height of a person's box in body heights."""

TWIN_TIME = 0.25
"""Share of a second's frames with the ankles on one spot from which neither is believed."""

MAJORITY = 0.5
"""Share of the frames that must show a clear order, and by which one order must outvote the other: 3 of 4."""

TWINS = 0.01
"""Ankles closer than this many body heights are one foot given twice: the network saw a foot, but not which."""

RETURN = 0.4
"""A spike ends within this share of its height of where it began; otherwise the joint has moved on."""

SHORTER = 0.6
"""Exchanged legs leap this share of the way of unexchanged ones, at most, where they were mixed up."""

TRUNK, KNEES, ANKLES = (5, 6, 11, 12), (13, 14), (15, 16)
RELIABLE = 0.5
"""Legs whose joints score more than this in the median are reliable: of those below every second one is wrong."""

LOWER = -1
"""Key of the lower ankle among the heights of joints: the foot that carries the body."""

LEG, TORSO = 0.49, 0.288
"""Lengths in body heights: hip to ankle, shoulders to hips (Winter, Biomechanics of Human Movement)."""


@dataclass(frozen=True)
class BodySignal:
    """Heights (up is positive) over a uniform grid, in body heights, NaN where unknown.

    ``times`` (G,); ``trunk`` mean of shoulders and hips; ``left`` and ``right`` foot (ankle, or
    knee where the ankles are not seen); ``size`` (G,) body height in pixels; ``feet`` (G,) bool:
    ankles are seen; ``x`` (G,) horizontal place of the trunk in body heights; ``reliable``: the legs can be trusted;
    ``image`` (C, G) principal components of the person's picture in grey levels.
    """

    times: Array
    trunk: Array
    left: Array
    right: Array
    size: Array
    feet: np.ndarray
    x: Array
    reliable: bool
    image: Array

    @property
    def common(self) -> Array:
        """Common motion of the feet; the trunk's where no foot is seen."""
        return np.where(np.isfinite(self.left + self.right), (self.left + self.right) / 2, self.trunk)

    @property
    def rise(self) -> Array:
        """What trunk and feet do in common; the trunk alone where no foot is seen."""
        return np.where(np.isfinite(self.common), (self.trunk + self.common) / 2, self.trunk)

    @property
    def antiphase(self) -> Array:
        """Half the difference of the feet, 0 where one of them is not seen: the alternating motion."""
        return np.nan_to_num((self.left - self.right) / 2)

    @property
    def gap(self) -> Array:
        """Half the distance of the feet in height, 0 where one of them is not seen: the same with the sides swapped."""
        return np.abs(self.antiphase)

    @property
    def lower(self) -> Array:
        """Height of the lower foot, which carries the body; the trunk's where no foot is seen."""
        return np.where(np.isfinite(self.left + self.right), np.minimum(self.left, self.right), self.trunk)


def body_signal(track: PoseTrack, settings: CountSettings) -> BodySignal:
    """Signals of a track; a track shorter than two frames gives empty ones."""
    times = track.times
    sizes = _sizes(track, settings.min_score)
    points = trusted(track, settings.min_score) - np.cumsum(track.camera, axis=0, dtype=np.float64)[:, None]
    points = without_cuts(times, points, sizes)
    points = untangle(times, without_spikes(times, points, sizes), sizes)
    grid = np.arange(times[0], times[-1] + 1e-9, 1 / RATE) if len(times) > 1 else np.zeros(0)
    size = np.interp(grid, times, sizes) if len(times) > 1 else grid
    heights = {j: _height(times, -points[:, j, 1], grid, size) for j in TRUNK + KNEES + ANKLES}
    trunk = mean_known([heights[j] for j in TRUNK])
    heights[LOWER] = _height(times, -points[:, ANKLES, 1].max(axis=1), grid, size)
    left, right = _feet(heights, _twins(times, points, sizes, grid))
    x = fill_gaps(times, mean_known([points[:, j, 0] for j in TRUNK]), grid, LONGEST_GAP) if len(grid) else grid
    feet = np.isfinite(heights[15]) & np.isfinite(heights[16])
    reliable = len(times) > 0 and float(np.median(track.keypoints[:, KNEES + ANKLES, 2])) > RELIABLE
    image = image_signal(track, grid, LONGEST_GAP, SLOW * RATE)
    return BodySignal(grid, trunk, left, right, size, feet, x / np.maximum(size, 1e-6), reliable, image)


def trusted(track: PoseTrack, min_score: float) -> Array:
    """Points (T, 17, 2) with NaN where the score is too low."""
    points = track.keypoints[..., :2].astype(np.float64)
    points[~(track.keypoints[..., 2] >= min_score)] = np.nan
    return points


def mean_known(rows: list[Array]) -> Array:
    """Mean over the rows that are known."""
    stack = np.stack(rows)
    known = np.isfinite(stack)
    return np.where(known.any(0), np.where(known, stack, 0).sum(0) / np.maximum(known.sum(0), 1), np.nan)


def _sizes(track: PoseTrack, min_score: float) -> Array:
    """Body height in pixels per frame (T,): the longest of the segments, filtered by a running median over two seconds.

    A segment that points at the camera looks short, so the longest one tells.
    """
    points = trusted(track, min_score)
    legs = [_length(points, h, k) + _length(points, k, a) for h, k, a in ((11, 13, 15), (12, 14, 16))]
    trunk = _length_of(mean_known([points[:, 5], points[:, 6]]) - mean_known([points[:, 11], points[:, 12]]))
    boxes = track.boxes[:, 3] - track.boxes[:, 1]
    rows = np.stack([mean_known(legs) / LEG, trunk / TORSO])
    best = np.where(np.isfinite(rows).any(0), np.nanmax(np.nan_to_num(rows, nan=0), axis=0), boxes / BOX)
    return _running_median(track.times, best)


def _running_median(times: Array, sizes: Array, window: float = 2.0) -> Array:
    """Running median over ``window`` seconds, sampled and joined by straight lines; the last known value elsewhere."""
    good = np.isfinite(sizes) & (sizes > 1)
    if not good.any():
        return np.ones(len(times))
    centres = np.arange(times[0], times[-1] + window / 2, window / 4)
    start, stop = np.searchsorted(times, centres - window / 2), np.searchsorted(times, centres + window / 2)
    medians = np.array([np.median(s) if len(s) else np.nan for a, b in zip(start, stop, strict=True)
                        for s in [sizes[a:b][good[a:b]]]])  # fmt: skip
    known = np.isfinite(medians)
    return np.interp(times, centres[known], medians[known])


def _length(points: Array, a: int, b: int) -> Array:
    return _length_of(points[:, a] - points[:, b])


def _length_of(vectors: Array) -> Array:
    return np.hypot(vectors[:, 0], vectors[:, 1])


def _height(times: Array, up: Array, grid: Array, size: Array) -> Array:
    """One joint's height over the grid: steps in body heights, summed, without what is slow."""
    if len(grid) < 2:
        return np.full(len(grid), np.nan)
    line = fill_gaps(times, up, grid, LONGEST_GAP)
    known = np.isfinite(line)
    steps = np.diff(line, prepend=line[:1]) / np.maximum(size, 1e-6)
    steps = np.where(np.isfinite(steps), steps, 0.0)
    total = np.where(known, np.cumsum(steps), np.nan)
    return total - smooth(total, SLOW * RATE)


def _feet(heights: dict[int, Array], twins: np.ndarray) -> tuple[Array, Array]:
    """Height of either foot: the ankle, or the knee while the ankle is not seen.

    While the ankles are ``twins``, the lower one tells how the feet move in common, and the knees how they differ.
    """
    left, right = (
        np.where(np.isfinite(heights[a]), heights[a], heights[k]) for a, k in zip(ANKLES, KNEES, strict=True)
    )
    common, differ = heights[LOWER], (heights[KNEES[0]] - heights[KNEES[1]]) / 2
    swap = twins & np.isfinite(common + differ)
    return np.where(swap, common + differ, left), np.where(swap, common - differ, right)


def _twins(times: Array, points: Array, sizes: Array, grid: Array, window: float = 1.0) -> np.ndarray:
    """Where on the grid both ankles lie on one spot in a quarter of the frames within ``window`` seconds."""
    if len(grid) < 2:
        return np.zeros(len(grid), bool)
    gap = _length(points, *ANKLES) / np.maximum(sizes, 1e-6)
    same = np.interp(grid, times, (gap < TWINS).astype(float))
    return smooth(same, window * RATE) > TWIN_TIME


def without_cuts(times: Array, points: Array, sizes: Array) -> Array:
    """Points (T, J, 2) of a continuous motion: where the trunk is suddenly elsewhere, the rest is shifted back."""
    seen = np.flatnonzero(np.isfinite(points[:, TRUNK, 1]).sum(1) >= 2)
    if len(seen) < 2:
        return points
    trunk = mean_known([points[seen][:, j] for j in TRUNK])
    leap = np.linalg.norm(np.diff(trunk, axis=0), axis=1)
    wait = np.minimum(np.diff(times[seen]), LONGEST_GAP)
    out = points.copy()
    for i in np.flatnonzero(leap > FASTEST * wait * sizes[seen[1:]]):
        out[seen[i + 1] :] += np.nan_to_num(_last_known(out[: seen[i + 1]]) - _first_known(out[seen[i + 1] :]))
    return out


def _first_known(points: Array) -> Array:
    """The first known place (J, 2) of every joint within half a second or so."""
    rows = points[:15]
    at = np.isfinite(rows[..., 0]).argmax(0)
    return rows[at, np.arange(rows.shape[1])]


def _last_known(points: Array) -> Array:
    return _first_known(points[::-1])


def without_spikes(times: Array, points: Array, sizes: Array) -> Array:
    """Points (T, J, 2) where a joint that leaves for one frame faster than a body can move is NaN."""
    if len(points) < 3:
        return points
    near = (points[:-2] + points[2:]) / 2
    away = np.linalg.norm(points[1:-1] - near, axis=2)
    across = np.linalg.norm(points[:-2] - points[2:], axis=2)
    limit = 2 * FASTEST * (times[2:] - times[:-2]) / 2 * sizes[1:-1]
    bad = (away > limit[:, None]) & (across < RETURN * away)
    out = points.copy()
    out[1:-1][bad] = np.nan
    return out


def untangle(times: Array, points: Array, sizes: Array, window: float = 1.0) -> Array:
    """Points (T, J, 2) with left and right knee and ankle exchanged where a network has mixed them up.

    Alternating feet keep their order from left to right.  A few frames against the clear majority
    within ``window`` seconds are a mix-up if exchanging them also makes the way there and back much
    shorter (a leg that swings across does not leap).  Seen from the side nothing is changed.
    """
    out = points.copy()
    for pair in (KNEES, ANKLES):
        order = (points[:, pair[0], 0] - points[:, pair[1], 0]) / np.maximum(sizes, 1e-6)
        usual = _majority(times, order, window)
        wrong = (usual != 0) & (order * usual < 0) & (np.abs(order) > CLEAR_ORDER / 2)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], wrong.astype(int), [0]])))
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            if _leaps(points[:, pair], a, b):
                out[a:b, list(pair)] = points[a:b, list(pair[::-1])]
    return out


def _leaps(pair: Array, a: int, b: int) -> bool:
    """Whether the two joints (T, 2, 2) come and go much shorter with frames [a, b) exchanged."""
    sides = [(i, j) for i, j in ((a, a - 1), (b - 1, b)) if 0 <= j < len(pair)]
    stay = sum(float(np.linalg.norm(pair[i] - pair[j], axis=1).sum()) for i, j in sides)
    cross = sum(float(np.linalg.norm(pair[i] - pair[j, ::-1], axis=1).sum()) for i, j in sides)
    return cross < SHORTER * stay


def _majority(times: Array, order: Array, window: float) -> Array:
    """-1, 0 or 1 (T,): the sign that three quarters of the clear values around have."""
    clear = np.sign(np.where(np.abs(order) > CLEAR_ORDER / 2, order, 0))
    total = np.append(0, np.cumsum(clear))
    many = np.append(0, np.cumsum(np.abs(clear)))
    low, high = np.searchsorted(times, times - window / 2), np.searchsorted(times, times + window / 2)
    sums, counts = total[high] - total[low], many[high] - many[low]
    wide = counts >= MAJORITY * (high - low)
    return np.where(wide & (np.abs(sums) >= MAJORITY * counts), np.sign(sums), 0)
