"""Parts of a video that lie on their side: decided once, the same at every reading."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from counting.posture import upright_rotation
from tests.vision.test_video import clip, corners
from vision.rotation import Rotations
from vision.types import Detections, Frame, Image
from vision.video import read_frames, write_video

WIDE, TALL = corners(64, 48), corners(48, 64)


def frames(*parts: tuple[Image, int]) -> list[Frame]:
    images = [image for image, count in parts for _ in range(count)]
    return [Frame(image, k / 10) for k, image in enumerate(images)]


def shapes(rotations: Rotations, video: list[Frame]) -> list[tuple[int, ...]]:
    return [rotations.rotated(frame.image, frame.time).shape[:2] for frame in video]


def test_an_upright_video_is_looked_at_once() -> None:
    seen: list[Image] = []
    video = frames((WIDE, 40))
    rotations = Rotations(lambda image: seen.append(image) or 0, video)
    assert set(shapes(rotations, video)) == {(48, 64)}
    assert (len(seen), rotations.notes) == (1, ())


@pytest.mark.parametrize(("degrees", "corner", "way"), [(90, (30, 200, 30), "left"), (270, (30, 30, 220), "right")])
def test_what_lies_is_turned_from_the_first_frame_on(degrees: int, corner: tuple[int, ...], way: str) -> None:
    video = frames((WIDE, 40))
    rotations = Rotations(lambda image: degrees if image.shape[1] > image.shape[0] else 0, video)
    assert set(shapes(rotations, video)) == {(64, 48)}
    assert tuple(rotations.rotated(WIDE, 0.0)[2, 2]) == corner
    assert len(rotations.notes) == 1
    assert way in rotations.notes[0]


def test_one_look_is_not_enough_to_turn() -> None:
    answers = iter([90, None, 90, None, None, None, None])
    rotations = Rotations(lambda image: next(answers), frames((WIDE, 40)))
    assert set(shapes(rotations, frames((WIDE, 40)))) == {(48, 64)}


def test_nobody_to_be_seen_leaves_the_video_alone() -> None:
    looks: list[Image] = []
    video = frames((WIDE, 60))
    rotations = Rotations(lambda image: looks.append(image), video)  # type: ignore[func-returns-value]
    assert set(shapes(rotations, video)) == {(48, 64)}
    assert len(looks) == 5


def test_parts_are_decided_each_and_stay_so_at_the_second_reading() -> None:
    video = frames((WIDE, 30), (TALL, 30), (WIDE, 30))
    rotations = Rotations(lambda image: 90 if image.shape[1] > image.shape[0] else 0, video)
    first = shapes(rotations, video)
    assert set(first[:60]) == {(64, 48)}
    assert first[-1] == (64, 48)
    rotations._find = lambda image: pytest.fail("looked again")  # type: ignore[assignment]
    assert shapes(rotations, video) == first


def test_a_video_is_read_turned(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip([k / 10 for k in range(30)]), crf=8)
    rotations = Rotations(lambda image: 90 if image.shape[1] > image.shape[0] else 0, read_frames(tmp_path / "a.mp4"))
    image = next(read_frames(tmp_path / "a.mp4", rotations)).image
    assert image.shape == (64, 48, 3)
    assert np.abs(image[10, 10].astype(int) - (30, 200, 30)).max() < 12


def test_people_tell_how_a_picture_lies() -> None:
    """A person whose head is where the picture is light."""
    upright = np.zeros((90, 60, 3), np.uint8)
    upright[:45] = 255

    def find(image: Image) -> Detections:
        score = 0.9 if image[0].mean() > image[-1].mean() else 0.3
        return Detections(np.array([[0, 0, image.shape[1], image.shape[0]]]), np.array([score]))

    def pose(images: list[Image], boxes: np.ndarray) -> np.ndarray:
        joints = np.full((1, 17, 3), 0.9, np.float32)
        joints[0, [5, 6], 1], joints[0, [11, 12], 1] = 20, 60
        return joints

    assert upright_rotation(upright, find, pose) == 0  # type: ignore[arg-type]
    assert upright_rotation(np.ascontiguousarray(np.rot90(upright)), find, pose) == 270  # type: ignore[arg-type]
    assert upright_rotation(np.ascontiguousarray(np.rot90(upright, 3)), find, pose) == 90  # type: ignore[arg-type]


def test_what_was_found_out_can_be_kept_without_the_networks() -> None:
    frames = [Frame(np.full((40, 60, 3), k, np.uint8), k / 10) for k in range(40)]
    rotations = Rotations(lambda _: 90, frames)
    first = [rotations.rotated(frame.image, frame.time).shape for frame in frames]
    kept = pickle.loads(pickle.dumps(rotations))
    assert [kept.rotated(frame.image, frame.time).shape for frame in frames] == first == [(60, 40, 3)] * 40
    assert kept.notes == rotations.notes != ()
    assert Rotations().rotated(frames[0].image, 0.0).shape == (40, 60, 3)
