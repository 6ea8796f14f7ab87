"""One visitor's photo: faces detected once, previews at screen size while sliders move, saved at full size."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from beauty.pipeline import Prepared, beautify, beautify_prepared, moved_faces, prepare
from beauty.settings import BeautySettings
from vision.draw import draw_faces
from vision.image import PHOTO_SUFFIXES, SUFFIX_OF, copy_photo, format_of, read_photo, write_photo
from vision.types import Faces, FindFaces, Floats, Image, MediaError
from vision.video import probe_video, read_frames
from webui.uploads import Upload, result_name

SCREEN = 1024
"""Longest side in pixels of the preview while a slider moves."""

LONGEST = 2.2
"""Ratio of sides beyond which only the part around the faces is shown."""

THUMBNAIL = 96
"""Side in pixels of a preset's small picture."""

FIRST_FRAMES = 60
"""Number of frames of a video that are searched for a face to show."""

VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".3gp", ".ts", ".wmv", ".mts", ".m2ts")
"""Suffixes of files that are opened as videos whatever their content."""


@dataclass(frozen=True, eq=False)
class PhotoSession:
    """An opened photo (or ``still`` frame of a video) with its faces in full-size pixels.

    ``window`` (x0, y0, x1, y1) is the shown part and ``factor`` its scale to the screen; ``notes`` on conversions while
    reading.  Compared by identity, so that one visitor's cache is never shown to another.
    """

    source: Upload
    faces: Faces
    size_wh: tuple[int, int]
    window: tuple[int, int, int, int]
    factor: float
    notes: tuple[str, ...] = ()
    still: Image | None = None

    @property
    def is_video(self) -> bool:
        """Whether the picture is a frame of a video."""
        return self.still is not None

    @property
    def is_cut(self) -> bool:
        """Whether only a part of the picture is shown."""
        return self.window != (0, 0, *self.size_wh)


def is_video(path: Path) -> bool:
    """Whether a file is opened as a video: by its suffix, and with an unknown suffix by its content."""
    if path.suffix.lower() in VIDEOS:
        return True
    if path.suffix.lower() in PHOTO_SUFFIXES or format_of(path) is not None:
        return False
    try:
        return probe_video(path).frames != 1
    except MediaError:
        return False


def open_photo(source: Upload, find_faces: FindFaces, max_pixels: int) -> PhotoSession:
    """Read a photo, find its faces and choose what is shown; raises ``MediaError``."""
    photo = read_photo(source.path, max_pixels=max_pixels)
    height, width = photo.image.shape[:2]
    faces = find_faces(photo.image)
    window = window_of((width, height), faces.boxes)
    return PhotoSession(source, faces, (width, height), window, _factor(window), photo.notes)


def open_still(source: Upload, find_faces: FindFaces, notes: tuple[str, ...] = ()) -> PhotoSession:
    """The first frame of a video with a face (else the first frame), at screen size, with ``notes`` on reading it."""
    best: tuple[Image, Faces] | None = None
    for frame in islice(read_frames(source.path), 0, FIRST_FRAMES, 6):
        faces = find_faces(frame.image)
        if best is None or len(faces):
            best = frame.image, faces
        if len(faces):
            break
    if best is None:
        raise MediaError(f"{source.name} has no frame that can be shown.")
    height, width = best[0].shape[:2]
    factor = _factor((0, 0, width, height))
    still = _resized(best[0], factor)
    size = still.shape[1], still.shape[0]
    return PhotoSession(source, scale_faces(best[1], factor), size, (0, 0, *size), 1.0, notes, still)


def window_of(size_wh: tuple[int, int], boxes: Floats) -> tuple[int, int, int, int]:
    """The shown part of a picture: all of it, or of a long one the part with the most faces (else its middle)."""
    width, height = size_wh
    short, long = min(size_wh), max(size_wh)
    span = min(long, round(short * LONGEST / 1.1))
    if long <= short * LONGEST:
        return 0, 0, width, height
    axis = 0 if width > height else 1
    middles = (boxes[:, axis] + boxes[:, axis + 2]) / 2 if len(boxes) else np.array([long / 2])
    starts = np.clip(middles - span / 2, 0, long - span)
    inside = (np.abs(starts[:, None] + span / 2 - middles) < span / 2).sum(axis=1)
    start = round(float(starts[int(np.argmax(inside))]))
    return (start, 0, start + span, height) if axis == 0 else (0, start, width, start + span)


def _factor(window: tuple[int, int, int, int]) -> float:
    return min(1.0, SCREEN / max(window[2] - window[0], window[3] - window[1]))


def _resized(image: Image, factor: float) -> Image:
    if factor == 1.0:
        return image
    height, width = (max(1, round(n * factor)) for n in image.shape[:2])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.uint8)


def scale_faces(faces: Faces, factor: float, start_xy: tuple[int, int] = (0, 0)) -> Faces:
    """Faces in a picture cropped from ``start_xy`` on and resized by ``factor``; pixel centres are whole numbers."""

    def move(points: Floats) -> Floats:
        offset = np.resize(np.array(start_xy, np.float32), points.shape[-1])
        return ((points - offset + 0.5) * factor - 0.5).astype(np.float32)

    return replace(faces, boxes=move(faces.boxes), points5=move(faces.points5), points106=move(faces.points106))


def chosen(faces: Faces, number: int | None) -> Faces:
    """The face with this number, counted from 0; all faces for None or an unknown number."""
    return faces if number is None or not 0 <= number < len(faces) else faces[number]


def shown_faces(session: PhotoSession, number: int | None = None) -> Faces:
    """The chosen faces that lie in the shown part, in its pixels."""
    faces = chosen(session.faces, number)
    x0, y0, x1, y1 = session.window
    middle = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    inside = ((middle >= [x0, y0]) & (middle < [x1, y1])).all(axis=1)
    return scale_faces(faces[inside], session.factor, (x0, y0))


@lru_cache(maxsize=24)
def screen_image(session: PhotoSession) -> Image:
    """The shown part of the photo at screen size."""
    if session.still is not None:
        return session.still
    image = read_photo(session.source.path, max_pixels=session.size_wh[0] * session.size_wh[1]).image
    x0, y0, x1, y1 = session.window
    return _resized(np.ascontiguousarray(image[y0:y1, x0:x1]), session.factor)


@lru_cache(maxsize=16)
def screen_prepared(session: PhotoSession, face: int | None) -> Prepared:
    """Preparation for retouching the chosen faces, cached per photo and choice."""
    return prepare(screen_image(session), shown_faces(session, face))


def preview(
    session: PhotoSession, face: int | None, settings: BeautySettings, show: Collection[str] = ()
) -> tuple[Image, Image]:
    """Before and after at screen size; ``show`` names overlays: points, boxes, pose."""
    before, after = screen_image(session), beautify_prepared(screen_prepared(session, face), settings)
    if not show:
        return before, after
    warped, faces = shown_faces(session, face), shown_faces(session)
    moved = moved_faces(after.shape[:2], warped, settings)
    if len(warped) != len(faces):
        moved = _with_moved(faces, moved, face)
    overlay = {name: name in show for name in ("points", "boxes", "pose")}
    return _annotated(before, faces, overlay), _annotated(after, moved, overlay)


def _with_moved(faces: Faces, moved: Faces, face: int | None) -> Faces:
    """All faces, with the chosen one at its warped position."""
    if face is None or not len(moved):
        return faces
    rows = int(np.argmin(np.abs(faces.boxes - moved.boxes[0]).sum(axis=1)))
    points5, points106 = faces.points5.copy(), faces.points106.copy()
    points5[rows], points106[rows] = moved.points5[0], moved.points106[0]
    return replace(faces, points5=points5, points106=points106)


def _annotated(image: Image, faces: Faces, overlay: dict[str, bool]) -> Image:
    """The picture with its faces marked; a small picture is enlarged first, so that small faces stay visible."""
    factor = max(1.0, SCREEN / max(image.shape[:2]))
    return draw_faces(_resized(image, factor), scale_faces(faces, factor), **overlay)


def thumbnails(session: PhotoSession, presets: Mapping[str, BeautySettings]) -> dict[str, str]:
    """Thumbnails of the largest shown face (else the middle of the picture) in every preset, as data URLs."""
    image, faces = screen_image(session), shown_faces(session)
    height, width = image.shape[:2]
    box = faces.boxes[0] if len(faces) else np.array([width / 3, height / 3, 2 * width / 3, 2 * height / 3])
    middle, side = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max()) * 1.5
    x0, y0 = (int(max(0, c - side / 2)) for c in middle)
    part = np.ascontiguousarray(image[y0 : int(middle[1] + side / 2), x0 : int(middle[0] + side / 2)])
    factor = min(1.0, 2 * THUMBNAIL / max(part.shape[:2]))
    small = prepare(_resized(part, factor), scale_faces(faces[:1], factor, (x0, y0)))
    return {name: small_picture(beautify_prepared(small, preset)) for name, preset in presets.items()}


def small_picture(image: Image) -> str:
    """Data URL of a picture of ``THUMBNAIL`` pixels."""
    return data_address(_resized(image, min(1.0, THUMBNAIL / max(image.shape[:2]))), THUMBNAIL, 5_000)


def data_address(image: Image, longest: int, most_bytes: int) -> str:
    """The picture as a data URL (WebP) of at most ``longest`` pixels a side and about ``most_bytes`` bytes."""
    small = _resized(image, min(1.0, longest / max(image.shape[:2])))
    data, quality = _webp(small, 84), 84
    while len(data) > most_bytes and quality > 20:
        quality = max(20, min(quality - 8, round(quality * most_bytes / len(data))))
        data = _webp(small, quality)
    return "data:image/webp;base64," + base64.b64encode(data).decode()


def _webp(image: Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()


def suffix_of(path: Path) -> str:
    """The suffix of a photo's result: that of the format in which it is written."""
    return SUFFIX_OF[format_of(path) or "PNG"]


def retouch_file(source: Upload, faces: Faces, settings: BeautySettings, max_pixels: int, folder: Path) -> Path:
    """Write the retouched photo at full size into ``folder``, named after its source."""
    target = folder / result_name(source.name, "beauty", suffix_of(source.path))
    save(source.path, target, faces, settings, max_pixels)
    return target


def save(source: Path, target: Path, faces: Faces, settings: BeautySettings, max_pixels: int) -> None:
    """Write the retouched photo at full size; a photo without a change is copied with GPS positions blanked."""
    photo = read_photo(source, max_pixels=max_pixels)
    if photo.stored_as(photo.format) and not (len(faces) and settings.changes_pixels):
        with suppress(MediaError):
            copy_photo(source, target)
            return
    write_photo(target, photo.with_image(beautify(photo.image, faces, settings)))


def faces_to_dict(faces: Faces, size_wh: tuple[int, int]) -> dict[str, object]:
    """Plain lists for JSON: size, boxes, scores, keypoints (106 points) and pose (pitch, yaw, roll) in degrees."""
    return {
        "size": list(size_wh),
        "boxes": np.round(faces.boxes, 2).tolist(),
        "scores": np.round(faces.scores, 4).tolist(),
        "keypoints": np.round(faces.points106, 2).tolist(),
        "pose": np.round(faces.pose, 2).tolist(),
    }
