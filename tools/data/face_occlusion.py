"""Synthetic occlusions of training faces: hands, hair, cloth and glasses."""

from __future__ import annotations

import cv2
import numpy as np

from vision.types import Floats, Image

FINE = 4
"""Fractional bits of drawing coordinates."""


def cover(view: Image, points: Floats, rng: np.random.Generator) -> np.ndarray:
    """Draw a hand, hair or a cloth over a face with points (106, 2), in place; returns its mask (H, W) bool."""
    mask = np.zeros(view.shape[:2], np.uint8)
    side = bool(rng.random() < 0.5)
    paint = view.copy()
    draw = (_hand, _hand_before_mouth, _hair, _cloth)[int(rng.integers(4))]
    draw(paint, mask, points, side, rng)
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.5, 1.0))[..., None] / 255
    view[:] = (view * (1 - soft) + cv2.GaussianBlur(paint, (0, 0), 0.6) * soft).round().astype(np.uint8)
    return mask > 127


def _colour(view: Image, point: Floats, rng: np.random.Generator) -> np.ndarray:
    """A colour (3,) like that of the view near a point, lighter or darker."""
    x, y = np.clip(point.round().astype(int), 2, np.array(view.shape[1::-1]) - 3)
    near = view[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0)
    return np.clip(near * rng.uniform(0.75, 1.15) + rng.normal(0, 4, 3), 0, 255)


def _capsule(paint: Image, mask: np.ndarray, ends: np.ndarray, radius: float, colour: np.ndarray) -> None:
    """A finger between two ends (2, 2), darker at its edge."""
    a, b = (tuple(int(v) for v in end * 2**FINE) for end in ends)
    for part, shade in ((1.0, 0.72), (0.75, 0.95), (0.4, 1.05)):
        wide = max(1, round(2 * radius * part))
        cv2.line(paint, a, b, np.clip(colour * shade, 0, 255).tolist(), wide, cv2.LINE_AA, FINE)
    cv2.line(mask, a, b, 255, max(1, round(2 * radius)), cv2.LINE_AA, FINE)


def _fingers(
    paint: Image, mask: np.ndarray, palm: np.ndarray, degrees: float, width: float, colour: np.ndarray,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Four fingers from a palm, turned clockwise from straight up."""
    turn = np.deg2rad(degrees)
    along = np.array([np.sin(turn), -np.cos(turn)])
    across = np.array([along[1], -along[0]])
    thick, length = width * rng.uniform(0.035, 0.055), width * rng.uniform(0.25, 0.6)
    for k in rng.permutation(4):
        start = palm + across * (k - 1.5) * 2.1 * thick
        _capsule(paint, mask, np.stack([start, start + along * length * rng.uniform(0.8, 1.1)]), thick, colour)


def _hand(paint: Image, mask: np.ndarray, points: Floats, left: bool, rng: np.random.Generator) -> None:
    """A palm below the jaw, and four fingers that reach up along the cheek or in front of the chin."""
    middle, width = points[51:66].mean(axis=0), float(np.ptp(points[:33, 0]))
    jaw = points[int(rng.integers(6, 16) if left else rng.integers(17, 27))]
    away = (jaw - middle) / max(float(np.linalg.norm(jaw - middle)), 1.0)
    colour = _colour(paint, (points[16] + points[57]) / 2, rng)
    palm = jaw + away * width * rng.uniform(0.05, 0.25)
    _capsule(paint, mask, np.stack([palm, palm + [0, width]]), width * rng.uniform(0.14, 0.22), colour)
    _fingers(paint, mask, palm, rng.uniform(-35, 60) * (1 if left else -1), width, colour, rng)


def _hand_before_mouth(paint: Image, mask: np.ndarray, points: Floats, left: bool, rng: np.random.Generator) -> None:
    """A hand in front of the mouth, its arm to one side or down."""
    width = float(np.ptp(points[:33, 0]))
    colour = _colour(paint, points[54], rng)
    palm = points[84:96].mean(axis=0) + rng.normal(0, 0.07, 2) * width
    arm = np.array([(-1 if left else 1) * rng.uniform(0.2, 1.0), rng.uniform(0.3, 1.2)]) * width
    _capsule(paint, mask, np.stack([palm, palm + arm]), width * rng.uniform(0.15, 0.26), colour)
    if rng.random() < 0.7:
        _fingers(paint, mask, palm, rng.uniform(-20, 110) * (1 if left else -1), 1.2 * width, colour, rng)


def _cloth(paint: Image, mask: np.ndarray, points: Floats, left: bool, rng: np.random.Generator) -> None:
    """A mask or scarf from the nose or the mouth down, of one colour or patterned, with folds."""
    first = int(rng.integers(2, 9))
    low = points[first : 33 - first]
    top = points[52] + (points[54] - points[52]) * rng.uniform(0.0, 0.9)
    if rng.random() < 0.2:
        top = points[60] + (points[87] - points[60]) * rng.uniform(0, 1)
    below = np.array([[0.0, np.ptp(points[:33, 1]) * (rng.uniform(0, 0.06) if rng.random() < 0.7 else 1.0)]])
    upper = np.stack([(low[-1] + 2 * top) / 3, top, (low[0] + 2 * top) / 3])
    outline = np.concatenate([low[:1], low + below, low[-1:], upper])
    shape = np.round(outline * 2**FINE).astype(np.int32)
    cv2.fillPoly(mask, [shape], 255, cv2.LINE_AA, FINE)
    dark = rng.random() < 0.3
    colour = rng.uniform(10, 60, 3) if dark else rng.uniform(90, 250) + rng.normal(0, 25, 3)
    folds = cv2.GaussianBlur(rng.normal(0, 1, paint.shape[:2]), (0, 0), 5.0, sigmaY=1.2)
    texture = colour * (1 + rng.uniform(0, 2.0) * folds[..., None])
    if rng.random() < 0.3:
        y, x = np.mgrid[: paint.shape[0], : paint.shape[1]]
        wave = np.sin((x * rng.normal() + y * rng.normal()) * rng.uniform(0.3, 1.2))[..., None]
        texture = texture + wave * rng.normal(0, 30, 3)
    paint[mask > 0] = np.clip(texture, 0, 255)[mask > 0].astype(np.uint8)


def _hair(paint: Image, mask: np.ndarray, points: Floats, left: bool, rng: np.random.Generator) -> None:
    """A curtain of hair or cloth from above the brow down over one edge of the cheek, with streaks."""
    rows = np.arange(0, int(rng.integers(8, 18))) if left else np.arange(32, 32 - int(rng.integers(8, 18)), -1)
    middle, width = points[51:66].mean(axis=0), float(np.ptp(points[:33, 0]))
    inner = points[rows] + (middle - points[rows]) * rng.uniform(0.0, 0.35)
    inner = inner + np.cumsum(rng.normal(0, 0.01 * width, inner.shape), axis=0)
    top = inner[:1] + [[0, -width]]
    out = np.array([[-width if left else width, 0]])
    shape = np.concatenate([top, inner, inner[-1:] + [[0, width * rng.uniform(0, 0.5)]]])
    outline = np.concatenate([shape, shape[::-1] + out]).round().astype(np.int32)
    cv2.fillPoly(mask, [outline], 255)
    beside = _colour(paint, points[rows[0]] + out[0] * 0.12, rng)
    colour = beside if rng.random() < 0.6 else np.array([1.0, 0.8, 0.65]) * rng.uniform(10, 200)
    streaks = cv2.GaussianBlur(rng.normal(0, 1, paint.shape[:2]), (0, 0), 0.7, sigmaY=6.0)
    texture = colour * (1 + rng.uniform(0, 1.2) * streaks[..., None])
    paint[mask > 0] = np.clip(texture, 0, 255)[mask > 0].astype(np.uint8)


def wear_glasses(view: Image, points: Floats, rng: np.random.Generator) -> np.ndarray:
    """Draw glasses on a face with points (106, 2), in place; returns the mask (H, W) bool of hidden eyes."""
    eyes = np.stack([points[66:74].mean(axis=0), points[75:83].mean(axis=0)])
    gap = eyes[1] - eyes[0]
    apart = max(float(np.linalg.norm(gap)), 4.0)
    right, down = gap / apart, np.array([-gap[1], gap[0]]) / apart
    lenses = [eye + down * apart * rng.uniform(0.0, 0.1) for eye in eyes]
    size = apart * np.array([rng.uniform(0.34, 0.46), rng.uniform(0.2, 0.4)])
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    power = 2 / rng.uniform(2, 5)  # a superellipse: round to nearly square
    x, y = (np.sign(f(angle)) * np.abs(f(angle)) ** power for f in (np.cos, np.sin))
    rims = [lens + np.outer(x * size[0], right) + np.outer(y * size[1], down) for lens in lenses]
    hidden = _lenses(view, rims, rng)
    colour = rng.uniform(0, 70, 3) if rng.random() < 0.65 else rng.uniform(40, 220, 3)
    _frame(view, points, rims, right, colour, rng)
    return hidden


def _lenses(view: Image, rims: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draw tinted or dark glass and reflections inside the rims; the mask (H, W) bool where the eyes are hidden."""
    mask = np.zeros(view.shape[:2], np.uint8)
    for rim in rims:
        cv2.fillPoly(mask, [np.round(rim * 2**FINE).astype(np.int32)], 255, cv2.LINE_AA, FINE)
    dark = rng.random() < 0.3
    opaque = rng.uniform(0.7, 1.0) if dark else rng.uniform(0, 0.25) * (rng.random() < 0.5)
    colour = rng.uniform(0, 60, 3) if dark else rng.uniform(80, 255, 3)
    ramp = np.linspace(0, rng.normal(0, 60), len(view))[:, None, None] if dark else 0
    share = opaque * mask[..., None] / 255
    view[:] = np.clip(view * (1 - share) + (colour + ramp) * share, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        shine = cv2.GaussianBlur(rng.normal(0, 1, view.shape[:2]), (0, 0), 4.0)
        shine = np.clip(shine / shine.std() - 1, 0, 1) * mask / 255 * rng.uniform(20, 200)
        view[:] = np.clip(view + shine[..., None], 0, 255).astype(np.uint8)
    return (mask > 127) & dark


def _frame(
    view: Image, points: Floats, rims: list[np.ndarray], right: np.ndarray, colour: np.ndarray,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Rims (whole, upper half or none), bridge and temples as lines."""
    paint, thick = view.copy(), int(rng.integers(1, 4))
    kind, line = rng.random(), lambda p: np.round(np.asarray(p) * 2**FINE).astype(np.int32)
    for rim in rims:
        shown = rim if kind < 0.7 else rim[20:] if kind < 0.9 else rim[:0]
        if len(shown):
            cv2.polylines(paint, [line(shown)], kind < 0.7, colour.tolist(), thick, cv2.LINE_AA, FINE)
    ends = [max(rims[0], key=lambda p: p @ right), min(rims[1], key=lambda p: p @ right)]
    up = (points[51] - points[54]) * rng.uniform(0.0, 0.15)
    bridge = np.stack([ends[0], sum(ends) / 2 + up, ends[1]])
    cv2.polylines(paint, [line(bridge)], False, colour.tolist(), min(thick, 2), cv2.LINE_AA, FINE)
    temples = [(min(rims[0], key=lambda p: p @ right), points[0]), (max(rims[1], key=lambda p: p @ right), points[32])]
    for temple in temples:
        cv2.polylines(paint, [line(temple)], False, colour.tolist(), min(thick, 2), cv2.LINE_AA, FINE)
    share = rng.uniform(0.5, 1.0)
    view[:] = (view * (1 - share) + paint * share).round().astype(np.uint8)
