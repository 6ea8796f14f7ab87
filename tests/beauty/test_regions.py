import cv2
import numpy as np
import pytest

from beauty.pipeline import prepare
from beauty.regions import find_regions
from tests.beauty.portraits import portrait


def skin_of(image, faces):
    part = prepare(image, faces).parts[0]
    whole = np.zeros(image.shape[:2], np.float32)
    whole[part.patch.span(0, part.patch.rows)] = part.patch.enlarge(part.regions.skin, 0, part.patch.rows)
    return whole


def inside(shape, points, indices):
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points[list(indices)]).astype(np.int32)], 1)
    return mask > 0


CHEEK = (1, 5, 84, 57, 73, 66)
EYES, BROWS, LIPS = (range(66, 74), range(75, 83)), (range(33, 42), range(42, 51)), (range(84, 96),)


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_cheeks_are_in_and_features_are_out(name):
    image, faces = portrait(name, 2)
    skin, points = skin_of(image, faces), faces.points106[0]
    assert skin[inside(skin.shape, points, (5, 84, 57, 4))].mean() > 0.75
    for part in (*EYES, *BROWS, *LIPS):
        assert skin[inside(skin.shape, points, part)].mean() < 0.08


def test_fringe_suit_and_wall_are_out_and_neck_and_ears_are_in():
    image, faces = portrait("astronaut", 3)
    skin = skin_of(image, faces)
    at = {"fringe": (232, 68), "suit": (225, 200), "wall": (300, 130), "hair": (170, 105)}
    seen = {name: float(skin[3 * y - 6 : 3 * y + 7, 3 * x - 6 : 3 * x + 7].mean()) for name, (x, y) in at.items()}
    assert max(seen.values()) < 0.1, seen
    assert skin[3 * 182 : 3 * 184, 3 * 210 : 3 * 240].mean() > 0.5
    assert skin.max() <= 1
    assert skin.min() >= 0


TONES = {"very light": 84.0, "light": 72.0, "tan": 55.0, "brown": 42.0, "dark": 30.0}


@pytest.mark.parametrize("tone", TONES)
def test_any_skin_tone_is_found(tone):
    image, faces = portrait("astronaut", 2)
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    lab[..., 0] *= TONES[tone] / 72.0
    toned = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB) * 255, 0, 255).astype(np.uint8)
    skin = skin_of(toned, faces)
    assert skin[inside(skin.shape, faces.points106[0], CHEEK)].mean() > 0.75
    assert skin[-100:].max() == 0


def test_a_monochrome_picture_works():
    image, faces = portrait("astronaut", 2)
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    skin = skin_of(grey, faces)
    assert skin[inside(skin.shape, faces.points106[0], CHEEK)].mean() > 0.75


LOWER_FACE = (3, 6, 9, 12, 16, 20, 23, 26, 29, 90, 87, 84)


def lower_face_darkened(image, points, by, grain):
    """The picture with its lower face ``by`` times as light, and hairs of ``grain`` grey levels on it."""
    zone = inside(image.shape[:2], points, LOWER_FACE) & ~inside(image.shape[:2], points, range(84, 96))
    soft = cv2.GaussianBlur(zone.astype(np.float32), (0, 0), 4)[..., None]
    hairs = cv2.GaussianBlur(np.random.default_rng(1).normal(0, grain, image.shape[:2]), (0, 0), 1.5)[..., None]
    return np.clip(image * (1 + soft * (by - 1)) + soft * hairs, 0, 255).astype(np.uint8), zone


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_beard_is_no_skin_and_a_shaded_chin_is(name):
    image, faces = portrait(name, 2)
    points = faces.points106[0]
    bearded, zone = lower_face_darkened(image, points, 0.5, 90)
    shaded, _ = lower_face_darkened(image, points, 0.7, 0)
    beard, shade, bare = (skin_of(x, faces)[zone].mean() for x in (bearded, shaded, image))
    assert beard < 0.15
    assert shade > 0.8 * bare > 0.4
    assert skin_of(bearded, faces)[inside(zone.shape, points, (5, 57, 73, 66))].mean() > 0.7


def test_glasses_are_noticed():
    hopper, astronaut = (prepare(*portrait(name, 2)).parts[0].regions.seen for name in ("hopper", "astronaut"))
    assert hopper.glasses > 0.6
    assert astronaut.glasses < 0.2


def test_the_previous_frame_steadies_what_is_seen():
    image, faces = portrait("astronaut", 2)
    first = prepare(image, faces).parts[0].regions.seen
    darker = (image * 0.8).astype(np.uint8)
    alone = prepare(darker, faces).parts[0].regions.seen
    led = prepare(darker, faces, [first]).parts[0].regions.seen
    assert abs(led.mean[0] - first.mean[0]) < 0.3 * abs(alone.mean[0] - first.mean[0])


def test_points_that_fit_nothing_give_a_mask_all_the_same():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (80, 90, 3), dtype=np.uint8)
    _, faces = portrait("astronaut")
    for points in (faces.points106[0] * 0 + 40, rng.random((106, 2)) * 80, faces.points106[0] - 150):
        from beauty.frame import face_frame

        regions = find_regions(image, face_frame(points, np.zeros(3)))
        assert np.isfinite(regions.skin).all()
