"""People who exercise without a rope: hops, jacks, running on the spot, high knees, pedalling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.render.jump_motion import GRAVITY, Moment, Motion, Pose, leg, smooth
from tools.render.rasterizer import Array


def _arms(forward: tuple[float, float], out: float, bend: float) -> Pose:
    """Upper arms ``forward`` (left, right) and ``out`` from hanging, elbows bent; degrees."""
    pose: Pose = {}
    for side, sign, turn in (("L", 1, forward[0]), ("R", -1, forward[1])):
        pose[f"upperarm01.{side}"] = (8.0 - turn, sign * (27.0 - out), 0)
        pose[f"lowerarm01.{side}"] = (-bend, 0, 0)
    return pose


def _bow(degrees: float) -> Pose:
    return {"spine04": (0.6 * degrees, 0, 0), "spine02": (0.4 * degrees, 0, 0), "head": (-0.6 * degrees, 0, 0)}


def _hop(clock: float, flight: float, swing: float) -> Pose:
    """Both feet together; the arms swing in parallel, with amplitude ``swing``."""
    bend, point = 9 + 20 * (1 - flight), 34 * flight**0.5
    beat = 25 * swing * np.cos(2 * np.pi * clock)
    legs = leg("L", bend, 2 * bend, point) | leg("R", bend, 2 * bend, point)
    return legs | _bow(4) | _arms((beat, beat), 5, 15 + 60 * swing)


def _jacks(clock: float, flight: float, swing: float) -> Pose:
    """Feet apart and together in turn, the arms overhead when the feet are apart."""
    number = np.floor(clock)
    open_ = 0.5 - 0.5 * np.cos(np.pi * (number + smooth((clock - number - 0.15) / 0.7)))
    bend, point = 7 + 12 * (1 - flight), 30 * flight**0.5
    legs = leg("L", bend, 2 * bend, point, 19 * open_) | leg("R", bend, 2 * bend, point, 19 * open_)
    return legs | _bow(2) | _arms((0, 0), (110 + 40 * swing) * open_, 12)


def _run(lift: float, fold: float, bow: float) -> Callable[[float, float, float], Pose]:
    """Running on the spot: thighs rise to ``lift``, knees fold to ``fold`` degrees, the arms swing against the legs."""

    def pose(clock: float, flight: float, swing: float) -> Pose:
        wave, legs = np.cos(np.pi * clock), Pose()
        for side, part in (("L", wave), ("R", -wave)):
            up = float(np.clip(0.5 + 0.75 * part, 0, 1))
            up = smooth(up)
            legs |= leg(side, 10 + lift * up, 18 + fold * up, 22 * flight**0.5 * (1 - up) + 12 * up)
        arms = (-(12 + 26 * swing) * wave, (12 + 26 * swing) * wave)
        return legs | _bow(bow) | _arms(arms, 2, 70)

    return pose


def _pedal(clock: float, _: float, swing: float) -> Pose:
    """On a bicycle: the feet circle in antiphase, trunk and arms are still."""
    legs = Pose()
    for side, turn in (("L", 0.0), ("R", np.pi)):
        angle = 2 * np.pi * clock / 2 + turn
        legs |= leg(side, 55 + 24 * np.sin(angle), 75 + 32 * np.sin(angle + 0.5), 8 * np.cos(angle))
    return legs | _bow(25 + 25 * swing) | _arms((60, 60), 0, 10)


@dataclass(frozen=True)
class Exercise:
    """An exercise without a rope.

    ``pose`` as a function of clock, flight and swing; ``air``: share of the time in the air; ``seat``: height of the
    hips in metres of a seated person, else 0; ``label``: expected style of the jumps without a rope, empty for none.
    """

    pose: Callable[[float, float, float], Pose]
    air: float
    label: str
    seat: float = 0.0


NO_ROPE: dict[str, Exercise] = {
    "hops": Exercise(_hop, 0.55, "two feet"),
    "free_jacks": Exercise(_jacks, 0.45, "jacks"),
    "jog": Exercise(_run(28, 70, 6), 0.3, "alternate feet"),
    "high_knees": Exercise(_run(75, 85, 2), 0.28, "alternate feet"),
    "pedal": Exercise(_pedal, 0.0, "", seat=0.95),
}
"""Exercises without a rope by name."""


@dataclass(frozen=True)
class NoRopeMotion:
    """``count`` hops, steps or half turns of the pedals at ``rate`` a second, ``lead`` seconds of rest at both ends.

    ``seed`` determines the swing of the arms and the regularity of the rhythm.
    """

    style: str
    count: int = 16
    rate: float = 2.4
    lead: float = 1.0
    seed: int = 0

    @property
    def _bounds(self) -> Array:
        steps = 1 + 0.05 * np.random.default_rng(self.seed).uniform(-1, 1, self.count)
        return self.lead + np.concatenate([[0.0], np.cumsum(steps)]) / self.rate

    @property
    def apexes(self) -> Array:
        """(count,) seconds of the highest points; none where nothing leaves the floor."""
        bounds = self._bounds
        return (bounds[1:] + bounds[:-1]) / 2 if NO_ROPE[self.style].air else np.zeros(0)

    @property
    def duration(self) -> float:
        """Seconds from the first to the last frame."""
        return float(self._bounds[-1] + self.lead)

    def at(self, time: float) -> Moment:
        """The person at ``time`` seconds, without a rope."""
        exercise, bounds = NO_ROPE[self.style], self._bounds
        clock = float(np.interp(time, bounds, np.arange(self.count + 1)))
        phase = clock % 1.0
        flight = float(np.clip(1 - ((phase - 0.5) / (exercise.air / 2)) ** 2, 0, 1)) if exercise.air else 0.0
        swing = float(np.random.default_rng(self.seed + 7).uniform(0, 1))
        pose = exercise.pose(clock, flight, swing)
        if not exercise.seat:
            standing = Motion().at(0.0).pose
            part = smooth(2 * clock) * smooth(2 * (self.count - clock))
            pose = {
                bone: tuple((1 - part) * np.array(standing.get(bone, (0, 0, 0))) + part * np.array(turn))
                for bone, turn in (standing | pose).items()
            }
        top = GRAVITY * (exercise.air / self.rate) ** 2 / 8
        return Moment(pose, top * flight, np.nan, exercise.seat)
