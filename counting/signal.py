"""From keypoints to heights of joints in body heights, corrected for zoom and camera motion.

The background's motion is subtracted from every joint first.  Each joint's vertical displacement per frame is then
divided by the person's current size and summed up, so a zoom does not change the amplitude of a jump.  A high-pass
removes what is slower than about 0.5 Hz (pans over a plain wall, walking towards the camera, lowering into a squat).
There is no low-pass: at eight steps a second and 25 frames a second a step has three frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counting.image_signal import image_signal
from counting.settings import CountSettings
from counting.smoothing import Array, fill_gaps, smooth
from counting.spectrum import RATE
from counting.swaps import correct_swaps
from vision.types import PoseTrack

LONGEST_GAP = 0.25
"""Longest gap in seconds that is interpolated: shorter than the period of all but the fastest jumps."""

SLOW = 0.45
"""Standard deviation in seconds of the Gaussian mean that the high-pass subtracts; it passes 0.6 Hz and faster."""

FASTEST = 4.5
"""Largest speed of a joint in body heights a second (a jump of half a metre starts with 1.8)."""

BOX = 1.05
"""Height of a person's box in body heights."""

COINCIDENT_TIME = 0.25
"""Share of the frames of a second with coincident ankles from which neither ankle is used."""

COINCIDENT = 0.01
"""Distance in body heights below which ankles coincide: the network found one foot for both."""

RETURN = 0.4
"""A spike returns to within this share of its height; otherwise the joint has really moved."""

TRUNK, KNEES, ANKLES = (5, 6, 11, 12), (13, 14), (15, 16)
RELIABLE = 0.5
"""Median score of the leg joints above which they are reliable: below it every second one is wrong."""

LOWER = -1
"""Key of the lower ankle among the joint heights: the supporting foot."""

LEG, TORSO = 0.49, 0.288
"""Lengths in body heights: hip to ankle, shoulders to hips (Winter, Biomechanics of Human Movement)."""


@dataclass(frozen=True)
class BodySignal:
    """Heights (up is positive) over a uniform grid, in body heights, NaN where unknown.

    ``times`` (G,); ``trunk``: mean of shoulders and hips; ``left`` and ``right`` foot (the ankle, or the knee where the
    ankle is not seen); ``size`` (G,): body height in pixels; ``feet`` (G,) bool: both ankles are seen; ``x`` (G,):
    horizontal position of the trunk in body heights; ``reliable``: median leg score above ``RELIABLE``; ``image``
    (C, G): principal components of the person's thumbnails in grey levels.
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
        """Mean of both feet; the trunk where they are not both seen."""
        return np.where(np.isfinite(self.left + self.right), (self.left + self.right) / 2, self.trunk)

    @property
    def rise(self) -> Array:
        """Mean of trunk and feet; the trunk alone where the feet are not both seen."""
        return np.where(np.isfinite(self.common), (self.trunk + self.common) / 2, self.trunk)

    @property
    def antiphase(self) -> Array:
        """Alternating motion: half the difference of the feet, 0 where one of them is not seen."""
        return np.nan_to_num((self.left - self.right) / 2)

    @property
    def gap(self) -> Array:
        """Absolute antiphase motion, which is invariant to a swap of left and right."""
        return np.abs(self.antiphase)

    @property
    def lower(self) -> Array:
        """Height of the lower, supporting foot; the trunk's where the feet are not both seen."""
        return np.where(np.isfinite(self.left + self.right), np.minimum(self.left, self.right), self.trunk)


def body_signal(track: PoseTrack, settings: CountSettings) -> BodySignal:
    """Signals of a track; a track shorter than two frames gives empty ones."""
    times = track.times
    sizes = _sizes(track, settings.min_score)
    points = trusted(track, settings.min_score) - np.cumsum(track.camera, axis=0, dtype=np.float64)[:, None]
    points = without_cuts(times, points, sizes)
    points = without_spikes(times, correct_swaps(points, sizes, (KNEES, ANKLES)), sizes)
    grid = np.arange(times[0], times[-1] + 1e-9, 1 / RATE) if len(times) > 1 else np.zeros(0)
    size = np.interp(grid, times, sizes) if len(times) > 1 else grid
    heights = {j: _height(times, -points[:, j, 1], grid, size) for j in TRUNK + KNEES + ANKLES}
    trunk = mean_known([heights[j] for j in TRUNK])
    heights[LOWER] = _height(times, -points[:, ANKLES, 1].max(axis=1), grid, size)
    left, right = _feet(heights, _coincident(times, points, sizes, grid))
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
    """Mean over the rows, ignoring NaN."""
    stack = np.stack(rows)
    known = np.isfinite(stack)
    return np.where(known.any(0), np.where(known, stack, 0).sum(0) / np.maximum(known.sum(0), 1), np.nan)


def _sizes(track: PoseTrack, min_score: float) -> Array:
    """Body height in pixels per frame (T,), filtered by a running median over two seconds.

    The longest segment is used, since a segment that points at the camera is foreshortened.
    """
    points = trusted(track, min_score)
    legs = [_length(points, h, k) + _length(points, k, a) for h, k, a in ((11, 13, 15), (12, 14, 16))]
    trunk = _length_of(mean_known([points[:, 5], points[:, 6]]) - mean_known([points[:, 11], points[:, 12]]))
    boxes = track.boxes[:, 3] - track.boxes[:, 1]
    rows = np.stack([mean_known(legs) / LEG, trunk / TORSO])
    best = np.where(np.isfinite(rows).any(0), np.nanmax(np.nan_to_num(rows, nan=0), axis=0), boxes / BOX)
    return _running_median(track.times, best)


def _running_median(times: Array, sizes: Array, window: float = 2.0) -> Array:
    """Running median over ``window`` seconds, sampled every quarter of it and interpolated linearly."""
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
    """One joint's height over the grid: displacements in body heights, summed up and high-passed."""
    if len(grid) < 2:
        return np.full(len(grid), np.nan)
    line = fill_gaps(times, up, grid, LONGEST_GAP)
    known = np.isfinite(line)
    steps = np.diff(line, prepend=line[:1]) / np.maximum(size, 1e-6)
    steps = np.where(np.isfinite(steps), steps, 0.0)
    total = np.where(known, np.cumsum(steps), np.nan)
    return total - smooth(total, SLOW * RATE)


def _feet(heights: dict[int, Array], coincident: np.ndarray) -> tuple[Array, Array]:
    """Height of either foot: the ankle, or the knee while the ankle is not seen.

    While the ankles are ``coincident``, the common motion is the lower ankle's and the antiphase motion the knees'.
    """
    left, right = (
        np.where(np.isfinite(heights[a]), heights[a], heights[k]) for a, k in zip(ANKLES, KNEES, strict=True)
    )
    common, differ = heights[LOWER], (heights[KNEES[0]] - heights[KNEES[1]]) / 2
    swap = coincident & np.isfinite(common + differ)
    return np.where(swap, common + differ, left), np.where(swap, common - differ, right)


def _coincident(times: Array, points: Array, sizes: Array, grid: Array, window: float = 1.0) -> np.ndarray:
    """Whether both ankles coincide in a quarter of the frames within ``window`` seconds, for the grid (G,)."""
    if len(grid) < 2:
        return np.zeros(len(grid), bool)
    gap = _length(points, *ANKLES) / np.maximum(sizes, 1e-6)
    same = np.interp(grid, times, (gap < COINCIDENT).astype(float))
    return smooth(same, window * RATE) > COINCIDENT_TIME


def without_cuts(times: Array, points: Array, sizes: Array) -> Array:
    """Points (T, J, 2) without discontinuities: after a sudden shift of the trunk all later points are shifted back."""
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
    """The first known position (J, 2) of every joint within 15 frames."""
    rows = points[:15]
    at = np.isfinite(rows[..., 0]).argmax(0)
    return rows[at, np.arange(rows.shape[1])]


def _last_known(points: Array) -> Array:
    return _first_known(points[::-1])


def without_spikes(times: Array, points: Array, sizes: Array) -> Array:
    """Points (T, J, 2) with outliers of a single frame, faster than a body can move, set to NaN."""
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
