from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beauty.pipeline import beautify, moved_faces, prepare, shape_shares, warp_field
from beauty.settings import PRESETS, BeautySettings
from beauty.warp import Shares, fields_of, jacobian, move_points
from tests.beauty.portraits import POINTS, faces_of, group, portrait
from tools.evaluate.beauty_shape import shape_figures

OFF = PRESETS["off"]
FULL = replace(OFF, eyes=1.0, slimming=1.0)


@pytest.mark.parametrize(("name", "scale"), [("astronaut", 1), ("hopper", 1), ("astronaut", 3), ("hopper", 3)])
def test_reach_order_folds_and_lines(name, scale):
    image, faces = portrait(name, scale)
    figures = shape_figures(image.shape[:2], faces)
    assert -0.125 < figures["jaw width"] <= -0.1
    assert 0.25 <= figures["eye area"] < 0.3
    assert figures["monotonic"] == 1
    assert figures["least jacobian"] > 0.3
    assert figures["bent lines"] <= 0.15


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=5, max_size=5), st.integers(0, 3), st.floats(-90, 90))
def test_no_settings_and_no_points_fold_the_picture(values, seed, yaw):
    eyes, slimming, chin, nose, mouth = values
    wanted = replace(OFF, eyes=abs(eyes), slimming=abs(slimming), chin=chin, nose=abs(nose), mouth=mouth)
    points = POINTS["hopper"] + np.random.default_rng(seed).normal(0, 8.0 * seed, (106, 2))
    field = warp_field((420, 520), faces_of(points, (0, yaw, 0)), wanted)
    assert np.isfinite(field).all()
    assert jacobian(field).min() > 0.3


@pytest.mark.parametrize("shift", [(-130, 0), (150, 0), (0, -260), (0, 200), (-150, 210)])
def test_a_face_cut_by_the_border_does_not_fold(shift):
    points = POINTS["hopper"] + np.array(shift, np.float32)
    field = warp_field((600, 512), faces_of(points), replace(FULL, chin=-1.0, nose=1.0, mouth=1.0))
    assert jacobian(field).min() > 0.3
    rim = np.concatenate([field[0], field[-1], field[:, 0], field[:, -1]])
    assert np.abs(rim).max() < 1.0


@pytest.mark.parametrize("yaw", [-40, 25])
def test_lines_beside_a_turned_head_stay_straight(yaw):
    points = POINTS["hopper"].copy()
    side = np.where((points[:, 0] - points[16, 0]) * yaw < 0, 1.5, 0.5)
    points[:, 0] = points[16, 0] + (points[:, 0] - points[16, 0]) * side
    figures = shape_figures((600, 620), faces_of(points, (0, yaw, 0)))
    assert figures["bent lines"] <= 0.15
    assert figures["jaw width"] < -0.08
    assert figures["least jacobian"] > 0.3


def test_neighbours_that_overlap_do_not_fold():
    _, faces = portrait("hopper")
    both = faces_of(np.stack([faces.points106[0], faces.points106[0] + np.array([90, 20], np.float32)]))
    assert jacobian(warp_field((600, 620), both, BeautySettings(eyes=1, slimming=1, chin=-1, nose=1))).min() > 0.3


def test_the_background_is_untouched_byte_by_byte():
    image, faces = portrait("hopper", 2)
    after = beautify(image, faces, FULL)
    field = warp_field(image.shape[:2], faces, FULL)
    still = np.abs(field).max(axis=2) == 0
    assert still.mean() > 0.5
    assert np.array_equal(after[still], image[still])


def test_the_field_is_what_the_picture_does():
    image, faces = portrait("hopper")
    y, x = np.mgrid[:600, :512].astype(np.float32)
    shares = shape_shares(prepare(image, faces))
    field = warp_field((600, 512), faces, replace(OFF, slimming=1.0), shares)
    expected = cv2.remap(image, x + field[..., 0], y + field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    after = beautify(image, faces, replace(OFF, slimming=1.0))
    assert np.abs(after.astype(int) - expected).max() <= 2


def test_moved_points_lead_back_through_the_field():
    _, faces = portrait("hopper", 2)
    fields = fields_of((1200, 1024), faces, FULL)
    moved = move_points(faces.points106[0], fields)
    field = warp_field((1200, 1024), faces, FULL)
    back = moved + cv2.remap(field, moved[:, :1].copy(), moved[:, 1:].copy(), cv2.INTER_LINEAR)[:, 0]
    assert np.abs(back - faces.points106[0]).max() < 0.1
    assert np.allclose(moved_faces((1200, 1024), faces, FULL).points106[0], moved)


@pytest.mark.parametrize("degrees", [30, -75, 160])
def test_a_tilted_head_is_warped_like_an_upright_one(degrees):
    points = POINTS["hopper"]
    a = np.deg2rad(degrees)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    tilted = (points - 260) @ turn + 400
    upright = move_points(points, fields_of((800, 800), faces_of(points), FULL)) - points
    turned = move_points(tilted, fields_of((800, 800), faces_of(tilted, (0, 0, degrees)), FULL)) - tilted
    assert np.abs(turned - upright @ turn).max() < 0.35


def test_a_profile_is_narrowed_less_and_towards_its_own_middle():
    points = POINTS["hopper"].copy()
    front = move_points(points, fields_of((600, 520), faces_of(points), replace(OFF, slimming=1.0))) - points
    side = move_points(points, fields_of((600, 520), faces_of(points, (0, 70, 0)), replace(OFF, slimming=1.0))) - points
    assert np.abs(side[[6, 26], 0]).max() < 0.6 * np.abs(front[[6, 26], 0]).max()


def test_glasses_weaken_the_eyes_of_their_wearer_only():
    image, faces = group()
    shares = {i: Shares(eyes=0.3) for i in (1, 3, 5)}
    field = fields_of(image.shape[:2], faces, replace(OFF, eyes=1.0), shares)
    moved = move_points(faces.points106, field)
    size = [
        np.linalg.norm(m[66] - m[70]) / np.linalg.norm(p[66] - p[70])
        for m, p in zip(moved, faces.points106, strict=True)
    ]
    assert min(size[::2]) > 1.1
    assert max(size[1::2]) < 1.05


def test_chin_nose_and_mouth_move_the_way_they_say():
    _, faces = portrait("hopper", 2)
    p = faces.points106[0]

    def moved(**wanted):
        return move_points(p, fields_of((1200, 1024), faces, replace(OFF, **wanted)))

    assert moved(chin=1.0)[16, 1] > p[16, 1] + 5
    assert moved(chin=-1.0)[16, 1] < p[16, 1] - 5
    assert np.ptp(moved(nose=1.0)[[57, 63], 0]) < 0.95 * np.ptp(p[[57, 63], 0])
    assert np.ptp(moved(mouth=1.0)[[84, 90], 0]) > 1.05 * np.ptp(p[[84, 90], 0])
    assert np.ptp(moved(mouth=-1.0)[[84, 90], 0]) < 0.95 * np.ptp(p[[84, 90], 0])
