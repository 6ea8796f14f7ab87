"""Exercises without a flight phase, which must not be counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.render.jump_motion import Moment, Motion, Pose, leg, smooth
from tools.render.rasterizer import Array


def _arms(raise_: float, out: float) -> Pose:
    """Straight arms lifted forwards and sideways; degrees from hanging."""
    pose: Pose = {}
    for side, sign in (("L", 1), ("R", -1)):
        pose[f"upperarm01.{side}"] = (8.0 - raise_, sign * (27.0 - out), 0)
        pose[f"lowerarm01.{side}"] = (-10.0, 0, 0)
    return pose


def _trunk(bow: float, aside: float = 0.0) -> Pose:
    """The trunk bent forwards and aside; the head looks ahead."""
    return {"spine04": (0.6 * bow, 0.5 * aside, 0), "spine02": (0.4 * bow, 0.5 * aside, 0), "head": (-0.7 * bow, 0, 0)}


def _squat(down: float, _: float) -> Pose:
    legs = leg("L", 95 * down, 110 * down, 0, 8) | leg("R", 95 * down, 110 * down, 0, 8)
    return legs | _trunk(30 * down) | _arms(80 * down, 0)


def _lunge(down: float, _: float) -> Pose:
    return leg("L", 25 + 55 * down, 15 + 75 * down, 0) | leg("R", -20 - 5 * down, 15 + 70 * down, 30) | _trunk(6)


def _march(_: float, phase: float) -> Pose:
    lifts = {"L": max(0.0, np.sin(2 * np.pi * phase)), "R": max(0.0, -np.sin(2 * np.pi * phase))}
    legs = [leg(side, 4 + 42 * lift, 8 + 62 * lift, 15 * lift) for side, lift in lifts.items()]
    return legs[0] | legs[1] | _trunk(3)


def _leg_swing(_: float, phase: float) -> Pose:
    swing = 35 * np.sin(2 * np.pi * phase)
    return leg("L", 3, 6, 0) | leg("R", 10 + swing, 14, 5) | _trunk(-0.1 * swing) | _arms(0, 30)


def _arm_raise(up: float, _: float) -> Pose:
    return leg("L", 4, 8, 0, 6) | leg("R", 4, 8, 0, 6) | _arms(0, 120 * up)


def _calf_raise(up: float, _: float) -> Pose:
    return leg("L", 3, 6, 35 * up) | leg("R", 3, 6, 35 * up) | _arms(0, 10)


def _bounce(down: float, _: float) -> Pose:
    bend = 5 + 9 * down
    return leg("L", bend, 2 * bend, 0) | leg("R", bend, 2 * bend, 0) | _trunk(2 + 3 * down)


def _side_bend(_: float, phase: float) -> Pose:
    return leg("L", 8, 16, 0, 8) | leg("R", 8, 16, 0, 8) | _trunk(4, 40 * np.sin(2 * np.pi * phase)) | _arms(40, 20)


def _toe_touch(down: float, _: float) -> Pose:
    return (
        leg("L", 6 * down, 10 * down, 0, 4)
        | leg("R", 6 * down, 10 * down, 0, 4)
        | _trunk(110 * down)
        | _arms(90 * down, 0)
    )


STILL: dict[str, Callable[[float, float], Pose]] = {
    "squat": _squat,
    "lunge": _lunge,
    "march": _march,
    "leg_swing": _leg_swing,
    "arm_raise": _arm_raise,
    "calf_raise": _calf_raise,
    "bounce": _bounce,
    "side_bend": _side_bend,
    "toe_touch": _toe_touch,
}
"""Bone rotations of each exercise as a function of its extent, 0 to 1, and its phase, 0 to 1."""


@dataclass(frozen=True)
class StillMotion:
    """``count`` repetitions of one of ``STILL`` at ``rate`` a second, ``lead`` seconds of standing at both ends."""

    style: str
    count: int = 8
    rate: float = 1.0
    lead: float = 1.0

    @property
    def duration(self) -> float:
        """Seconds from the first to the last frame."""
        return self.count / self.rate + 2 * self.lead

    @property
    def apexes(self) -> Array:
        """Seconds of the highest points: empty."""
        return np.zeros(0)

    def at(self, time: float) -> Moment:
        """The person at ``time`` seconds, without a rope."""
        clock = float(np.clip((time - self.lead) * self.rate, 0, self.count))
        phase = clock % 1.0
        standing = Motion().at(0.0).pose
        pose = standing | STILL[self.style](0.5 - 0.5 * float(np.cos(2 * np.pi * phase)), phase)
        part = smooth(4 * clock) * smooth(4 * (self.count - clock))
        mixed = {
            k: tuple((1 - part) * np.array(standing.get(k, (0, 0, 0))) + part * np.array(v)) for k, v in pose.items()
        }
        return Moment(mixed, 0.0, np.nan)
