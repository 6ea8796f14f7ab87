"""Drawing: where ink goes, and where it must not."""

from __future__ import annotations

import numpy as np
import pytest

from vision.draw import LEFT_COLOUR, blend, draw_faces, draw_skeleton, draw_text, rotation_matrix
from vision.types import Faces


def blank(height: int = 200, width: int = 300) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def face() -> Faces:
    points = np.random.default_rng(0).uniform((110, 60), (190, 140), (106, 2)).astype(np.float32)
    return Faces([[100, 50, 200, 150]], [0.9], points[None, :5], points[None], [[10, 20, 5]])  # type: ignore[arg-type]


def test_faces_are_drawn_on_a_copy() -> None:
    image = blank()
    drawn = draw_faces(image, face(), boxes=True, pose=True)
    assert np.all(image == 90)
    assert drawn.shape == image.shape
    assert np.any(drawn[60:140, 110:190] != 90)
    assert np.all(drawn[170:] == 90)


def test_nothing_asked_or_nobody_there_changes_nothing() -> None:
    assert np.all(draw_faces(blank(), face(), points=False) == 90)
    assert np.all(draw_faces(blank(), Faces.none(), boxes=True, pose=True) == 90)


def test_skeleton_skips_what_was_not_seen() -> None:
    joints = np.full((17, 3), np.nan, np.float32)
    joints[:, 2] = 0
    joints[5], joints[7], joints[9] = (50, 50, 0.9), (100, 50, 0.9), (250, 150, 0.1)
    image = blank()
    draw_skeleton(image, joints)
    assert tuple(image[50, 75]) == LEFT_COLOUR
    assert np.all(image[:, 120:] == 90)


def test_skeleton_draws_into_views_and_survives_far_points() -> None:
    whole = blank(400, 600)
    joints = np.ones((17, 3), np.float32) * 40
    joints[0] = (1e9, -1e9, 1)
    draw_skeleton(whole[::2, ::2], joints)
    assert np.any(whole[::2, ::2] != 90)
    assert np.all(whole[1::2] == 90)


@pytest.mark.parametrize(("anchor", "place"), [("lt", (0, 0)), ("rb", (1, 1)), ("mm", (0.5, 0.5))])
def test_text_lies_where_its_anchor_says(anchor: str, place: tuple[float, float]) -> None:
    image = blank()
    draw_text(image, "Jumps 24", (150, 100), height=20, anchor=anchor)
    ys, xs = np.nonzero((image != 90).any(axis=2))
    left, top, right, bottom = xs.min(), ys.min(), xs.max(), ys.max()
    assert left + (right - left) * place[0] == pytest.approx(150, abs=4)
    assert top + (bottom - top) * place[1] == pytest.approx(100, abs=4)


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_text_is_readable_on_any_ground(shade: int) -> None:
    image = np.full((80, 200, 3), shade, np.uint8)
    draw_text(image, "HHH", (20, 20), height=30)
    assert int(image.max()) > 240
    assert image[:, :, 0].astype(int)[30:50, 40:80].min() < 130


def test_blending_mixes_by_the_mask_in_views_too() -> None:
    whole = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    before = whole.astype(np.float32)
    mask = np.random.default_rng(1).random((20, 30), np.float32)
    mask[0, :2] = 0, 1
    part, colour = np.s_[5:25, 10:40], (250, 10, 100)
    blend(whole[part], mask, colour)
    expected = before.copy()
    expected[part] += (np.array(colour, np.float32) - before[part]) * mask[..., None]
    assert np.abs(whole - expected).max() <= 0.51
    assert tuple(whole[5, 11]) == colour


def test_letters_of_other_scripts_differ() -> None:
    """A font without a letter would draw the same box or question mark for each."""
    pictures = []
    for text in ("ß", "é", "跳", "绳"):
        image = blank()
        draw_text(image, text, (150, 100), height=40, anchor="mm")
        pictures.append(image)
    for k, one in enumerate(pictures):
        assert all(np.abs(one.astype(int) - other).max() > 50 for other in pictures[k + 1 :])


def test_text_outside_is_cut_off() -> None:
    image = blank()
    for xy in ((-20, -5), (290, 190), (-500, 0), (1000, 1000)):
        draw_text(image, "Long enough", xy, height=24)
    draw_text(image, "", (5, 5))
    with pytest.raises(ValueError, match="anchor"):
        draw_text(image, "x", (5, 5), anchor="xx")


def test_head_turns_the_way_the_signs_say() -> None:
    nose = np.array([0, 0, 1.0])
    assert (rotation_matrix(np.float32([20, 0, 0])) @ nose)[1] < 0
    assert (rotation_matrix(np.float32([0, 20, 0])) @ nose)[0] > 0
    assert (rotation_matrix(np.float32([0, 0, 20])) @ [1, 0, 0])[1] > 0
