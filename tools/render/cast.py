"""People for a rendered crop: bodies in stances, on the floor or above it, without self-intersection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tools.render.body import Body
from tools.render.poses import Stance
from tools.render.rasterizer import Array


@dataclass(frozen=True)
class Actor:
    """A body in a stance, in metres, facing -y, with the floor at z = 0.

    The dressed ``surface`` (S, 3), ``joints`` (17, 3) and ``hands`` (2, 3) at the middle of the exposure, and the
    surface one exposure ``later`` if it moves.
    """

    body: Body
    stance: Stance
    surface: Array
    later: Array | None
    joints: Array
    hands: Array

    def moved(self, turn: float, offset: Array) -> Actor:
        """The actor rotated by ``turn`` radians about the vertical, then shifted by ``offset`` (3,)."""
        c, s = np.cos(turn), np.sin(turn)
        matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
        spots = (
            None if p is None else (p @ matrix + offset).astype(p.dtype)
            for p in (self.surface, self.later, self.joints, self.hands)
        )  # fmt: skip
        return Actor(self.body, self.stance, *spots)  # type: ignore[arg-type]  # as many as there are fields

    @cached_property
    def girth(self) -> float:
        """Radius in metres around the vertical axis that contains nearly all of the body."""
        return float(np.percentile(np.hypot(self.surface[:, 0], self.surface[:, 1]), 97))


def cast(body: Body, stances: Sequence[tuple[Stance, Stance]]) -> list[Actor]:
    """The body in those pairs of stances (now and one exposure on) that are plausible."""
    moving = [k for k, (now, later) in enumerate(stances) if later is not now]
    poses = [now.pose for now, _ in stances] + [stances[k][1].pose for k in moving]
    vertices, joints = body.posed_all(poses)
    after = dict(zip(moving, vertices[len(stances) :], strict=True))
    actors = []
    for k, (now, _) in enumerate(stances):
        if plausible(joints[k], trunk_length(body)):
            turn = _upright(now, joints[k]).T
            last = after[k] @ turn.astype(np.float32) if k in after else None
            actors.append(_placed(body, now, vertices[k] @ turn.astype(np.float32), last, joints[k] @ turn))
    return actors


def _placed(body: Body, stance: Stance, vertices: Array, later: Array | None, joints: Array) -> Actor:
    """The actor with its feet, or its seat, at the stance's height."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    shift = np.array([*(-(low + high)[:2] / 2), stance.height - low[2]])
    if stance.kind.seat:
        shift[2] = _seat_height(body) + 0.09 - joints[[11, 12], 2].mean()
    step = shift.astype(np.float32)
    surface, after = body.dressed(vertices) + step, None if later is None else body.dressed(later) + step
    return Actor(body, stance, surface, after, joints + shift, body.hands(vertices) + shift)


def _seat_height(body: Body) -> float:
    """Metres from the floor to the seat of a chair for this body: the length of its shank."""
    j = body.rest_joints
    return float(np.linalg.norm(j[13] - j[15])) + 0.06


def _upright(stance: Stance, joints: Array) -> Array:
    """Rotation (3, 3) about x that leans the body, or levels its two supports on the floor."""
    lean = np.deg2rad(stance.lean)
    if stance.kind.level is not None:
        one, two = (joints[[j, j + 1]].mean(axis=0) for j in stance.kind.level)
        forward, up = -(two - one)[1], (two - one)[2]
        reach = max(float(np.hypot(forward, up)), 1e-6)
        lean = np.arctan2(up, forward) - np.arcsin(np.clip(stance.kind.rise / reach, -1, 1))
    c, s = np.cos(lean), np.sin(lean)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def plausible(j: Array, unit: float) -> bool:
    """Whether no limb intersects another one or the trunk, as capsules between joints ``j`` (17, 3).

    ``unit`` is the length of the trunk in metres.
    """
    chest, pelvis = j[[5, 6]].mean(axis=0), j[[11, 12]].mean(axis=0)
    head = j[[3, 4]].mean(axis=0)
    trunk = [(0.55 * j[s] + 0.45 * chest, 0.55 * j[h] + 0.45 * pelvis, 0.2) for s, h in ((5, 11), (6, 12))]
    skull = (head, 0.6 * head + 0.4 * j[0], 0.2)
    thigh = [(0.65 * j[h] + 0.35 * j[k], j[k], 0.12) for h, k in ((11, 13), (12, 14))]
    shank = [(0.9 * j[k] + 0.1 * j[a], j[a] + 0.15 * (j[a] - j[k]), 0.09) for k, a in ((13, 15), (14, 16))]
    fore = [(0.8 * j[e] + 0.2 * j[w], j[w] + 0.35 * (j[w] - j[e]), 0.07) for e, w in ((7, 9), (8, 10))]
    pairs = [(fore[0], fore[1]), (thigh[0], thigh[1]), (shank[0], shank[1]), (thigh[0], shank[1]), (thigh[1], shank[0])]
    pairs += [(f, other) for f in fore for other in (*trunk, skull, *thigh, *shank)]
    pairs += [(t, skull) for t in thigh]
    return all(gap(a, b) > -0.05 * unit for a, b in ((_scaled(p, unit), _scaled(q, unit)) for p, q in pairs))


def trunk_length(body: Body) -> float:
    """Metres from the middle of the shoulders to the middle of the hips."""
    j = body.rest_joints
    return float(np.linalg.norm(j[[5, 6]].mean(axis=0) - j[[11, 12]].mean(axis=0)))


def _scaled(capsule: tuple[Array, Array, float], unit: float) -> tuple[Array, Array, float]:
    return capsule[0], capsule[1], capsule[2] * unit


def gap(a: tuple[Array, Array, float], b: tuple[Array, Array, float]) -> float:
    """Metres between two capsules (end, end, radius); negative where they overlap."""
    s = np.linspace(0, 1, 9)[:, None]
    one, two = a[0] + s * (a[1] - a[0]), b[0] + s * (b[1] - b[0])
    return float(np.linalg.norm(one[:, None] - two[None], axis=2).min()) - a[2] - b[2]
