from dataclasses import replace

import numpy as np
import pytest

from beauty.pipeline import beautify, beautify_prepared, prepare
from beauty.settings import PRESETS, BeautySettings
from tests.beauty.portraits import faces_of, group, portrait
from vision.types import Faces

OFF = PRESETS["off"]


def test_strength_zero_returns_the_very_same_bytes():
    image, faces = portrait("hopper")
    after = beautify(image, faces, OFF)
    assert after is not image
    assert after.tobytes() == image.tobytes()


@pytest.mark.parametrize("preset", PRESETS)
def test_inputs_are_never_changed(preset):
    image, faces = portrait("hopper")
    image.setflags(write=False)
    kept, points = image.copy(), faces.points106.copy()
    prepared = prepare(image, faces)
    band = prepared.parts[0].band.copy()
    after = beautify_prepared(prepared, PRESETS[preset])
    assert after.shape == image.shape
    assert after.dtype == np.uint8
    assert np.array_equal(image, kept)
    assert np.array_equal(faces.points106, points)
    assert np.array_equal(prepared.parts[0].band, band)
    assert np.array_equal(after, beautify(image, faces, PRESETS[preset]))


def test_six_faces_of_six_are_changed_and_each_only_in_its_place():
    image, faces = group()
    change = np.abs(beautify(image, faces, BeautySettings()).astype(int) - image).max(axis=2)
    for box in faces.boxes.astype(int):
        assert (change[box[1] : box[3], box[0] : box[2]] > 0).mean() > 0.3
    assert (change > 0).mean() < 0.2


def test_the_same_face_twice_is_not_retouched_twice():
    image, faces = portrait("astronaut", 2)
    twice = faces_of(np.repeat(faces.points106, 2, axis=0))
    wanted = replace(OFF, smoothing=1.0, whitening=1.0)
    once, again = beautify(image, faces, wanted), beautify(image, twice, wanted)
    assert np.abs(once.astype(int) - again).mean() < 0.25 * np.abs(once.astype(int) - image).mean()


def test_a_picture_without_faces_gets_only_its_look():
    image, _ = portrait("hopper")
    assert np.array_equal(beautify(image, Faces.none(), BeautySettings()), image)
    assert not np.array_equal(beautify(image, Faces.none(), BeautySettings(look="noir")), image)


@pytest.mark.parametrize("shift", [(-200, 0), (260, 0), (0, -230), (0, 330), (-3000, 0)])
def test_faces_cut_by_the_border_are_fine(shift):
    image, faces = portrait("hopper")
    moved = faces_of(faces.points106 + np.array(shift, np.float32))
    after = beautify(image, moved, PRESETS["glamour"])
    assert after.shape == image.shape


def test_tiny_faces_and_broken_points_are_fine():
    image, faces = portrait("hopper")
    tiny = faces_of(faces.points106 * 0.02 + 100)
    broken = faces_of(np.full((1, 106, 2), np.nan))
    assert beautify(image, tiny, PRESETS["glamour"]).shape == image.shape
    off_look = replace(PRESETS["glamour"], look="none")
    assert np.array_equal(beautify(image, broken, off_look), image)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (7, 5)])
def test_the_smallest_pictures_are_fine(shape):
    image = np.full((*shape, 3), 120, np.uint8)
    _, faces = portrait("hopper")
    assert beautify(image, faces, PRESETS["glamour"]).shape == image.shape


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), [[1]]])
def test_anything_but_a_picture_is_refused(wrong):
    with pytest.raises(ValueError, match="image must be"):
        beautify(wrong, Faces.none(), BeautySettings())


def test_a_monochrome_photo_stays_monochrome():
    image, faces = portrait("hopper")
    grey = np.repeat(image[..., 1:2], 3, axis=2)
    after = beautify(grey, faces, replace(PRESETS["glamour"], look="none"))
    assert np.ptp(after.astype(int), axis=2).max() <= 1
