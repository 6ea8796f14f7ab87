"""The renderer: the motion counts right, the camera is right, and tiny frames show a person."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tools.render.jump_motion import STYLES, Motion
from tools.render.rasterizer import Camera, rasterize
from tools.render.scenery import rope_curve
from tools.render.still_motion import STILL, StillMotion


@pytest.mark.parametrize("style", STYLES)
def test_every_jump_leaves_the_floor_once(style: str) -> None:
    motion = Motion(style, count=7, rate=2.0, seed=3)
    times = np.arange(0, motion.duration, 0.005)
    heights = np.array([motion.at(t).height for t in times])
    flights = np.flatnonzero((heights[1:] > 0) & (heights[:-1] == 0))
    assert len(flights) == 7
    for apex in motion.apexes:
        assert motion.at(apex).height == pytest.approx(heights.max(), rel=0.01)
    assert heights[times < motion.lead].max() == 0


@pytest.mark.parametrize(("style", "turns"), [("two_feet", 1), ("double_under", 2)])
def test_the_rope_turns_with_the_jumps(style: str, turns: int) -> None:
    motion = Motion(style, count=5, rate=2.0)
    total = np.array([motion.at(t).turn for t in np.arange(0, motion.duration, 0.002)])
    assert np.all(np.diff(total) > -0.01)
    passes = np.diff(np.floor(total / (2 * np.pi) + 1e-9)) > 0
    assert passes.sum() == 5 * turns
    if turns == 1:
        assert np.cos(motion.at(motion.apexes[2]).turn) == pytest.approx(1, abs=1e-6)


def test_pose_is_continuous() -> None:
    for style in STYLES:
        motion = Motion(style, count=4)
        poses = [motion.at(t).pose for t in np.arange(0.5, motion.duration - 0.4, 0.01)]
        names = list(poses[0])
        angles = np.array([[pose[name] for name in names] for pose in poses])
        assert np.abs(np.diff(angles, axis=0)).max() < 16, style


@pytest.mark.parametrize("style", STILL)
def test_exercises_stay_on_the_floor_and_begin_and_end_standing(style: str) -> None:
    motion = StillMotion(style, count=3)
    moments = [motion.at(t) for t in np.arange(0, motion.duration + 1e-9, 0.02)]
    assert {m.height for m in moments} == {0.0}
    assert not len(motion.apexes)
    angles = np.array([[m.pose[bone] for bone in moments[0].pose] for m in moments])
    np.testing.assert_allclose(angles[-1], angles[0], atol=1e-9)
    assert np.abs(angles - angles[0]).max() > 5
    assert np.abs(np.diff(angles, axis=0)).max() < 16


def test_bad_motion_is_refused() -> None:
    with pytest.raises(ValueError, match="style"):
        Motion("moonwalk")
    with pytest.raises(ValueError, match="count"):
        Motion(count=0)


def test_camera_and_rays_agree() -> None:
    camera = Camera(size=(40, 60))
    spots = np.array(camera.eye) + camera.rays() * 3.0
    pixels, depth = camera.project(spots)
    np.testing.assert_allclose(pixels[..., 0], np.tile(np.arange(40), (60, 1)), atol=1e-6)
    np.testing.assert_allclose(pixels[:, 0, 1], np.arange(60), atol=1e-6)
    np.testing.assert_allclose(depth, 3.0)
    up = camera.project(np.array([[0, 0, 0.5], [0, 0, 1.5]]))[0]
    assert up[1, 1] < up[0, 1]


def test_the_nearer_triangle_wins_and_cuts_hold() -> None:
    points = np.array([[0, 0], [0, 9], [9, 0]] * 2, float)
    depth = np.array([2, 2, 2, 1, 1, 1], float)
    triangles = np.array([[0, 1, 2], [3, 4, 5]])
    seen = rasterize(points, depth, triangles, (10, 10), np.ones(6))
    assert set(seen.faces) == {1}
    assert len(seen.pixels) == 55
    np.testing.assert_allclose(seen.interpolate(points, triangles)[:, 0], seen.pixels % 10, atol=1e-9)
    cut = rasterize(points, depth, triangles, (10, 10), np.array([1, 1, 1, -1, -1, 1]))
    assert set(cut.faces) == {0, 1}
    assert len(rasterize(points, depth, triangles[:, ::-1], (10, 10), np.ones(6)).pixels) == 0


def test_rope_passes_below_and_above() -> None:
    hands = np.array([[0.4, -0.1, 0.9], [-0.4, -0.1, 0.9]])
    assert rope_curve(hands, 0.0, 0.08)[:, 2].min() < 0.08
    assert rope_curve(hands, np.pi, 0.0)[:, 2].max() > 1.9
    assert rope_curve(hands, 0.5 * np.pi, 0.0)[60, 1] > 0.5


def test_tiny_video(tmp_path: Path) -> None:
    pytest.importorskip("anny")
    from tools.render.sample import SampleConfig, main, make_scene, render_frame, stand
    from vision.video import read_frames

    config = SampleConfig(count=1, lead=0.1, fps=6, width=72, height=128, supersample=1, output=str(tmp_path / "a.mp4"))
    scene = make_scene(config)
    vertices, joints = stand(scene.body, scene.motion.at(scene.motion.apexes[0]))
    assert vertices[:, 2].min() == pytest.approx(scene.motion.at(scene.motion.apexes[0]).height)
    pixels, _ = scene.camera.project(joints)
    assert np.all((pixels > 0) & (pixels < scene.camera.size))
    assert pixels[5, 0] > pixels[6, 0]
    assert np.all(pixels[15:, 1] > pixels[11:13, 1])
    changed = np.abs(render_frame(scene, 0.1, 0.0) - scene.room).max(axis=2) > 0.02
    assert 0.04 < changed.mean() < 0.4
    np.testing.assert_array_equal(render_frame(scene, 0.1, 0.0), render_frame(scene, 0.1, 0.0))

    answer = main(config)
    assert json.loads((tmp_path / "a.json").read_text()) == answer
    assert (answer["count"], answer["style"], len(answer["apex_times"])) == (1, "two_feet", 1)
    assert next(read_frames(tmp_path / "a.mp4")).image.shape == (128, 72, 3)
