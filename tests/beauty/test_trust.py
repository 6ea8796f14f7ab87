"""Effects act only where their points can be seen, and on skin only."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from beauty.frame import face_frame, frame_of
from beauty.outline import silhouette
from beauty.pipeline import beautify, prepare
from beauty.settings import PRESETS
from beauty.straight_lines import jaw_shares
from tests.beauty.portraits import POINTS, faces_of, portrait

OFF = PRESETS["off"]


def hidden(faces, rows):
    visible = faces.visible.copy()
    visible[:, list(rows)] = 0
    return replace(faces, visible=visible)


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({"lips": 1.0}, range(84, 104)),
        ({"teeth": 1.0}, range(84, 104)),
        ({"mouth": 1.0}, range(84, 104)),
        ({"nose": 1.0}, range(51, 66)),
        ({"bright_eyes": 1.0}, [*range(66, 74), *range(75, 83)]),
        ({"eyes": 1.0}, [*range(66, 74), *range(75, 83)]),
        ({"slimming": 1.0}, range(33)),
    ],
)
def test_what_is_covered_is_left_alone(wanted, rows):
    image, faces = portrait("astronaut")
    settings = replace(OFF, **wanted)
    assert not np.array_equal(beautify(image, faces, settings), image)
    assert np.array_equal(beautify(image, hidden(faces, rows), settings), image)


def test_a_hidden_eye_leaves_the_other_its_effect():
    image, faces = portrait("astronaut")
    change = beautify(image, hidden(faces, range(66, 75)), replace(OFF, bright_eyes=1.0)) != image
    left, right = (faces.points106[0, list(rows)].mean(axis=0).astype(int) for rows in (range(66, 74), range(75, 83)))
    assert not change[left[1] - 5 : left[1] + 5, left[0] - 8 : left[0] + 8].any()
    assert change[right[1] - 5 : right[1] + 5, right[0] - 8 : right[0] + 8].any()


def test_cloth_before_the_mouth_is_no_skin():
    image, faces = portrait("astronaut")
    covered = hidden(faces, [*range(6, 27), *range(57, 62), *range(84, 104)])
    skin = prepare(image, covered).parts[0].regions.skin
    patch = prepare(image, covered).parts[0].patch
    mouth, cheek = (patch.points(faces.points106[0, rows].mean(axis=0)).astype(int) for rows in ([93, 16], [57, 66, 2]))
    assert skin[mouth[1], mouth[0]] < 0.05
    assert skin[cheek[1], cheek[0]] > 0.5


@pytest.mark.parametrize(("score", "changes"), [(0.4, False), (0.95, True)])
def test_a_doubtful_face_is_left_alone(score, changes):
    image, faces = portrait("astronaut")
    doubtful = replace(faces, scores=np.array([score], np.float32))
    after = beautify(image, doubtful, replace(PRESETS["studio"], look="none"))
    assert (not np.array_equal(after, image)) == changes


def test_the_far_side_of_a_profile_ends_at_its_line():
    faces = hidden(faces_of(POINTS["hopper"]), range(17, 33))
    frame = frame_of(faces, 0)
    ends, plain = silhouette(frame), frame.local(frame.points)
    nose = plain[51:66, 0].max()
    assert ends[18:33, 0].max() <= nose
    np.testing.assert_allclose(ends[:16], plain[:16])


def on_wall(colour):
    """The astronaut with a wall of one colour beside face and neck, and where the wall is."""
    image, faces = portrait("astronaut", 2)
    frame = face_frame(faces.points106[0], faces.pose[0])
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    local = frame.local(np.stack([x, y], axis=-1))
    chin = frame.local(frame.points[16])
    beside = (np.abs(local[..., 0] - chin[0]) > 0.53 * frame.width) & (np.abs(local[..., 1]) < 2 * chin[1])
    below = (local[..., 1] > 0.7 * chin[1]) & (np.abs(local[..., 0] - chin[0]) > 0.42 * frame.width)
    wall = cv2.erode((beside | below & (local[..., 1] < 2 * chin[1])).astype(np.uint8), np.ones((5, 5))) > 0
    made = np.where(wall[..., None], colour, image).astype(np.uint8)
    return made, faces, wall


def test_a_wall_of_the_skins_own_colour_stays():
    image, faces = portrait("astronaut", 2)
    skin = np.median(image[prepare(image, faces).parts[0].patch.span(0, 10**6)].reshape(-1, 3), axis=0)
    cheek = faces.points106[0, [2, 57, 66]].mean(axis=0).astype(int)
    skin = np.median(image[cheek[1] - 9 : cheek[1] + 9, cheek[0] - 9 : cheek[0] + 9].reshape(-1, 3), axis=0)
    made, faces, wall = on_wall(skin)
    change = np.abs(beautify(made, faces, replace(OFF, smoothing=1.0, whitening=1.0)).astype(int) - made).max(axis=2)
    assert change[wall].mean() < 0.15
    face = np.zeros(wall.shape, np.uint8)
    cv2.fillPoly(face, [faces.points106[0, :33].astype(np.int32)], 1)
    assert change[face > 0].mean() > 10


def test_skin_in_the_shade_of_a_side_light_is_skin():
    image, faces = portrait("astronaut", 2)
    middle = faces.points106[0, 54, 0]
    shade = 1 - 0.55 / (1 + np.exp((middle + 20 - np.arange(image.shape[1])) / 4))
    lit = (image * shade[None, :, None]).astype(np.uint8)
    bright, dark = (prepare(x, faces).parts[0].regions.skin for x in (image, lit))
    assert dark[bright > 0.9].mean() > 0.9


def test_the_jaw_moves_little_beside_stripes_and_fully_beside_a_plain_wall():
    frame = face_frame(POINTS["hopper"], np.zeros(3))
    y, x = np.mgrid[:600, :512]
    inside = np.full((600, 512), -1.0, np.float32)
    cv2.fillPoly(mask := np.zeros((600, 512), np.uint8), [frame.points[:33].astype(np.int32)], 1)
    inside = np.where(mask > 0, 1.0, -cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)).astype(np.float32)
    nothing = np.zeros((600, 512), np.float32)
    striped = (160 + 40 * np.sign(np.sin(x / 5))).astype(np.uint8)
    leaves = np.random.default_rng(0).integers(0, 256, (600, 512), dtype=np.uint8)
    checked = (160 + 40 * np.sign(np.sin(x / 5) * np.sin(y / 5))).astype(np.uint8)
    strands = (120 + 50 * np.sin((x + 25 * np.sin(y / 40) + 14 * np.sin(y / 17)) / 4)).astype(np.uint8)
    assert jaw_shares(striped, inside, nothing, frame).max() < 0.1
    assert jaw_shares(checked, inside, nothing, frame).max() < 0.2
    assert jaw_shares(strands, inside, nothing, frame).min() > 0.7
    assert jaw_shares(np.full_like(striped, 160), inside, nothing, frame).min() == 1
    assert jaw_shares(cv2.GaussianBlur(leaves, (0, 0), 1.5), inside, nothing, frame).min() == 1


def test_freckles_stay_unless_spots_are_healed():
    image, faces = portrait("astronaut", 4)
    spot = tuple(np.round(faces.points106[0][[4, 66, 57]].mean(0)).astype(int).tolist())
    marked = image.copy()
    cv2.circle(marked, spot, 4, (150, 105, 90), -1, cv2.LINE_AA)

    def contrast(picture):
        light = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float)
        x, y = spot
        ring = np.median(light[y - 14 : y + 15, x - 14 : x + 15])
        return ring - light[y - 2 : y + 3, x - 2 : x + 3].mean()

    before = contrast(marked)
    assert contrast(beautify(marked, faces, replace(OFF, smoothing=1.0))) > 0.85 * before
    assert contrast(beautify(marked, faces, replace(OFF, spots=1.0))) < 0.35 * before


@pytest.mark.parametrize("colour", [(40, 160, 60), (120, 170, 120), (60, 90, 200), (150, 60, 170)])
@pytest.mark.parametrize("stroke", ["dot", "bar"])
def test_paint_of_no_skins_hue_stays(colour, stroke):
    image, faces = portrait("hopper", 2)
    points, mask = faces.points106[0], np.zeros(image.shape[:2], np.uint8)
    if stroke == "dot":
        cv2.circle(mask, points[[4, 66, 57]].mean(axis=0).astype(int).tolist(), 7, 255, -1, cv2.LINE_AA)
    else:
        cv2.line(mask, points[3].astype(int).tolist(), points[29].astype(int).tolist(), 255, 24, cv2.LINE_AA)
    share = mask[..., None] / 255.0
    marked = np.rint(image * (1 - share) + np.array(colour) * share).astype(np.uint8)
    after = beautify(marked, faces, replace(OFF, smoothing=1.0, spots=1.0, whitening=1.0))
    assert np.abs(after[mask == 255].astype(int) - marked[mask == 255]).mean() < 1
    assert np.abs(after.astype(int) - marked)[mask == 0].max() > 10


def test_bright_eyes_leave_lids_and_bags_alone():
    image, faces = portrait("astronaut", 2)
    points = faces.points106.copy()
    points[0, 66:84, 1] += 0.1 * face_frame(points[0], faces.pose[0]).width
    beside = replace(faces, points106=points)
    right, wrong = (
        np.abs(beautify(image, f, replace(OFF, bright_eyes=1.0)).astype(int) - image).max(axis=2) > 4
        for f in (faces, beside)
    )
    assert right.sum() > 100
    assert wrong.sum() < 0.25 * right.sum()
