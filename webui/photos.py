"""One visitor's photo: found once, shown at screen size while sliders move, saved at full size."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from beauty.pipeline import Prepared, beautify, beautify_prepared, prepare, warp_field
from beauty.settings import BeautySettings
from vision.draw import draw_faces
from vision.image import Photo, read_photo, write_photo
from vision.types import Faces, FindFaces, Floats, Image

SCREEN = 1024
"""Longest side in pixels of what the browser shows while a slider moves."""

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "HEIF": ".heic"}


@dataclass(frozen=True, eq=False)
class PhotoSession:
    """A photo that was opened: where it lies, its faces in full-size pixels and the factor to screen size.

    Compares by identity, so that what is cached for one visitor is never shown to another.
    """

    path: Path
    faces: Faces
    size_wh: tuple[int, int]
    factor: float
    format: str
    shown: list[Path] = field(default_factory=list)

    def keep_latest(self, *files: Path, count: int = 6) -> None:
        """Note files that are shown now and delete those that were shown long before."""
        self.shown.extend(files)
        while len(self.shown) > count:
            self.shown.pop(0).unlink(missing_ok=True)


def open_photo(path: Path, find_faces: FindFaces, max_pixels: int) -> PhotoSession:
    """Read a photo, find its faces and note its scale; raises ``MediaError``."""
    photo = read_photo(path, max_pixels=max_pixels)
    height, width = photo.image.shape[:2]
    factor = min(1.0, SCREEN / max(height, width))
    return PhotoSession(path, find_faces(photo.image), (width, height), factor, photo.format)


def scale_faces(faces: Faces, factor: float) -> Faces:
    """Faces of a picture that is resized by ``factor``; pixel centres stay whole numbers."""

    def move(points: Floats) -> Floats:
        return ((points + 0.5) * factor - 0.5).astype(np.float32)

    return replace(faces, boxes=move(faces.boxes), points5=move(faces.points5), points106=move(faces.points106))


def chosen(faces: Faces, number: int | None) -> Faces:
    """All faces, or the one with this number counted from 0; a number that is not there means all."""
    return faces if number is None or not 0 <= number < len(faces) else faces[number]


@lru_cache(maxsize=24)
def screen_image(session: PhotoSession) -> Image:
    """The photo at screen size."""
    image = read_photo(session.path, max_pixels=session.size_wh[0] * session.size_wh[1]).image
    if session.factor == 1.0:
        return image
    width, height = (max(1, round(n * session.factor)) for n in session.size_wh)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=16)
def screen_prepared(session: PhotoSession, face: int | None) -> Prepared:
    """What the retouching of the chosen faces needs, computed once per photo and choice."""
    return prepare(screen_image(session), scale_faces(chosen(session.faces, face), session.factor))


@lru_cache(maxsize=24)
def screen_png(session: PhotoSession) -> bytes:
    """The untouched photo at screen size as a PNG file."""
    return to_png(screen_image(session))


def preview(
    session: PhotoSession, face: int | None, settings: BeautySettings, show: Collection[str] = ()
) -> tuple[bytes, bytes]:
    """Before and after at screen size as PNG files; ``show`` names overlays: points, boxes, pose."""
    after = beautify_prepared(screen_prepared(session, face), settings)
    if not show:
        return screen_png(session), to_png(after)
    faces = scale_faces(session.faces, session.factor)
    moved = moved_faces(faces, after.shape[:2], scale_faces(chosen(session.faces, face), session.factor), settings)
    overlay = {name: name in show for name in ("points", "boxes", "pose")}
    return _annotated(screen_image(session), faces, overlay), _annotated(after, moved, overlay)


def _annotated(image: Image, faces: Faces, overlay: dict[str, bool]) -> bytes:
    """The picture with its faces marked, as a PNG file; a small one is enlarged, so that its small faces stay seen."""
    factor = max(1.0, SCREEN / max(image.shape[:2]))
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC) if factor > 1 else image
    return to_png(draw_faces(np.asarray(large, np.uint8), scale_faces(faces, factor), **overlay))


def moved_faces(faces: Faces, shape_hw: tuple[int, int], warped: Faces, settings: BeautySettings) -> Faces:
    """The faces where the warp of ``warped`` has put them: solves x + d(x) = point by fixed-point steps."""
    if len(faces) == 0:
        return faces
    field = warp_field(shape_hw, warped, settings)
    limit = np.array([shape_hw[1] - 1, shape_hw[0] - 1])

    def follow(points: Floats) -> Floats:
        x = points
        for _ in range(4):
            at = np.clip(np.rint(x), 0, limit).astype(int)
            x = points - field[at[..., 1], at[..., 0]]
        return x.astype(np.float32)

    return replace(faces, points5=follow(faces.points5), points106=follow(faces.points106))


def full_size(path: Path, faces: Faces, settings: BeautySettings, max_pixels: int) -> Photo:
    """The retouched photo at the size and in the format of its source."""
    photo = read_photo(path, max_pixels=max_pixels)
    return photo.with_image(beautify(photo.image, faces, settings))


def save(photo: Photo, folder_file: Path) -> Path:
    """Write a photo beside ``folder_file`` (a path without suffix) in its own format."""
    target = folder_file.with_suffix(SUFFIXES.get(photo.format, ".png"))
    write_photo(target, photo)
    return target


def to_png(image: Image) -> bytes:
    """A PNG file that is quick to make (the lightest compression)."""
    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def faces_to_dict(faces: Faces, size_wh: tuple[int, int]) -> dict[str, object]:
    """Plain lists for JSON: size, boxes, scores, keypoints (106 points) and pose (pitch, yaw, roll) in degrees."""
    return {
        "size": list(size_wh),
        "boxes": np.round(faces.boxes, 2).tolist(),
        "scores": np.round(faces.scores, 4).tolist(),
        "keypoints": np.round(faces.points106, 2).tolist(),
        "pose": np.round(faces.pose, 2).tolist(),
    }
