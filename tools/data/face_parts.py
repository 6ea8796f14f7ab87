"""Labels for the segmentation of faces, from pictures whose background is plain, and samples made of them.

A plain background is found by flood filling from the border, which tells the person from it.  Within the person the
skin is found by the colour model of the retouching.  Whatever is uncertain is left out.  The samples get other
backgrounds (of the skin's colour, striped, rooms), other light, and covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from beauty.frame import FaceFrame, face_frame
from beauty.outline import distance, face_outline
from beauty.regions import skin_evidence
from models.face_parts import BACKGROUND, COVER, PERSON, SIDE, SKIN, parts_matrix
from tools.data.augment import change_colours, degrade
from tools.data.face import FaceSet
from tools.data.face_covers import cover, wear_glasses
from vision.geometry import transform_points
from vision.types import Floats, Image

NOT_SKIN, UNKNOWN = 4, 255
"""Labels beside the network's classes: anything but skin, and whatever is not known."""


@dataclass(frozen=True)
class PartsSet:
    """Crops (144, 144, 3) with ``labels`` (144, 144) uint8, ``points`` (N, 106, 2), ``pose`` (N, 3) and ``plain`` (N,):
    whether the background is known."""

    images: np.ndarray
    labels: np.ndarray
    points: Floats
    pose: Floats
    plain: np.ndarray


def plain_background(image: Image, pad: Floats, outline: np.ndarray, tolerance: int = 4) -> np.ndarray | None:
    """The plain background round a face, a bool (H, W), or None where there is none."""
    height, width = image.shape[:2]
    left, top, right, bottom = (int(v) for v in pad)
    smooth = cv2.bilateralFilter(image, 5, 20, 3)
    mask = np.ones((height + 2, width + 2), np.uint8)
    mask[1 + top : 1 + height - bottom, 1 + left : 1 + width - right] = 0
    rows = [(x, top) for x in range(left, width - right, 6)]
    rows += [(x, y) for x in (left, width - right - 1) for y in range(top, (top + height - bottom) // 2, 6)]
    flags = 4 | (2 << 8) | cv2.FLOODFILL_MASK_ONLY
    for seed in rows:
        if mask[seed[1] + 1, seed[0] + 1] == 0:
            cv2.floodFill(smooth, mask, seed, 0, (tolerance,) * 3, (tolerance,) * 3, flags)
    found = mask[1:-1, 1:-1] == 2
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    face = np.zeros((height, width), np.uint8)
    cv2.fillPoly(face, [np.round(outline).astype(np.int32)], 1)
    inside = cv2.erode(face, np.ones((5, 5), np.uint8)) > 0
    corners = (
        found[top + 2 : top + 14, left + 2 : left + 14].mean(),
        found[top + 2 : top + 14, -right - 14 : -right - 2].mean(),
    )
    if found.mean() < 0.12 or found[inside].mean() > 0.005 or min(corners) < 0.8:
        return None
    return found


def label(image: Image, points: Floats, pose: Floats, pad: Floats) -> tuple[np.ndarray, bool]:
    """Labels (H, W) of a crop, and whether its background is plain."""
    frame = face_frame(points, pose)
    found = skin_evidence(image, frame)
    allowed, skin = found.allowed, found.colour * (1 - found.beard)
    labels = np.full(image.shape[:2], UNKNOWN, np.uint8)
    inside = distance(image.shape[:2], face_outline(frame))
    labels[(allowed > 0.5) & (skin > 0.75)] = SKIN
    labels[(allowed < 0.05) & (inside < -0.2 * frame.width)] = NOT_SKIN
    background = plain_background(image, pad, points[:33])
    if background is not None:
        near = cv2.dilate(background.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        labels[~near & ((skin < 0.1) | (allowed < 0.02))] = PERSON
        labels[~near & (allowed > 0.02) & (skin > 0.75)] = SKIN
        labels[near] = UNKNOWN
        labels[background] = BACKGROUND
    features = _features(image.shape[:2], frame)
    labels[features & (labels != BACKGROUND)] = SKIN
    left, top, right, bottom = (int(v) for v in pad)
    outside = np.ones(labels.shape, bool)
    outside[top : labels.shape[0] - bottom, left : labels.shape[1] - right] = False
    labels[outside] = UNKNOWN
    return labels, background is not None


def _features(shape: tuple[int, int], frame: FaceFrame) -> np.ndarray:
    """Eyes, lips, nostrils and the skin just round them: inside the face they are no hair, a bool (H, W)."""
    mask = np.zeros(shape, np.uint8)
    for part in (range(66, 74), range(75, 83), range(84, 96), (57, 58, 60, 62, 63, 54)):
        cv2.fillPoly(mask, [np.round(frame.points[list(part)]).astype(np.int32)], 1)
    return cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0


def read_parts(faces: FaceSet, most: int) -> PartsSet:
    """Labelled crops: all with a plain background, and a third as many others."""
    rows, others = [], []
    assert faces.pads is not None
    for i in np.random.default_rng(0).permutation(len(faces)):
        if len(rows) >= most or faces.pads[i].max() > 24 or abs(faces.pose[i, 1]) > 40:
            continue
        plain = plain_background(faces.images[i], faces.pads[i], faces.points[i, :33]) is not None
        (rows if plain else others).append(int(i))
    chosen = rows + others[: len(rows) // 3]
    made = [label(faces.images[i], faces.points[i], faces.pose[i], faces.pads[i]) for i in chosen]
    images = np.stack([faces.images[i] for i in chosen])
    return PartsSet(
        images, np.stack([m[0] for m in made]), faces.points[chosen], faces.pose[chosen], np.array([m[1] for m in made])
    )


def new_background(colour: np.ndarray, rooms: list[Image], size: int, rng: np.random.Generator) -> np.ndarray:
    """A background (size, size, 3) float32: near ``colour`` (3,), any colour, stripes, checks or a room."""
    kind = rng.random()
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    if kind < 0.35 and rooms:
        room = rooms[int(rng.integers(len(rooms)))]
        side = int(rng.uniform(0.4, 1) * min(room.shape[:2]))
        top, left = (int(rng.integers(0, n - side + 1)) for n in room.shape[:2])
        return cv2.resize(room[top : top + side, left : left + side], (size, size)).astype(np.float32)
    base = colour * rng.uniform(0.7, 1.25) + rng.normal(0, 10, 3) if kind < 0.75 else rng.uniform(10, 250, 3)
    plane = base + (x * rng.normal(0, 18) + y * rng.normal(0, 18))[..., None]
    if rng.random() < 0.3:
        wave = np.sin((x * rng.normal() + y * rng.normal()) * rng.uniform(8, 40)) * rng.uniform(5, 60)
        wave = wave if rng.random() < 0.5 else np.sign(wave) * np.abs(wave).max()
        plane = plane + wave[..., None]
    noise = cv2.GaussianBlur(rng.normal(0, 1, (size, size)), (0, 0), rng.uniform(0.5, 6.0))
    return np.clip(plane + (noise / noise.std() * rng.uniform(0, 8))[..., None], 0, 255).astype(np.float32)


def make_sample(parts: PartsSet, index: int, rooms: list[Image], rng: np.random.Generator, augment: bool = True):
    """A crop (128, 128, 3) uint8 and its labels (128, 128) uint8."""
    image, labels, points = parts.images[index], parts.labels[index], parts.points[index]
    if augment and parts.plain[index] and rng.random() < 0.8:
        image, labels = _replaced(image, labels, rooms, rng)
    frame = face_frame(points, parts.pose[index])
    turn, grow, shift = (
        (rng.normal(0, 8), np.exp(rng.normal(0, 0.1)), rng.normal(0, 0.06, 2)) if augment else (0, 1, (0, 0))
    )
    matrix = parts_matrix(points, parts.pose[index], float(turn), float(grow), shift)
    view = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=(124, 117, 104))
    goal = cv2.warpAffine(labels, matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST, borderValue=UNKNOWN)
    del frame
    return _disturbed(view, goal, transform_points(points, matrix), rng) if augment else (view, goal)


def _replaced(
    image: Image, labels: np.ndarray, rooms: list[Image], rng: np.random.Generator
) -> tuple[Image, np.ndarray]:
    """The person before another background."""
    person = (labels != BACKGROUND).astype(np.float32)
    alpha = cv2.GaussianBlur(cv2.erode(person, np.ones((3, 3))), (0, 0), 0.8)[..., None]
    skin = image[labels == SKIN]
    colour = np.median(skin, axis=0) if len(skin) > 20 else np.array([200.0, 160, 140])
    behind = new_background(colour, rooms, len(image), rng)
    return np.clip(image * alpha + behind * (1 - alpha), 0, 255).astype(np.uint8), labels


def _disturbed(view: Image, goal: np.ndarray, points: Floats, rng: np.random.Generator) -> tuple[Image, np.ndarray]:
    """Mirror, covers, light and quality."""
    view, goal = view.copy(), goal.copy()
    if rng.random() < 0.25:
        glasses = view.copy()
        wear_glasses(glasses, points, rng)
        worn = np.abs(glasses.astype(int) - view).max(axis=2) > 12
        view, goal[worn] = glasses, COVER
    if rng.random() < 0.35:
        goal[cover(view, points, rng)] = COVER
    if rng.random() < 0.5:
        view, goal = np.ascontiguousarray(view[:, ::-1]), np.ascontiguousarray(goal[:, ::-1])
    if rng.random() < 0.6:
        view = side_light(view, rng)
    if rng.random() < 0.8:
        view = change_colours(view, rng)
    if rng.random() < 0.3:
        view = degrade(view, rng)
    return view, goal


def side_light(view: Image, rng: np.random.Generator) -> Image:
    """Light from one side, with a soft or a hard edge of shadow."""
    y, x = np.mgrid[-1 : 1 : len(view) * 1j, -1 : 1 : view.shape[1] * 1j]
    angle, soft = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(np.log(0.04), np.log(1.5)))
    bend = rng.normal(0, 0.4)
    along = x * np.cos(angle) + y * np.sin(angle) + bend * (x * np.sin(angle) - y * np.cos(angle)) ** 2
    shade = 1 / (1 + np.exp(-(along - rng.normal(0, 0.35)) / soft * 2))
    dark = rng.uniform(0.25, 0.85) * np.exp(rng.normal(0, 0.05, 3))
    gain = dark + (1 - dark) * shade[..., None]
    return np.clip(view * gain, 0, 255).astype(np.uint8)
