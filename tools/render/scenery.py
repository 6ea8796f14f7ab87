"""A gym: floor boards, a painted wall with objects on it, shadows on the floor and a rope."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.render.rasterizer import Array, Camera
from tools.render.shading import Light, linear, waves

WALL = 1.9
"""Metres from the person to the wall behind."""


@dataclass(frozen=True)
class Gym:
    """Colours (sRGB) of ``wall``, ``dado`` (lower wall) and ``floor``; ``seed`` of every board and stain."""

    wall: tuple[int, int, int] = (196, 192, 180)
    dado: tuple[int, int, int] = (122, 142, 148)
    floor: tuple[int, int, int] = (186, 142, 96)
    seed: int = 0

    @classmethod
    def random(cls, rng: np.random.Generator) -> Gym:
        """A gym with random colours."""
        colours = [tuple(int(v) for v in rng.integers(70, 230, 3)) for _ in range(3)]
        return cls(*colours, seed=int(rng.integers(1_000_000)))  # type: ignore[arg-type]  # as many as there are fields

    def render(self, camera: Camera) -> Array:
        """(H, W, 3) linear light of the empty room."""
        rays, eye = camera.rays().reshape(-1, 3), np.array(camera.eye)
        with np.errstate(divide="ignore"):
            to_wall = (WALL - eye[1]) / rays[:, 1]
            to_floor = np.where(rays[:, 2] < -1e-6, -eye[2] / rays[:, 2], np.inf)
        on_floor = to_floor < to_wall
        spots = eye + rays * np.where(on_floor, to_floor, to_wall)[:, None]
        image = np.zeros_like(rays)
        image[on_floor], image[~on_floor] = self._floor(spots[on_floor]), self._wall(spots[~on_floor])
        image = image.reshape(camera.size[1], camera.size[0], 3)
        return cv2.GaussianBlur(image, (0, 0), 0.0016 * camera.size[1])

    def _floor(self, p: Array) -> Array:
        """Boards along y with joints, grain, a painted line and a soft reflection of the wall."""
        rng = np.random.default_rng(self.seed)
        board = np.floor(p[:, 0] / 0.11).astype(int) % 64
        end = np.floor((p[:, 1] + rng.uniform(0, 2, 64)[board]) / 1.4).astype(int) % 16
        tone = rng.uniform(0.82, 1.12, (64, 16))[board, end]
        grain = waves(p * (60, 3.0, 0), 1, self.seed + 1) * 0.05 + waves(p * (14, 1.1, 0), 1, self.seed + 2) * 0.05
        colour = linear(self.floor) * (tone + grain)[:, None]
        seam = np.abs(p[:, 0] / 0.11 - np.round(p[:, 0] / 0.11)) < 0.03
        colour[seam] *= 0.6
        line = np.abs(p[:, 1] - 0.85) < 0.03
        colour[line] = 0.6 * colour[line] + 0.4 * linear((205, 60, 50))
        shine = np.clip((p[:, 1] + 1) / 3, 0, 1)[:, None] * 0.25
        return (colour * (1 - shine) + linear(self.wall) * shine) * 0.78

    def _wall(self, p: Array) -> Array:
        """Plaster, dado, skirting, a window, wall bars, a poster and a shelf."""
        x, z = p[:, 0], p[:, 2]
        stain = 1 + 0.05 * waves(p, 0.7, self.seed + 3) + 0.03 * waves(p, 9, self.seed + 4)
        colour = linear(self.wall) * stain[:, None]
        colour[z < 1.0] = (linear(self.dado) * stain[:, None])[z < 1.0]
        colour[np.abs(z - 1.0) < 0.018] *= 0.75
        colour[z < 0.09] = linear((92, 78, 66))
        self._window(colour, x, z)
        bars = (x > 0.75) & (x < 1.75) & (z > 0.12) & (z < 2.5)
        rung = bars & (np.abs((z - 0.2) / 0.19 % 1 - 0.5) < 0.11)
        post = bars & ((x < 0.82) | (x > 1.68))
        colour[bars & ~rung & ~post] *= 0.82
        colour[rung | post] = (linear((170, 118, 70)) * (0.9 + 0.1 * waves(p * (9, 1, 1), 4, self.seed)[:, None]))[
            rung | post
        ]
        poster = (np.abs(x + 0.42) < 0.2) & (np.abs(z - 1.78) < 0.28)
        colour[poster] = linear((228, 224, 210))
        colour[poster & (np.hypot(x + 0.42, z - 1.84) < 0.13)] = linear((212, 92, 58))
        colour[poster & (np.abs(z - 1.6) < 0.02) & (np.abs(x + 0.42) < 0.14)] = linear((60, 70, 90))
        side = np.clip(0.98 - 0.13 * (x + 1.2), 0.55, 1.15) * np.clip(0.86 + 0.06 * z, 0.8, 1.05)
        return colour * side[:, None] * 0.8

    @staticmethod
    def _window(colour: Array, x: Array, z: Array) -> None:
        frame = (np.abs(x + 1.35) < 0.5) & (np.abs(z - 1.85) < 0.62)
        pane = frame & (np.abs(x + 1.35) < 0.45) & (np.abs(z - 1.85) < 0.57) & (np.abs(x + 1.35) > 0.025)
        colour[frame] = linear((225, 222, 214))
        colour[pane] = linear((232, 240, 246)) * (0.8 + 0.25 * (z[pane, None] - 1.3))


def cast_shadow(room: Array, vertices: Array, camera: Camera, light: Light, wall: float = WALL) -> Array:
    """The room (H, W, 3) with the shadows of ``vertices`` (V, 3) on the floor in front of a ``wall`` (metres).

    The lamp's cast shadow, and the ambient occlusion under the feet.
    """
    shade = np.zeros(room.shape[:2], np.float32)
    scale = camera.size[1]
    towards = np.array(light.towards)
    fallen = vertices - towards * (vertices[:, 2:] / towards[2])
    low = vertices[:, 2] < 0.3
    below = vertices[low] * (1, 1, 0)
    near = np.exp(-vertices[low, 2] / 0.1)
    for spots, weight, spread, strength in ((fallen, None, 0.007, 0.42), (below, near, 0.011, 0.9)):
        mask = np.zeros_like(shade)
        pixel = np.rint(camera.project(spots)[0]).astype(int)
        inside = ((pixel >= 0) & (pixel < camera.size)).all(axis=1) & (spots[:, 1] < wall)
        mask[pixel[inside, 1], pixel[inside, 0]] = 1.0 if weight is None else weight[inside]
        width = max(3, round(0.008 * scale) | 1)
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
        shade = 1 - (1 - shade) * (1 - strength * cv2.GaussianBlur(mask, (0, 0), spread * scale))
    return room * (1 - shade[..., None])


def rope_curve(hands: Array, turn: float, height: float) -> Array:
    """(N, 3) points of a rope between the ``hands`` (2, 3); ``turn`` 0 hangs straight down, and grows backwards."""
    s = np.linspace(0, 1, 120)[:, None]
    bulge = np.clip(1 - np.abs(2 * s - 1) ** 2.6, 0, 1) ** 0.8
    down = hands[:, 2].mean() - 0.012 - 0.35 * height
    radius = down + (1.16 - down) * (0.5 - 0.5 * np.cos(turn))
    away = np.array([0.0, np.sin(turn), -np.cos(turn)])
    spread = (hands[0] - hands[1]) * (bulge * (s - 0.5) * -0.12)
    points = hands[0] * (1 - s) + hands[1] * s + spread + radius * bulge * away
    points[:, 2] = np.maximum(points[:, 2], 0.006)
    return points


def draw_rope(image: Array, depth: Array, camera: Camera, curves: list[Array], colour: tuple[int, int, int]) -> None:
    """Blend the rope into ``image`` (H, W, 3) in place; several ``curves`` of one exposure give motion blur."""
    height, width = depth.shape
    cover, mask = np.zeros((height, width), np.float32), np.zeros((height, width), np.uint8)
    for curve in curves:
        pixel, distance = camera.project(curve)
        mask.fill(0)
        thick = max(1, round(0.009 * camera.focal * camera.size[1] / 4.0))
        corner = np.clip(np.rint(pixel).astype(int), 0, (width - 1, height - 1))
        shown = distance < depth[corner[:, 1], corner[:, 0]] + 0.02
        fixed = np.rint(np.clip(pixel, -4000, 8000) * 16).astype(np.int32)
        for a, b, first, second in zip(fixed[:-1], fixed[1:], shown[:-1], shown[1:], strict=True):
            if first or second:
                cv2.line(mask, a.tolist(), b.tolist(), 255, thick, cv2.LINE_AA, 4)
        cv2.accumulate(mask, cover)
    image += (linear(colour) - image) * np.clip(cover * (1.25 / (255 * len(curves))), 0, 1)[..., None]
