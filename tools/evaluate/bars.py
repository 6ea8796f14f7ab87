"""What the body models shall reach, and a table of what does and does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CLIP_FRAMES = ("dev_", "frame_")
"""Beginnings of the sources that are frames of clips."""


@dataclass(frozen=True)
class Bar:
    """A figure by its name and the limit that it shall keep, ``most`` or least."""

    figure: str
    limit: float
    most: bool = False

    def kept(self, value: float) -> bool:
        """Whether a value is on the right side of the limit."""
        return value <= self.limit if self.most else value >= self.limit


JOINT_BARS = (
    Bar("coco_train: within .2 torso", 0.72),
    Bar("OKS AP", 0.58),
    Bar("stock_train: within .2 torso", 0.945),
    Bar("lspet_checked: within .2 torso", 0.84),
    Bar("all clips: knees and ankles exchanged or doubled", 0.03, most=True),
    Bar("worst clip: ankles, hips, shoulders within .1", 0.95),
)
"""Joints in given boxes, the clips by a network that was trained without them."""

PERSON_BARS = (
    Bar("recall", 0.95),
    Bar("false", 0.05, most=True),
    Bar("on_negatives", 2, most=True),
    Bar("worst clip: frames with a person", 1.0),
)
"""The person detector."""


def clip_figures(rows: Mapping[str, float], wrong: np.ndarray) -> dict[str, float]:
    """What the bars ask of all clips together: ``wrong`` tells of every labelled knee and ankle pair whether it is."""
    ends = ": ankles, hips, shoulders within .1"
    shares = [value for name, value in rows.items() if name.startswith(CLIP_FRAMES) and name.endswith(ends)]
    if not shares:
        return {}
    together = float(wrong.mean()) if wrong.size else float("nan")
    return {JOINT_BARS[4].figure: together, JOINT_BARS[5].figure: float(np.nanmin(shares))}


def bar_lines(bars: tuple[Bar, ...], columns: Sequence[tuple[str, Mapping[str, float]]]) -> list[str]:
    """One line per bar that the figures speak of: limit, and per column the value and whether it keeps to it."""
    lines = []
    for bar in bars:
        values = [rows.get(bar.figure, float("nan")) for _, rows in columns]
        if not np.all(np.isnan(values)):
            words = (f"{v:8.3f} {'kept' if bar.kept(v) else 'missed':7s}" for v in values)
            lines.append(f"{bar.figure:60s}{'<=' if bar.most else '>='} {bar.limit:<6g}" + "".join(words))
    return lines
