"""Random poses of a person, from standing over exercises to any turn of the joints within anatomical ranges.

Angles are degrees.  Legs: ``hip_flex`` lifts the thigh forwards, ``hip_out`` sideways, ``hip_turn`` turns the
knee outwards, ``knee`` bends, ``ankle`` points the foot down from flat on the floor.  Arms: ``arm_up`` is 0 when the
arm hangs and 180 overhead, raised in the plane ``arm_plane`` (0 forwards, 90 sideways, 180 backwards), ``arm_turn``
turns it inwards, ``elbow`` bends.  Trunk: ``bend`` forwards, ``side`` and ``twist`` to the left; head: ``nod``,
``tilt`` and ``look``.  ``lean`` turns the whole body forwards.  Ranges lie within those of Kapandji, "The Physiology
of the Joints".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from tools.render.jump_motion import STYLES, Motion, bow
from tools.render.rasterizer import Array

Range = tuple[float, float]
Pose = dict[str, tuple[float, float, float]]
LIMBS = ("hip_flex", "hip_out", "hip_turn", "knee", "ankle", "arm_up", "arm_plane", "arm_turn", "elbow")

NEUTRAL: dict[str, Range] = {
    "hip_flex": (-4, 8), "hip_out": (0, 9), "hip_turn": (0, 16), "knee": (0, 12), "ankle": (0, 2),
    "arm_up": (3, 18), "arm_plane": (30, 110), "arm_turn": (-15, 30), "elbow": (5, 40),
    "bend": (-6, 10), "side": (-5, 5), "twist": (-10, 10), "nod": (-12, 20), "tilt": (-10, 10), "look": (-40, 40),
}  # fmt: skip
ANY_ARMS: dict[str, Range] = {"arm_up": (0, 165), "arm_plane": (-15, 105), "arm_turn": (-50, 60), "elbow": (0, 140)}
ANY_LEGS: dict[str, Range] = {"hip_flex": (-25, 80), "hip_out": (0, 35), "hip_turn": (-15, 40), "knee": (0, 110)}


@dataclass(frozen=True)
class Activity:
    """A kind of pose: what differs from ``NEUTRAL`` (``name.L`` and ``name.R`` for one side only).

    ``uneven`` angles are drawn for each side on its own; ``air`` is the range of heights above the floor (metres);
    ``level`` names two pairs of joints (indices of the left ones) that rest on the floor together, the second
    ``rise`` metres above the first; ``balanced`` bodies lean so that their weight is over the feet.
    """

    weight: float
    angles: Mapping[str, Range]
    uneven: tuple[str, ...] = ()
    air: Range = (0, 0)
    level: tuple[int, int] | None = None
    rise: float = 0.0
    lean: Range = (0, 0)
    balanced: bool = True
    seat: bool = False


ARMS, LEGS = ("arm_up", "arm_plane", "arm_turn", "elbow"), ("hip_flex", "hip_out", "hip_turn", "knee", "ankle")
_UP = {"arm_up": (140, 178), "arm_plane": (20, 95), "elbow": (0, 50)}
_FRONT = {"arm_up": (60, 100), "arm_plane": (-10, 25), "elbow": (0, 70)}
_HIPS = {"arm_up": (38, 50), "arm_plane": (95, 115), "arm_turn": (60, 85), "elbow": (85, 105)}
_RUNNING = {"arm_up": (15, 50), "arm_plane.L": (0, 20), "arm_plane.R": (160, 180), "arm_turn": (10, 35),
            "elbow": (70, 110)}  # fmt: skip
_STRIDE = {"hip_flex.R": (25, 75), "knee.R": (40, 105), "hip_flex.L": (-25, 5), "knee.L": (5, 50), "bend": (0, 14),
           "ankle": (0, 30)}  # fmt: skip
_SQUAT = {"hip_flex": (55, 115), "hip_out": (6, 28), "hip_turn": (8, 30), "knee": (60, 130), "bend": (0, 25)}
_LUNGE = {"hip_flex.L": (50, 95), "knee.L": (60, 105), "hip_flex.R": (-22, 0), "knee.R": (15, 90), "ankle.R": (30, 50)}
_LIFTED = {"hip_flex.L": (45, 110), "knee.L": (35, 125), "hip_out.L": (0, 20), "ankle.L": (0, 35)}
_CURLED = {"hip_flex": (50, 105), "knee": (55, 120), "ankle": (0, 20)}
_STRAIGHT = {"hip_flex": (-4, 12), "hip_out": (0, 10), "knee": (0, 8), "nod": (-30, 5), "look": (-20, 20)}

ACTIVITIES: dict[str, Activity] = {
    "skip": Activity(5, {}),
    "stand": Activity(2, {}, ARMS + LEGS),
    "gesture": Activity(2, ANY_ARMS, ARMS),
    "hands_on_hips": Activity(0.5, _HIPS),
    "arms_up": Activity(1.2, _UP, ("elbow",)),
    "jump": Activity(1.5, {"hip_flex": (-10, 30), "knee": (0, 50), "ankle": (15, 45), **ANY_ARMS}, (), (0.05, 0.5)),
    "leap": Activity(1.2, {**ANY_LEGS, **ANY_ARMS, "ankle": (0, 45)}, ARMS + LEGS, (0.05, 0.5), balanced=False),
    "tuck": Activity(0.5, {**_CURLED, **_FRONT, "bend": (0, 25)}, (), (0.1, 0.5), balanced=False),
    "jack": Activity(1.5, {"arm_up": (40, 172), "arm_plane": (78, 95), "elbow": (0, 25), "hip_out": (4, 34)}, (),
                     (0, 0.2)),
    "squat": Activity(1.5, {**_SQUAT, **_FRONT}, ("elbow",)),
    "squat_free": Activity(0.8, {**_SQUAT, **ANY_ARMS}, ARMS),
    "lunge": Activity(1, {**_LUNGE, "arm_up": (5, 60)}, ("elbow",)),
    "lunge_free": Activity(0.7, {**_LUNGE, **ANY_ARMS}, ARMS),
    "side_lunge": Activity(0.6, {"hip_out.L": (30, 45), "hip_flex.R": (50, 90), "knee.R": (70, 110),
                                 "hip_out.R": (5, 20), **_FRONT}),
    "walk": Activity(1, {"hip_flex.L": (10, 30), "knee.L": (0, 15), "hip_flex.R": (-22, 0), "knee.R": (5, 45),
                         "arm_up": (8, 30), "arm_plane.R": (0, 20), "arm_plane.L": (160, 180)}),
    "run": Activity(1.2, {**_STRIDE, **_RUNNING}, air=(0, 0.15)),
    "knee_lift": Activity(1, {**_LIFTED, **_RUNNING}),
    "one_leg": Activity(0.7, {**_LIFTED, **ANY_ARMS, "hip_turn.L": (0, 50)}, ARMS),
    "kick": Activity(0.5, {"hip_flex.L": (40, 90), "knee.L": (0, 40), "bend": (-15, 10), **ANY_ARMS}, ARMS),
    "bend": Activity(1.2, {"bend": (20, 60), "hip_flex": (25, 75), "knee": (0, 40), "arm_up": (30, 100),
                           "arm_plane": (-5, 25), "elbow": (0, 50)}),
    "side_bend": Activity(0.5, {"side": (18, 38), "hip_out": (5, 20), **ANY_ARMS}, ARMS),
    "push_up": Activity(1, {**_STRAIGHT, "arm_up": (68, 90), "arm_plane": (25, 75), "elbow": (0, 95),
                            "ankle": (-75, -45)}, level=(15, 9), rise=-0.06, lean=(75, 80), balanced=False),
    "plank": Activity(0.5, {**_STRAIGHT, "arm_up": (80, 95), "arm_plane": (0, 10), "elbow": (80, 95),
                            "ankle": (-75, -45)}, level=(15, 7), rise=-0.06, lean=(80, 85), balanced=False),
    "all_fours": Activity(0.5, {"hip_flex": (75, 100), "hip_out": (4, 14), "knee": (80, 100), "arm_up": (70, 95),
                                "arm_plane": (0, 15), "elbow": (0, 20), "ankle": (-50, 0), "nod": (-40, 0)},
                          level=(13, 9), rise=0.0, lean=(80, 90), balanced=False),
    "kneel": Activity(0.6, {"hip_flex": (-5, 25), "knee": (85, 115), "ankle": (0, 10), **ANY_ARMS}, ARMS,
                      lean=(-5, 5), balanced=False),
    "half_kneel": Activity(0.6, {"hip_flex.L": (80, 100), "knee.L": (80, 100), "hip_flex.R": (-5, 10),
                                 "knee.R": (85, 105), **ANY_ARMS}, ARMS, lean=(-5, 10), balanced=False),
    "sit_floor": Activity(0.8, {"hip_flex": (75, 110), "hip_out": (2, 30), "hip_turn": (0, 40), "knee": (0, 110),
                                "bend": (0, 35), "arm_up": (10, 70)}, ARMS + LEGS, level=(11, 15), rise=-0.02,
                          balanced=False),
    "sit": Activity(1.2, {"hip_flex": (78, 98), "hip_out": (2, 20), "knee": (70, 105), "bend": (-5, 25),
                          "arm_up": (5, 60), "arm_plane": (0, 50), "elbow": (20, 100)}, ARMS, lean=(-12, 12),
                    balanced=False, seat=True),
    "crunch": Activity(0.5, {"hip_flex": (35, 75), "knee": (70, 115), "bend": (5, 45), **ANY_ARMS}, ("elbow",),
                       level=(11, 15), rise=-0.03, balanced=False, lean=(-70, -50)),
    "lie": Activity(0.4, {"hip_flex": (-5, 60), "knee": (0, 90), **ANY_ARMS}, ARMS + LEGS, lean=(-95, -85),
                    balanced=False),
    "free": Activity(2, {**ANY_LEGS, **ANY_ARMS, "bend": (-20, 45), "side": (-25, 25), "twist": (-35, 35),
                         "look": (-60, 60), "tilt": (-20, 20), "nod": (-30, 35), "ankle": (-10, 35)}, ARMS + LEGS),
    "free_air": Activity(1, {**ANY_LEGS, **ANY_ARMS, "bend": (-20, 45), "side": (-25, 25), "twist": (-35, 35),
                             "look": (-60, 60)}, ARMS + LEGS, (0.1, 0.6), lean=(-40, 50), balanced=False),
}  # fmt: skip


@dataclass(frozen=True)
class Stance:
    """One pose of an activity.

    Bone rotations ``pose``, forward ``lean`` (degrees) of the whole body, ``height`` (metres) of the lowest point,
    ``level`` and ``rise`` as in ``Activity``, ``turn``: angle of the rope if there is one.
    """

    activity: str
    pose: Pose
    lean: float = 0.0
    height: float = 0.0
    turn: float | None = None

    @property
    def kind(self) -> Activity:
        """The activity itself."""
        return ACTIVITIES[self.activity]


def random_stance(rng: np.random.Generator, spread: float = 3.0, only: str = "") -> tuple[Stance, Stance]:
    """A stance (of ``only``, if named) now and one exposure on; ``spread`` is the jitter of the sides in degrees."""
    names = [only] if only else list(ACTIVITIES)
    weights = np.array([ACTIVITIES[name].weight for name in names])
    name = str(rng.choice(names, p=weights / weights.sum()))
    if name == "skip":
        return _skip(rng)
    kind = ACTIVITIES[name]
    angles = draw_angles(kind, rng, spread)
    height = float(rng.uniform(*kind.air)) if rng.random() < 0.85 else 0.0
    lean = float(rng.uniform(*kind.lean)) if not kind.balanced else balance(angles) + float(rng.normal(0, 2))
    now = Stance(name, bones(angles, lean), lean, height)
    speed = float(rng.choice([0.0, 2.5, 7.0], p=[0.6, 0.25, 0.15]))
    if not speed:
        return now, now
    later = {key: value + speed * rng.normal() for key, value in angles.items()}
    return now, Stance(name, bones(later, lean), lean, height)


def _skip(rng: np.random.Generator) -> tuple[Stance, Stance]:
    """Two moments, 1/50 s apart, of somebody who skips a rope; every second one bows, as fast steppers do.

    Steps from foot to foot come up to seven times a second.
    """
    bowed = rng.random() < 0.5
    style = "alternate" if bowed and rng.random() < 0.5 else str(rng.choice(list(STYLES)))
    rate = float(rng.uniform(1.6, 7.0 if style == "alternate" else 3.2))
    motion = Motion(style, round(1.5 * rate) + 1, rate, 0.5, int(rng.integers(1_000_000)))
    time = float(rng.uniform(0.3, motion.duration - 0.3))
    noise = bow(float(rng.uniform(0, 70)), rng) if bowed else {}
    out = []
    for moment in (motion.at(time), motion.at(time + 0.02)):
        for bone in moment.pose:
            if bone not in noise:
                noise[bone] = rng.normal(0, 0 if bone.startswith("finger") else 4, 3)
        pose: Pose = {bone: tuple(np.add(moment.pose.get(bone, 0), turn)) for bone, turn in noise.items()}
        out.append(Stance("skip", pose, 0.0, moment.height, moment.turn))
    return out[0], out[1]


def draw_angles(kind: Activity, rng: np.random.Generator, spread: float = 3.0) -> dict[str, float]:
    """Angles of one pose by name, ``.L`` and ``.R`` for limbs; half of the poses are mirrored."""
    angles: dict[str, float] = {}
    for name, usual in NEUTRAL.items():
        shared = rng.uniform(*kind.angles.get(name, usual))
        for key in (f"{name}.L", f"{name}.R") if name in LIMBS else (name,):
            value = rng.uniform(*kind.angles[key]) if key in kind.angles else shared
            if name in kind.uneven and key not in kind.angles:
                value = rng.uniform(*kind.angles.get(name, usual))
            angles[key] = float(value + (spread * rng.normal() if name in LIMBS else 0))
    angles["grip"] = float(rng.uniform(0.1, 1))
    return mirrored(angles) if rng.random() < 0.5 else angles


def mirrored(angles: dict[str, float]) -> dict[str, float]:
    """The same pose seen in a mirror."""
    swap = {"L": "R", "R": "L"}
    out = {f"{key[:-1]}{swap[key[-1]]}" if key[-2:] in (".L", ".R") else key: v for key, v in angles.items()}
    return out | {key: -out[key] for key in ("side", "twist", "tilt", "look")}


def balance(angles: dict[str, float]) -> float:
    """The lean (degrees) that brings the weight over the feet, in the plane of the thighs.

    Lengths and masses of the segments after Winter, "Biomechanics and Motor Control of Human Movement".
    """
    leans = np.arange(-40.0, 80.0, 1.0)
    lean = np.deg2rad(leans)
    mass = 0.62 * 0.30 * np.sin(lean + np.deg2rad(0.6 * angles["bend"]))
    feet, knees = [], []
    for side in "LR":
        thigh = np.deg2rad(angles[f"hip_flex.{side}"]) - lean
        shank = thigh - np.deg2rad(angles[f"knee.{side}"])
        knee = 0.43 * np.sin(thigh)
        mass = mass + 0.10 * 0.43 * knee + 0.06 * (knee + 0.18 * np.sin(shank))
        mass = mass + 0.03 * 0.4 * np.sin(np.deg2rad(angles[f"arm_up.{side}"]) - lean)
        feet.append(knee + 0.43 * np.sin(shank) + 0.05)
        knees.append(-0.43 * np.cos(thigh) - 0.43 * np.cos(shank))
    weight = 1 / (1 + np.exp((knees[0] - knees[1]) / 0.03))
    support = weight * feet[0] + (1 - weight) * feet[1]
    off = mass - support
    balanced = np.flatnonzero(np.diff(np.sign(off)))
    best = balanced[np.argmin(np.abs(leans[balanced]))] if len(balanced) else np.argmin(np.abs(off))
    return float(leans[best])


_UPPER, _FORE = np.array([0.643, -0.06, -0.763]), np.array([0.525, -0.645, -0.556])
_BENT = 37.0
"""Anny's left arm at rest: directions of upper arm and forearm, and the bend between them in degrees."""


def _frame(along: Array, hinge: Array) -> Array:
    hinge = hinge / np.linalg.norm(hinge)
    along = along / np.linalg.norm(along)
    return np.stack([along, hinge, np.cross(along, hinge)], axis=1)


_HINGE = np.cross(_UPPER, _FORE) / np.linalg.norm(np.cross(_UPPER, _FORE))
_HANG = _frame(np.array([0.0, 0, -1]), np.array([-1.0, 0, 0])) @ _frame(_UPPER, _HINGE).T
"""(3, 3) brings the left arm from rest to hanging, with the elbow bending forwards."""


def _turned(*degrees: float) -> Rotation:
    return Rotation.from_rotvec(np.deg2rad(degrees))


def _vector(rotation: Rotation) -> tuple[float, float, float]:
    return tuple(float(v) for v in np.rad2deg(rotation.as_rotvec()))  # type: ignore[return-value]  # three numbers


def _flip(vector: tuple[float, float, float]) -> tuple[float, float, float]:
    """A turn of the left side as one of the right side."""
    return vector[0], -vector[1], -vector[2]


def bones(angles: dict[str, float], lean: float) -> Pose:
    """Turns of Anny's bones for ``angles``; feet are laid flat before ``ankle`` points them."""
    pose: Pose = {
        f"spine0{k}": (part * angles["bend"], part * angles["side"], part * angles["twist"])
        for k, part in ((5, 0.15), (4, 0.3), (3, 0.25), (2, 0.3))
    }
    for bone, part in (("neck02", 0.4), ("head", 0.6)):
        pose[bone] = (part * (angles["nod"] - 0.4 * angles["bend"]), part * angles["tilt"], part * angles["look"])
    for side in "LR":
        mine = {key[:-2]: value for key, value in angles.items() if key.endswith(f".{side}")}
        limb = _leg(mine, lean) | _arm(mine) | _fingers(angles["grip"])
        pose |= {f"{bone}.{side}": turn if side == "L" else _flip(turn) for bone, turn in limb.items()}
    return pose


def _leg(a: dict[str, float], lean: float) -> Pose:
    """The left leg."""
    hip = _turned(-a["hip_flex"], 0, 0) * _turned(0, -a["hip_out"] + 7, 0) * _turned(0, 0, a["hip_turn"])
    knee = _turned(a["knee"], 0, 0)
    flat = (_turned(lean, 0, 0) * hip * knee).inv() * _turned(0, 0, 0.7 * a["hip_turn"])
    foot = (flat * _turned(a["ankle"], 0, 0)).as_rotvec(degrees=True)
    foot = np.clip(foot, (-35, -20, -25), (50, 20, 25))
    return {"upperleg01": _vector(hip), "lowerleg01": _vector(knee), "foot": tuple(foot)}


def _arm(a: dict[str, float]) -> Pose:
    """The left arm; the shoulder blade takes its part above 40 degrees."""
    plane, rhythm = np.deg2rad(a["arm_plane"]), float(np.clip(a["arm_up"] - 40, 0, 140)) / 140
    axis = np.array([-np.cos(plane), -np.sin(plane), 0.0])
    blade = _turned(*(rhythm * 22 * axis))
    raised = _turned(*((a["arm_up"] - rhythm * 22) * axis))
    shoulder = raised * _turned(0, 0, -a["arm_turn"]) * Rotation.from_matrix(_HANG)
    return {
        "clavicle": _vector(blade),
        "upperarm01": _vector(shoulder),
        "lowerarm01": _vector(_turned(*((max(a["elbow"], 0) - _BENT) * _HINGE))),
    }


def _fingers(grip: float) -> Pose:
    """Fingers of the left hand; ``grip`` 1 is a fist."""
    curl = (26.0 * grip, 58.0 * grip, -28.0 * grip)
    pose: Pose = {f"finger{finger}-{part}": curl for finger in range(2, 6) for part in (1, 2, 3)}
    thumb = (12.0 * grip, 27.0 * grip, -13.0 * grip)
    return pose | {"finger1-2": thumb, "finger1-3": thumb}
