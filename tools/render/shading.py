"""Colour and light of a rendered body: painted in rest coordinates, lit by one lamp and the room."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.render.body import HAIR, SHIRT, SHOES, SKIN, TROUSERS, Body
from tools.render.outfit import Outfit
from tools.render.rasterizer import Array, Camera, rasterize


@dataclass(frozen=True)
class Light:
    """Direction ``towards`` the lamp (world), strength of ``lamp`` and of the ``sky`` and ``ground`` hemispheres.

    With ``shadow`` a body casts shadows on itself.
    """

    towards: tuple[float, float, float] = (-0.55, -0.65, 0.8)
    lamp: float = 0.62
    sky: float = 0.5
    ground: float = 0.26
    shadow: bool = False


def waves(points: Array, frequency: float, seed: int, count: int = 10) -> Array:
    """Smooth noise (N,) in about [-1, 1] of points (N, 3): a sum of plane waves of about ``frequency`` 1/m."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(count, 3))
    directions *= frequency * 2 * np.pi / np.linalg.norm(directions, axis=1, keepdims=True)
    directions *= rng.uniform(0.6, 1.5, (count, 1))
    phases = points.astype(np.float32) @ directions.T.astype(np.float32)
    total = np.sin(phases + rng.uniform(0, 6.3, count).astype(np.float32)) @ np.ones(count, np.float32)
    return total * np.float32(1.4 / count)


def linear(colour: Array | tuple[int, ...]) -> Array:
    """sRGB in [0, 255] to light in [0, 1] (gamma 2.2)."""
    return ((np.asarray(colour, np.float64) / 255) ** 2.2).astype(np.float32)


def paint(body: Body, outfit: Outfit, material: Array, rest: Array) -> Array:
    """Reflectance (N, 3) in linear light of points ``rest`` (N, 3) on the body at rest."""
    plain = [outfit.skin, outfit.shirt, outfit.trousers, outfit.shoes, outfit.hair]
    colour = np.stack([linear(c) for c in plain])[material]
    skin = material == SKIN
    colour[skin] = _paint_skin(colour[skin], rest[skin], body.rest_joints, outfit)
    for cloth, pattern, seed in ((SHIRT, outfit.shirt_pattern, 4), (TROUSERS, outfit.leg_pattern, 5)):
        if pattern != "plain":
            there = np.flatnonzero(material == cloth)
            colour[there[_printed(pattern, rest[there], seed)]] = linear(outfit.second)
    fine = waves(rest, 60, 1, 6)
    colour *= (1 + 0.04 * fine)[:, None]
    hair = material == HAIR
    colour[hair] *= (1 + 0.45 * waves(rest[hair] * (1, 1, 0.25), 120, 2))[:, None]
    sole = (material == SHOES) & (rest[:, 2] < body.rest[:, 2].min() + 0.022)
    colour[sole] = linear((232, 230, 225))
    return np.clip(colour, 0.003, 0.95)


def _printed(pattern: str, rest: Array, seed: int) -> Array:
    """Mask (N,) of a pattern's second colour."""
    if pattern == "sides":
        return (np.abs(rest[:, 0]) > 0.145) & (rest[:, 1] > -0.05) & (rest[:, 1] < 0.0)
    if pattern == "blotches":
        return waves(rest, 6, seed) > 0.15
    width = 0.03 + 0.05 * np.random.default_rng(seed).random()
    across, up = (np.mod(rest[:, k] / width, 2) < 1 for k in (0, 2))
    if pattern == "dots":
        return np.hypot(*(np.mod(rest[:, k] / width, 1) - 0.5 for k in (0, 2))) < 0.28
    return {"stripes": across, "hoops": up, "checks": across ^ up}[pattern]


def _paint_skin(colour: Array, rest: Array, joints: Array, outfit: Outfit) -> Array:
    """Face features, socks and the slight unevenness of skin."""
    colour = colour * (1 + 0.05 * waves(rest, 9, 3))[:, None]
    nose, ankle = joints[0], joints[[15, 16]].mean(axis=0)
    front = rest[:, 1] < joints[[3, 4], 1].mean() - 0.02
    for eye in joints[[1, 2]]:
        delta = rest - eye
        brow = front & ((delta[:, 0] / 0.021) ** 2 + ((delta[:, 2] - 0.021) / 0.0036) ** 2 < 1)
        lid = front & ((delta[:, 0] / 0.0165) ** 2 + (delta[:, 2] / 0.0054) ** 2 < 1)
        iris = lid & (np.hypot(delta[:, 0], delta[:, 2]) < 0.0058)
        lash = front & ((delta[:, 0] / 0.0185) ** 2 + ((delta[:, 2] - 0.0018) / 0.0062) ** 2 < 1) & ~lid
        colour[lash] *= 0.35
        colour[lid], colour[iris], colour[brow] = linear((200, 190, 184)), linear((45, 30, 22)), linear((66, 48, 38))
    mouth = rest - (nose + (0, 0, -0.043))
    lips = front & ((mouth[:, 0] / 0.024) ** 2 + (mouth[:, 2] / 0.0085) ** 2 < 1)
    colour[lips] = colour[lips] * (0.85, 0.55, 0.55)
    colour[lips & (np.abs(mouth[:, 2]) < 0.0016)] *= 0.4
    cheeks = front & (np.abs(np.abs(rest[:, 0] - nose[0]) - 0.04) < 0.018) & (np.abs(rest[:, 2] - nose[2]) < 0.016)
    colour[cheeks] *= (1.05, 0.93, 0.93)
    colour[rest[:, 2] < ankle[2] + 0.055] = linear(outfit.socks)
    return colour


@dataclass(frozen=True)
class Shot:
    """The visible pixels of a body.

    ``pixels`` (N,): flat indices; ``colour`` (N, 3): linear light; ``depth`` (N,) in metres; ``flow`` (N, 2): motion of
    the surface in pixels during the exposure.
    """

    pixels: Array
    colour: Array
    depth: Array
    flow: Array

    def spread(self, size: tuple[int, int]) -> tuple[Array, Array]:
        """Linear light (H, W, 3) and depth (H, W), inf outside, of a picture of ``size`` (width, height)."""
        width, height = size
        image, far = np.zeros((height * width, 3), np.float32), np.full(height * width, np.inf)
        image[self.pixels], far[self.pixels] = self.colour, self.depth
        return image.reshape(height, width, 3), far.reshape(height, width)


def shoot(
    body: Body,
    placed: Array,
    camera: Camera,
    light: Light | None = None,
    outfit: Outfit | None = None,
    later: Array | None = None,
) -> Shot:
    """A dressed body whose surface is at ``placed`` (S, 3), in another ``outfit`` of the same cut where one is given.

    ``later`` (S, 3): the surface one exposure later; without it there is no motion.
    """
    light, outfit = light or Light(), outfit or body.outfit
    pixels, depth = camera.project(placed)
    moved = pixels if later is None else camera.project(later)[0]
    seen = rasterize(pixels, depth, body.triangles, camera.size, body.keep)
    at_vertices = np.concatenate([body.dressed_rest, body.dressed_normals(placed), placed, moved - pixels], axis=1)
    rest, normal, spots, flow = np.split(seen.interpolate(at_vertices, body.triangles), (3, 6, 9), axis=1)
    material = body.material[seen.faces]
    shadow = _lamp_reaches(spots, placed, body, light) if light.shadow else 1.0
    colour = paint(body, outfit, material, rest) * _lit(normal, rest, material, light, shadow)[:, None]
    width, height = camera.size
    far = np.full(height * width, np.inf)
    far[seen.pixels] = seen.depth
    dark = _crevices(far.reshape(height, width)).ravel()[seen.pixels]
    return Shot(seen.pixels, colour * dark[:, None], seen.depth, flow)


def render_body(body: Body, vertices: Array, camera: Camera, light: Light | None = None) -> tuple[Array, Array]:
    """The dressed body at ``vertices`` (V, 3): linear light (H, W, 3) and depth (H, W) in metres, inf outside."""
    return shoot(body, body.dressed(vertices), camera, light).spread(camera.size)


def _lamp_reaches(points: Array, placed: Array, body: Body, light: Light, side: int = 144) -> Array:
    """Shadow factor (N,) of ``points`` (N, 3): 0 in the body's own shadow, 1 outside, softened in between.

    A shadow map (Williams, "Casting curved shadows on curved surfaces", 1978) of ``side`` pixels.
    """
    toward = np.array(light.towards) / np.linalg.norm(light.towards)
    right = np.cross(toward, (0.0, 0.0, 1.0))
    axes = np.stack([right / np.linalg.norm(right), np.cross(toward, right / np.linalg.norm(right)), -toward])
    axes = axes.astype(np.float32)
    seen = placed @ axes.T
    low, span = seen[:, :2].min(axis=0), np.ptp(seen[:, :2], axis=0).max() / (side - 5)
    distance, remote = seen[:, 2].min(), 100.0
    pixels = (seen[:, :2] - low) / span + 2
    front = rasterize(pixels, seen[:, 2] - distance + remote, body.triangles, (side, side), body.keep)
    nearest = np.full(side * side, np.inf)
    nearest[front.pixels] = front.depth
    own = points @ axes.T
    spot, depth = (own[:, :2] - low) / span + 2, own[:, 2] - distance + remote
    reached = np.zeros(len(points))
    for dx, dy in ((-0.6, -0.6), (0.6, -0.6), (-0.6, 0.6), (0.6, 0.6)):
        column, row = (np.clip(np.rint(spot[:, k] + d), 0, side - 1).astype(int) for k, d in ((0, dx), (1, dy)))
        reached += depth < nearest[row * side + column] + 0.03
    return reached / 4


def _lit(normal: Array, rest: Array, material: Array, light: Light, shadow: Array | float) -> Array:
    """Irradiance (N,) of the surface, bump-mapped with folds on cloth; ``shadow``: visibility of the lamp."""
    cloth = ((material == SHIRT) | (material == TROUSERS))[:, None]
    folds = np.stack([waves(rest * (1, 1, 0.6), 8, 20 + k, 6) for k in range(3)], axis=1)
    normal = normal + np.float32(0.22) * cloth * folds
    normal /= np.maximum(np.sqrt(np.einsum("nk,nk->n", normal, normal)), 1e-9)[:, None]
    towards = (np.array(light.towards) / np.linalg.norm(light.towards)).astype(np.float32)
    direct = np.clip((normal @ towards + 0.25) / 1.25, 0, None)
    room = light.ground + (light.sky - light.ground) * (normal[:, 2] + 1) / 2
    return light.lamp * direct * shadow + room


def _crevices(depth: Array) -> Array:
    """(H, W) darkening behind nearer parts: depth buffer unsharp masking (Luft et al., SIGGRAPH 2006)."""
    known = np.isfinite(depth).astype(np.float32)
    filled = np.where(known > 0, depth, 0).astype(np.float32)
    dark = np.zeros(depth.shape, np.float32)
    for radius in (0.006, 0.02):
        mean = _blur(filled, radius * len(depth)) / np.maximum(_blur(known, radius * len(depth)), 1e-4)
        dark += np.clip((filled - mean) / 0.12, 0, 1) * known
    return 1 - 0.45 * np.clip(dark, 0, 1)


def _blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur by ``sigma`` pixels, wide ones on a smaller copy."""
    step = max(1, int(sigma / 3))
    size = picture.shape[1::-1]
    small = cv2.resize(picture, (size[0] // step, size[1] // step), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / step), size, interpolation=cv2.INTER_LINEAR)
