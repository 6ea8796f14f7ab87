"""How a group of jumps is jumped, from feet and wrists at the rate of the jumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counting.peaks import Jumps
from counting.settings import CountSettings
from counting.signal import LONGEST_GAP, BodySignal, mean_known, trusted
from counting.smoothing import Array, fill_gaps
from counting.spectrum import amplitude, locked_power
from vision.types import PoseTrack

STYLES = ("two feet", "alternate feet", "boxer step", "single leg", "jacks", "crossover", "double under")

CROSSED = 0.75
"""Wrists nearer to each other than this share of the shoulders' width are crossed: half of what open arms, which hold
the rope beside the hips, are apart at least; a network that finds both on one spot says the same."""

CROSSED_TIME = 1 / 6
"""Arms are crossed for at least a third of a jump, and at least in every second one; others never are."""

STANCE = 0.06
"""Amplitude in body heights, at half the rate, of the distance of the ankles in jumping jacks."""

LIFTED, LIFTED_TIME = 0.08, 0.125
"""Height of one foot above the other in body heights when jumping on one leg, and share of the time it is seen so: a
network that gives the standing foot twice hides it most of the time."""

SWING, LEAST_SWING = 0.2, 0.01
"""Swing of feet or hips from side to side in a boxer step: share of the trunk's rise, and least in body heights."""

SIDEWAYS = 0.1
"""Shoulders that look narrower than this (body heights; they are 0.25 wide) are seen from the side: so are the arms."""


@dataclass(frozen=True)
class Limbs:
    """Places of hands and feet over the grid (G,), in body heights; right and up are positive.

    ``hands`` height of the wrists above the shoulders, ``hands_antiphase`` height difference of the wrists, ``spread``
    from the right wrist to the left one along the shoulders (negative: crossed), ``shoulders`` and ``stance``
    horizontal distance of shoulders and of ankles, ``lifted`` left ankle above the right one, ``sway`` from the middle
    of the ankles to that of the hips, ``hands_x`` the wrists' middle beside that of the shoulders, ``knees`` half the
    height difference of the knees, never negative.
    """

    hands: Array
    hands_antiphase: Array
    spread: Array
    shoulders: Array
    stance: Array
    lifted: Array
    sway: Array
    hands_x: Array
    knees: Array


def limbs_of(track: PoseTrack, body: BodySignal, settings: CountSettings) -> Limbs:
    """Hands and feet of a track over the grid of its signal."""
    points = trusted(track, settings.min_score)
    shoulders = mean_known([points[:, 5], points[:, 6]])
    hips = mean_known([points[:, 11], points[:, 12]])
    facing = np.sign(np.nan_to_num(points[:, 5, 0] - points[:, 6, 0]))

    def on_grid(values: Array) -> Array:
        return fill_gaps(track.times, values, body.times, LONGEST_GAP) / np.maximum(body.size, 1e-6)

    hands = points[:, 9:11] - shoulders[:, None]
    return Limbs(
        hands=-on_grid(mean_known([hands[:, 0, 1], hands[:, 1, 1]])),
        hands_antiphase=-on_grid((hands[:, 0, 1] - hands[:, 1, 1]) / 2),
        spread=on_grid((hands[:, 0, 0] - hands[:, 1, 0]) * facing),
        shoulders=on_grid(np.abs(points[:, 5, 0] - points[:, 6, 0])),
        stance=on_grid(np.abs(points[:, 15, 0] - points[:, 16, 0])),
        lifted=-on_grid(points[:, 15, 1] - points[:, 16, 1]),
        sway=on_grid(hips[:, 0] - (points[:, 15, 0] + points[:, 16, 0]) / 2),
        hands_x=on_grid(mean_known([hands[:, 0, 0], hands[:, 1, 0]])),
        knees=on_grid(np.abs(points[:, 13, 1] - points[:, 14, 1]) / 2),
    )


def turns_per_jump(limbs: Limbs, times: Array, jumps: Jumps) -> int:
    """1, 2 or 3 by the rate, locked to the jumps, at which the wrists beat most, up and down or out and in.

    From the front a circle of the wrists is seen as the one, from elsewhere as the other too; arms that
    cross go out and in for another reason.
    """
    when = around(times, jumps)
    out = np.zeros_like(limbs.spread) if _crossed(limbs, when) else limbs.spread / 2
    beats = locked_power(jumps.times, times, np.nan_to_num(np.stack([limbs.hands, out])), np.array([1.0, 2.0, 3.0]))
    return int(np.argmax(beats)) + 1


def around(times: Array, jumps: Jumps) -> np.ndarray:
    """Samples (G,) bool from a period before the first jump to a period after the last."""
    return (times >= jumps.times[0] - jumps.period) & (times <= jumps.times[-1] + jumps.period)


def _crossed(limbs: Limbs, when: np.ndarray) -> bool:
    """Whether the arms cross below the shoulders in every jump or in every second one; False seen from the side."""
    hands, spread, shoulders = limbs.hands[when], limbs.spread[when], limbs.shoulders[when]
    width = float(np.nanmedian(shoulders)) if np.isfinite(shoulders).any() else 0.0
    return width > SIDEWAYS and float(np.mean((hands < 0) & (spread < CROSSED * width))) > CROSSED_TIME


def _one_foot_up(lifted: Array) -> bool:
    """Whether one foot is above the other, and always the same one; who jumps on both feet never shows it."""
    return abs(float(np.mean(lifted > LIFTED) - np.mean(lifted < -LIFTED))) > LIFTED_TIME


def style_of(body: BodySignal, limbs: Limbs, jumps: Jumps, turns: int) -> str:
    """One of ``STYLES`` for a group of jumps with so many turns of the rope per jump."""
    when, rate = around(body.times, jumps), 1 / jumps.period
    if jumps.alternating:
        return "alternate feet"
    if turns > 1:
        return "double under"
    if _crossed(limbs, when):
        return "crossover"
    if amplitude(limbs.stance[when], rate / 2) > STANCE:
        return "jacks"
    if _one_foot_up(limbs.lifted[when]):
        return "single leg"
    swing = max(amplitude(v[when], rate / k) for v in (body.antiphase, limbs.sway) for k in (2, 4))
    return "boxer step" if swing > max(SWING * amplitude(body.trunk[when], rate), LEAST_SWING) else "two feet"
