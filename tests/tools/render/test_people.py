"""Rendered people: poses mean what they say, and labels lie where the picture shows the joint."""

from __future__ import annotations

import numpy as np
import pytest

from tools.render.backgrounds import make_place
from tools.render.cast import gap, plausible
from tools.render.outfit import Outfit
from tools.render.poses import ACTIVITIES, LIMBS, NEUTRAL, Stance, balance, bones, draw_angles, mirrored, random_stance
from tools.render.rasterizer import Camera
from tools.render.view import SIZE, picture_edges


def angles(**changed: float) -> dict[str, float]:
    """Everything at 0 but what is named; ``name_L`` and ``name_R`` are one side's."""
    flat = {f"{name}.{side}": 0.0 for name in LIMBS for side in "LR"}
    flat |= {name: 0.0 for name in NEUTRAL if name not in LIMBS} | {"grip": 0.5}
    return flat | {name.replace("_L", ".L").replace("_R", ".R"): value for name, value in changed.items()}


def test_a_mirrored_pose_swaps_the_sides() -> None:
    once = mirrored(angles(knee_L=50, twist=12))
    assert (once["knee.R"], once["knee.L"], once["twist"]) == (50, 0, -12)
    assert mirrored(once) == angles(knee_L=50, twist=12)


def test_balance_leans_into_a_squat_only() -> None:
    squat = balance(angles(hip_flex_L=100, hip_flex_R=100, knee_L=100, knee_R=100))
    assert abs(balance(angles())) < 12
    assert 20 < squat < 60


@pytest.mark.parametrize("name", [name for name in ACTIVITIES if name != "skip"])
def test_angles_stay_in_the_activity_s_ranges(name: str) -> None:
    kind = ACTIVITIES[name]
    ranges = {**NEUTRAL, **kind.angles}
    sides = 0
    for seed in range(6):
        drawn = draw_angles(kind, np.random.default_rng(seed), spread=0)
        fits = [within(pose, ranges) for pose in (drawn, mirrored(drawn))]
        sides += fits[0]
        assert any(fits)
    assert sides > 0


def within(drawn: dict[str, float], ranges: dict[str, tuple[float, float]]) -> bool:
    bounds = {key: ranges.get(key) or ranges[key[:-2]] for key in drawn if key != "grip"}
    return all(low <= drawn[key] <= high for key, (low, high) in bounds.items())


def test_stances_repeat_by_seed() -> None:
    one, two = (random_stance(np.random.default_rng(4)) for _ in range(2))
    assert one == two
    assert one != random_stance(np.random.default_rng(5))


def test_one_activity_may_be_asked_for() -> None:
    rng = np.random.default_rng(0)
    assert {random_stance(rng, only="skip")[0].activity for _ in range(20)} == {"skip"}


def test_every_second_skipper_bows() -> None:
    rng = np.random.default_rng(0)
    bends = []
    for _ in range(200):
        pose = random_stance(rng, only="skip")[0].pose
        bends.append(sum(pose[f"spine0{k}"][0] for k in (2, 3, 4, 5) if f"spine0{k}" in pose))
    assert np.percentile(bends, 40) < 20
    assert np.percentile(bends, 90) > 50


def test_a_quarter_is_dark_from_the_hips_to_the_shoes() -> None:
    drawn = [Outfit().dyed(np.random.default_rng(seed)) for seed in range(300)]
    dark = [max(*o.trousers, *o.shoes, *o.socks, *o.second) <= 50 for o in drawn]
    assert 0.17 < np.mean(dark) < 0.33
    assert np.mean([max(o.shirt) > 80 for o, is_dark in zip(drawn, dark, strict=True) if is_dark]) > 0.5


def test_some_steppers_are_fast() -> None:
    moments = [random_stance(np.random.default_rng(seed), only="skip") for seed in range(200)]
    bent = [np.abs(np.subtract(b.pose["lowerleg01.L"], a.pose["lowerleg01.L"])).max() for a, b in moments]
    assert 0.04 < np.mean(np.array(bent) > 9) < 0.3, "degrees that a knee bends in a fiftieth of a second"


def test_capsules() -> None:
    a = (np.zeros(3), np.array([0, 0, 1.0]), 0.1)
    b = (np.array([0.5, 0, 0]), np.array([0.5, 0, 1.0]), 0.2)
    assert gap(a, b) == pytest.approx(0.2)
    assert gap(a, a) == pytest.approx(-0.2)


def test_edges_leave_most_of_the_person() -> None:
    box = np.array([10.0, 20, 110, 220])
    for seed in range(200):
        x0, y0, x1, y1 = picture_edges(box, np.random.default_rng(seed))
        assert min(x1, 110) - max(x0, 10) >= 0.29 * 100
        assert min(y1, 220) - max(y0, 20) >= 0.09 * 200


def test_places_differ_and_repeat() -> None:
    camera = Camera(size=(54, 72))
    one, again, other = (make_place(camera, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (72, 54, 3)
    assert np.isfinite(one).all()
    assert np.abs(one - other).mean() > 0.01


def test_a_shifted_camera_sees_the_same_rays() -> None:
    camera = Camera(size=(40, 60), shift=(0.3, -0.2)).scaled(1.5)
    pixels, _ = camera.project(np.array(camera.eye) + camera.rays() * 2.0)
    np.testing.assert_allclose(pixels[..., 0], np.tile(np.arange(60), (90, 1)), atol=1e-6)
    np.testing.assert_allclose(pixels[:, 0, 1], np.arange(90), atol=1e-6)


def actor(body, lean: float = 0.0, **changed: float):
    from tools.render.cast import cast

    stance = Stance("stand", bones(angles(**changed), lean), lean)
    return cast(body, [(stance, stance)])[0]


def test_angles_move_the_person_s_own_limbs(body) -> None:
    still = actor(body).joints
    raised = actor(body, arm_up_L=170, arm_plane_L=80).joints
    assert raised[9, 2] > raised[0, 2]
    np.testing.assert_allclose(raised[10] - raised[6], still[10] - still[6], atol=0.01)
    ahead = actor(body, hip_flex_R=90, knee_R=90).joints
    assert ahead[14, 1] < ahead[12, 1] - 0.3
    assert ahead[14, 2] == pytest.approx(ahead[12, 2], abs=0.12)
    assert ahead[13, 2] < ahead[11, 2] - 0.3
    bent = actor(body, elbow_L=90, elbow_R=90).joints
    assert np.all(bent[[9, 10], 1] < bent[[7, 8], 1] - 0.15)
    assert still[5, 0] > still[6, 0]


def test_the_lowest_point_stands_on_the_floor(body) -> None:
    assert actor(body, knee_L=40, knee_R=40).surface[:, 2].min() == pytest.approx(0, abs=0.02)


def test_limbs_that_cross_are_refused(body) -> None:
    unit = 0.54
    assert plausible(body.rest_joints, unit)
    through = body.rest_joints.copy()
    through[9] = through[[5, 12]].mean(axis=0)
    assert not plausible(through, unit)


def front(target, distance: float = 4.0) -> Camera:
    middle = (target.surface.min(axis=0) + target.surface.max(axis=0)) / 2
    return Camera((middle[0], middle[1] - distance, middle[2]), tuple(middle), 1.0, SIZE)


def test_labels_lie_where_the_picture_shows_the_joint(body, monkeypatch) -> None:
    """Frame, pixels and labels agree.

    The silhouette fills the box to the pixel, and the depth at a joint is that of the limb's surface in front of it.
    """
    from tools.render import view as people_view
    from tools.render.crop import SCALE, SHALLOW, shoot

    monkeypatch.setattr(people_view, "picture_edges", lambda *_: np.array([-1e6, -1e6, 1e6, 1e6]))
    person = actor(body, arm_up_L=120, arm_plane_L=90, elbow_R=60, hip_out_R=20)
    camera, box, _ = people_view.frame(person, front(person), np.random.default_rng(0))
    big = camera.scaled(SCALE)
    depth = shoot(body, person.surface, big).spread(big.size)[1]
    rows, columns = np.nonzero(np.isfinite(depth))
    shape = (np.array([columns.min(), rows.min(), columns.max(), rows.max()]) + 0.5) / SCALE - 0.5
    np.testing.assert_allclose(shape, box, atol=1.5)
    width, height = box[2:] - box[:2]
    assert max(width / 144, height / 192) == pytest.approx(1, abs=0.02)
    pixels, far = camera.project(person.joints)
    spot = np.rint((pixels + 0.5) * SCALE - 0.5).astype(int)
    deep = far - depth[spot[:, 1], spot[:, 0]]
    assert np.all((deep > -0.03) & (deep < SHALLOW * 0.54)), deep
    assert pixels[5, 0] > pixels[6, 0]


def test_hidden_joints_weigh_less(body) -> None:
    from tools.render.crop import SCALE, label, shoot
    from tools.render.shading import Light
    from tools.render.things import box_mesh, shoot_box
    from tools.render.view import frame

    class Uncut:
        def random(self) -> float:
            return 1.0

    person, rng = actor(body), np.random.default_rng(0)
    camera, _, edges = frame(person, front(person), Uncut())  # type: ignore[arg-type]
    own = shoot(body, person.surface, camera.scaled(SCALE))
    assert label(person, camera, edges, own, [])[:, 2].min() == 1
    screen = box_mesh(person.joints[[15, 16]].mean(axis=0) - (0, 1, 0), np.array([2, 0.1, 0.8]), 0)
    covered = label(person, camera, edges, own, [shoot_box(screen, camera.scaled(SCALE), Light(), rng)])
    assert covered[15:, 2].tolist() == [0.5, 0.5]
    assert covered[:15, 2].min() == 1
    knee = covered[[13, 14], 1].max() - 2
    cut = label(person, camera, np.array([-1e6, -1e6, 1e6, knee]), own, [])
    assert cut[13:, 2].max() == 0
    assert cut[:13, 2].min() == 1
    away = person.moved(np.pi, np.zeros(3))
    camera, _, edges = frame(away, front(away), Uncut())  # type: ignore[arg-type]
    behind = label(away, camera, edges, shoot(body, away.surface, camera.scaled(SCALE)), [])
    assert behind[:3, 2].max() == 0
    assert behind[5, 0] < behind[6, 0]


def test_a_moving_arm_is_blurred_round_its_label() -> None:
    from tools.render.crop import smear
    from tools.render.shading import Shot

    one = Shot(np.array([5 * 20 + 10]), np.ones((1, 3)), np.ones(1), np.array([[8.0, 0.0]]))
    picture = smear(np.zeros((10, 20, 3), np.float32), [one])[5, :, 0]
    assert np.flatnonzero(picture).tolist() == list(range(6, 15))
    assert (picture * np.arange(20)).sum() / picture.sum() == pytest.approx(10)
    wall = Shot(np.array([5 * 20 + 12]), np.zeros((1, 3)), np.full(1, 0.5), np.zeros((1, 2)))
    assert smear(np.zeros((10, 20, 3), np.float32), [one, wall])[5, 12, 0] == 0
