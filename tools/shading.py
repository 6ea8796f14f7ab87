"""Colour and light of a rendered body: painted in rest coordinates, lit by one lamp and the room."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.body_renderer import HAIR, SHIRT, SHOES, SKIN, TROUSERS, Body
from tools.rasterizer import Array, Camera, rasterize


@dataclass(frozen=True)
class Light:
    """``towards`` the lamp (world), strength of ``lamp`` and of the ``sky`` and ``ground`` half of the room."""

    towards: tuple[float, float, float] = (-0.55, -0.65, 0.8)
    lamp: float = 0.62
    sky: float = 0.5
    ground: float = 0.26


def waves(points: Array, frequency: float, seed: int, count: int = 10) -> Array:
    """Smooth noise (N,) in about [-1, 1] of points (N, 3): a sum of plane waves of about ``frequency`` 1/m."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(count, 3))
    directions *= frequency * 2 * np.pi / np.linalg.norm(directions, axis=1, keepdims=True)
    directions *= rng.uniform(0.6, 1.5, (count, 1))
    phases = points.astype(np.float32) @ directions.T.astype(np.float32)
    return np.sin(phases + rng.uniform(0, 6.3, count).astype(np.float32)).sum(axis=1) * (1.4 / count)


def linear(colour: Array | tuple[int, ...]) -> Array:
    """sRGB in [0, 255] to light in [0, 1] (gamma 2.2)."""
    return (np.asarray(colour, np.float64) / 255) ** 2.2


def paint(body: Body, material: Array, rest: Array) -> Array:
    """Reflectance (N, 3) in linear light of points ``rest`` (N, 3) on the body at rest."""
    outfit, joints = body.outfit, body.rest_joints
    plain = [outfit.skin, outfit.shirt, outfit.trousers, outfit.shoes, outfit.hair]
    colour = np.stack([linear(c) for c in plain])[material]
    skin = material == SKIN
    colour[skin] = _paint_skin(colour[skin], rest[skin], joints)
    fine = waves(rest, 60, 1)
    colour *= (1 + 0.04 * fine)[:, None]
    hair = material == HAIR
    colour[hair] *= (1 + 0.45 * waves(rest[hair] * (1, 1, 0.25), 120, 2))[:, None]
    sole = (material == SHOES) & (rest[:, 2] < body.rest[:, 2].min() + 0.022)
    colour[sole] = linear((232, 230, 225))
    band = (material == TROUSERS) & (np.abs(rest[:, 0]) > 0.145) & (rest[:, 1] > -0.05) & (rest[:, 1] < 0.0)
    colour[band] = linear((225, 225, 225))
    return np.clip(colour, 0.003, 0.95)


def _paint_skin(colour: Array, rest: Array, joints: Array) -> Array:
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
    socks = rest[:, 2] < ankle[2] + 0.055
    colour[socks] = linear((225, 225, 222))
    return colour


def render_body(body: Body, vertices: Array, camera: Camera, light: Light | None = None) -> tuple[Array, Array]:
    """The dressed body at ``vertices`` (V, 3): linear light (H, W, 3) and depth (H, W) in metres, inf outside."""
    light = light or Light()
    normals = body.normals(vertices)
    placed = [layer.placed(vertices, normals) for layer in body.layers]
    starts = np.cumsum([0, *(len(p) for p in placed)])
    triangles = np.concatenate([layer.triangles + s for layer, s in zip(body.layers, starts[:-1], strict=True)])
    keep = np.concatenate([layer.keep for layer in body.layers])
    material = np.repeat([layer.material for layer in body.layers], [len(layer.triangles) for layer in body.layers])
    pixels, depth = camera.project(np.concatenate(placed))
    seen = rasterize(pixels, depth, triangles, camera.size, keep)
    smooth = np.concatenate([_layer_normals(p, layer.faces) for p, layer in zip(placed, body.layers, strict=True)])
    flat = body.normals(body.rest)
    rest = seen.interpolate(np.concatenate([layer.placed(body.rest, flat) for layer in body.layers]), triangles)
    normal = seen.interpolate(smooth, triangles)
    colour = paint(body, material[seen.faces], rest) * _lit(normal, rest, material[seen.faces], light)[:, None]
    width, height = camera.size
    image, far = np.zeros((height * width, 3)), np.full(height * width, np.inf)
    image[seen.pixels], far[seen.pixels] = colour, seen.depth
    image = image.reshape(height, width, 3)
    far = far.reshape(height, width)
    return image * _crevices(far)[..., None], far


def _layer_normals(points: Array, faces: Array) -> Array:
    a, b, c = (points[faces[:, k]] for k in range(3))
    flat = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for k in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(faces[:, k], flat[:, axis], len(points))
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def _lit(normal: Array, rest: Array, material: Array, light: Light) -> Array:
    """Light (N,) that reaches the surface; cloth is bumped by folds."""
    cloth = ((material == SHIRT) | (material == TROUSERS))[:, None]
    folds = np.stack([waves(rest * (1, 1, 0.6), 8, 20 + k) for k in range(3)], axis=1)
    normal = normal + 0.22 * cloth * folds
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    towards = np.array(light.towards) / np.linalg.norm(light.towards)
    direct = np.clip((normal @ towards + 0.25) / 1.25, 0, None)
    room = light.ground + (light.sky - light.ground) * (normal[:, 2] + 1) / 2
    return light.lamp * direct + room


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
