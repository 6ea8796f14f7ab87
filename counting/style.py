"""How a stretch is jumped, and whether a rope is turned, from feet and wrists at the rate of the jumps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from counting.peaks import Jumps
from counting.rhythm import wavelets
from counting.settings import CountSettings
from counting.signal import LONGEST_GAP, BodySignal, mean_known, trusted
from counting.smoothing import Array, fill_gaps, smooth
from vision.types import PoseTrack

STYLES = ("two feet", "alternate feet", "boxer step", "single leg", "jacks", "crossover", "double under")

CROSSED = 0.75
"""Wrists nearer to each other than this share of the shoulders' width are crossed: half of what open arms, which hold
the rope beside the hips, are apart at least; a network that finds both on one spot says the same."""

CROSSED_TIME = 1 / 6
"""Arms are crossed for at least a third of a jump, and at least in every second one; others never are."""

SIDEWAYS = 0.1
"""Shoulders that look narrower than this (body heights; they are 0.25 wide) are seen from the side: so are the arms."""


@dataclass(frozen=True)
class Limbs:
    """Places of hands and feet over the grid (G,), in body heights; right and up are positive.

    ``hands`` height of the wrists above the shoulders, ``hands_apart`` height difference of the
    wrists, ``hips`` height of the hips above the shoulders, ``spread`` from the right wrist to
    the left one along the shoulders (negative: crossed), ``shoulders`` and ``stance`` horizontal
    distance of shoulders and of ankles, ``lifted`` left ankle above the right one, ``sway`` from the
    middle of the ankles to that of the hips; ``hands_x`` the wrists' middle beside that of the shoulders, ``hands_out``
    mean horizontal distance of the wrists from the middle of the hips, ``forearm`` wrists below the elbows.
    """

    hands: Array
    hands_apart: Array
    hips: Array
    spread: Array
    shoulders: Array
    stance: Array
    lifted: Array
    sway: Array
    hands_x: Array
    hands_out: Array
    forearm: Array


@dataclass(frozen=True)
class Manner:
    """``style`` of a stretch, ``turns_per_jump`` of the rope and ``rope``, how sure it is that one is turned."""

    style: str
    turns_per_jump: int
    rope: float


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
        hands_apart=-on_grid((hands[:, 0, 1] - hands[:, 1, 1]) / 2),
        hips=-on_grid((hips - shoulders)[:, 1]),
        spread=on_grid((hands[:, 0, 0] - hands[:, 1, 0]) * facing),
        shoulders=on_grid(np.abs(points[:, 5, 0] - points[:, 6, 0])),
        stance=on_grid(np.abs(points[:, 15, 0] - points[:, 16, 0])),
        lifted=-on_grid(points[:, 15, 1] - points[:, 16, 1]),
        sway=on_grid(hips[:, 0] - (points[:, 15, 0] + points[:, 16, 0]) / 2),
        hands_x=on_grid(mean_known([hands[:, 0, 0], hands[:, 1, 0]])),
        hands_out=on_grid(mean_known([np.abs(points[:, 9, 0] - hips[:, 0]), np.abs(points[:, 10, 0] - hips[:, 0])])),
        forearm=on_grid(mean_known([points[:, 9, 1] - points[:, 7, 1], points[:, 10, 1] - points[:, 8, 1]])),
    )


def manner_of(body: BodySignal, limbs: Limbs, jumps: Jumps) -> Manner:
    """Style, turns of the rope per jump and rope confidence of one stretch of jumps."""
    when = (body.times >= jumps.times[0] - jumps.period) & (body.times <= jumps.times[-1] + jumps.period)
    rate = 1 / jumps.period
    turns = _turns_per_jump(limbs, when, rate)
    rope = _rope(limbs, when, rate)
    return Manner(_style(body, limbs, jumps, when, turns if rope > 0.5 else 1), turns, rope)


def _amplitude(values: Array, rate: float) -> float:
    """Median amplitude of a signal at a rate in Hz."""
    known = np.isfinite(values)
    if known.sum() < 4:
        return 0.0
    wave = wavelets(np.where(known, values - values[known].mean(), 0), np.array([rate]), every=1)[0]
    return float(np.median(np.abs(wave)))


def _turns_per_jump(limbs: Limbs, when: np.ndarray, rate: float) -> int:
    """1, 2 or 3 by the rate at which the wrists beat most, up and down or out and in.

    From the front a circle of the wrists is seen as the one, from elsewhere as the other too; arms that
    cross go out and in for another reason.
    """
    out = np.zeros_like(limbs.spread) if _crossed(limbs, when) else limbs.spread / 2
    beats = [np.hypot(_amplitude(limbs.hands[when], k * rate), _amplitude(out[when], k * rate)) for k in (1, 2, 3)]
    return int(np.argmax(beats)) + 1


def _crossed(limbs: Limbs, when: np.ndarray) -> bool:
    """Whether the arms cross below the shoulders in every jump or in every second one; False seen from the side."""
    hands, spread, shoulders = limbs.hands[when], limbs.spread[when], limbs.shoulders[when]
    width = float(np.nanmedian(shoulders)) if np.isfinite(shoulders).any() else 0.0
    return width > SIDEWAYS and float(np.mean((hands < 0) & (spread < CROSSED * width))) > CROSSED_TIME


def _rope(limbs: Limbs, when: np.ndarray, rate: float) -> float:
    """In [0, 1]: hands beside the hips, held still but for a small common beat at the rate of the jumps."""
    hands, hips = limbs.hands[when], limbs.hips[when]
    if np.isfinite(hands).mean() < 0.3:
        return 0.0
    place = float(np.nanmedian(hands - hips))
    wander = float(np.hypot(np.nanstd(smooth(hands, 15.0)), _amplitude(hands, rate / 2)))
    beat = max(_amplitude(hands, rate), _amplitude(hands, 2 * rate))
    against = _amplitude(limbs.hands_apart[when], rate / 2)
    return (
        _fades(abs(place - 0.03), 0.2, 0.35)
        * _fades(wander, 0.06, 0.12)
        * (1 - _fades(beat, 0.001, 0.003))
        * _fades(against / max(beat, 1e-6), 2.5, 5)
    )


def _fades(value: float, full: float, none: float) -> float:
    """1 up to ``full``, 0 from ``none`` on, a straight line between."""
    return float(np.clip((none - value) / (none - full), 0, 1))


def _one_foot_up(lifted: Array, high: float = 0.08, share: float = 0.125) -> bool:
    """Whether one foot is ``high`` above the other, and always the same one.

    A network that gives the standing foot twice hides it most of the time; who jumps on both feet never shows it.
    """
    return abs(float(np.mean(lifted > high) - np.mean(lifted < -high))) > share


def _style(body: BodySignal, limbs: Limbs, jumps: Jumps, when: np.ndarray, turns: int) -> str:
    rate = 1 / jumps.period
    if jumps.turns:
        return "alternate feet"
    if turns > 1:
        return "double under"
    if _crossed(limbs, when):
        return "crossover"
    if _amplitude(limbs.stance[when], rate / 2) > 0.06:
        return "jacks"
    if _one_foot_up(limbs.lifted[when]):
        return "single leg"
    swing = max(_amplitude(v[when], rate / k) for v in (body.apart, limbs.sway) for k in (2, 4))
    return "boxer step" if swing > max(0.2 * _amplitude(body.trunk[when], rate), 0.01) else "two feet"
