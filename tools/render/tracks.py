"""Tracks of rendered bodies without pictures: joints of people who jump or exercise, with errors of a pose network.

They take minutes instead of the hours of rendered clips, to fit and test the rules that use joints alone.  The errors
are those of networks on real clips: jitter, swapped or coincident legs, missing feet, a hand-held camera.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tools.render.body import Body
from tools.render.jump_motion import STYLES, Moment, Motion
from tools.render.no_rope_motion import NO_ROPE, NoRopeMotion
from tools.render.rasterizer import Array, Camera
from tools.render.still_motion import STILL, StillMotion
from vision.types import PoseTrack

RATES = {
    "two_feet": (1.4, 3.4), "alternate": (2.6, 8.0), "boxer": (1.6, 3.0), "single_leg": (1.5, 2.8), "jacks": (1.4, 2.4),
    "crossover": (1.4, 2.4), "crossed": (1.6, 2.6), "double_under": (1.5, 3.0), "hops": (1.4, 3.0), "jog": (2.2, 3.2),
    "free_jacks": (1.4, 2.4), "high_knees": (2.0, 4.2), "pedal": (1.6, 4.0), "squat": (0.4, 0.9), "lunge": (0.4, 0.9),
    "march": (0.8, 1.3), "leg_swing": (0.6, 1.2), "arm_raise": (0.6, 1.5), "calf_raise": (0.7, 1.5),
    "bounce": (1.2, 1.9), "side_bend": (0.5, 1.2), "toe_touch": (0.3, 0.7),
}  # fmt: skip
"""Jumps, steps or repetitions a second of every motion."""


@dataclass(frozen=True)
class LabelledTrack:
    """A rendered track with its labels.

    ``track`` without thumbnails; ``motion``: its name; ``apexes`` (J,): seconds of the jumps; ``rope``: with a rope.
    """

    track: PoseTrack
    motion: str
    apexes: Array
    rope: bool


def make_tracks(count: int, seed: int, kinds: tuple[str, ...] = (*STYLES, *NO_ROPE, *STILL)) -> Iterator[LabelledTrack]:
    """``count`` tracks; every fifth body is a new one."""
    rng = np.random.default_rng(seed)
    body = None
    for number in range(count):
        if body is None or number % 5 == 0:
            names = ("gender", "height", "weight", "muscle")
            body = Body(None, **{name: float(rng.uniform(0.15, 0.85)) for name in names})
        yield make_track(body, kinds[number % len(kinds)], rng)


def make_track(body: Body, kind: str, rng: np.random.Generator) -> LabelledTrack:
    """One person seen by one camera."""
    rate = float(rng.uniform(*RATES[kind]))
    count = max(4, round(rate * rng.uniform(3, 8)))
    motion = _motion(kind, count, rate, int(rng.integers(1 << 30)))
    times = np.arange(0, motion.duration, 1 / rng.choice([24, 25, 30, 30, 60]))
    joints = _joints(body, motion, times, rng)
    if kind in ("jog", "high_knees") and rng.random() < 0.4:
        joints[..., :2] += (times[:, None] * rng.uniform(0.5, 3) * _direction(rng))[:, None]
    points, height = _seen(joints, rng)
    keypoints, camera = _faults(points, height, times, rng)
    corners = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1) + height * np.array(
        [-0.08, -0.12, 0.08, 0.05]
    )
    track = PoseTrack(times, keypoints.astype(np.float32), corners.astype(np.float32), camera.astype(np.float32))
    return LabelledTrack(track, kind, motion.apexes, kind in STYLES)


def _motion(kind: str, count: int, rate: float, seed: int) -> Motion | NoRopeMotion | StillMotion:
    if kind in STYLES:
        return Motion(kind, count, rate, 1.0, seed)
    return NoRopeMotion(kind, count, rate, 1.0, seed) if kind in NO_ROPE else StillMotion(kind, count, rate, 1.0)


def _direction(rng: np.random.Generator) -> Array:
    angle = rng.uniform(0, 2 * np.pi)
    return np.array([[np.cos(angle), np.sin(angle)]])


def _joints(body: Body, motion: Motion | NoRopeMotion | StillMotion, times: Array, rng: np.random.Generator) -> Array:
    """Joints (T, 17, 3) in metres, with random width of the hands' circles and random posture of the arms."""
    moments = [motion.at(float(t)) for t in times]
    circle, hold = rng.uniform(0, 14), rng.uniform(-10, 10, 4)
    bent = float(rng.uniform(0, 45)) if rng.random() < 0.3 else 0.0
    out = []
    for start in range(0, len(times), 64):
        poses = [_with_arms(m, circle, hold, bent) for m in moments[start : start + 64]]
        vertices, joints = body.posed_all(poses)
        for k, moment in enumerate(moments[start : start + 64]):
            low = joints[k][11:13, 2].mean() - moment.seat if moment.seat else vertices[k][:, 2].min() - moment.height
            out.append(joints[k] - np.array([0, 0, low]))
    return np.array(out)


def _with_arms(moment: Moment, circle: float, hold: Array, bent: float) -> dict:
    pose = dict(moment.pose)
    turn = moment.turn if np.isfinite(moment.turn) else 0.0
    wide = circle if np.isfinite(moment.turn) else 0.0
    for side, sign, (forward, out) in (("L", 1, hold[:2]), ("R", -1, hold[2:])):
        x, y, z = pose.get(f"lowerarm01.{side}", (0, 0, 0))
        pose[f"lowerarm01.{side}"] = (x + wide * np.cos(turn) + forward, y, z + sign * (wide * np.sin(turn) + out))
    if bent:
        for bone, share in (("spine04", 0.5), ("spine02", 0.5)):
            x, y, z = pose.get(bone, (0, 0, 0))
            pose[bone] = (x + share * bent, y, z)
    return pose


def _seen(joints: Array, rng: np.random.Generator) -> tuple[Array, float]:
    """(T, 17, 2) pixels of a camera anywhere around, and the body's height in pixels."""
    around, distance = rng.uniform(0, 2 * np.pi), rng.uniform(3, 6)
    eye = (distance * np.sin(around), -distance * np.cos(around), rng.uniform(0.4, 2.0))
    camera = Camera(eye, (0.0, 0.0, rng.uniform(0.8, 1.1)), distance / rng.uniform(2.6, 5.0))
    points, _ = camera.project(joints)
    return points, float(np.median(np.ptp(points[..., 1], axis=1)) * 1.15)


def _faults(points: Array, height: float, times: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Keypoints (T, 17, 3) with errors of a pose network, and the estimated camera motion (T, 2)."""
    count = len(points)
    tremor = rng.normal(0, rng.uniform(0.001, 0.008) * height, points.shape)
    out = points + tremor
    if rng.random() < 0.3:
        _swap_legs(out, rng)
    if rng.random() < 0.25:
        _double_legs(out, rng)
    scores = np.clip(rng.normal(rng.uniform(0.6, 0.95), 0.05, (count, 17)), 0.3, 1)
    if rng.random() < 0.1:
        scores[:, 13:] = rng.uniform(0.05, 0.2)
    steps = np.zeros((count, 2))
    if rng.random() < 0.2:
        shake = height * 0.01 * np.sin(2 * np.pi * rng.uniform(0.3, 3) * times + rng.uniform(0, 6))[:, None]
        path = shake * rng.normal(0, 1, (1, 2))
        out += path[:, None]
        steps[1:] = np.diff(path, axis=0)
    return np.concatenate([out, scores[..., None]], axis=2), steps


def _bursts(count: int, rng: np.random.Generator) -> Array:
    """Frames (T,) bool of an intermittent error."""
    share = rng.uniform(0.05, 0.5)
    noise = np.convolve(rng.normal(size=count + 8), np.ones(int(rng.integers(1, 5))), "same")[:count]
    return noise > np.quantile(noise, 1 - share)


def _swap_legs(points: Array, rng: np.random.Generator) -> None:
    when = _bursts(len(points), rng)
    for left, right in ((13, 14), (15, 16)):
        points[when, left], points[when, right] = points[when, right].copy(), points[when, left].copy()


def _double_legs(points: Array, rng: np.random.Generator) -> None:
    when = _bursts(len(points), rng)
    side = rng.random(len(points)) < 0.5
    for left, right in ((13, 14), (15, 16)):
        points[when & side, left] = points[when & side, right]
        points[when & ~side, right] = points[when & ~side, left]
