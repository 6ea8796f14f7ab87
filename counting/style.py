"""Jumping style of a group, from the motion of feet and wrists at the jump rate."""

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
"""Distance of the wrists as a share of the shoulders' width below which arms are crossed, or both wrists were found at
one place: open arms, which hold the rope beside the hips, have twice that at least."""

CROSSED_TIME = 1 / 6
"""Least share of the time with crossed arms: at least a third of a jump, in at least every second one."""

STANCE = 0.06
"""Least amplitude in body heights, at half the jump rate, of the ankles' distance in jumping jacks."""

LIFTED, LIFTED_TIME = 0.08, 0.125
"""Least height in body heights of one foot above the other in single-leg jumps, and least share of the time in which it
is seen: a network that places both ankles on the standing foot hides it most of the time."""

SWING, LEAST_SWING = 0.2, 0.01
"""Least sway of feet or hips in a boxer step: as a share of the trunk's amplitude, and in body heights."""

SIDEWAYS = 0.1
"""Width of the shoulders in body heights (they are 0.25 wide) below which a person is seen from the side."""


@dataclass(frozen=True)
class Limbs:
    """Positions of hands and feet over the grid (G,), in body heights; right and up are positive.

    ``hands``: height of the wrists above the shoulders; ``hands_antiphase``: half the height difference of the wrists;
    ``spread``: from the right wrist to the left one along the shoulders (negative: crossed); ``shoulders`` and
    ``stance``: horizontal distance of shoulders and of ankles; ``lifted``: left ankle above the right one; ``sway``:
    horizontal offset of the hips' centre from the ankles'; ``hands_x``: horizontal offset of the wrists' centre from
    the shoulders'; ``knees``: half the height difference of the knees, never negative.
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
    """Limb positions of a track over the grid of its signal."""
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
    """Turns of the rope per jump, 1 to 3: the multiple of the jump rate with the largest phase-locked wrist power.

    Vertical and lateral wrist motion are added, since circling wrists show either by the viewing angle; crossing arms
    move laterally for another reason and are measured vertically alone.
    """
    when = around(times, jumps)
    out = np.zeros_like(limbs.spread) if _crossed(limbs, when) else limbs.spread / 2
    power = locked_power(jumps.times, times, np.nan_to_num(np.stack([limbs.hands, out])), np.array([1.0, 2.0, 3.0]))
    return int(np.argmax(power)) + 1


def around(times: Array, jumps: Jumps) -> np.ndarray:
    """Samples (G,) bool from a period before the first jump to a period after the last."""
    return (times >= jumps.times[0] - jumps.period) & (times <= jumps.times[-1] + jumps.period)


def _crossed(limbs: Limbs, when: np.ndarray) -> bool:
    """Whether the arms cross below the shoulders in every or every second jump; False in a side view."""
    hands, spread, shoulders = limbs.hands[when], limbs.spread[when], limbs.shoulders[when]
    width = float(np.nanmedian(shoulders)) if np.isfinite(shoulders).any() else 0.0
    return width > SIDEWAYS and float(np.mean((hands < 0) & (spread < CROSSED * width))) > CROSSED_TIME


def _one_foot_up(lifted: Array) -> bool:
    """Whether one foot, always the same, is above the other; this does not occur in jumps on both feet."""
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
