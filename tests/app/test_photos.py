"""A visitor's photo: scaled, chosen from, previewed."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from beauty.settings import PRESETS, BeautySettings
from vision.types import Faces
from webui import photos
from webui.uploads import Upload

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


def upload(path: Path) -> Upload:
    return Upload(path, path.name)


def test_strength_zero_shows_the_same_pixels(portrait: Path) -> None:
    session = photos.open_photo(upload(portrait), find_face, 10**6)
    before, after = photos.preview(session, None, OFF)
    np.testing.assert_array_equal(before, after)
    changed = photos.preview(session, None, BeautySettings(smoothing=1.0, whitening=1.0))[1]
    assert (changed != before).any()


def test_marks_on_a_small_photo_are_drawn_at_screen_size(portrait: Path) -> None:
    session = photos.open_photo(upload(portrait), find_face, 10**6)
    before, after = photos.preview(session, None, OFF, ("points",))
    assert before.shape == after.shape
    assert max(before.shape) == photos.SCREEN > max(session.size_wh)


def test_marks_follow_the_warp_of_the_chosen_face_alone(portrait: Path) -> None:
    def two(image: np.ndarray) -> Faces:
        one, other = face_at((20, 60, 120, 180)), face_at((180, 200, 280, 330))
        return Faces(*(np.concatenate([getattr(f, n) for f in (one, other)]) for n in vars(one)))

    session = photos.open_photo(upload(portrait), two, 10**6)
    strong = BeautySettings(**(vars(OFF) | {"slimming": 1.0}))
    before, after = photos.preview(session, 1, strong, ("points",))
    moved = np.abs(before.astype(int) - after).max(axis=2) > 60
    assert moved[:450].sum() == 0
    assert moved[500:].sum() > 20


@pytest.mark.parametrize(
    ("size_wh", "middles", "window"),
    [
        ((400, 300), [200], (0, 0, 400, 300)),
        ((3000, 300), [], (1200, 0, 1800, 300)),
        ((3000, 300), [2000], (1700, 0, 2300, 300)),
        ((3000, 300), [100], (0, 0, 600, 300)),
        ((3000, 300), [200, 2000, 2100], (1700, 0, 2300, 300)),
        ((300, 3000), [2000], (0, 1700, 300, 2300)),
    ],
)
def test_a_long_picture_is_shown_around_its_faces(
    size_wh: tuple[int, int], middles: list[float], window: tuple[int, int, int, int]
) -> None:
    x = np.array([[m - 20, 100, m + 20, 160] for m in middles], np.float32).reshape(-1, 4)
    boxes = x if size_wh[0] > size_wh[1] else x[:, [1, 0, 3, 2]]
    assert photos.window_of(size_wh, boxes) == window


def test_a_panorama_is_retouched_where_it_is_shown(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(90, 200, (300, 3000, 3), np.uint8)
    Pillow.fromarray(noise).save(tmp_path / "wide.png")
    session = photos.open_photo(upload(tmp_path / "wide.png"), lambda image: face_at((1950, 80, 2050, 220)), 10**6)
    assert session.is_cut
    before, after = photos.preview(session, None, BeautySettings(smoothing=1.0))
    assert before.shape == (300, 600, 3)
    changed = np.argwhere((before != after).any(axis=2))
    assert 240 < np.median(changed[:, 1]) < 360


@pytest.mark.parametrize(("longest", "most"), [(800, 42_000), (320, 12_000)])
def test_a_preview_fits_its_screen_and_its_bytes(longest: int, most: int) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (64, 48, 3), np.uint8)
    image = np.asarray(Pillow.fromarray(noise).resize((768, 1024), Pillow.Resampling.BICUBIC))
    data = base64.b64decode(photos.data_address(image, longest, most).split(",")[1])
    assert len(data) <= most
    with Pillow.open(io.BytesIO(data)) as picture:
        assert (picture.format, max(picture.size)) == ("WEBP", longest)


def test_each_preset_has_a_picture_of_the_face(portrait: Path) -> None:
    session = photos.open_photo(upload(portrait), find_face, 10**6)
    thumbs = photos.thumbnails(session, PRESETS)
    assert list(thumbs) == list(PRESETS)
    assert thumbs["off"] != thumbs["black and white"]
    assert max(map(len, thumbs.values())) < 8000


def test_a_video_is_opened_at_its_first_face(skipping: Path) -> None:
    session = photos.open_still(upload(skipping), find_face)
    assert session.is_video
    assert len(session.faces) == 1
    assert photos.screen_image(session).shape == (240, 320, 3)
