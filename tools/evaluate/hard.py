"""Hard cases for the retouching: portraits with other backgrounds, side light, cloth over the mouth, rotated.

``python -m tools.evaluate hard [FOLDER] [--sheets DIR]`` prints changes of areas that must not change.  Walls need
portraits with a plain background; the other cases use the packages' portraits.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from beauty.frame import face_frame
from beauty.pipeline import beautify, prepare, shape_shares, warp_field
from beauty.settings import PRESETS
from tools.evaluate.beauty_shape import OFF, bent_lines
from tools.evaluate.photo_sources import photos, portraits
from vision.types import Faces, FindFaces, Floats, Image

FULL = replace(OFF, smoothing=1.0, spots=1.0, whitening=1.0)
"""Full strength of all controls that depend on the skin mask alone."""


def plain_background(image: Image, outline: Floats, tolerance: int = 4) -> np.ndarray | None:
    """The plain background around a face's ``outline`` (P, 2), a bool (H, W), or None without one.

    It is found by flood filling from the upper half of the border.
    """
    height, width = image.shape[:2]
    even, mask = cv2.bilateralFilter(image, 5, 20, 3), np.zeros((height + 2, width + 2), np.uint8)
    seeds = [(x, 0) for x in range(0, width, 6)]
    seeds += [(x, y) for x in (0, width - 1) for y in range(0, height // 2, 6)]
    for seed in seeds:
        if mask[seed[1] + 1, seed[0] + 1] == 0:
            flags = 4 | (2 << 8) | cv2.FLOODFILL_MASK_ONLY
            cv2.floodFill(even, mask, seed, (0,), (tolerance,) * 3, (tolerance,) * 3, flags)
    found = cv2.morphologyEx((mask[1:-1, 1:-1] == 2).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    face = np.zeros((height, width), np.uint8)
    cv2.fillPoly(face, [np.rint(outline).astype(np.int32)], 1)
    inside = cv2.erode(face, np.ones((5, 5), np.uint8)) > 0
    corners = min(found[2:14, 2:14].mean(), found[2:14, -14:-2].mean())
    return found if found.mean() >= 0.12 and found[inside].mean() <= 0.005 and corners >= 0.8 else None


def background_share(image: Image, faces: Faces) -> Floats | None:
    """Alpha matte (H, W) in [0, 1] of a plain background, or None without one."""
    found = plain_background(image, faces.points106[0, :33])
    if found is None:
        return None
    return cv2.GaussianBlur(found.astype(np.float32), (0, 0), 1.0)  # type: ignore[return-value]  # OpenCV's types tell no dtype


def on_wall(image: Image, share: Floats, wall: np.ndarray) -> Image:
    """The person composited on another wall (H, W, 3), lit like the old one."""
    old = np.median(image[share > 0.99], axis=0)
    light = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2) / np.maximum(old, 1)
    part = share[..., None]
    mixed = image * (1 - part) + np.clip(wall * np.clip(light, 0.5, 1.5), 0, 255) * part
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def striped(shape: tuple[int, ...], colour: np.ndarray, period: float, checked: bool) -> np.ndarray:
    """A wall (H, W, 3) with upright stripes or checks."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    wave = np.sign(np.sin(2 * np.pi * x / period))
    wave = wave * np.sign(np.sin(2 * np.pi * y / period)) if checked else wave
    return colour * (1 - 0.18 * (wave[..., None] + 1))


def side_lit(image: Image, faces: Faces, hard: bool) -> Image:
    """The picture lit from the left, with a hard or a soft edge of shadow down the face."""
    middle, width = faces.points106[0, 51:66].mean(axis=0), np.ptp(faces.points106[0, :33, 0])
    x = np.arange(image.shape[1])
    shade = 1 / (1 + np.exp((x - middle[0] - 0.12 * width) / ((0.02 if hard else 0.12) * width)))
    gain = 0.42 + 0.58 * shade[None, :, None]
    return np.clip(np.rint(image * gain), 0, 255).astype(np.uint8)


def masked(image: Image, faces: Faces, colour: np.ndarray) -> tuple[Image, np.ndarray]:
    """Cloth of one colour (3,), with folds, from the nose to below the chin, and where it is, a bool (H, W)."""
    points, result = faces.points106[0], image.copy()
    outline = np.concatenate(
        [points[5:28], (points[27:28] + 2 * points[53]) / 3, points[53:54], (points[5:6] + 2 * points[53]) / 3]
    )
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 255, cv2.LINE_AA)
    folds = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, image.shape[:2]), (0, 0), 12, sigmaY=3)
    cloth = np.clip(colour * (1 + 0.06 * folds / folds.std())[..., None], 0, 255)
    result[mask > 127] = cloth[mask > 127].astype(np.uint8)
    return result, mask > 127


def cover_figures(image: Image, covered: np.ndarray, find: FindFaces) -> dict[str, float]:
    """Change of cloth over the mouth by the controls of the mouth and by glamour; faces are detected again."""
    faces = find(image)[:1]
    inner = cv2.erode(covered.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    mouth = replace(OFF, teeth=1.0, lips=1.0, mouth=1.0)
    glamour = replace(PRESETS["glamour"], look="none", eyes=0.0, slimming=0.0, nose=0.0)
    both = {name: changes(image, beautify(image, faces, x))[inner] for name, x in (("mouth", mouth), ("all", glamour))}
    return {"score": float(faces.scores[0]) if len(faces) else 0.0} | {
        f"dE00 {name} {word}": float(of)
        for name, x in both.items()
        for word, of in (("mean", x.mean()), ("p99", np.percentile(x, 99)))
    }


def changes(before: Image, after: Image) -> np.ndarray:
    """CIEDE2000 of each pixel (H, W)."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    return deltaE_ciede2000(rgb2lab(before / 255.0), rgb2lab(after / 255.0))


def skin_of(image: Image, faces: Faces) -> np.ndarray:
    """Median colour (3,) of the cheeks and the nose."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(faces.points106[0, [2, 57, 63, 30, 27, 90, 84, 5]]).astype(np.int32)], 1)
    return np.median(image[mask > 0], axis=0)


def walls(image: Image, faces: Faces) -> Iterator[tuple[str, Image, np.ndarray]]:
    """Name, picture and background mask (H, W) bool, for several walls."""
    share = background_share(image, faces)
    if share is None:
        return
    sure, skin = share > 0.995, skin_of(image, faces)
    grey, width = np.array([190.0, 190, 185]), float(np.ptp(faces.points106[0, :33, 0]))
    flat = np.ones((*image.shape[:2], 1))
    yield "skin wall", on_wall(image, share, flat * skin), sure
    yield "darker skin wall", on_wall(image, share, flat * skin * 0.8), sure
    yield "lighter skin wall", on_wall(image, share, flat * skin * 1.15), sure
    yield "striped wall", on_wall(image, share, striped(image.shape, grey, 0.12 * width, False)), sure
    yield "checked wall", on_wall(image, share, striped(image.shape, grey, 0.12 * width, True)), sure


def wall_figures(image: Image, faces: Faces, background: np.ndarray) -> dict[str, float]:
    """Change of a wall at full strength: mean and 99th percentile near the face.

    Also the bending of lines by slimming, and the share of slimming on each side of the jaw.
    """
    points, width = faces.points106[0], float(np.ptp(faces.points106[0, :33, 0]))
    low, high = points[:33].min(axis=0) - 0.5 * width, points[:33].max(axis=0) + 0.7 * width
    near = np.zeros(background.shape, bool)
    near[max(0, int(low[1])) : int(high[1]), max(0, int(low[0])) : int(high[0])] = True
    near &= cv2.erode(background.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if near.sum() < 100:
        return {}
    change = changes(image, beautify(image, faces, FULL))
    prepared, frame = prepare(image, faces), face_frame(points, faces.pose[0])
    field = warp_field(image.shape[:2], faces, replace(OFF, slimming=1.0), shape_shares(prepared))
    return {
        "dE00 mean": float(change[near].mean()),
        "dE00 p99": float(np.percentile(change[near], 99)),
        "bent lines": bent_lines(field, frame.width, points, frame.right),
        "left jaw": prepared.parts[0].jaw[0],
        "right jaw": prepared.parts[0].jaw[1],
    }


def shadow_figures(image: Image, lit: Image, faces: Faces) -> dict[str, float]:
    """Share of the skin mask that is kept in the shadow, as a test of equal whitening in shadow and light."""
    bright, dark = (prepare(x, faces).parts[0].regions.skin for x in (image, lit))
    sure = bright > 0.9
    return {
        "skin kept in side light": float(dark[sure].mean()),
        "lost by more than half": float((dark[sure] < 0.5).mean()),
    }


def sheet(folder: Path, name: str, image: Image, faces: Faces, preset: str) -> None:
    """Before and after side by side, cropped around the face."""
    if not len(faces):
        return
    points, width = faces.points106[0], float(np.ptp(faces.points106[0, :33, 0]))
    low = np.maximum(points.min(axis=0) - 0.7 * width, 0).astype(int)
    high = (points.max(axis=0) + 0.7 * width).astype(int)
    pair = np.hstack([x[low[1] : high[1], low[0] : high[0]] for x in (image, beautify(image, faces, PRESETS[preset]))])
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.png".replace(" ", "_")), pair[..., ::-1])


def main(arguments: list[str]) -> None:
    """Print the figures of every case."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate hard", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="portraits; the packages' own if left out")
    parser.add_argument("--limit", type=int, default=50, help="at most so many photos of the folder")
    parser.add_argument("--sheets", type=Path, help="folder for pictures of before and after")
    options = parser.parse_args(arguments)
    from models import load_face_finder

    find: FindFaces = load_face_finder()
    for name, image in photos(options.folder, options.limit) if options.folder else portraits():
        faces = find(image)[:1]
        if not len(faces):
            continue
        for case, picture, background in walls(image, faces):
            _print(name, case, wall_figures(picture, faces, background))
            if options.sheets:
                sheet(options.sheets, f"{Path(name).stem} {case}", picture, faces, "glamour")
        for cloth in ("white", "skin"):
            colour = skin_of(image, faces) * 0.9 if cloth == "skin" else np.array([205.0, 212, 220])
            picture, covered = masked(image, faces, colour)
            _print(name, f"{cloth} cloth", cover_figures(picture, covered, find))
            if options.sheets:
                sheet(options.sheets, f"{Path(name).stem} {cloth} cloth", picture, find(picture)[:1], "glamour")
        for hard in (False, True):
            lit = side_lit(image, faces, hard)
            _print(name, "side light " + ("hard" if hard else "soft"), shadow_figures(image, lit, faces))
            if options.sheets:
                sheet(options.sheets, f"{Path(name).stem} side {hard}", lit, faces, "studio")


def _print(name: str, case: str, figures: dict[str, float]) -> None:
    print(f"{Path(name).stem:22s} {case:18s}", "  ".join(f"{k} {v:.3f}" for k, v in figures.items()), flush=True)
