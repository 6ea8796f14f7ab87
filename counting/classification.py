"""Classification of jump groups: jumping or not, with a rope or without, slow motion or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from counting.classifier import load_models
from counting.features import FEWEST_JUMPS, PersonSignals, features
from counting.peaks import Jumps, find_jumps
from counting.report import ROPE
from counting.rhythm import find_segments
from counting.settings import CountSettings
from counting.signal import body_signal
from counting.style import limbs_of, style_of, turns_per_jump
from vision.types import PoseTrack

JUMPING = 0.4
"""Probability of a flight from which a group counts as jumping: below 0.5, since rope jumps must also show a rope."""

SLOWED = (0.5, 0.25)
"""Playback speeds that are tried where no jump is found."""

SURE, MANY = 0.55, 5
"""Probability of flight and of rope, and number of jumps, from which slow motion is reported."""


@dataclass(frozen=True)
class Group:
    """Jumps of one rhythm with their classes.

    ``style``; ``turns`` of the rope per jump; ``flight``: probability that this is jumping at all; ``rope``:
    probability that a rope is turned, meaningful only with ``hands_seen``.
    """

    jumps: Jumps
    style: str
    turns: int
    flight: float
    rope: float
    hands_seen: bool

    @property
    def with_rope(self) -> bool:
        """Whether these are rope jumps; assumed where the hands are not seen."""
        return self.rope >= ROPE or not self.hands_seen


def classify(signals: PersonSignals, settings: CountSettings) -> list[Group]:
    """The jump groups of a person, each with its classes.

    A group with fewer than ``FEWEST_JUMPS`` jumps, too few to detect their rate in the wrists, takes the mean rope
    probability of the person's longer groups.
    """
    models, groups = load_models(), list[Group]()
    for jumps in find_jumps(signals.body, find_segments(signals.body, settings), settings):
        values = features(signals, jumps)
        flight, rope = (models[name].probability(values) for name in ("flight", "rope"))
        seen = bool(np.isfinite(values["hands_seen"]))
        turns = turns_per_jump(signals.limbs, signals.body.times, jumps) if seen and rope >= ROPE else 1
        groups.append(Group(jumps, style_of(signals.body, signals.limbs, jumps, turns), turns, flight, rope, seen))
    long = [g for g in groups if g.flight >= JUMPING and len(g.jumps.times) >= FEWEST_JUMPS]
    usual = weighted([g.rope for g in long], [len(g.jumps.times) for g in long])
    return [replace(g, rope=usual) if long and len(g.jumps.times) < FEWEST_JUMPS else g for g in groups]


def groups_of(track: PoseTrack, settings: CountSettings) -> list[tuple[Jumps, dict[str, float]]]:
    """The jump groups of a track, unclassified, each with its features."""
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
    """One warning if a track without jumps would contain rope jumps when played back more slowly, else none.

    Alternating feet are left out, since walking and pedalling look like slow steps.
    """
    for speed in SLOWED:
        groups = classify(signals_of(replace(track, times=track.times * speed), settings), settings)
        sure = [g.jumps for g in groups if min(g.flight, g.rope) > SURE and g.hands_seen]
        counts = [len(jumps.times) for jumps in sure if not jumps.alternating]
        if sum(counts) >= MANY:
            return [f"This looks like slow motion: at speed {speed:g} there would be {sum(counts)} jumps."]
    return []


def weighted(values: Sequence[float], weights: Sequence[int]) -> float:
    """The weighted mean, 0 without weights."""
    return float(np.average(values, weights=weights)) if sum(weights) else 0.0
