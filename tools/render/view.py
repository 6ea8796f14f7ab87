"""View of a rendered crop: camera, light, framing of the person, and borders of the picture."""

from __future__ import annotations

import numpy as np

from tools.render.cast import Actor
from tools.render.rasterizer import Array, Camera
from tools.render.shading import Light
from vision.geometry import grow_box

SIZE = (216, 288)
"""Width and height of a crop in pixels."""
MARGIN = 1.5
"""Factor by which the person's box, padded to 3:4, is enlarged for a crop."""


def random_camera(actor: Actor, rng: np.random.Generator) -> Camera:
    """A camera at any side of the actor, mostly at chest height, that looks at the middle of the body."""
    low, high = actor.surface.min(axis=0), actor.surface.max(axis=0)
    middle = (low + high) / 2
    azimuth = rng.uniform(0, 2 * np.pi) if rng.random() < 0.6 else rng.normal(0, 0.6)
    elevation = np.deg2rad(np.clip(rng.normal(7, 11), -8, 45))
    distance = (high - low).max() * rng.uniform(1.4, 4.5)
    towards = np.array([np.sin(azimuth), -np.cos(azimuth), np.tan(elevation)]) * np.cos(elevation)
    eye = middle + distance * towards
    eye[2] = max(eye[2], 0.15)
    return Camera(tuple(eye), tuple(middle), 1.0, SIZE)


def random_light(rng: np.random.Generator) -> Light:
    """A lamp or the sun from any side, soft or hard."""
    azimuth, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.4)
    lamp = rng.uniform(0.15, 1.0)
    sky = rng.uniform(0.2, 0.65)
    towards = (float(np.cos(azimuth) * np.cos(height)), float(np.sin(azimuth) * np.cos(height)), float(np.sin(height)))
    return Light(towards, lamp, sky, sky * rng.uniform(0.35, 0.9), shadow=bool(lamp > 0.35))


def picture_edges(box: Array, rng: np.random.Generator) -> Array:
    """Borders (4,) of the picture from which the crop is taken, some of them through the person's ``box``."""
    edges = np.array([-1e6, -1e6, 1e6, 1e6])
    width, height = box[2:] - box[:2]
    for side in range(4):
        chance = 0.12 if side == 3 else 0.03
        if rng.random() < chance:
            part = rng.uniform(0.05, 0.55 if side == 3 else 0.35)
            inward = part * (height if side % 2 else width)
            edges[side] = box[side] + (inward if side < 2 else -inward)
        elif rng.random() < 0.05:
            outward = rng.uniform(0, 0.3) * max(width, height)
            edges[side] = box[side] + (-outward if side < 2 else outward)
    return edges


def frame(actor: Actor, camera: Camera, rng: np.random.Generator) -> tuple[Camera, Array, Array]:
    """The camera zoomed and shifted to the actor; the visible box (4,) and the picture's borders (4,) in its pixels."""
    pixels, _ = camera.project(actor.surface)
    box = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]).astype(np.float64)
    edges = picture_edges(box, rng)
    seen = np.concatenate([np.maximum(box[:2], edges[:2]), np.minimum(box[2:], edges[2:])])
    region = grow_box(seen.astype(np.float32), MARGIN, aspect=SIZE[0] / SIZE[1]).astype(np.float64)
    zoom = SIZE[1] / (region[3] - region[1])
    middle = np.array([(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2])
    centre = (region[:2] + region[2:]) / 2
    shift = tuple((middle - centre) * zoom / SIZE[1])
    close = Camera(camera.eye, camera.target, zoom, SIZE, shift)
    return close, *((np.tile(middle, 2) + (b - np.tile(centre, 2)) * zoom) for b in (seen, edges))
