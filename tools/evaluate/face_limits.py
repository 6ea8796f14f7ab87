"""Limits of the face models: free portraits, increasingly degraded, with the detected points.

    python -m tools.evaluate.face_limits docs/face_limits.jpg

Each tile names the degradation and the score of the face, or that none was found.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from models import load_face_finder
from tools.evaluate.photo_sources import portraits
from vision.draw import draw_faces, draw_text
from vision.types import FindFaces, Floats, Image

TILE = 300
Change = Callable[[Image, Floats], Image]
"""(square portrait, its 106 points) -> the degraded portrait."""


def turned(degrees: float) -> Change:
    """The portrait turned clockwise."""

    def change(image: Image, _: Floats) -> Image:
        matrix = cv2.getRotationMatrix2D((TILE / 2, TILE / 2), -degrees, 1.0)
        return cv2.warpAffine(image, matrix, (TILE, TILE), borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]  # OpenCV's types tell no dtype

    return change


def covered(rows: tuple[int, int]) -> Change:
    """A plain grey bar over the face from the height of one point to that of another."""

    def change(image: Image, points: Floats) -> Image:
        out = image.copy()
        top, bottom = (int(points[row, 1]) for row in rows)
        out[top:bottom, int(points[:, 0].min()) - 8 : int(points[:, 0].max()) + 8] = 96
        return out

    return change


def small(pixels: int) -> Change:
    """The face ``pixels`` wide, shown enlarged."""

    def change(image: Image, points: Floats) -> Image:
        scale = pixels / float(np.ptp(points[:, 0]))
        tiny = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return cv2.resize(tiny, (TILE, TILE), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]  # OpenCV's types tell no dtype

    return change


def _dark(image: Image, _: Floats) -> Image:
    noise = np.random.default_rng(0).normal(0, 8, image.shape)
    return np.clip(image * 0.12 + noise, 0, 255).astype(np.uint8)


def _squeezed(image: Image, _: Floats) -> Image:
    wide = cv2.resize(image, (TILE // 2, TILE), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(wide, 0, 0, TILE // 4, TILE // 4, cv2.BORDER_REPLICATE)  # type: ignore[return-value]  # OpenCV's types tell no dtype


CHANGES: dict[str, Change] = {
    "as it is": lambda image, _: image,
    "turned 45 degrees": turned(45),
    "turned 90 degrees": turned(90),
    "upside down": turned(180),
    "mouth covered": covered((60, 16)),
    "eyes covered": covered((34, 53)),
    "face 14 px wide": small(14),
    "face 8 px wide": small(8),
    "an eighth of the light": _dark,
    "squeezed to a half": _squeezed,
}


def square(image: Image, find: FindFaces) -> tuple[Image, Floats]:
    """The portrait's largest face in a square tile, and its 106 points there; ``ValueError`` without a face."""
    faces = find(image)
    if len(faces) == 0:
        raise ValueError("no face in the portrait")
    box = faces.boxes[0]
    side = 2.1 * float(max(box[2:] - box[:2]))
    corner = (box[:2] + box[2:]) / 2 - side / 2
    scale = TILE / side
    matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    tile = cv2.warpAffine(image, matrix, (TILE, TILE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return tile, ((faces.points106[0] - corner) * scale).astype(np.float32)  # type: ignore[return-value]  # float32, which NumPy's types lose


def tile_of(name: str, image: Image, find: FindFaces) -> Image:
    """The picture with the detected face, and a caption."""
    faces = find(image)
    shown = draw_faces(image, faces)
    words = f"{name}: {faces.scores[0]:.2f}" if len(faces) else f"{name}: no face"
    draw_text(shown, words, (TILE / 2, TILE - 6), height=15, anchor="mb")
    return shown


def main(target: Path) -> None:
    """Write the sheet: a row of tiles per five changes, for each portrait."""
    find, rows = load_face_finder(), []
    for _, portrait in portraits():
        image, points = square(portrait, find)
        tiles = [tile_of(name, change(image, points), find) for name, change in CHANGES.items()]
        rows += [np.hstack(tiles[i : i + 5]) for i in range(0, len(tiles), 5)]
    target.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(np.vstack(rows)).save(target, quality=82)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="JPEG to write")
    main(parser.parse_args().target)
