"""Measures the retouching on the packages' portraits or on a folder of photos.

``python -m tools.evaluate beauty [FOLDER] [--data DIR] [--json] [--limit N]``.  Geometry is measured from the warp
field, never from points that were found again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from beauty.filters import masked_blur
from beauty.frame import face_frame
from beauty.pipeline import Prepared, beautify, beautify_prepared, prepare
from beauty.settings import PRESETS
from tools.evaluate.beauty_shape import OFF, shape_figures
from tools.evaluate.photo_sources import photos, portraits, scene_photos
from tools.evaluate.targets import Target, target_lines
from vision.types import Faces, FindFaces, Image

FINE, COARSE, WIDE = 0.004, 0.015, 0.05
"""Bounds of the blotch band, and the upper one of the wide band: standard deviations of Gaussians, shares of the
face width."""

TONES = {"very light": 62.0, "light": 48.0, "intermediate": 35.0, "tan": 19.0, "dark": -25.0}
"""An individual typology angle, in degrees, inside each of five groups (Chardon et al., 1991)."""


def lightness(image: Image) -> np.ndarray:
    """CIE L* (H, W) in 0 to 100."""
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[..., 0]


def skin_mask(prepared: Prepared) -> np.ndarray:
    """Certain skin of all faces at the picture's size, a bool (H, W), away from the mask's border."""
    mask = np.zeros(prepared.image.shape[:2], bool)
    for part in prepared.parts:
        size = 2 * max(round(0.012 * part.width), 1) + 1
        sure = cv2.erode((part.regions.skin > 0.85).astype(np.float32), np.ones((size, size), np.uint8))
        mask[part.patch.span(0, part.patch.rows)] |= part.patch.enlarge(sure, 0, part.patch.rows) > 0.99
    return mask


def bands(image: Image, width: float) -> tuple[np.ndarray, np.ndarray]:
    """The pore band and the blotch band of the lightness."""
    light = lightness(image)
    fine, coarse = (cv2.GaussianBlur(light, (0, 0), share * width) for share in (FINE, COARSE))
    return light - fine, fine - coarse


def wide_band(image: Image, skin: np.ndarray, width: float) -> np.ndarray:
    """The lightness between .4 and 5 % of the face width, of the pixels in the bool mask ``skin`` (H, W) alone."""
    light, weight = lightness(image)[..., None], skin.astype(np.float32)
    fine, coarse = (masked_blur(light, weight, share * width) for share in (FINE, WIDE))
    return (fine - coarse)[..., 0][skin]


def smoothing_figures(prepared: Prepared, width: float) -> dict[str, float]:
    """Change of the blotch band and the wide band, kept pores, kept gradients at full smoothing."""
    image, skin = prepared.image, skin_mask(prepared)
    after = beautify_prepared(prepared, replace(OFF, smoothing=1.0))
    (pores0, blotch0), (pores1, blotch1) = bands(image, width), bands(after, width)
    if skin.sum() < 100:
        return {}
    edges = feature_mask(image.shape[:2], prepared.faces, 0.012)
    wide0, wide1 = (wide_band(x, skin, width) for x in (image, after))
    figures = {
        "blotches": blotch1[skin].std() / max(blotch0[skin].std(), 1e-6) - 1,
        "wide band": wide1.std() / max(wide0.std(), 1e-6) - 1,
        "pores kept": pores1[skin].std() / max(pores0[skin].std(), 1e-6),
        "gradient kept": gradient(after)[edges].mean() / max(gradient(image)[edges].mean(), 1e-6),
    }
    return {name: float(value) for name, value in figures.items()}


def gradient(image: Image) -> np.ndarray:
    """Size of the lightness gradient (H, W)."""
    light = lightness(image)
    return np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1))


def feature_mask(shape: tuple[int, int], faces: Faces, grown: float) -> np.ndarray:
    """Eyes, brows and lips, grown by a share of the face width, a bool (H, W)."""
    mask = np.zeros(shape, bool)
    for points, pose in zip(faces.points106, faces.pose, strict=True):
        one = np.zeros(shape, np.uint8)
        for part in (range(33, 42), range(42, 51), range(66, 74), range(75, 83), range(84, 96)):
            cv2.fillPoly(one, [np.round(points[list(part)]).astype(np.int32)], 1)
        size = 2 * max(round(grown * face_frame(points, pose).width), 1) + 1
        mask |= cv2.dilate(one, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0
    return mask


def face_and_neck(shape: tuple[int, int], faces: Faces) -> np.ndarray:
    """Faces with forehead, ears and neck, a generous bool (H, W)."""
    mask = np.zeros(shape, np.uint8)
    for points, pose in zip(faces.points106, faces.pose, strict=True):
        frame = face_frame(points, pose)
        local, w = frame.local(points), frame.width
        chin, brow = float(local[16, 1]), float(local[33:51, 1].min())
        middle, half = float(local[[0, 32], 0].mean()), float(np.ptp(local[[0, 32], 0])) / 2 + 0.1 * w
        angle = np.linspace(0, 2 * np.pi, 60)
        top, low = brow - 0.45 * w, chin + 0.05 * w
        oval = np.stack([middle + half * np.cos(angle), (top + low) / 2 + (low - top) / 2 * np.sin(angle)], axis=1)
        neck = np.array([(middle + s * 0.5 * w, y) for s, y in ((-1, 0.3 * chin), (1, 0.3 * chin))])
        neck = np.concatenate([neck, [(middle + 0.5 * w, chin + 0.45 * w), (middle - 0.5 * w, chin + 0.45 * w)]])
        for polygon in (oval, neck):
            cv2.fillPoly(mask, [np.round(frame.pixels(polygon)).astype(np.int32)], 1)
    return mask > 0


def change_outside(prepared: Prepared) -> float:
    """Mean CIEDE2000 outside face and neck at full smoothing, healing and whitening."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    outside = ~face_and_neck(prepared.image.shape[:2], prepared.faces)
    if not outside.any():
        return 0.0
    after = beautify_prepared(prepared, replace(OFF, smoothing=1.0, spots=1.0, whitening=1.0))
    one, two = (rgb2lab(x[outside][None] / 255.0) for x in (prepared.image, after))
    return float(deltaE_ciede2000(one, two).mean())


def hue_shifts(image: Image, faces: Faces) -> dict[str, float]:
    """Hue shift in degrees of the mean skin at full whitening, with the skin moved to each tone group."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    skin = skin_mask(prepare(image, faces))
    if skin.sum() < 100 or np.hypot(*lab[skin].mean(axis=0)[1:]) < 5:
        return {}
    mean = lab[skin].mean(axis=0)
    shifts = {}
    for name, angle in TONES.items():
        target = np.array([50 + np.tan(np.deg2rad(angle)) * 17, 10, 17], np.float32)
        toned = lab * (target[0] / mean[0], 1, 1) + (0, *(target - mean)[1:])
        moved = cv2.cvtColor(toned.astype(np.float32), cv2.COLOR_Lab2RGB)
        before = np.clip(np.rint(moved * 255), 0, 255).astype(np.uint8)
        after = beautify(before, faces, replace(OFF, whitening=1.0))
        one, two = (cv2.cvtColor(x.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[skin].mean(0) for x in (before, after))
        shifts[name] = float(abs(np.rad2deg(np.arctan2(two[2], two[1]) - np.arctan2(one[2], one[1]))))
    return shifts


def freckled(image: Image, skin: np.ndarray, width: float, seed: int = 0) -> tuple[Image, np.ndarray]:
    """The picture with freckles on the bool mask ``skin`` (H, W): a new picture and their places (N, 2).

    They are .5 to .9 % of the face width in radius, a sixth to a quarter darker, and never near each other.
    """
    rng, result, size = np.random.default_rng(seed), image.astype(np.float32), max(round(0.03 * width), 2)
    free = cv2.erode(skin.astype(np.uint8), np.ones((size, size), np.uint8))
    places: list[np.ndarray] = []
    for x, y in rng.permutation(np.argwhere(free)[:, ::-1])[:4000]:
        if len(places) < 24 and all(np.hypot(*(p - (x, y))) > 0.06 * width for p in places):
            places.append(np.array([x, y]))
            radius = rng.uniform(0.005, 0.009) * width
            away = np.hypot(*np.meshgrid(np.arange(image.shape[1]) - x, np.arange(image.shape[0]) - y, copy=False))
            share = np.clip(radius + 0.5 - away, 0, 1)[..., None]
            result *= 1 - share * np.array([0.16, 0.22, 0.26]) * rng.uniform(0.8, 1.2)
    return np.clip(np.rint(result), 0, 255).astype(np.uint8), np.array(places).reshape(-1, 2)


def freckles_kept(image: Image, faces: Faces, skin: np.ndarray, width: float) -> dict[str, float]:
    """Median share of contrast that painted freckles keep at full smoothing without healing."""
    spotted, places = freckled(image, skin, width)
    if len(places) < 6 or width < LEAST_FRECKLED:
        return {}
    after = beautify(spotted, faces, replace(OFF, smoothing=1.0))
    plain = beautify(image, faces, replace(OFF, smoothing=1.0))
    rows, columns = places[:, 1], places[:, 0]
    before, kept = (
        lightness(a)[rows, columns] - lightness(b)[rows, columns] for a, b in ((spotted, image), (after, plain))
    )
    return {"freckles kept": float(np.median(kept / before))}


LEAST_FRECKLED = 150
"""Face width in pixels from which freckles are larger than a pixel."""


def figures_of(image: Image, faces: Faces, every: bool = True) -> dict[str, float]:
    """The figures of one photo: ``every`` one, or those without tone groups and timing."""
    prepared, width = prepare(image, faces), face_frame(faces.points106[0], faces.pose[0]).width
    figures = smoothing_figures(prepared, width) | {"outside dE00": change_outside(prepared)}
    figures |= freckles_kept(image, faces, skin_mask(prepared), width)
    figures |= shape_figures(image.shape[:2], faces)
    if not every:
        return figures
    start = time.process_time()
    beautify(image, faces, PRESETS["glamour"])
    seconds = time.process_time() - start
    same = np.array_equal(beautify(image, faces, OFF), image)
    changed = float(np.abs(beautify(image, faces, PRESETS["natural"]).astype(int) - image).mean()) > 0
    shifts = hue_shifts(image, faces)
    figures |= {"off is the same": float(same), "changed": float(changed)}
    figures |= {f"hue shift {name}": value for name, value in shifts.items()}
    return figures | {"processor ms per megapixel": 1e9 * seconds / image[..., 0].size}


def evaluate(
    pictures: Iterator[tuple[str, Image]], find_faces: FindFaces, every: bool = True
) -> dict[str, dict[str, float]]:
    """Figures by photo; photos without a face have none."""
    results = {}
    for name, image in pictures:
        faces = find_faces(image)
        results[name] = figures_of(image, faces, every) if len(faces) else {}
    return results


TARGETS = (
    Target("median blotches", -0.30, most=True),
    Target("median wide band", -0.35, most=True),
    Target("least pores kept", 0.85),
    Target("least gradient kept", 0.98),
    Target("least freckles kept", 0.85),
    Target("most outside dE00", 0.1, most=True),
    Target("most bent lines", 0.15, most=True),
    Target("least least jacobian", 0.3),
)
"""Targets for all photos together."""


def summary(results: dict[str, dict[str, float]]) -> dict[str, float]:
    """Median, least and most of every figure over the photos that have it."""
    rows: dict[str, float] = {}
    for name in dict.fromkeys(name for figures in results.values() for name in figures):
        values = [figures[name] for figures in results.values() if name in figures]
        for word, of in (("median", np.median), ("least", np.min), ("most", np.max)):
            rows[f"{word} {name}"] = float(of(values))
    return rows


def main(arguments: list[str]) -> None:
    """Print the figures of all photos together, and the targets."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate beauty", description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="photos to measure; the packages' portraits if left out")
    parser.add_argument("--data", type=Path, help="also the packaged scenes of this folder, without timing")
    parser.add_argument("--limit", type=int, default=150, help="at most so many photos of a source")
    parser.add_argument("--json", action="store_true", help="print the figures of every photo as JSON")
    options = parser.parse_args(arguments)
    from models import load_face_finder

    find = load_face_finder()
    results = evaluate(photos(options.folder, options.limit) if options.folder else portraits(), find)
    if options.data:
        results |= evaluate(scene_photos(options.data, options.limit), find, every=False)
    if options.json:
        print(json.dumps(results, indent=1))
        return
    rows = summary(results)
    for name in dict.fromkeys(name for figures in results.values() for name in figures):
        worst = "  ".join(f"{word} {rows[f'{word} {name}']:8.3f}" for word in ("median", "least", "most"))
        print(f"{name:28s} {worst}  of {sum(name in figures for figures in results.values())}")
    print(f"{sum(bool(f) for f in results.values())} of {len(results)} photos have a face")
    print("\n".join(target_lines(TARGETS, [("all", rows)])))
