"""Motion of rope skipping: joint angles, height above the floor and angle of the rope over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.render.rasterizer import Array

STYLES = {
    "two_feet": "two feet",
    "alternate": "alternate feet",
    "boxer": "boxer step",
    "single_leg": "single leg",
    "jacks": "jacks",
    "crossover": "crossover",
    "crossed": "crossover",
    "double_under": "double under",
}
"""Styles, and their names in counting; arms are crossed in every second jump (crossover) or in all (crossed)."""
GRAVITY = 9.81
Pose = dict[str, tuple[float, float, float]]
"""Rotation vectors of bones in degrees."""

_REST_TURN = -1.9 * np.pi
"""Angle of the rope at rest in radians: behind the heels, slightly past straight down."""


@dataclass(frozen=True)
class Moment:
    """A person at one time.

    Bone rotations ``pose`` (degrees), ``height`` of the lowest point above the floor (metres), ``turn``: angle of the
    rope (radians, 0 straight down, increasing backwards and up; NaN without a rope), ``seat``: height of the hips
    (metres) of a seated person, else 0.
    """

    pose: Pose
    height: float
    turn: float
    seat: float = 0.0


@dataclass(frozen=True)
class Motion:
    """``count`` jumps in one of ``STYLES`` at about ``rate`` a second, ``lead`` seconds of standing at both ends."""

    style: str = "two_feet"
    count: int = 24
    rate: float = 2.3
    lead: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise ValueError(f"style must be one of {', '.join(STYLES)}, not {self.style!r}")
        if self.count < 1 or self.rate <= 0 or self.lead < 0:
            raise ValueError("count and rate must be positive, lead not negative")

    @property
    def bounds(self) -> Array:
        """Seconds (count + 1,): jump k lasts from bound k to bound k + 1, with its apex in the middle."""
        steps = 1 + 0.05 * np.random.default_rng(self.seed).uniform(-1, 1, self.count)
        return self.lead + np.concatenate([[0.0], np.cumsum(steps)]) / self.rate

    @property
    def apexes(self) -> Array:
        """(count,) seconds of the highest points."""
        return (self.bounds[1:] + self.bounds[:-1]) / 2

    @property
    def duration(self) -> float:
        """Seconds from the first to the last frame."""
        return float(self.bounds[-1] + self.lead)

    def at(self, time: float) -> Moment:
        """The person at ``time`` seconds."""
        clock = self._clock(time)
        number = int(np.clip(np.floor(clock), 0, self.count - 1))
        phase = float(np.clip(clock - number, 0, 1))
        air = {"double_under": 0.72, "boxer": 0.45, "alternate": 0.45}.get(self.style, 0.58)
        flight = float(np.clip(1 - ((phase - 0.5) / (air / 2)) ** 2, 0, 1))
        top = GRAVITY * (air / self.rate) ** 2 / 8
        knees = self._crouch(clock)
        end = self.count + (0.5 if self.style == "alternate" else 0)  # the last step lands on one foot, as all do
        step = _Step(number + phase, flight, knees, smooth(2 * clock) * smooth(2 * (end - clock)))
        legs = _LEGS[self.style](step)
        return Moment(self._arms(clock) | _trunk(time, knees) | legs, top * flight, self._turn(clock))

    def _clock(self, time: float) -> float:
        """Phase in jumps, linear within each; extrapolated at the usual rate outside of the bounds."""
        bounds = self.bounds
        if time < bounds[0]:
            return (time - bounds[0]) * self.rate
        if time >= bounds[-1]:
            return self.count + (time - bounds[-1]) * self.rate
        return float(np.interp(time, bounds, np.arange(self.count + 1)))

    def _crouch(self, clock: float) -> float:
        """Flexion of the knees, 0 to 1: largest in the middle of every ground contact."""
        if clock < -0.5 or clock > self.count + 0.7:
            return 0.0
        fading = 0.6 if clock < 0 else (1.0 if clock <= self.count else np.clip(1 - (clock - self.count) / 0.7, 0, 1))
        return float(fading * (0.5 + 0.5 * np.cos(2 * np.pi * clock)) ** 2)

    def _turn(self, clock: float) -> float:
        """Angle of the rope: at rest behind the heels, over the head, under the feet at every apex."""
        turns = 2 if self.style == "double_under" else 1
        start, end = -np.pi * turns, 2 * np.pi * turns * (self.count - 0.5)
        if turns == 2:
            start, end = -np.pi, 2 * np.pi * 2 * self.count - np.pi
        if clock <= 0:
            return float(start + (_REST_TURN + np.pi) * smooth(-clock / 0.9))
        if clock >= self.count:
            return float(end + 0.93 * np.pi * smooth((clock - self.count) / 0.8))
        return float(start + (end - start) * clock / self.count)

    def _arms(self, clock: float) -> Pose:
        """Upper arms beside the body, forearms out or crossed in front; wrists circle with the rope."""
        swing, cross = 1.0 if 0 <= clock <= self.count else 0.15, self._cross(clock)
        turn = self._turn(clock)
        up, out = 4 * swing * np.cos(turn), 4 * swing * np.sin(turn)
        pose: Pose = {}
        for side, sign in (("L", 1), ("R", -1)):
            over = -6.0 if side == "R" else 6.0  # one forearm lies over the other
            pose["clavicle." + side] = (0, sign * 3.0, 0)
            upper = _between((8.0, 27.0, 0.0), (-22.0 + over, 56.0, -22.0), cross)
            lower = _between((-34.0, -2.0, 10.0), (30.0, 18.0, 25.0), cross)
            pose["upperarm01." + side] = (upper[0] - up, sign * (upper[1] + out), sign * upper[2])
            pose["lowerarm01." + side] = (lower[0] + up, sign * lower[1], sign * (lower[2] + out))
            pose["wrist." + side] = (6 * swing * np.sin(turn), 0, 0)
            for finger in range(2, 6):
                for part in (1, 2, 3):
                    pose[f"finger{finger}-{part}.{side}"] = (26.0, sign * 58, sign * -28)
            pose["finger1-2." + side] = pose["finger1-3." + side] = (12.0, sign * 27, sign * -13)
        return pose

    def _cross(self, clock: float) -> float:
        """Crossing of the arms, 0 to 1: it changes while the rope is over the head and is constant in between."""
        if self.style not in ("crossover", "crossed"):
            return 0.0
        inside = smooth(2 * clock) * smooth(2 * (self.count - clock))
        if self.style == "crossed":
            return inside
        number = np.floor(clock + 0.5)
        going = smooth((clock - number + 0.3) / 0.6)
        return inside * (going if number % 2 else 1 - going) * (number > 0)


def bow(degrees: float, rng: np.random.Generator) -> dict[str, Array]:
    """Additional rotations: the trunk bent forward by ``degrees``, the gaze between ahead and the floor."""
    turns = {f"spine0{k}": np.array([part * degrees, 0, 0]) for k, part in ((5, 0.3), (4, 0.3), (3, 0.2), (2, 0.2))}
    nod = -float(rng.uniform(-0.3, 0.8)) * degrees
    turns |= {bone: np.array([part * nod, 0, 0]) for bone, part in (("neck02", 0.4), ("head", 0.6))}
    hang = -float(rng.uniform(0.4, 1.0)) * degrees
    return turns | {f"upperarm01.{side}": np.array([hang, 0, 0]) for side in "LR"}


def smooth(value: float) -> float:
    """Smooth step from 0 to 1."""
    x = float(np.clip(value, 0, 1))
    return x * x * (3 - 2 * x)


def _between(start: tuple[float, ...], end: tuple[float, ...], part: float) -> list[float]:
    return [(1 - part) * a + part * b for a, b in zip(start, end, strict=True)]


def _trunk(time: float, knees: float) -> Pose:
    """A slight sway, a lean into the crouch, and a head that looks ahead."""
    sway, nod = 1.6 * np.sin(2 * np.pi * 0.23 * time), 1.2 * np.sin(2 * np.pi * 0.31 * time + 1)
    lean = 2.5 + 5 * knees
    return {
        "spine04": (lean, sway, 0.6 * sway),
        "spine02": (0.5 * lean, -0.6 * sway, 0),
        "head": (nod - lean, -0.4 * sway, 2 * sway),
    }


def leg(side: str, hip: float, knee: float, ankle: float, spread: float = 0.0) -> Pose:
    """One leg: ``hip`` lifts the thigh, ``knee`` bends, ``ankle`` points the foot down, ``spread`` opens; degrees."""
    sign = 1 if side == "L" else -1
    return {
        f"upperleg01.{side}": (-hip, -sign * (spread - 7.0), 0),
        f"lowerleg01.{side}": (knee, 0, 0),
        f"foot.{side}": (ankle - (knee - hip), 0, 0),
        f"toe1-1.{side}": (0.0, 0, 0),
    }


@dataclass(frozen=True)
class _Step:
    """Phase ``clock`` in jumps; ``flight`` and ``knees`` (crouch) in [0, 1]; ``amount`` of the style, 0 at rest."""

    clock: float
    flight: float
    knees: float
    amount: float


def _together(step: _Step) -> Pose:
    bend, point = 9 + 17 * step.knees, 34 * step.flight**0.5
    return leg("L", bend, 2 * bend, point) | leg("R", bend, 2 * bend, point)


def _alternate(step: _Step) -> Pose:
    """Running on the spot: the lifted leg comes down while the other one takes off."""
    swing, bend, legs = np.cos(np.pi * step.clock), 9 + 12 * step.knees, {}
    for side, part in (("L", 0.5 + 0.5 * swing), ("R", 0.5 - 0.5 * swing)):
        lift = step.amount * float(np.clip(1.6 * part - 0.5, 0, 1))
        point = 26 * step.flight**0.5 * (1 - lift) + 20 * lift
        legs |= leg(side, bend + 34 * lift, 2 * bend + 46 * lift, point)
    return legs


def _boxer(step: _Step) -> Pose:
    """Two hops on each leg, which stands below the body; the free foot lightly in front."""
    swing, bend, legs = np.sin(np.pi / 2 * step.clock + np.pi / 4), 8 + 12 * step.knees, {}
    for side, part in (("L", swing), ("R", -swing)):
        free = step.amount * float(np.clip(1.4 * part, 0, 1))
        point = 24 * step.flight**0.5 * (1 - free) + 8 * free
        sway = 4 * step.amount * float(np.clip(1.4 * part, -1, 1))
        legs |= leg(side, bend + 12 * free, 2 * bend + 6 * free, point, 2 * free + sway)
    return legs


def _single_leg(step: _Step) -> Pose:
    """Hops on the left leg, the right foot held behind."""
    bend, point, held = 9 + 17 * step.knees, 34 * step.flight**0.5, 62 * step.amount
    return leg("L", bend, 2 * bend, point) | leg("R", bend, 2 * bend + held, point + held)


def _jacks(step: _Step) -> Pose:
    """Feet apart and together in turn."""
    number = np.floor(step.clock)
    moved = number + smooth((step.clock - number - 0.2) / 0.6)
    spread = 17 * step.amount * float(0.5 - 0.5 * np.cos(np.pi * moved))
    bend, point = 8 + 14 * step.knees, 30 * step.flight**0.5
    return leg("L", bend, 2 * bend, point, spread) | leg("R", bend, 2 * bend, point, spread)


_LEGS: dict[str, Callable[[_Step], Pose]] = {
    "two_feet": _together,
    "double_under": _together,
    "crossover": _together,
    "crossed": _together,
    "alternate": _alternate,
    "boxer": _boxer,
    "single_leg": _single_leg,
    "jacks": _jacks,
}
