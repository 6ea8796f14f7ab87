"""The camera's motion: found where the background shows it, and nothing where only people move."""

import cv2
import numpy as np
import pytest

from counting.camera import SIDE, Camera
from counting.joining import join_tracks
from counting.pipeline import count_people, track_people
from tests.counting import synthetic as syn
from tests.counting.rendered import draw, estimate_pose, find_people
from tests.counting.synthetic import Clip, Corruption, film
from tools.evaluate.count import load_tracks, save_tracks
from vision.types import Frame, PoseTrack

LENGTH = 45
NOBODY = np.full((1, LENGTH, 4), np.nan, np.float32)
TIMES = np.arange(LENGTH) / 30
PRECISE = 0.1
"""Pixels of the small picture."""


def texture(shape, seed=0, finest=8, contrast=30.0):
    """A grey picture (H, W) float32 of blotches from ``finest`` pixels on."""
    rng = np.random.default_rng(seed)
    height, width = shape
    out = np.full(shape, 128, np.float32)
    for size in (finest, 4 * finest):
        blotches = rng.normal(0, contrast, (height // size + 2, width // size + 2)).astype(np.float32)
        out += cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC)
    return out


def colour(grey):
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def wobble(size):
    """Places (T, 2) of a camera that bobs at 2.4 Hz and sways at 1 Hz by ``size`` pixels and less."""
    return size * np.stack([0.6 * np.sin(2 * np.pi * TIMES), np.sin(2 * np.pi * 2.4 * TIMES)], axis=1)


def seen_by(places, scene, turn=0.0, zoom=0.0, border=cv2.BORDER_REFLECT_101):
    """Frames of a moving scene, and the matrices (T, 2, 3) of its motion.

    It moves to ``places`` (T, 2), and rotates by degrees and zooms by a share at 2 Hz.
    """
    height, width = scene.shape
    beat = np.sin(2 * np.pi * 2 * TIMES)
    matrices = [cv2.getRotationMatrix2D((width / 2, height / 2), turn * b, 1 + zoom * b) for b in beat]
    for matrix, place in zip(matrices, places, strict=True):
        matrix[:, 2] += place
    pictures = [cv2.warpAffine(scene, m, (width, height), borderMode=border) for m in matrices]
    return [Frame(colour(p), t) for p, t in zip(pictures, TIMES, strict=True)], np.array(matrices)


def path(frames, boxes=NOBODY):
    """Where the background of the first person's place is (T, 2), in pixels of the small picture."""
    steps = Camera().steps(frames, boxes)[0]
    return np.cumsum(steps, axis=0) * SIDE / max(frames[0].image.shape[:2])


def body(image, x, y, width, height, seed=5):
    """A textured block drawn into a float picture, in place; returns its box."""
    x0, y0 = round(x - width / 2), round(y - height / 2)
    block = texture((height, width), seed, finest=10, contrast=40)
    top, left = max(-y0, 0), max(-x0, 0)
    part = image[max(y0, 0) : y0 + height, max(x0, 0) : x0 + width]
    part[:] = block[top : top + part.shape[0], left : left + part.shape[1]]
    return np.array([x0, y0, x0 + width, y0 + height], np.float32)


def bounce(height):
    """Heights (T,) of a body that jumps twice a second."""
    return height * np.abs(np.sin(2 * np.pi * TIMES))


@pytest.mark.parametrize("border", [cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE])
@pytest.mark.parametrize("shape", [(240, 320), (480, 270), (720, 1280), (1080, 1920)])
def test_a_shift_is_found_to_a_tenth_of_a_small_pixel(shape, border):
    size = 0.012 * max(shape)
    frames, matrices = seen_by(wobble(size), texture(shape, finest=max(shape) // 50), border=border)
    moved = (matrices[:, :, 2] - matrices[0, :, 2]) * SIDE / max(shape)
    assert np.ptp(moved[:, 1]) > 20 * PRECISE
    found = path(frames)
    np.testing.assert_allclose(np.diff(found, axis=0), np.diff(moved, axis=0), atol=PRECISE)
    np.testing.assert_allclose(found, moved, atol=2 * PRECISE)


def test_of_a_turning_and_zooming_camera_the_motion_is_that_at_the_persons_place():
    frames, matrices = seen_by(wobble(2), texture((360, 640), finest=12), turn=1.0, zoom=0.02)
    box = np.array([80, 60, 140, 240], np.float32)
    place = np.array([110.0, 150, 1])
    there = matrices @ place
    boxes = np.repeat(box[None, None], LENGTH, axis=1)
    assert np.ptp(there[:, 1] - wobble(2)[:, 1]) > 5
    np.testing.assert_allclose(path(frames, boxes), (there - there[0]) / 5, atol=2 * PRECISE)


def test_a_camera_that_stands_still_does_not_move():
    still, scene = np.zeros((LENGTH, 2)), texture((360, 640))
    assert np.abs(path(seen_by(still, scene)[0])).max() < 1e-3


@pytest.mark.parametrize("corruption", ["noise", "flicker", "fade"])
def test_noise_and_changing_light_are_no_motion(corruption):
    rng, scene = np.random.default_rng(0), texture((360, 640))
    light = {"noise": np.ones(LENGTH), "flicker": 1 + 0.1 * np.sin(2 * np.pi * 2.5 * TIMES),
             "fade": np.linspace(0.4, 1, LENGTH)}[corruption]  # fmt: skip
    noise = 6 if corruption == "noise" else 0
    frames = [
        Frame(colour(scene * k + rng.normal(0, 1, scene.shape) * noise), t) for k, t in zip(light, TIMES, strict=True)
    ]
    assert np.abs(path(frames)).max() < 2 * PRECISE


@pytest.mark.parametrize("late", [0, 3])
def test_a_jumper_who_fills_most_of_the_picture_is_not_the_camera(late):
    frames, boxes = [], []
    for up, t in zip(bounce(60), TIMES, strict=True):
        picture = texture((640, 360))
        boxes.append(body(picture, 180, 340 - up, 290, 480))
        frames.append(Frame(colour(picture), t))
    assert np.prod(boxes[0][2:] - boxes[0][:2]) / (640 * 360) > 0.6
    moved = path(frames, np.roll(np.array(boxes)[None], late, axis=1))
    assert np.abs(moved).max() < PRECISE


@pytest.mark.parametrize("sharp", [0.25, 1.0])
@pytest.mark.parametrize("covered", [0.5, 1.0])
def test_before_a_plain_wall_neither_a_jumper_nor_the_shadow_or_mirror_image_is_the_camera(covered, sharp):
    frames, boxes = [], []
    for up, t in zip(bounce(30), TIMES, strict=True):
        picture = np.full((360, 640), 200, np.float32)
        body(picture, 430, 200 - up, 90, 230, seed=6)
        picture[:] = (1 - sharp) * 200 + sharp * cv2.GaussianBlur(picture, (0, 0), 1 / sharp)
        box = body(picture, 320, 200 - up, 90, 230)
        box[3] = box[1] + covered * (box[3] - box[1])
        boxes.append(box)
        frames.append(Frame(colour(picture), t))
    assert np.abs(path(frames, np.array(boxes)[None])).max() < PRECISE


def test_a_plain_wall_tells_nothing():
    frames, _ = seen_by(wobble(5), np.full((360, 640), 180, np.float32))
    assert not path(frames).any()


def test_people_who_are_not_followed_are_outvoted():
    frames = []
    for up, t in zip(bounce(40), TIMES, strict=True):
        picture = texture((360, 640))
        for x in (120, 480):
            body(picture, x, 200 - up, 100, 240)
        frames.append(Frame(colour(picture), t))
    assert np.abs(path(frames)).max() < PRECISE


@pytest.mark.parametrize("noise", [3, 6, 12, 25, 50])
def test_noise_on_a_plain_wall_is_no_motion(noise):
    rng = np.random.default_rng(noise)
    frames = [Frame(colour(rng.normal(128, noise, (360, 640))), t) for t in TIMES]
    assert not path(frames).any()


def test_hands_and_feet_that_move_along_before_a_plain_wall_are_not_the_camera():
    frames = []
    for up, t in zip(bounce(30), TIMES, strict=True):
        picture = np.full((360, 640), 200, np.float32)
        for x, y in ((60, 100), (580, 100), (320, 300)):
            body(picture, x, y - up, 14, 14, seed=x)
        frames.append(Frame(colour(picture), t))
    assert not path(frames).any()


def test_a_picture_that_moves_in_three_ways_tells_nothing():
    scene, frames = texture((360, 640)), []
    for up, t in zip(bounce(100), TIMES, strict=True):
        picture = np.empty_like(scene)
        for i in range(9):
            strip = slice(71 * i, 71 * i + 72)
            picture[:, strip] = np.roll(scene, round((1, 0, -1)[i % 3] * up), axis=0)[:, strip]
        frames.append(Frame(colour(picture), t))
    assert np.abs(path(frames)).max() < PRECISE


def test_another_scene_is_no_motion():
    one, two = (Frame(colour(texture((360, 640), seed)), 0.0) for seed in (0, 1))
    small = Frame(one.image[:, :320].copy(), 0.0)
    nobody = NOBODY[:, :1]
    camera = Camera()
    assert not np.concatenate([camera.steps([f], nobody) for f in (one, two, small, one)]).any()
    shifted = Frame(np.roll(one.image, 5, axis=0), 0.0)
    camera.forget()
    assert not camera.steps([shifted], nobody).any()
    assert camera.steps([one], nobody)[0, 0, 1] == pytest.approx(-5, abs=0.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 3), (7, 7)])
def test_pictures_too_small_to_tell_anything_are_allowed(shape):
    frame = Frame(np.zeros((*shape, 3), np.uint8), 0.0)
    assert not Camera().steps([frame, frame], np.zeros((0, 2, 4), np.float32)).any()
    assert not Camera().steps([frame, frame], NOBODY[:, :2]).any()


def through_a_shaking_camera(truth, size, rate):
    """Frames of a drawn figure before a textured wall; the camera bobs by ``size`` pixels at ``rate`` Hz."""
    shape = (320, 600)
    wall = texture(shape, finest=10)
    for t, time in enumerate(truth.times):
        up = size * np.sin(2 * np.pi * rate * time)
        image = colour(
            cv2.warpAffine(wall, np.array([[1, 0, 0], [0, 1, up]]), shape[::-1], borderMode=cv2.BORDER_REFLECT)
        )
        image[..., 2] = 0  # what the drawn networks look for
        figure = draw([truth.keypoints[t, :, :2] + [0, up]], shape)
        image[figure[..., 2] > 0] = figure[figure[..., 2] > 0]
        yield Frame(image, float(time))


def test_who_stands_before_a_shaking_camera_does_not_jump():
    truth = film(Clip([(6.0, syn.stand)], size=200, corruption=Corruption(0.0)))
    (track,) = track_people(through_a_shaking_camera(truth, 6.0, 2.4), find_people, estimate_pose)
    assert np.ptp(track.keypoints[:, 11, 1]) > 10
    assert count_people([track]).count == 0


@pytest.mark.parametrize(("motion", "seconds", "n"), [(syn.jumps(2.0), 6.0, 12), (syn.steps(6.0), 4.0, 24)])
def test_who_jumps_before_a_shaking_camera_is_counted_exactly(motion, seconds, n):
    rest = (2.0, syn.stand)
    truth = film(Clip([rest, (seconds, motion), rest], size=200, corruption=Corruption(0.0)))
    tracks = track_people(through_a_shaking_camera(truth, 6.0, 3.1), find_people, estimate_pose)
    assert count_people(tracks).count == n


def with_camera(camera):
    track = film(Clip([(1.0, syn.stand)]))
    return PoseTrack(track.times, track.keypoints, track.boxes, np.full((len(track), 2), camera, np.float32))


def test_joined_tracks_keep_the_cameras_motion():
    one, two = with_camera(1.0), with_camera(2.0)
    boxes = one.boxes.copy()
    boxes[-5:] = np.nan
    left = PoseTrack(one.times, one.keypoints, boxes, one.camera)
    late = PoseTrack(two.times + 3, two.keypoints, two.boxes, two.camera)
    (joined,) = join_tracks([late, left])
    assert joined.camera[:, 1].tolist() == [1.0] * (len(one) - 5) + [2.0] * len(two)


def test_kept_tracks_keep_the_cameras_motion_and_old_files_have_none(tmp_path):
    track = with_camera(3.0)
    save_tracks(tmp_path / "new.npz", [track, track[:10]])
    new = load_tracks(tmp_path / "new.npz")
    assert [len(t) for t in new] == [len(track), 10]
    np.testing.assert_array_equal(new[0].camera, track.camera)
    old = {"times0": track.times, "keypoints0": track.keypoints, "boxes0": track.boxes}
    np.savez_compressed(tmp_path / "old.npz", people=np.array(1), **old)
    (kept,) = load_tracks(tmp_path / "old.npz")
    np.testing.assert_array_equal(kept.keypoints, track.keypoints)
    np.testing.assert_array_equal(kept.camera, np.zeros((len(track), 2)))
