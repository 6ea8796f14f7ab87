"""A square picture of a count to share: count, rate, style and the rate over time."""

from __future__ import annotations

import cv2
import numpy as np

from counting.report import JumpReport
from vision.draw import draw_text
from vision.types import Image
from webui.names import choice_name
from webui.texts import say

SIDE = 1080
GROUND, INK, ACCENT, QUIET = (13, 36, 35), (240, 246, 245), (255, 196, 61), (150, 178, 175)


def share_picture(words: str, report: JumpReport) -> Image:
    """(1080, 1080, 3) RGB for one person's report."""
    report = report.shown
    picture = np.full((SIDE, SIDE, 3), GROUND, np.uint8)
    middle = SIDE / 2
    draw_text(picture, say(words, "tab.jump"), (middle, 90), height=44, colour=QUIET, anchor="mm", backing=0)
    draw_text(picture, str(report.count), (middle, 300), height=250, colour=INK, anchor="mm", backing=0)
    draw_text(picture, say(words, "jumps"), (middle, 475), height=52, colour=INK, anchor="mm", backing=0)
    facts = (f"{report.per_minute:.0f} {say(words, 'per_minute')}", choice_name(words, report.style))
    draw_text(picture, "  ·  ".join(facts), (middle, 570), height=46, colour=ACCENT, anchor="mm", backing=0)
    _curve(picture, *report.rate_over_time())
    seconds = f"{report.jumping_seconds:.0f} s"
    draw_text(picture, seconds, (SIDE - 90, 1010), height=34, colour=QUIET, anchor="rm", backing=0)
    draw_text(picture, "Keypoint Studio", (90, 1010), height=34, colour=QUIET, anchor="lm", backing=0)
    return picture


def _curve(picture: Image, times: np.ndarray, rates: np.ndarray) -> None:
    """The rate over time in the lower third, in place."""
    if len(times) < 2:
        return
    x0, x1, y0, y1 = 90, SIDE - 90, 660, 950
    top = max(float(np.nanmax(rates, initial=1.0)), 1.0)
    x = x0 + (times - times[0]) / (times[-1] - times[0]) * (x1 - x0)
    y = y1 - np.nan_to_num(rates) / top * (y1 - y0)
    line = np.rint(np.column_stack([x, y]) * 16).astype(np.int32)
    area = np.vstack([line, [[x1 * 16, y1 * 16], [x0 * 16, y1 * 16]]]).astype(np.int32)
    cv2.fillPoly(picture, [area], (22, 66, 62), cv2.LINE_AA, 4)
    cv2.polylines(picture, [line], False, ACCENT, 5, cv2.LINE_AA, 4)
