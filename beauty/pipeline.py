"""Retouching a picture: skin, tone, shape, in this order; the picture is resampled once.

``prepare`` does what depends on the photo alone (masks, bands); ``beautify_prepared`` does what
depends on the sliders.  Work is done inside the faces' patches and in strips, so that large
photos need little memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import cv2
import numpy as np

from beauty.curves import Range, smooth
from beauty.frame import WORK_WIDTH, Patch, frame_of, patch_for, usable_faces
from beauty.looks import apply_look
from beauty.regions import Regions, find_regions
from beauty.resampling import warped
from beauty.settings import BeautySettings
from beauty.skin import blotch_band, finer_bound
from beauty.skin_colour import TEMPORAL_SHARE, Appearance
from beauty.spots import freckles, spot_change
from beauty.straight_lines import jaw_shares
from beauty.temporal_filter import TemporalFilter
from beauty.tone import lighten, tint_change
from beauty.warp import Shares, fields_of, move_points
from vision.prefetch import threads
from vision.types import Faces, FindFaces, Floats, Frame, Image

STRIP = 1_500_000
"""Pixels that are worked on at once."""

WORN = Range(0.25, 0.45)
"""Probability of glasses below which none are worn, and from which some are."""

BEHIND_GLASSES = 0.7
"""What glasses take off the enlargement of the eyes, since their frames would bend."""


@dataclass(frozen=True)
class PreparedFace:
    """What the sliders need of face ``index``, at the small size of ``patch`` (``width``: the face's there).

    ``band`` is what smoothing takes away, ``healed_band`` the same after the ``spots`` were healed; ``glasses`` is the
    probability that they are worn, ``jaw`` what the sides of the jaw get of the slimming.
    """

    index: int
    patch: Patch
    width: float
    regions: Regions
    lab: np.ndarray
    band: np.ndarray
    healed_band: np.ndarray
    spots: np.ndarray
    glasses: float
    jaw: tuple[float, float]


@dataclass(frozen=True)
class Prepared:
    """A photo with its faces' masks and bands; made once per photo, used for every slider move."""

    image: Image
    faces: Faces
    parts: tuple[PreparedFace, ...]


def beautify(image: Image, faces: Faces, settings: BeautySettings) -> Image:
    """Retouch every face of a picture (H, W, 3) uint8; a new picture of the same size.

    ``faces`` come with 106 points and pose.  With every strength at 0 the bytes are the same.
    Raises ``ValueError`` for anything that is no such picture.
    """
    _check_image(image)
    needed = faces if settings.changes_skin or settings.changes_shape else Faces.none()
    return beautify_prepared(prepare(image, needed), settings)


def prepare(
    image: Image, faces: Faces, before: Sequence[Appearance | None] = (), work_width: int = WORK_WIDTH
) -> Prepared:
    """Masks and bands of every face; ``before`` is what the previous video frame showed of each.

    They are computed where a face is about ``work_width`` pixels wide.
    """
    _check_image(image)
    parts: list[PreparedFace] = []
    for i in usable_faces(faces):
        part = _prepare_face(image, faces, i, before[i] if i < len(before) else None, work_width)
        if part is not None:
            parts.append(_without_earlier(part, parts))
    return Prepared(image, faces, tuple(parts))


def beautify_prepared(prepared: Prepared, settings: BeautySettings) -> Image:
    """``beautify`` for a prepared photo."""
    result = prepared.image.copy()
    if settings.changes_skin:
        for part in prepared.parts:
            _retouch(result, prepared.image, part, settings)
    if settings.changes_look:
        for top in range(0, len(result), rows := max(1, STRIP // result.shape[1])):
            result[top : top + rows] = apply_look(result[top : top + rows], settings.look, settings.degree)
    fields = fields_of(result.shape[:2], prepared.faces, settings, shape_shares(prepared))
    return warped(result, fields, STRIP)


class VideoRetouch:
    """Retouches frames that follow each other with filtered points and masks, computed at ``work_width`` (``prepare``).

    Spots are not healed: whether one is found may change from frame to frame, and that would flicker.
    """

    def __init__(self, work_width: int = WORK_WIDTH) -> None:
        self._filtered, self._work_width = TemporalFilter(), work_width

    def add(self, frame: Frame, found: Faces, settings: BeautySettings) -> tuple[Image, Faces]:
        """The next frame retouched, and its filtered faces; ``found`` are those seen in it, times must not go back."""
        filtered = self._filtered
        faces = filtered.update(found, frame.time)
        needed = faces if settings.changes_skin or settings.changes_shape else Faces.none()
        prepared = prepare(frame.image, needed, filtered.seen, self._work_width)
        for part in prepared.parts:
            filtered.remember(part.index, part.regions.seen)
        return beautify_prepared(prepared, replace(settings, spots=0.0)), faces


def beautify_frames(
    frames: Iterable[Frame], find_faces: FindFaces, settings: BeautySettings
) -> Iterator[tuple[Frame, Faces]]:
    """Frames of a video retouched as by ``VideoRetouch``, each with the faces that were found in it."""
    retouch = VideoRetouch()
    for frame in frames:
        image, faces = retouch.add(frame, find_faces(frame.image), settings)
        yield Frame(image, frame.time), faces


def warp_field(
    shape_hw: tuple[int, int], faces: Faces, settings: BeautySettings, shares: Mapping[int, Shares] | None = None
) -> Floats:
    """The displacement d (H, W, 2) float32 of all shape controls and faces: output(x) = input(x + d), in pixels.

    ``shares`` are those of ``shape_shares``; without them every control has its full strength.
    """
    total = np.zeros((*shape_hw, 2), np.float32)
    for field in fields_of(shape_hw, faces, settings, shares or {}):
        total[field.patch.span(0, field.patch.rows)] += field.patch.enlarge(field.shift, 0, field.patch.rows)
    return total


def moved_faces(shape_hw: tuple[int, int], faces: Faces, settings: BeautySettings) -> Faces:
    """The faces with their points where the warped picture shows them."""
    fields = fields_of(shape_hw, faces, settings)
    if not fields:
        return faces
    return replace(faces, points5=move_points(faces.points5, fields), points106=move_points(faces.points106, fields))


def _check_image(image: Any) -> None:
    if not isinstance(image, np.ndarray):
        raise ValueError(f"image must be (H, W, 3) uint8, not {type(image).__name__}")
    array = cast(np.ndarray, image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise ValueError(f"image must be (H, W, 3) uint8, not {array.shape} {array.dtype}")


def _prepare_face(
    image: Image, faces: Faces, index: int, before: Appearance | None, work_width: int
) -> PreparedFace | None:
    frame = frame_of(faces, index)
    patch = patch_for(frame, image.shape[:2], work_width)
    if patch is None:
        return None
    small = patch.reduce(image)
    inner = replace(
        frame,
        points=patch.points(frame.points),
        width=frame.width / patch.step,
        origin=patch.points(frame.origin),
    )
    regions = find_regions(small, inner, before)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    with threads(1) as beside:
        spots = beside.submit(spot_change, small, regions, inner.width)
        blobs = beside.submit(freckles, lab, regions.skin, inner.width)
        jaw = beside.submit(jaw_shares, grey, regions.inside, regions.skin, inner)
        finer = finer_bound(small, regions, inner.width)
        finer = finer if before is None else before.finer + TEMPORAL_SHARE * (finer - before.finer)
        regions = replace(regions, seen=replace(regions.seen, finer=finer))
        healed = beside.submit(_healed_band, small, spots.result(), regions, inner.width)
        band = blotch_band(small, regions, inner.width)
    healed_band = healed.result()
    healed_band = band if healed_band is None else healed_band
    band = band * (1 - blobs.result())[..., None]
    told = float(faces.glasses[index])
    glasses = float(smooth(told, *WORN)) if np.isfinite(told) else regions.seen.glasses
    left, right = (float(share) for share in jaw.result())
    return PreparedFace(
        index, patch, inner.width, regions, lab, band, healed_band, spots.result(), glasses, (left, right)
    )


def _healed_band(small: np.ndarray, spots: np.ndarray, regions: Regions, width: float) -> np.ndarray | None:
    """The band of the picture with its spots healed; None where there are none."""
    return blotch_band(small + spots, regions, width) if spots.any() else None


def _without_earlier(part: PreparedFace, earlier: Sequence[PreparedFace]) -> PreparedFace:
    """The face with its mask cut where a larger face's mask already is, so that nothing is changed twice."""
    free = np.ones(part.regions.skin.shape, np.float32)
    for other in earlier:
        xs, ys = part.patch.grid()
        at = other.patch.points(np.stack(np.meshgrid(xs, ys), axis=-1)).astype(np.float32)
        taken = cv2.remap(other.regions.skin, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        free = np.minimum(free, 1 - taken)
    if free.min() == 1:
        return part
    cut = replace(
        part.regions,
        skin=part.regions.skin * free,
        gain=part.regions.gain * free,
        offset=part.regions.offset * free,
        cheeks=part.regions.cheeks * free,
        under_eyes=part.regions.under_eyes * free,
    )
    band, healed_band, spots = (x * free[..., None] for x in (part.band, part.healed_band, part.spots))
    return replace(part, regions=cut, band=band, healed_band=healed_band, spots=spots)


def _retouch(result: Image, original: Image, part: PreparedFace, settings: BeautySettings) -> None:
    """Change one face's skin and features in ``result``."""
    change = tint_change(part.lab, part.regions, part.width, settings)
    healed = np.float32(settings.spots)
    change -= np.float32(settings.smoothing) * ((1 - healed) * part.band + healed * part.healed_band)
    change += healed * part.spots
    mask = np.dstack([part.regions.gain, part.regions.offset])

    def retouch(rows: tuple[int, int]) -> None:
        first, last = rows
        where = part.patch.span(first, last)
        strip = result[where] + part.patch.enlarge(change, first, last)
        if settings.whitening:
            grey = cv2.cvtColor(original[where], cv2.COLOR_RGB2GRAY)
            line = part.patch.enlarge(mask, first, last)
            skin = np.clip(line[..., 0] * (grey * np.float32(1 / 255)) + line[..., 1], 0, 1)
            rounded = cv2.convertScaleAbs(np.maximum(strip, 0))
            strip = lighten(strip, cast(Image, rounded), skin, settings.whitening)
        result[where] = cv2.convertScaleAbs(np.maximum(strip, 0))

    with threads(2) as beside:
        list(beside.map(retouch, part.patch.strips(STRIP // 2)))


def shape_shares(prepared: Prepared) -> dict[int, Shares]:
    """What each face gets of the shape controls: smaller eyes behind glasses, less of the jaw beside straight lines."""
    return {part.index: Shares(1 - BEHIND_GLASSES * part.glasses, part.jaw) for part in prepared.parts}
