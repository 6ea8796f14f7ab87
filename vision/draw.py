"""Drawing on images: faces with their points, skeletons, and text that is readable on any background."""

from __future__ import annotations

import cv2
import numpy as np

from vision.layouts import BONES, FACE_LINES, JOINTS, PUPILS
from vision.planar import Planar, Plane
from vision.types import Faces, Floats, Image

Colour = tuple[int, int, int]
Canvas = Image | Planar
"""What can be drawn on: an RGB image or a planar one."""

LEFT_COLOUR: Colour = (255, 150, 50)
RIGHT_COLOUR: Colour = (60, 190, 255)
MIDDLE_COLOUR: Colour = (240, 240, 240)
FACE_COLOUR: Colour = (90, 230, 160)
_SHIFT = 4
"""Fractional bits of OpenCV's drawing coordinates: a sixteenth of a pixel."""


def draw_faces(image: Image, faces: Faces, *, points: bool = True, boxes: bool = False, pose: bool = False) -> Image:
    """A copy of ``image`` with the 106 ``points`` and their lines, ``boxes`` with scores, ``pose`` as three axes."""
    canvas = np.ascontiguousarray(image).copy()
    for i, box in enumerate(faces.boxes):
        fine = float(box[2] - box[0]) / 160
        width = max(1, round(fine))
        if points:
            _draw_points(canvas, faces.points106[i], fine)
        if boxes:
            _draw_box(canvas, box, float(faces.scores[i]), width)
        if pose:
            _draw_axes(canvas, box, faces.pose[i], 2 * width)
    return canvas


def draw_skeleton(image: Canvas, keypoints: Floats, *, min_score: float = 0.3) -> None:
    """Draw the joints (17, 3) x, y, score with score of at least ``min_score`` and the bones between them, in place.

    The person's left is orange, the right blue; line widths scale with the image.
    """
    width = max(2, round(min(image.shape[:2]) / 150))
    seen = np.isfinite(keypoints[:, :2]).all(axis=1) & (keypoints[:, 2] >= min_score)
    canvas = image if isinstance(image, Planar) else np.ascontiguousarray(image)
    for a, b in BONES:
        if seen[a] and seen[b]:
            _line(canvas, keypoints[[a, b], :2], _side_colour(a, b), width)
    for joint in np.flatnonzero(seen):
        _dot(canvas, keypoints[joint, :2], 1.2 * width, _side_colour(int(joint), int(joint)))
    if canvas is not image:
        image[...] = canvas  # type: ignore[index]  # only where a copy of an array was made


def draw_text(
    image: Canvas,
    text: str,
    xy: tuple[float, float],
    *,
    height: int = 24,
    colour: Colour = (255, 255, 255),
    anchor: str = "lt",
    backing: float = 0.55,
) -> None:
    """Write ``text`` in letters of about ``height`` pixels, in place, on a background darkened by ``backing``.

    ``anchor`` is two letters for the point of the text that lies at ``xy``: l, m or r across and t, m or b down.  Text
    is clipped to the image.
    """
    if len(anchor) != 2 or anchor[0] not in "lmr" or anchor[1] not in "tmb":
        raise ValueError(f"anchor must be one of l, m, r and one of t, m, b, not {anchor!r}")
    if not text:
        return
    height = max(int(height), 6)
    letters = _letters(text, height)
    rows, columns = letters.shape
    x = round(xy[0] - {"l": 0, "m": columns / 2, "r": columns}[anchor[0]])
    y = round(xy[1] - {"t": 0, "m": rows / 2, "b": rows}[anchor[1]])
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + columns, image.shape[1]), min(y + rows, image.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    cut = np.s_[y0 - y : y1 - y, x0 - x : x1 - x]
    if backing > 0:
        blend(image[y0:y1, x0:x1], backing * _soft_block(rows, columns, max(2, height // 3))[cut], (0, 0, 0))
    blend(image[y0:y1, x0:x1], letters[cut], colour)


def blend(image: Canvas, mask: Floats, colour: Colour) -> None:
    """Alpha blend ``colour`` into the image, in place; ``mask`` (H, W) is its opacity in [0, 1]."""
    if isinstance(image, Planar):
        image.blend(mask, colour)
        return
    ground = cv2.merge([np.full(mask.shape, value, np.uint8) for value in colour])
    image[...] = cv2.blendLinear(np.ascontiguousarray(image), ground, 1 - mask, np.ascontiguousarray(mask))


def _letters(text: str, height: int) -> Floats:
    """Coverage (rows, columns) in [0, 1] of the letters, with a margin of a third of ``height``.

    OpenCV's own font has Latin, Greek, Cyrillic and Chinese letters.
    """
    font, margin = cv2.FontFace("sans"), max(2, height // 3)
    left, top, wide, high = cv2.getTextSize((0, 0), text, (0, 0), font, height, 400)
    top, bottom = min(top, -round(0.75 * height)), max(top + high, round(0.2 * height))
    picture = np.zeros((bottom - top + 2 * margin, max(wide, 1) + 2 * margin, 3), np.uint8)
    cv2.putText(picture, text, (margin - left, margin - top), (255, 255, 255), font, height, 400)
    return np.asarray(picture[..., 0] / np.float32(255), np.float32)


def _soft_block(rows: int, columns: int, margin: int) -> Floats:
    """Mask (rows, columns) of 1 with a soft edge that ends half a ``margin`` before the border."""
    block = np.zeros((rows, columns), np.float32)
    block[margin // 2 : -(margin // 2), margin // 2 : -(margin // 2)] = 1
    return np.asarray(cv2.GaussianBlur(block, (0, 0), margin / 4), np.float32)


def _side_colour(a: int, b: int) -> Colour:
    names = {JOINTS[a].partition("_")[0], JOINTS[b].partition("_")[0]}
    if names == {"left"}:
        return LEFT_COLOUR
    return RIGHT_COLOUR if names == {"right"} else MIDDLE_COLOUR


def _fixed(points: np.ndarray) -> np.ndarray:
    """Points as OpenCV's fixed-point integers, clipped to their range."""
    return np.rint(np.clip(points, -30_000, 30_000) * (1 << _SHIFT)).astype(np.int32)


def _line(canvas: Canvas, points: np.ndarray, colour: Colour, width: int) -> None:
    def shape(plane: Plane, value: int | Colour, scale: float = 1.0) -> None:
        thick = max(1, round(width * scale))
        cv2.polylines(plane, [_fixed(_scaled(points, scale))], False, value, thick, cv2.LINE_AA, _SHIFT)  # type: ignore[arg-type]  # the stub knows no single numbers

    canvas.draw(shape, colour) if isinstance(canvas, Planar) else shape(canvas, colour)


def _dot(canvas: Canvas, centre: np.ndarray, radius: float, colour: Colour) -> None:
    def shape(plane: Plane, value: int | Colour, scale: float = 1.0) -> None:
        x, y = (int(v) for v in _fixed(_scaled(centre, scale)))
        size = max(1, round(radius * scale * (1 << _SHIFT)))
        cv2.circle(plane, (x, y), size, value, -1, cv2.LINE_AA, _SHIFT)  # type: ignore[arg-type]  # the stub knows no single numbers

    canvas.draw(shape, colour) if isinstance(canvas, Planar) else shape(canvas, colour)


def _scaled(points: np.ndarray, scale: float) -> np.ndarray:
    """Pixel coordinates in a picture of another size; whole numbers are pixel centres."""
    return np.asarray((points + 0.5) * scale - 0.5)


def _draw_points(canvas: Image, points: Floats, width: float) -> None:
    if not np.isfinite(points).all():
        return
    for line in FACE_LINES.values():
        _line(canvas, points[list(line)], FACE_COLOUR, max(1, round(width)))
    for i, point in enumerate(points):
        _dot(canvas, point, max(0.6, 1.3 * width * (1.5 if i in PUPILS else 1.0)), MIDDLE_COLOUR)


def _draw_box(canvas: Image, box: Floats, score: float, width: int) -> None:
    x0, y0, x1, y1 = box
    _line(canvas, np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]), FACE_COLOUR, 2 * width)
    height = max(12, round(float(x1 - x0) / 8))
    draw_text(canvas, f"{score:.2f}", (float(x0), float(y0)), height=height, anchor="lb" if y0 > 2 * height else "lt")


def _draw_axes(canvas: Image, box: Floats, pose: Floats, width: int) -> None:
    """The axes of the head from the centre of its box: red to the image right, green down, blue out of the face."""
    if not np.isfinite(pose).all():
        return
    centre, length = (box[:2] + box[2:]) / 2, 0.6 * float(box[2] - box[0])
    axes = rotation_matrix(pose)[:2].T * length
    colours: tuple[Colour, ...] = ((235, 70, 60), (80, 200, 80), (70, 120, 255))
    for i in np.argsort(rotation_matrix(pose)[2]):
        _line(canvas, np.stack([centre, centre + axes[i]]), colours[int(i)], width)


def rotation_matrix(pose: Floats) -> np.ndarray:
    """Rotation (3, 3) of pitch, yaw, roll in degrees: Rz(roll) Ry(yaw) Rx(pitch), x right, y down, z to the viewer."""
    (sp, sy, sr), (cp, cy, cr) = np.sin(np.deg2rad(pose)), np.cos(np.deg2rad(pose))
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_z @ about_y @ about_x
