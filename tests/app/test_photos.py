"""A visitor's photo: scaled, chosen from, previewed and kept."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from beauty.settings import PRESETS, BeautySettings
from vision.types import Faces
from webui import photos

from .fakes import face_at, find_face

OFF = PRESETS["off"]


def test_faces_move_with_the_size_of_the_picture() -> None:
    half = photos.scale_faces(face_at((9.5, 19.5, 109.5, 119.5)), 0.5)
    np.testing.assert_allclose(half.boxes, [[4.5, 9.5, 54.5, 59.5]])


@pytest.mark.parametrize(("number", "count"), [(None, 2), (-1, 2), (5, 2), (1, 1)])
def test_one_face_or_all_are_chosen(number: int | None, count: int) -> None:
    one = face_at((10, 10, 60, 80))
    both = Faces(*(np.concatenate([getattr(one, f)] * 2) for f in ("boxes", "scores", "points5", "points106", "pose")))
    assert len(photos.chosen(both, number)) == count


def test_strength_zero_shows_the_same_pixels(portrait: Path) -> None:
    session = photos.open_photo(portrait, find_face, 10**6)
    before, after = photos.preview(session, None, OFF)
    assert before == after
    changed = photos.preview(session, None, BeautySettings(smoothing=1.0, whitening=1.0))[1]
    assert changed != before


def test_marks_on_a_small_photo_are_drawn_at_screen_size(portrait: Path) -> None:
    session = photos.open_photo(portrait, find_face, 10**6)
    pictures = [Pillow.open(io.BytesIO(p)) for p in photos.preview(session, None, OFF, ("points",))]
    assert pictures[0].size == pictures[1].size
    assert max(pictures[0].size) == photos.SCREEN > max(session.size_wh)


def test_points_follow_the_warp() -> None:
    faces = face_at((100, 60, 260, 260))
    settings = BeautySettings(**(vars(OFF) | {"slimming": 1.0, "eyes": 1.0}))
    moved = photos.moved_faces(faces, (320, 360), faces, settings)
    field = photos.warp_field((320, 360), faces, settings)
    at = np.rint(moved.points106[0]).astype(int)
    back = moved.points106[0] + field[at[:, 1], at[:, 0]]
    assert np.abs(moved.points106 - faces.points106).max() > 1
    assert np.abs(back - faces.points106[0]).max() < 0.7


def test_only_the_latest_previews_stay(tmp_path: Path, portrait: Path) -> None:
    session = photos.open_photo(portrait, find_face, 10**6)
    files = [tmp_path / f"{i}.png" for i in range(9)]
    for file in files:
        file.write_bytes(b"x")
        session.keep_latest(file)
    assert [f.exists() for f in files] == [False] * 3 + [True] * 6
