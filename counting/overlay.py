"""The annotated video: skeleton, a large counter, the live rate, a flash at each jump, and a strip of the signal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from counting.report import JumpReport, SessionReport, style_at
from counting.smoothing import Array
from vision.draw import Canvas, Colour, blend, draw_skeleton, draw_text
from vision.types import Floats, Frame, PoseTrack

ACCENT: Colour = (255, 196, 61)
INK: Colour = (255, 255, 255)
SHADE: Colour = (16, 18, 24)

FLASH = 0.16
"""Seconds that a flash takes to fade."""

WINDOW = 4.0
"""Seconds of signal in the strip; the current time is at its right end."""

RATE_WINDOW = 4.0
"""Seconds over which the live rate is averaged."""

BRIEF = 0.12
"""Largest distance in seconds of the nearest known frame whose skeleton is shown."""


@dataclass(frozen=True)
class Sizes:
    """Lengths in pixels that scale with the picture: ``unit``, the height of small letters, and ``margin``."""

    unit: int
    margin: int

    @classmethod
    def of(cls, image: Canvas) -> Sizes:
        """The sizes for frames like ``image``."""
        unit = max(7, min(min(image.shape[:2]) // 18, max(image.shape[:2]) // 24))
        return cls(unit, max(4, unit * 2 // 3))


class Scene:
    """Draws the frames of one video; ``words`` maps English labels to translations (Chinese glyphs are available)."""

    def __init__(
        self, tracks: Sequence[PoseTrack], report: SessionReport, words: Mapping[str, str] | None = None
    ) -> None:
        self._tracks = tracks
        self._report = replace(report, people=tuple(person.shown for person in report.people))
        self._words = words or {}
        self._scales = [_scale(r) for r in report.people]

    def draw(self, frame: Frame) -> Frame:
        """A copy of the frame with the overlay drawn in."""
        image = frame.image.copy()
        self.draw_on(image, frame.time)
        return Frame(image, frame.time)

    def draw_on(self, image: Canvas, time: float) -> None:
        """Draw the overlay at ``time`` in seconds of the video into the image, RGB or planar, in place."""
        skipper = self._report.skipper
        clock = time * skipper.speed if skipper is not None else time
        for i, track in enumerate(self._tracks):
            row = _row_at(track, time)
            if row is not None:
                draw_skeleton(image, track.keypoints[row])
                self._tag(image, i, track.keypoints[row], clock)
        if skipper is not None:
            self._panel(image, skipper, clock)
            _strip(image, skipper, clock, self._scales[self._report.main or 0])
            _flash(image, skipper, clock)

    def _tag(self, image: Canvas, person: int, keypoints: np.ndarray, time: float) -> None:
        """The number of jumps above the head, where there is more than one person."""
        if len(self._tracks) < 2 or person == self._report.main:
            return
        known = keypoints[keypoints[:, 2] > 0.3, :2]
        if len(known) and self._report.people[person].count:
            sizes = Sizes.of(image)
            x, y = float(known[:, 0].mean()), float(known[:, 1].min()) - 2 * sizes.unit
            draw_text(image, str(_done(self._report.people[person], time)), (x, max(y, sizes.unit)),
                      height=sizes.unit, colour=(255, 255, 255), anchor="mm")  # fmt: skip

    def _panel(self, image: Canvas, report: JumpReport, time: float) -> None:
        """Counter, live rate and style, top left."""
        sizes = Sizes.of(image)
        unit, margin = sizes.unit, sizes.margin
        style = style_at(report, time)
        width, height = int(unit * 7.6), int(unit * 6.6)
        shade(image, (margin, margin, margin + width, margin + height), 0.55, radius=unit)
        middle = margin + width / 2
        colour = _mixed(INK, ACCENT, _glow(report, time))
        count, rate = _done(report, time), live_rate(report, time)
        draw_text(image, str(count), (middle, margin + unit * 2.0), height=int(unit * 3.0), colour=colour,
                  anchor="mm", backing=0)  # fmt: skip
        per_minute = self._words.get("/ min", "/ min")
        words = f"{rate:.0f} {per_minute}" if rate else f"- {per_minute}"
        draw_text(image, words, (middle, margin + unit * 4.35), height=unit, colour=(255, 255, 255), anchor="mm",
                  backing=0)  # fmt: skip
        style = style or "ready"
        draw_text(image, self._words.get(style, style), (middle, margin + unit * 5.65), height=max(6, int(unit * 0.85)),
                  colour=ACCENT, anchor="mm", backing=0)  # fmt: skip


def _mixed(one: Colour, two: Colour, share: float) -> Colour:
    r, g, b = (round(x + (y - x) * share) for x, y in zip(one, two, strict=True))
    return r, g, b


def shade(image: Canvas, box: tuple[int, int, int, int], strength: float, radius: int) -> None:
    """Darken a box with round corners, in place."""
    x0, y0, x1, y1 = box
    part = image[max(y0, 0) : y1, max(x0, 0) : x1]
    if not part.size:
        return
    blend(part, strength * _round_box(*part.shape[:2], radius), SHADE)


@lru_cache(maxsize=8)
def _round_box(height: int, width: int, radius: int) -> Floats:
    """Mask (height, width) of a box with round corners, anti-aliased; cached, since it is the same in every frame."""
    rows, columns = np.ogrid[:height, :width]
    across = np.maximum(radius - np.minimum(columns, width - 1 - columns), 0)
    down = np.maximum(radius - np.minimum(rows, height - 1 - rows), 0)
    mask = np.clip(radius + 0.5 - np.hypot(across, down), 0, 1).astype(np.float32)
    mask.flags.writeable = False
    return mask


def live_rate(report: JumpReport, time: float) -> float:
    """Jumps per minute over the last seconds, 0 with fewer than two jumps in them."""
    last = report.apex_times[(report.apex_times > time - RATE_WINDOW) & (report.apex_times <= time)]
    return 60 * (len(last) - 1) / float(last[-1] - last[0]) if len(last) > 1 else 0.0


def _done(report: JumpReport, time: float) -> int:
    return int(np.searchsorted(report.apex_times, time + 1e-6))


def _glow(report: JumpReport, time: float) -> float:
    """1 at a jump, fading to 0."""
    done = _done(report, time)
    return max(0.0, 1 - (time - float(report.apex_times[done - 1])) / FLASH) if done else 0.0


def _row_at(track: PoseTrack, time: float) -> int | None:
    """The track's row nearest in time, None where the person is not seen."""
    if not len(track):
        return None
    row = int(np.clip(np.searchsorted(track.times, time), 1, max(len(track) - 1, 1)))
    row = min(row, len(track) - 1)
    row -= int(row > 0 and abs(track.times[row - 1] - time) <= abs(track.times[row] - time))
    return row if abs(track.times[row] - time) <= BRIEF and np.isfinite(track.boxes[row, 0]) else None


def _scale(report: JumpReport) -> float:
    """Signal amplitude in body heights that fills the strip."""
    known = np.abs(report.signal[np.isfinite(report.signal)])
    return max(0.03, float(np.percentile(known, 99))) * 1.15 if len(known) else 0.1


def _flash(image: Canvas, report: JumpReport, time: float) -> None:
    """A bright border around the picture that fades after each jump."""
    glow = _glow(report, time)
    width = max(2, min(image.shape[:2]) // 90)
    if glow <= 0:
        return
    for part in (image[:width], image[-width:], image[width:-width, :width], image[width:-width, -width:]):
        blend(part, np.full(part.shape[:2], 0.8 * glow, np.float32), ACCENT)


def _strip(image: Canvas, report: JumpReport, time: float, scale: float) -> None:
    """The last seconds of the counted motion at the bottom, with a dot for every jump."""
    sizes = Sizes.of(image)
    height, margin = sizes.unit * 3, sizes.margin
    x0, x1, y1 = margin, image.shape[1] - margin, image.shape[0] - margin
    y0 = y1 - height
    if x1 - x0 < 20 or y0 < 0 or not len(report.times):
        return
    shade(image, (x0, y0, x1, y1), 0.5, radius=sizes.unit)
    inner = image[y0:y1, x0 + sizes.unit // 2 : x1 - sizes.unit // 2]
    columns = int(inner.shape[1])
    at = time - WINDOW + WINDOW * np.arange(columns) / (columns - 1)
    thick = max(1.0, sizes.unit / 9)
    _curve(inner, _curve_rows(report, at, height, scale), thick)
    for jump in report.apex_times[(report.apex_times > at[0]) & (report.apex_times <= time)]:
        column = float((jump - at[0]) / WINDOW * (columns - 1))
        row = float(_curve_rows(report, np.array([jump]), height, scale)[0])
        if np.isfinite(row):
            _dot(inner, column, row, max(2.0, sizes.unit / 4))


def _curve_rows(report: JumpReport, at: Array, height: int, scale: float) -> Array:
    """Rows of the signal at the times ``at``, NaN where it is unknown."""
    value = np.interp(at, report.times, report.signal, left=np.nan, right=np.nan)
    return height / 2 - np.clip(value / scale, -1, 1) * height * 0.4


def _curve(image: Canvas, rows: Array, thick: float) -> None:
    """An anti-aliased line through (column, rows[column]), in place."""
    slope = np.gradient(rows) if len(rows) > 1 else np.zeros(1)
    slope = np.where(np.isfinite(slope), slope, 0)
    level = np.where(np.isfinite(rows), rows, -1e6).astype(np.float32)
    narrow = (1 / np.sqrt(1 + slope**2)).astype(np.float32)
    away = np.abs(np.arange(image.shape[0], dtype=np.float32)[:, None] - level) * narrow
    blend(image, np.asarray(np.clip(thick / 2 + 0.5 - away, 0, 1), np.float32), INK)


def _dot(image: Canvas, x: float, y: float, radius: float) -> None:
    """An anti-aliased disc, in place."""
    x0, x1 = max(0, int(x - radius - 2)), min(image.shape[1], int(x + radius + 3))
    y0, y1 = max(0, int(y - radius - 2)), min(image.shape[0], int(y + radius + 3))
    rows, columns = np.ogrid[y0:y1, x0:x1]
    mask = np.clip(radius + 0.5 - np.hypot(columns - x, rows - y), 0, 1).astype(np.float32)
    if mask.size:
        blend(image[y0:y1, x0:x1], mask, ACCENT)
