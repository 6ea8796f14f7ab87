"""Random backgrounds without a person: a textured floor, and behind it walls, furniture, trees, sky or clutter."""

from __future__ import annotations

import cv2
import numpy as np

from tools.render.rasterizer import Array, Camera
from tools.render.shading import linear, waves

Colour = tuple[int, int, int]


def random_colour(rng: np.random.Generator, vivid: float = 0.5) -> Colour:
    """A random sRGB colour, mostly grey."""
    level, hue = rng.uniform(10, 245), rng.uniform(-100, 100, 3) * (1.0 if rng.random() < vivid else 0.2)
    return tuple(int(v) for v in np.clip(level + hue, 2, 250))  # type: ignore[return-value]  # three numbers


def make_place(camera: Camera, rng: np.random.Generator) -> Array:
    """Linear light (H, W, 3) of a random background seen by ``camera`` at its full size."""
    rays, eye = camera.rays(), np.array(camera.eye)
    picture = _backdrop(camera.size, rng)
    below = rays[..., 2] < -1e-6
    away = np.where(below, -eye[2] / np.minimum(rays[..., 2], -1e-6), np.inf)
    depth = np.linalg.norm(eye[:2]) + rng.uniform(0.8, 8)
    on_floor = below & (away < depth) & (rng.random() < 0.92)
    spots = eye + rays[on_floor] * away[on_floor][:, None]
    picture[on_floor] = _floor(spots, rng)
    if rng.random() < 0.6:
        size = camera.size[1] * rng.uniform(0.002, 0.012)
        picture = np.where(on_floor[..., None], picture, cv2.GaussianBlur(picture, (0, 0), size))
    return picture * _falloff(camera.size, rng)[..., None]


def _falloff(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Uneven light (H, W) over the picture."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    return np.clip(rng.uniform(0.5, 1.1) + rng.normal(0, 0.15) * x + rng.normal(0, 0.15) * y, 0.1, 1.4)


def _floor(spots: Array, rng: np.random.Generator) -> Array:
    """Colours (N, 3) of boards, tiles, a mat, grass or plain ground at points (N, 3), sometimes with painted lines."""
    angle, seed = rng.uniform(0, np.pi), int(rng.integers(1_000_000))
    x = spots[:, 0] * np.cos(angle) + spots[:, 1] * np.sin(angle)
    y = spots[:, 1] * np.cos(angle) - spots[:, 0] * np.sin(angle)
    first, second = linear(random_colour(rng, 0.4)), linear(random_colour(rng, 0.4))
    kind, size = rng.integers(5), float(np.exp(rng.uniform(np.log(0.1), np.log(0.9))))
    colour = np.repeat(first[None], len(spots), axis=0)
    if kind == 0:
        tone = np.random.default_rng(seed).uniform(0.75, 1.2, (64, 16))
        colour *= tone[np.floor(x / size).astype(int) % 64, np.floor(y / (6 * size)).astype(int) % 16][:, None]
    elif kind == 1:
        colour[(np.floor(x / size) + np.floor(y / size)) % 2 < 1] = 0.5 * first + 0.5 * second
    elif kind == 2:
        colour[(np.mod(x / size, 1) < 0.05) | (np.mod(y / size, 1) < 0.05)] *= 0.5
    elif kind == 3:
        mat = (np.abs(x + rng.normal(0, 0.2)) < rng.uniform(0.35, 1.2)) & (np.abs(y) < rng.uniform(0.8, 2))
        colour[mat] = second
    for frequency, strength in ((0.6, 0.12), (6, 0.08), (40, rng.uniform(0, 0.25))):
        colour *= np.clip(1 + strength * waves(spots, frequency, seed + int(frequency), 6), 0.2, None)[:, None]
    for _ in range(rng.choice([0, 0, 1, 3])):
        along = x * np.cos(turn := rng.uniform(0, np.pi)) + y * np.sin(turn)
        colour[np.abs(along - rng.normal(0, 1.5)) < 0.03] = linear(random_colour(rng))
    return colour


def _backdrop(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Vertical backdrop (H, W, 3): plain colour, sky, bricks or noise, with objects in front."""
    width, height = size
    seed = int(rng.integers(1_000_000))
    top, bottom = linear(random_colour(rng, 0.3)), linear(random_colour(rng, 0.3))
    ramp = np.linspace(0, 1, height)[:, None, None] ** rng.uniform(0.4, 2.5)
    picture = np.repeat(top * (1 - ramp) + bottom * ramp, width, axis=1)
    if rng.random() < 0.35:
        picture *= _bricks(size, rng)[..., None]
    counts = (0, int(rng.integers(1, 8)), int(rng.integers(8, 60)))
    things = counts[rng.choice(3, p=[0.15, 0.35, 0.5])]
    scale = rng.uniform(0.04, 0.25)
    for _ in range(things):
        _thing(picture, scale, rng)
    if rng.random() < 0.6:
        picture *= 1 + rng.uniform(0.05, 0.5) * _noise(size, seed, rng.uniform(3, 40))[..., None]
    return np.clip(picture, 0.002, 1.2)


def _noise(size: tuple[int, int], seed: int, cells: float) -> Array:
    """(H, W) in [-1, 1]: random values on a grid of ``cells`` along the height, finer ones on top."""
    rng, total = np.random.default_rng(seed), np.zeros(size[::-1], np.float32)
    for octave in range(3):
        count = max(2, round(cells * 2**octave))
        grid = rng.uniform(-1, 1, (count, max(2, count * 3 // 4))).astype(np.float32)
        total += cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC) * 0.55**octave
    return np.clip(total / 1.6, -1, 1)


def _bricks(size: tuple[int, int], rng: np.random.Generator) -> Array:
    """(H, W) bricks, panels or shelves: joints of a grid, darker or brighter, and fields of uneven tone."""
    width, height = size
    high, wide = rng.uniform(0.03, 0.3, 2) * height
    row = np.floor((np.arange(height) + rng.uniform(0, high)) / high)[:, None]
    offset = np.where(row % 2 == 0, 0, rng.choice([0, 0.5]) * wide)
    place = (np.arange(width)[None] + offset) / wide
    tone = np.random.default_rng(7).uniform(0.7, 1.25, (97, 89))[row.astype(int) % 97, np.floor(place).astype(int) % 89]
    tone = 1 + rng.uniform(0, 1) * (tone - 1)
    upright = np.mod(place, 1) * wide < rng.uniform(1, 3)
    joint = upright | (np.mod(np.arange(height)[:, None] / high, 1) * high < 1.5)
    return np.where(joint, rng.choice([0.5, 1.4]), tone)


def _thing(picture: Array, scale: float, rng: np.random.Generator) -> None:
    """Draw a box, disc, line, bar, blob of leaves or a stretch of print into ``picture`` in place."""
    height, width = picture.shape[:2]
    x, y = int(rng.uniform(-0.1, 1.1) * width), int(rng.uniform(-0.1, 1.1) * height)
    w, h = (max(2, int(v)) for v in rng.lognormal(0, 0.6, 2) * scale * height)
    colour = linear(random_colour(rng))
    kind = rng.integers(6)
    if kind == 0:
        corners = cv2.boxPoints(((x, y), (w, h), float(rng.normal(0, 12))))
        cv2.fillPoly(picture, [np.rint(corners).astype(int)], colour.tolist(), cv2.LINE_AA)
    elif kind == 1:
        cv2.ellipse(picture, (x, y), (w, h), float(rng.uniform(0, 180)), 0, 360, colour.tolist(), -1, cv2.LINE_AA)
    elif kind == 2:
        end = int(x + rng.normal(0, 0.4) * height), int(y + rng.normal(0, 0.4) * height)
        cv2.line(picture, (x, y), end, colour.tolist(), int(rng.integers(1, 8)), cv2.LINE_AA)
    elif kind == 3:
        thick = max(1, int(w * 0.3))
        cv2.rectangle(picture, (x, 0), (x + thick, height), colour.tolist(), -1)
    elif kind == 4:
        for dx, dy in rng.normal(0, 0.5, (14, 2)) * (w, h):
            shade = (colour * rng.uniform(0.5, 1.5)).tolist()
            cv2.circle(picture, (int(x + dx), int(y + dy)), max(2, int(0.3 * w)), shade, -1, cv2.LINE_AA)
    else:
        for line in range(int(rng.integers(1, 5))):
            for step in range(int(rng.integers(2, 9))):
                corner = x + int(step * 0.3 * w), y + int(line * 0.35 * w)
                end = corner[0] + max(1, int(0.2 * w)), corner[1] + max(1, int(0.22 * w))
                cv2.rectangle(picture, corner, end, colour.tolist(), int(rng.choice([-1, 1])))
