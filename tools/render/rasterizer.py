"""A z-buffer rasterizer in NumPy, with barycentric coordinates of every visible pixel, and a pinhole camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in metres, z up, that looks from ``eye`` at ``target``.

    ``size`` is (width, height) in pixels, ``focal`` in units of the image height; ``shift`` moves the picture
    right and down in the same units, for a part of a larger picture.  Pixel centres are whole numbers.
    """

    eye: tuple[float, float, float] = (0.5, -4.0, 1.15)
    target: tuple[float, float, float] = (0.0, 0.0, 0.98)
    focal: float = 1.5
    size: tuple[int, int] = (360, 640)
    shift: tuple[float, float] = (0.0, 0.0)

    def axes(self) -> Array:
        """(3, 3) rows: right, down and forward as world directions."""
        forward = np.subtract(self.target, self.eye)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points (..., 3) to pixels (..., 2) and to depth (...,) in metres; float32 stays float32."""
        points = np.asarray(points)
        kind = np.float32 if points.dtype == np.float32 else np.float64
        seen = (points - np.array(self.eye, kind)) @ self.axes().T.astype(kind)
        depth = np.maximum(seen[..., 2], kind(0.05))
        flat = seen[..., :2] * (kind(self.focal * self.size[1]) / depth)[..., None]
        return flat + self._middle().astype(kind), depth

    def _middle(self) -> Array:
        """Principal point (2,) in pixels."""
        width, height = self.size
        return np.array([(width - 1) / 2, (height - 1) / 2]) + np.multiply(self.shift, height)

    def rays(self) -> Array:
        """(H, W, 3) directions in the world through every pixel, of depth 1."""
        width, height = self.size
        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
        flat = (pixels - self._middle()) / (self.focal * height)
        return np.concatenate([flat, np.ones((height, width, 1))], axis=-1) @ self.axes()

    def scaled(self, factor: float) -> Camera:
        """The same view with ``factor`` times the pixels a side, for supersampling."""
        width, height = self.size
        return replace(self, size=(round(width * factor), round(height * factor)))


@dataclass(frozen=True)
class Fragments:
    """The visible surface: ``pixels`` (N,) flat indices, ``faces`` (N,), ``weights`` (N, 3), ``depth`` (N,)."""

    pixels: Array
    faces: Array
    weights: Array
    depth: Array

    def interpolate(self, values: Array, triangles: Array) -> Array:
        """Vertex ``values`` (V, C) at the fragments -> (N, C)."""
        return np.einsum("nk,nkc->nc", self.weights, values[triangles[self.faces]])


def rasterize(points: Array, depth: Array, triangles: Array, size: tuple[int, int], keep: Array) -> Fragments:
    """Nearest front-facing surface at every pixel centre.

    ``points`` (V, 2) pixels, ``depth`` (V,) > 0, ``triangles`` (F, 3), ``size`` (width, height),
    ``keep`` (V,): surface where its interpolated value is negative is cut away.
    Perspective-correct weights as in Pineda, "A parallel algorithm for polygon rasterization", 1988.
    """
    first, second, third = (points[triangles[:, k]] for k in range(3))
    edge1, edge2 = second - first, third - first
    area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
    ahead = np.flatnonzero(area < -1e-9)
    first, second, third, edge1, edge2 = (values[ahead] for values in (first, second, third, edge1, edge2))
    low = np.ceil(np.maximum(np.minimum(np.minimum(first, second), third), 0)).astype(np.int64)
    high = np.floor(np.minimum(np.maximum(np.maximum(first, second), third), np.array(size) - 1)).astype(np.int64)
    shown = np.flatnonzero((high[:, 0] >= low[:, 0]) & (high[:, 1] >= low[:, 1]))
    wide, tall = (high - low + 1)[shown].T
    owner = np.repeat(np.arange(len(shown)), wide * tall)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(wide * tall) - wide * tall, wide * tall)
    down = ((within + 0.5) * (1 / wide)[owner]).astype(np.int64)
    x, y = low[shown, 0][owner] + (within - down * wide[owner]), low[shown, 1][owner] + down
    scale = 1 / area[ahead[shown]]
    rows = [edge2[shown, 1] * scale, -edge2[shown, 0] * scale, -edge1[shown, 1] * scale, edge1[shown, 0] * scale]
    dx, dy = x - first[shown, 0][owner], y - first[shown, 1][owner]
    two = dx * rows[0][owner] + dy * rows[1][owner]
    three = dx * rows[2][owner] + dy * rows[3][owner]
    inside = np.flatnonzero((two >= 0) & (three >= 0) & (two + three <= 1))
    owner, two, three = ahead[shown[owner[inside]]], two[inside], three[inside]
    corners = triangles[owner]
    flat = np.stack([1 - two - three, two, three], axis=1) / depth[corners]
    nearness = flat[:, 0] + flat[:, 1] + flat[:, 2]
    weights = flat / nearness[:, None]
    return _nearest(x[inside] + y[inside] * size[0], owner, weights, nearness, keep[corners], size)


def _nearest(pixels: Array, owner: Array, weights: Array, nearness: Array, keep: Array, size: tuple) -> Fragments:
    there = np.flatnonzero(np.einsum("nk,nk->n", weights, keep) >= 0)
    pixels, owner, weights, nearness = pixels[there], owner[there], weights[there], nearness[there]
    order = np.argsort(nearness, kind="stable")
    winner = np.full(size[0] * size[1], -1)
    winner[pixels[order]] = order
    front = winner[winner >= 0]
    return Fragments(pixels[front], owner[front], weights[front], 1 / nearness[front])
