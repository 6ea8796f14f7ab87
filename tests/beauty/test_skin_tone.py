from dataclasses import replace

import cv2
import numpy as np
import pytest

from beauty.frame import face_frame
from beauty.pipeline import beautify, prepare
from beauty.settings import PRESETS
from tests.beauty.portraits import portrait
from tools.evaluate.beauty import change_outside, freckles_kept, hue_shifts, lightness, skin_mask, smoothing_figures

OFF = PRESETS["off"]
SIZES = [("astronaut", 1), ("hopper", 1), ("astronaut", 4), ("hopper", 3)]


@pytest.mark.parametrize(("name", "scale"), SIZES)
def test_blotches_go_pores_and_features_stay(name, scale):
    image, faces = portrait(name, scale)
    width = face_frame(faces.points106[0], faces.pose[0]).width
    figures = smoothing_figures(prepare(image, faces), width)
    assert figures["blotches"] <= -0.30
    assert figures["wide band"] <= -0.35
    assert figures["pores kept"] >= 0.85
    assert figures["gradient kept"] >= 0.98


def test_freckles_stay():
    image, faces = portrait("astronaut", 4)
    width = face_frame(faces.points106[0], faces.pose[0]).width
    assert freckles_kept(image, faces, skin_mask(prepare(image, faces)), width)["freckles kept"] >= 0.85


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_nothing_changes_outside_face_and_neck(name):
    assert change_outside(prepare(*portrait(name, 2))) <= 0.1


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_whitening_keeps_the_hue_of_every_tone(name):
    shifts = hue_shifts(*portrait(name))
    assert len(shifts) == 5
    assert max(shifts.values()) <= 3


def test_whitening_lightens_evenly_and_grows_with_its_strength():
    image, faces = portrait("hopper", 2)
    skin = skin_mask(prepare(image, faces))
    means = [lightness(beautify(image, faces, replace(OFF, whitening=s)))[skin].mean() for s in (0, 0.3, 0.6, 1)]
    assert (np.diff(means) > 1).all()
    assert means[-1] - means[0] < 16


def test_a_spot_is_healed_and_a_mouth_is_not():
    image, faces = portrait("astronaut", 4)
    spot = tuple(np.round(faces.points106[0][[4, 66, 57]].mean(0)).astype(int).tolist())
    marked = image.copy()
    cv2.circle(marked, spot, 3, (95, 60, 50), -1, cv2.LINE_AA)
    healed = beautify(marked, faces, replace(OFF, spots=1.0))
    x, y = spot
    around = lightness(image)[y - 4 : y + 5, x - 4 : x + 5].mean()
    before, after = (around - lightness(p)[y - 1 : y + 2, x - 1 : x + 2].mean() for p in (marked, healed))
    assert before > 15
    assert after < 0.35 * before
    every = beautify(marked, faces, replace(OFF, spots=1.0, smoothing=1.0, whitening=1.0))
    clean = beautify(image, faces, replace(OFF, spots=1.0, smoothing=1.0, whitening=1.0))
    assert abs(lightness(every) - lightness(clean))[y - 4 : y + 5, x - 4 : x + 5].max() < 0.35 * before
    lips = np.round(faces.points106[0][84:96]).astype(int)
    box = np.s_[lips[:, 1].min() : lips[:, 1].max(), lips[:, 0].min() : lips[:, 0].max()]
    assert np.array_equal(healed[box], marked[box])


def patch_mean(image, points, indices):
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(points[list(indices)]).astype(np.int32)], 1)
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[mask > 0].mean(axis=0)


@pytest.mark.parametrize(
    ("control", "where", "channel", "sign"),
    [
        ("bright_eyes", range(66, 74), 0, 1),
        ("teeth", range(96, 104), 2, -1),
        ("lips", range(84, 96), 1, 1),
        ("cheeks", (3, 5, 84, 57), 1, 1),
        ("rosiness", (3, 5, 84, 57), 1, 1),
        ("dark_circles", (66, 73, 72, 71, 70, 57), 0, 1),
    ],
)
def test_small_controls_act_where_they_should(control, where, channel, sign):
    image, faces = portrait("astronaut", 3)
    after = beautify(image, faces, replace(OFF, **{control: 1.0}))
    points = faces.points106[0]
    change = patch_mean(after, points, where) - patch_mean(image, points, where)
    assert sign * change[channel] > 0.2
    assert np.abs(after[:, :300].astype(int) - image[:, :300]).max() == 0
