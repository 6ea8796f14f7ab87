"""Objects in a rendered crop, made of boxes: seats, furniture around the person, and occluders in front."""

from __future__ import annotations

import numpy as np

from tools.render.backgrounds import random_colour
from tools.render.cast import Actor
from tools.render.rasterizer import Array, Camera, rasterize
from tools.render.shading import Light, Shot, linear, waves

_BOX_FACES = np.array(
    [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
     [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
)  # fmt: skip


def seat(actor: Actor, rng: np.random.Generator) -> Array:
    """(8, 3) a stool or a bench under somebody who sits."""
    hips = actor.joints[[11, 12]].mean(axis=0)
    top = hips[2] - 0.11
    thick = rng.choice([top, 0.05])
    wide = rng.choice([rng.uniform(0.35, 0.5), rng.uniform(0.9, 2.0)])
    size = np.array([wide, rng.uniform(0.3, 0.42), thick])
    return box_mesh(np.array([hips[0], hips[1] + 0.03, top - thick / 2]), size, 0.0)


def clutter(actor: Actor, eye: Array, rng: np.random.Generator) -> list[Array]:
    """Up to three boxes on the floor beside and behind the person."""
    out = []
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        size = rng.uniform(0.15, 1.0, 3) * (1, 1, rng.choice([0.4, 1.0, 1.9]))
        away = actor.girth + 0.75 * np.hypot(size[0], size[1]) + rng.uniform(0, 2.5)
        direction = np.arctan2(-eye[1], -eye[0]) + rng.uniform(-1.9, 1.9)
        middle = np.array([away * np.cos(direction), away * np.sin(direction), size[2] / 2])
        out.append(box_mesh(middle, size, rng.uniform(0, np.pi)))
    return out


def obstacle(actor: Actor, eye: Array, rng: np.random.Generator) -> Array:
    """(8, 3) a pole, bar or crate between the camera at ``eye`` and some joint of the person."""
    joint = actor.joints[rng.integers(5, 17)]
    part = rng.uniform(0.3, 0.75)
    spot = np.asarray(eye) + part * (joint - eye)
    kind = rng.integers(3)
    if kind == 0:
        size, spot = np.array([rng.uniform(0.03, 0.15), 0.1, 4.0]), np.array([spot[0], spot[1], 2.0])
    elif kind == 1:
        size = np.array([rng.uniform(0.5, 4), 0.05, rng.uniform(0.02, 0.2)])
    else:
        size = rng.uniform(0.15, 0.7, 3) * part
    turn = np.arctan2(joint[0] - eye[0], eye[1] - joint[1])
    return box_mesh(spot, size, turn + rng.normal(0, 0.3))


def box_mesh(middle: Array, size: Array, turn: float) -> Array:
    """(8, 3) corners of an upright box turned about the vertical."""
    corners = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]) * size
    c, s = np.cos(turn), np.sin(turn)
    return corners @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + middle


def shoot_box(corners: Array, camera: Camera, light: Light, rng: np.random.Generator) -> Shot:
    """A box of one colour with some grain, lit like a body."""
    a, b, c = (corners[_BOX_FACES[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    inward = (((a + b + c) / 3 - corners.mean(axis=0)) * flat).sum(axis=1) < 0
    faces = np.where(inward[:, None], _BOX_FACES[:, ::-1], _BOX_FACES)
    flat = np.where(inward[:, None], -flat, flat) / np.linalg.norm(flat, axis=1, keepdims=True)
    seen = rasterize(*camera.project(corners), faces, camera.size, np.ones(8))
    towards = np.array(light.towards) / np.linalg.norm(light.towards)
    room = light.ground + (light.sky - light.ground) * 0.5 * (flat[:, 2] + 1)
    bright = light.lamp * np.clip(flat @ towards, 0, None) + room
    spots = seen.interpolate(corners, faces)
    grain = 1 + rng.uniform(0, 0.4) * waves(spots, rng.uniform(2, 30), int(rng.integers(1000)), 5)
    colour = linear(random_colour(rng))[None] * (bright[seen.faces] * grain)[:, None]
    return Shot(seen.pixels, np.clip(colour, 0, 2), seen.depth, np.zeros((len(seen.pixels), 2)))
