"""A z-buffer in NumPy: which triangle each pixel sees, and where in it; plus a pinhole camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in metres, z up, that looks from ``eye`` at ``target``.

    ``size`` is (width, height) in pixels, ``focal`` in units of the image height.  Pixel centres
    are whole numbers.
    """

    eye: tuple[float, float, float] = (0.5, -4.0, 1.15)
    target: tuple[float, float, float] = (0.0, 0.0, 0.98)
    focal: float = 1.5
    size: tuple[int, int] = (360, 640)

    def axes(self) -> Array:
        """(3, 3) rows: right, down and forward as world directions."""
        forward = np.subtract(self.target, self.eye)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 0.0, 1.0))
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points (..., 3) to pixels (..., 2) and to depth (...,) in metres."""
        seen = (np.asarray(points, np.float64) - self.eye) @ self.axes().T
        depth = np.maximum(seen[..., 2], 0.05)
        width, height = self.size
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return seen[..., :2] / depth[..., None] * (self.focal * height) + middle, depth

    def rays(self) -> Array:
        """(H, W, 3) directions in the world through every pixel, of depth 1."""
        width, height = self.size
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        scale = self.focal * height
        flat = np.stack([(x - (width - 1) / 2) / scale, (y - (height - 1) / 2) / scale, np.ones_like(x)], axis=-1)
        return flat @ self.axes()

    def scaled(self, factor: int) -> Camera:
        """The same view with ``factor`` times the pixels a side, for supersampling."""
        width, height = self.size
        return Camera(self.eye, self.target, self.focal, (width * factor, height * factor))


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
    corners = points[triangles]
    edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
    low = np.ceil(np.maximum(corners.min(axis=1), 0)).astype(np.int64)
    high = np.floor(np.minimum(corners.max(axis=1), np.array(size) - 1)).astype(np.int64)
    extent = np.maximum(high - low + 1, 0)
    counts = np.where((area < -1e-9) & (keep[triangles].max(axis=1) >= 0), extent.prod(axis=1), 0)
    owner = np.repeat(np.arange(len(triangles)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    x = low[owner, 0] + within % extent[owner, 0]
    y = low[owner, 1] + within // extent[owner, 0]
    dx, dy = x - corners[owner, 0, 0], y - corners[owner, 0, 1]
    second = (dx * edge2[owner, 1] - dy * edge2[owner, 0]) / area[owner]
    third = (dy * edge1[owner, 0] - dx * edge1[owner, 1]) / area[owner]
    inside = np.flatnonzero((second >= 0) & (third >= 0) & (second + third <= 1))
    owner, second, third = owner[inside], second[inside], third[inside]
    flat = np.stack([1 - second - third, second, third], axis=1) / depth[triangles[owner]]
    nearness = flat.sum(axis=1)
    weights = flat / nearness[:, None]
    return _nearest(x[inside] + y[inside] * size[0], owner, weights, nearness, keep[triangles[owner]], size)


def _nearest(pixels: Array, owner: Array, weights: Array, nearness: Array, keep: Array, size: tuple) -> Fragments:
    there = np.flatnonzero((weights * keep).sum(axis=1) >= 0)
    pixels, owner, weights, nearness = pixels[there], owner[there], weights[there], nearness[there]
    best = np.zeros(size[0] * size[1])
    np.maximum.at(best, pixels, nearness)
    front = np.flatnonzero(nearness == best[pixels])
    _, first = np.unique(pixels[front], return_index=True)
    front = front[first]
    return Fragments(pixels[front], owner[front], weights[front], 1 / nearness[front])
