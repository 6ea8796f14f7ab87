import numpy as np
import pytest

from beauty.frame import Patch, face_frame, patch_for, usable_faces
from tests.beauty.portraits import POINTS, faces_of, portrait


def turned(points, degrees, about):
    a = np.deg2rad(degrees)
    return (points - about) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + about


@pytest.mark.parametrize("degrees", [-40, 0, 25, 90])
def test_axes_follow_the_tilt_of_the_head(degrees):
    points = turned(POINTS["astronaut"], degrees, np.array([250.0, 200.0]))
    straight, tilted = face_frame(POINTS["astronaut"], np.zeros(3)), face_frame(points, np.zeros(3))
    assert tilted.width == pytest.approx(straight.width, rel=1e-3)
    gap = np.rad2deg(np.arctan2(tilted.right[1], tilted.right[0]) - np.arctan2(straight.right[1], straight.right[0]))
    assert gap == pytest.approx(degrees, abs=0.01)
    assert np.allclose(tilted.pixels(tilted.local(points)), points, atol=1e-3)


def test_a_turned_head_takes_its_tilt_from_the_pose():
    frame = face_frame(POINTS["astronaut"], np.array([0, 60.0, 12.0]))
    assert np.rad2deg(np.arctan2(frame.right[1], frame.right[0])) == pytest.approx(12.0, abs=1e-6)


@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_strips_of_an_enlarged_map_join_without_a_seam(step):
    patch = Patch(3, 5, 41, 37, step)
    small = np.random.default_rng(step).random((patch.rows, patch.cols, 2)).astype(np.float32)
    whole = patch.enlarge(small, 0, patch.rows)
    assert whole.shape == (37, 41, 2)
    joined = np.concatenate([patch.enlarge(small, a, b) for a, b in patch.strips(200)])
    assert np.allclose(joined, whole, atol=1e-6)


def test_the_small_version_is_an_area_mean_and_its_points_fit():
    ramp = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (60, 1, 3))
    patch = Patch(10, 4, 90, 50, 3)
    small = patch.reduce(ramp)
    assert small.shape == (17, 30, 3)
    xs, _ = patch.grid()
    assert np.array_equal(small[0, :, 0], xs.astype(np.uint8))
    assert patch.points(np.array([xs[7], 0.0]))[0] == pytest.approx(7)


def test_a_face_outside_the_picture_has_no_patch():
    _, faces = portrait("astronaut")
    frame = face_frame(faces.points106[0] + 5000, faces.pose[0])
    assert patch_for(frame, (512, 512)) is None


def test_faces_with_points_or_poses_that_are_not_numbers_are_left_alone():
    points = np.stack([POINTS["hopper"], np.full((106, 2), np.nan, np.float32), POINTS["hopper"]])
    faces = faces_of(points)
    faces.pose[2, 1] = np.nan
    assert usable_faces(faces) == [0]
    assert usable_faces(faces[np.zeros(3, bool)]) == []
