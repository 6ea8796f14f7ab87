"""One person crop: a rendered body among others, behind and on objects, on a random background, with its joints.

A label is the joint's exact position and a weight: 0 outside the picture and for eyes, nose and ears occluded by the
head, 0.5 for another occluded joint, 1 for a visible one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tools.render.backgrounds import make_place, random_colour
from tools.render.cast import Actor, trunk_length
from tools.render.rasterizer import Array, Camera
from tools.render.scenery import cast_shadow, draw_rope, rope_curve
from tools.render.shading import Light, Shot, shoot
from tools.render.things import clutter, obstacle, seat, shoot_box
from tools.render.view import SIZE, frame, random_camera, random_light
from vision.types import Image

SCALE = 1.5
"""Supersampling factor: rendered pixels per pixel of the crop, along each side."""
SHALLOW = np.array([0.045] * 3 + [0.06] * 2 + [0.2] * 2 + [0.1] * 4 + [0.22] * 2 + [0.12] * 2 + [0.1] * 2) / 0.54
"""Depth in trunk lengths below the person's own surface from which a joint is occluded."""


@dataclass(frozen=True)
class Crop:
    """A picture (288, 216, 3) uint8 RGB, ``keypoints`` (17, 3) x, y, weight, ``box`` (4,) and the activity."""

    image: Image
    keypoints: Array
    box: Array
    activity: str


@dataclass(frozen=True)
class Scene:
    """Contents of a crop: its ``actor`` and ``others``, the camera at the crop's size, and the light."""

    actor: Actor
    others: list[Actor]
    camera: Camera
    light: Light


def make_crop(actor: Actor, others: Sequence[Actor], rng: np.random.Generator, enough: float = 0.45) -> Crop:
    """A crop of ``actor`` with ``others`` around and objects in front, without those that occlude too much.

    ``enough``: least visible share of the person's pixels inside the picture.
    """
    camera, box, edges = frame(actor, random_camera(actor, rng), rng)
    light, eye = random_light(rng), np.array(camera.eye)
    placed = [place_beside(actor, other, eye, rng) for other in others]
    things = clutter(actor, eye, rng) + ([seat(actor, rng)] if actor.stance.kind.seat else [])
    front = [obstacle(actor, eye, rng) for _ in range(rng.choice([0, 1, 2], p=[0.7, 0.22, 0.08]))]
    scene = Scene(actor, placed, camera, light)
    own = shoot_actor(actor, scene, rng)
    rest = [shoot_actor(other, scene, rng) for other in placed] + [
        shoot_box(corners, camera.scaled(SCALE), light, rng) for corners in things + front
    ]
    while rest and _seen_part(own, rest) < enough:
        rest.pop(_worst(own, rest))
    keypoints = label(actor, camera, edges, own, rest)
    image = develop(expose(scene, own, rest, rng), edges, rng)
    return Crop(image, keypoints, box.astype(np.float32), actor.stance.activity)


def place_beside(actor: Actor, other: Actor, eye: Array, rng: np.random.Generator) -> Actor:
    """``other`` with a random orientation, at arm's length to a few metres, and not in front of the lens."""
    away = (actor.girth + other.girth) * rng.uniform(0.75, 1.6)
    direction = rng.uniform(0, 2 * np.pi)
    offset = away * np.array([np.cos(direction), np.sin(direction), 0])
    if np.linalg.norm(offset[:2] - eye[:2]) < other.girth + 1.0:
        offset = -offset
    return other.moved(rng.uniform(0, 2 * np.pi), offset)


def shoot_actor(actor: Actor, scene: Scene, rng: np.random.Generator) -> Shot:
    """The visible surface of one person in new colours."""
    outfit = actor.body.outfit.dyed(rng)
    return shoot(actor.body, actor.surface, scene.camera.scaled(SCALE), scene.light, outfit, actor.later)


def _depth(shots: Sequence[Shot]) -> Array:
    """Depth (H * W,) of the nearest surface, inf without one."""
    depth = np.full(int(SIZE[0] * SCALE) * int(SIZE[1] * SCALE), np.inf)
    for shot in shots:
        depth[shot.pixels] = np.minimum(depth[shot.pixels], shot.depth)
    return depth


def _seen_part(own: Shot, rest: Sequence[Shot]) -> float:
    return float((_depth(rest)[own.pixels] > own.depth).mean()) if len(own.pixels) else 1.0


def _worst(own: Shot, rest: Sequence[Shot]) -> int:
    """Index of the shot that occludes most of the person."""
    return int(np.argmin([_seen_part(own, [shot]) for shot in rest]))


def label(actor: Actor, camera: Camera, edges: Array, own: Shot, rest: Sequence[Shot]) -> Array:
    """(17, 3) float32: x, y and weight of the joints."""
    pixels, depth = camera.project(actor.joints)
    inside = ((pixels >= np.maximum(edges[:2], 0)) & (pixels <= np.minimum(edges[2:], np.array(SIZE) - 1))).all(axis=1)
    last = np.multiply(SIZE, SCALE) - 1
    spot = np.clip(np.rint((pixels + 0.5) * SCALE - 0.5), 0, last).astype(int)
    index = spot[:, 1] * int(last[0] + 1) + spot[:, 0]
    surface, cover = _depth([own])[index], _depth(rest)[index]
    deep = depth - surface > SHALLOW * trunk_length(actor.body)
    covered = cover < np.minimum(surface, depth)
    weight = np.where(deep | covered, 0.5, 1.0)
    weight[:5][deep[:5]] = 0
    return np.column_stack([pixels, weight * inside]).astype(np.float32)


def expose(scene: Scene, own: Shot, rest: Sequence[Shot], rng: np.random.Generator) -> Array:
    """(H, W, 3) linear light at ``SCALE`` times the crop's size."""
    place = make_place(scene.camera, rng)
    for person in (scene.actor, *scene.others):
        place = cast_shadow(place, person.surface, scene.camera, scene.light, np.inf)
    big = scene.camera.scaled(SCALE)
    image = cv2.resize(place.astype(np.float32), big.size, interpolation=cv2.INTER_LINEAR)
    image = smear(image, [own, *rest])
    if scene.actor.stance.turn is not None and rng.random() < 0.75:
        _rope(image, _depth([own, *rest]).reshape(image.shape[:2]), big, scene.actor, rng)
    return image


def smear(image: Array, shots: Sequence[Shot], most: int = 9) -> Array:
    """The picture with all shots composited, blurred along their flow in at most ``most`` steps of an exposure."""
    height, width = image.shape[:2]
    still, far = image.reshape(-1, 3).copy(), np.full(height * width, np.inf, np.float32)
    blurred = []
    for shot in shots:
        moves = np.maximum(np.abs(shot.flow[:, 0]), np.abs(shot.flow[:, 1])) > 1.5
        blurred.append((shot.pixels[moves], shot.colour[moves], shot.depth[moves], shot.flow[moves]))
        front = np.flatnonzero(~moves & (shot.depth < far[shot.pixels]))
        still[shot.pixels[front]], far[shot.pixels[front]] = shot.colour[front], shot.depth[front]
    pixels, colour, depth, flow = (np.concatenate(parts) for parts in zip(*blurred, strict=True))
    order = np.argsort(-depth)
    pixels, colour, depth, flow = pixels[order], colour[order], depth[order], flow[order]
    total, steps = still.copy(), min(most, int(np.ceil(np.abs(flow).max(initial=0))) + 1)
    for part in np.linspace(-0.5, 0.5, steps) if len(pixels) else ():
        x, y = (np.rint(p + part * flow[:, k]).astype(int) for k, p in ((0, pixels % width), (1, pixels // width)))
        there = np.flatnonzero((x >= 0) & (y >= 0) & (x < width) & (y < height))
        spot = y[there] * width + x[there]
        front = depth[there] < far[spot]
        spot, there = spot[front], there[front]
        total[spot] += (colour[there] - still[spot]) / steps
    return total.reshape(image.shape)


def _rope(image: Array, depth: Array, camera: Camera, actor: Actor, rng: np.random.Generator) -> None:
    """Draw the rope of somebody who skips, in place."""
    turns = float(actor.stance.turn or 0) + np.linspace(-1, 1, 7) * rng.uniform(0, 0.25)
    curves = [rope_curve(actor.hands, float(t), actor.stance.height) for t in turns]
    draw_rope(image, depth, camera, curves, random_colour(rng))


def develop(image: Array, edges: Array, rng: np.random.Generator) -> Image:
    """(288, 216, 3) uint8: exposure, a colour cast, softness and noise; black outside the picture's ``edges``."""
    small = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.35:
        small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 1.1))
    gain = rng.uniform(0.25, 0.6) / max(float(np.mean(small)) ** 0.6, 0.05) * np.exp(rng.normal(0, 0.06, 3))
    noise = rng.standard_normal(small.shape, np.float32) * np.float32(rng.choice([0.8, 2.0, 6.0]) * rng.uniform(0.5, 1))
    bright = np.clip(small * gain.astype(np.float32), 0, 1) ** np.float32(1 / 2.2) * 255 + noise
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    bright[(x < edges[0]) | (y < edges[1]) | (x > edges[2]) | (y > edges[3])] = 0
    return np.clip(np.rint(bright), 0, 255).astype(np.uint8)
