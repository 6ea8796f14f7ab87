"""Groups of jumps and what the classifier says of them: jumping or not, with a rope or without, slowed down or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from counting.classifier import load_models
from counting.features import FEWEST_BEATS, PersonSignals, features
from counting.peaks import Jumps, find_jumps
from counting.report import ROPE
from counting.rhythm import find_segments
from counting.settings import CountSettings
from counting.signal import body_signal
from counting.style import limbs_of, style_of, turns_per_jump
from vision.types import PoseTrack

JUMPING = 0.4
"""Probability of a flight from which a group is jumping: less than even, since rope jumps must also show a rope."""

SLOWED = (0.5, 0.25)
"""Speeds of slow motion that are tried where nothing is counted."""

SURE, MANY = 0.55, 5
"""Probability of a flight and of a rope, and number of jumps, from which slow motion is told."""


@dataclass(frozen=True)
class Group:
    """Jumps of one rhythm, judged: ``style``, ``turns`` of a rope per jump, and the probabilities of ``flight`` (it is
    jumping at all) and ``rope`` (one is turned); ``hands``: enough is seen to tell the latter.
    """

    jumps: Jumps
    style: str
    turns: int
    flight: float
    rope: float
    hands: bool

    @property
    def with_rope(self) -> bool:
        """Whether these are rope jumps; where nothing can be told, they are."""
        return self.rope >= ROPE or not self.hands


def judged(signals: PersonSignals, settings: CountSettings) -> list[Group]:
    """The groups of jumps of a person with what the classifier says of each.

    Too few jumps to find their beat in the wrists are with a rope or without one as the person's other jumps are.
    """
    models, groups = load_models(), list[Group]()
    for jumps in find_jumps(signals.body, find_segments(signals.body, settings), settings):
        values = features(signals, jumps)
        flight, rope = (models[name].probability(values) for name in ("flight", "rope"))
        hands = bool(np.isfinite(values["hands_seen"]))
        turns = turns_per_jump(signals.limbs, signals.body.times, jumps) if hands and rope >= ROPE else 1
        groups.append(Group(jumps, style_of(signals.body, signals.limbs, jumps, turns), turns, flight, rope, hands))
    told = [g for g in groups if g.flight >= JUMPING and len(g.jumps.times) >= FEWEST_BEATS]
    usual = weighted([g.rope for g in told], [len(g.jumps.times) for g in told])
    return [replace(g, rope=usual) if told and len(g.jumps.times) < FEWEST_BEATS else g for g in groups]


def groups_of(track: PoseTrack, settings: CountSettings) -> list[tuple[Jumps, dict[str, float]]]:
    """Groups of jumps of a track before anything is decided about them, each with its features."""
    track = replace(track, times=track.times * settings.speed)
    signals = signals_of(track, settings)
    groups = find_jumps(signals.body, find_segments(signals.body, settings), settings)
    return [(jumps, features(signals, jumps)) for jumps in groups]


def signals_of(track: PoseTrack, settings: CountSettings) -> PersonSignals:
    """All signals of a track."""
    body = body_signal(track, settings)
    legs = float(np.median(track.keypoints[:, 13:, 2])) if len(track) else 0.0
    return PersonSignals(body, limbs_of(track, body, settings), track.times, track.energy.astype(float), legs)


def slow_motion(track: PoseTrack, settings: CountSettings) -> list[str]:
    """A sentence where the motion would be rope jumps if the video were slowed down; ``track`` shows none as it is.

    Alternating feet tell nothing, since walking and pedalling look like slow steps.
    """
    for speed in SLOWED:
        groups = judged(signals_of(replace(track, times=track.times * speed), settings), settings)
        sure = [g.jumps for g in groups if min(g.flight, g.rope) > SURE and g.hands]
        counts = [len(jumps.times) for jumps in sure if not jumps.alternating]
        if sum(counts) >= MANY:
            return [f"This looks like slow motion: at speed {speed:g} there would be {sum(counts)} jumps."]
    return []


def weighted(values: Sequence[float], weights: Sequence[int]) -> float:
    """The weighted mean, 0 without weights."""
    return float(np.average(values, weights=weights)) if sum(weights) else 0.0
