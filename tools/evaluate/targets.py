"""Target figures, and a table of those that are reached and missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CLIP_FRAMES = ("dev_", "frame_")
"""Prefixes of the sources that are frames of clips."""


@dataclass(frozen=True)
class Target:
    """A figure by its name and its limit: an upper one with ``most``, else a lower one."""

    figure: str
    limit: float
    most: bool = False

    def reached(self, value: float) -> bool:
        """Whether a value reaches the target."""
        return value <= self.limit if self.most else value >= self.limit


JOINT_TARGETS = (
    Target("coco_train: within .2 torso", 0.72),
    Target("OKS AP", 0.58),
    Target("stock_train: within .2 torso", 0.945),
    Target("lspet_checked: within .2 torso", 0.84),
    Target("all clips: knees and ankles exchanged or doubled", 0.03, most=True),
    Target("worst clip: ankles, hips, shoulders within .1", 0.95),
)
"""Targets of the joints in given boxes, on clips for a network that was trained without them."""

PERSON_TARGETS = (
    Target("recall", 0.95),
    Target("false", 0.05, most=True),
    Target("on_negatives", 2, most=True),
    Target("worst clip: frames with a person", 1.0),
)
"""Targets of the person detector."""


def clip_figures(rows: Mapping[str, float], wrong: np.ndarray) -> dict[str, float]:
    """The figures of all clips together; ``wrong`` (M,): whether each labelled knee and ankle pair is wrong."""
    ends = ": ankles, hips, shoulders within .1"
    shares = [value for name, value in rows.items() if name.startswith(CLIP_FRAMES) and name.endswith(ends)]
    if not shares:
        return {}
    together = float(wrong.mean()) if wrong.size else float("nan")
    return {JOINT_TARGETS[4].figure: together, JOINT_TARGETS[5].figure: float(np.nanmin(shares))}


def target_lines(targets: tuple[Target, ...], columns: Sequence[tuple[str, Mapping[str, float]]]) -> list[str]:
    """One line per target with a figure: its limit, and per column the value and whether it is reached."""
    lines = []
    for target in targets:
        values = [rows.get(target.figure, float("nan")) for _, rows in columns]
        if not np.all(np.isnan(values)):
            words = (f"{v:8.3f} {'kept' if target.reached(v) else 'missed':7s}" for v in values)
            lines.append(f"{target.figure:60s}{'<=' if target.most else '>='} {target.limit:<6g}" + "".join(words))
    return lines
