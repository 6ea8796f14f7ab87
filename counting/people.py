"""Multi-person tracking: association of detected boxes and poses with people, one search interval at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from counting.appearance import Appearance
from counting.camera import Camera
from counting.sampling import Motion, holds, interpolated_poses, known_rows, motion_of, pixels_rest
from counting.settings import CountSettings
from vision.geometry import bounding_box, box_iou, grow_box, non_maximum_suppression
from vision.types import Detections, EstimatePose, Floats, Frame, PoseTrack

SAME = 0.25
"""IoU from which a detected box belongs to a tracked person."""

HEIGHT_RATIO = 1.35
"""Ratio of heights up to which a detected box shows the whole of a tracked person."""

MORE = 1.15
"""Ratio of summed keypoint scores from which one box shows clearly more of a body than another."""

LEGS = 2.84
"""Height of the shoulders above the floor in trunk lengths: 0.818 over 0.288 of the body height (Winter)."""

ALIVE = 0.3
"""Mean keypoint score below which a person is lost: two in three joints with such scores are wrong."""

PATIENCE = 2.0
"""Seconds for which a person is tracked by keypoints alone, without a detection."""


@dataclass(eq=False)
class Person:
    """A tracked person.

    ``box`` (4,): last box; ``found``: time of the last detection in seconds; ``pose`` (17, 3): last pose; one row per
    frame in the lists, with the fields of ``PoseTrack``; ``motion``: kind of motion in the last interval.
    """

    box: Floats
    found: float
    pose: Floats
    times: list[float] = field(default_factory=list[float])
    keypoints: list[Floats] = field(default_factory=list[Floats])
    boxes: list[Floats] = field(default_factory=list[Floats])
    camera: list[Floats] = field(default_factory=list[Floats])
    thumbnails: list[np.ndarray] = field(default_factory=list[np.ndarray])
    energy: list[Floats] = field(default_factory=list[Floats])
    estimated: list[bool] = field(default_factory=list[bool])
    motion: Motion = Motion.FAST

    def latest(self, count: int) -> slice:
        """Where the last ``count`` rows are."""
        return slice(len(self.times) - count, len(self.times))

    def track(self, rows: slice = slice(None)) -> PoseTrack:
        """The given rows, or all."""
        return PoseTrack(**{f.name: np.array(getattr(self, f.name)[rows]) for f in fields(PoseTrack)})


def distinct(found: Detections) -> Floats:
    """Boxes (N, 4) after non-maximum suppression, best first."""
    return found.boxes[non_maximum_suppression(found.boxes, found.scores, 0.6)] if len(found) else found.boxes


def follow(
    alive: list[Person],
    held: list[Frame],
    found: Floats,
    estimate_pose: EstimatePose,
    settings: CountSettings,
    scale: float,
) -> tuple[list[Person], list[Person]]:
    """Track everyone through the frames of one interval; returns the tracked and the lost people."""
    targets, fresh = _match(alive, found, held[-1].time)
    _take(alive, targets, held, estimate_pose, settings, scale)
    newcomers = _newcomers(alive, fresh, held[-1], estimate_pose)[: max(0, settings.people - len(alive))]
    _take(newcomers, [p.box for p in newcomers], held, estimate_pose, settings, scale)
    stay, lost = list[Person](), list[Person]()
    for person in alive + newcomers:
        seen = any(np.isfinite(box[0]) for box in person.boxes[-len(held) :])
        (stay if seen and held[-1].time - person.found <= PATIENCE else lost).append(person)
    return _unique(stay, lost)


def _take(
    people: list[Person],
    ends: Sequence[Floats | None],
    held: list[Frame],
    estimate_pose: EstimatePose,
    settings: CountSettings,
    scale: float,
) -> None:
    """Record everyone's poses in the held frames, in boxes interpolated towards their ``ends``."""
    if not people:
        return
    paths = np.stack([_path(person, end, held) for person, end in zip(people, ends, strict=True)])
    times = np.array([frame.time for frame in held])
    poses, known = _poses_as_needed(people, held, paths, estimate_pose, settings.batch)
    for person, path, pose, rows in zip(people, paths, poses, known, strict=True):
        seen = pose[..., 2].mean(axis=1) >= ALIVE
        _record(person, held, path, pose, seen, scale)
        person.estimated.extend(rows)
        person.motion = motion_of(pose, times, _height(path)) if seen.all() else Motion.FAST
        person.box = _next_box(path[-1], pose[-1]) if seen[-1] else path[-1]
        person.pose = pose[-1]


def record_images(
    camera: Camera, appearance: Appearance, rows: Sequence[tuple[Person, slice]], held: list[Frame], scale: float
) -> None:
    """Record camera motion (in pixels of the full frame), thumbnails and motion energy of the held frames.

    ``rows``: everyone, and where that person's rows of these frames are.  Later rows may be appended meanwhile, in
    another thread.
    """
    count = len(held)
    boxes = np.array([p.boxes[own] for p, own in rows], np.float32).reshape(len(rows), count, 4) / scale
    poses = np.array([p.keypoints[own] for p, own in rows], np.float32).reshape(len(rows), count, 17, 3)
    poses[..., :2] /= scale
    steps = camera.steps(held, boxes)
    thumbnails, energy = appearance.add(held, [id(p) for p, _ in rows], boxes, poses, steps)
    for i, (person, _) in enumerate(rows):
        person.camera.extend(steps[i] * scale)
        person.thumbnails.extend(thumbnails[i])
        person.energy.extend(energy[i])


def _match(alive: list[Person], found: Floats, now: float) -> tuple[list[Floats | None], Floats]:
    """The detected box of every tracked person (None without one), and the unmatched boxes.

    A body does not change its height by a third within an interval: a much smaller or larger box, or one shorter than
    the extent of the joints, shows a part of the body, or more than it.  It only confirms that the person is there.
    """
    targets: list[Floats | None] = [None] * len(alive)
    free = np.ones(len(found), bool)
    if alive and len(found):
        boxes = np.stack([p.box for p in alive])
        iou = box_iou(boxes, found)
        heights = np.abs(np.log((found[:, 3] - found[:, 1]) / (boxes[:, 3] - boxes[:, 1])[:, None]))
        for i in np.flatnonzero(iou.max(axis=1) >= SAME):
            alive[i].found = now
        parts = found[:, 3] - found[:, 1] < np.array([_extent(p.pose) for p in alive])[:, None]
        iou[parts | (heights > np.log(HEIGHT_RATIO))] = 0
        while iou.max() >= SAME:
            i, j = np.unravel_index(int(iou.argmax()), iou.shape)
            targets[i], free[j] = found[j], False
            iou[i], iou[:, j] = 0, 0
    return targets, found[free]


def _newcomers(alive: list[Person], boxes: Floats, frame: Frame, estimate_pose: EstimatePose) -> list[Person]:
    """New people at unmatched boxes.

    A box whose pose is that of a tracked person is not new; it replaces that person's box where it shows clearly more
    of the body.
    """
    people: list[Person] = []
    found = estimate_pose([frame.image] * len(boxes), boxes) if len(boxes) else ()
    for box, pose in zip(boxes, found, strict=True):
        known = next((p for p in alive + people if _same_body(p, box, pose)), None)
        if known is None:
            people.append(Person(box, frame.time, pose))
        else:
            _improve(known, box, pose, known in people)
    _add_legs(alive, people, frame, estimate_pose)
    return [p for i, p in enumerate(people) if not any(_same_body(q, p.box, p.pose) for q in alive + people[:i])]


def _add_legs(alive: list[Person], new: list[Person], frame: Frame, estimate_pose: EstimatePose) -> None:
    """Extend the boxes of bodies detected without legs (trousers in the wall's colour), where the pose confirms it."""
    height = frame.image.shape[0]
    cut = [(p, box) for p in alive + new if (box := _box_with_legs(p.pose, p.box, height)) is not None]
    poses = estimate_pose([frame.image] * len(cut), np.stack([box for _, box in cut])) if cut else ()
    for (person, box), pose in zip(cut, poses, strict=True):
        if _same_body(person, box, pose):
            _improve(person, box, pose, person in new)


def _extent(pose: Floats) -> float:
    """Vertical extent in pixels of the joints seen in a pose (17, 3)."""
    seen = pose[pose[:, 2] >= ALIVE, 1]
    return float(np.ptp(seen)) if len(seen) else 0.0


def _improve(person: Person, box: Floats, pose: Floats, new: bool) -> None:
    """Replace a person's box and pose (17, 3) by others that show clearly more of the body."""
    if pose[:, 2].sum() > MORE * person.pose[:, 2].sum():
        person.box, person.pose = (box if new else _next_box(box, pose)), pose


def _box_with_legs(pose: Floats, box: Floats, height: int) -> Floats | None:
    """The box (4,) extended to the expected feet, for a pose (17, 3) that ends at the hips.

    None for any other pose, and where the picture of that ``height`` ends there as well.
    """
    trunk = pose[[5, 6, 11, 12]]
    if trunk[:, 2].min() < ALIVE or pose[13:, 2].max() >= ALIVE:
        return None
    shoulders, hips = trunk[:2, 1].mean(), trunk[2:, 1].mean()
    low = min(float(shoulders + LEGS * (hips - shoulders)), height - 1.0)
    if low - box[1] < HEIGHT_RATIO * (box[3] - box[1]):
        return None
    return np.array([box[0], box[1], box[2], low], np.float32)


def _path(person: Person, end: Floats | None, held: list[Frame]) -> Floats:
    """Boxes (T, 4) interpolated from the person's last box to ``end`` over the held frames; constant without one."""
    start = person.box
    stop = start if end is None else end
    share = np.linspace(0, 1, len(held) + 1, dtype=np.float32)[1:, None]
    return (start + (stop - start) * share).astype(np.float32)


def _poses_as_needed(
    people: list[Person], held: list[Frame], paths: Floats, estimate_pose: EstimatePose, batch: int
) -> tuple[Floats, np.ndarray]:
    """Keypoints (P, T, 17, 3), and which (P, T) of them were estimated, as the motion of each person requires."""
    times = np.array([frame.time for frame in held])
    known = np.stack(
        [known_rows(times, _expected(person, held, path)) for person, path in zip(people, paths, strict=True)]
    )
    poses = np.zeros((*paths.shape[:2], 17, 3), np.float32)
    _estimate(poses, known, held, paths, estimate_pose, batch)
    missed = np.zeros_like(known)
    for p, (person, rows) in enumerate(zip(people, known, strict=True)):
        if not rows.all() and not holds(person.motion, poses[p, rows], times[rows], _height(paths[p])):
            missed[p] = ~rows
    _estimate(poses, missed, held, paths, estimate_pose, batch)
    known |= missed
    return np.stack([interpolated_poses(pose, times, rows) for pose, rows in zip(poses, known, strict=True)]), known


def _expected(person: Person, held: list[Frame], path: Floats) -> Motion:
    """The motion of the last interval; ``FAST`` instead of ``REST`` where the frames show a change."""
    if person.motion is Motion.REST and not pixels_rest(held, path.mean(axis=0)):
        return Motion.FAST
    return person.motion


def _height(path: Floats) -> float:
    """Height in pixels of the last of the boxes (T, 4)."""
    return float(path[-1, 3] - path[-1, 1])


def _estimate(
    out: Floats, wanted: np.ndarray, held: list[Frame], paths: Floats, estimate_pose: EstimatePose, batch: int
) -> None:
    """Write the keypoints of the ``wanted`` (P, T) into ``out`` (P, T, 17, 3), in batches over people and frames."""
    pairs = [(p, t) for t in range(paths.shape[1]) for p in range(paths.shape[0]) if wanted[p, t]]
    for first in range(0, len(pairs), batch):
        some = pairs[first : first + batch]
        boxes = np.stack([paths[p, t] for p, t in some])
        for (p, t), points in zip(some, estimate_pose([held[t].image for _, t in some], boxes), strict=True):
            out[p, t] = points


def _record(person: Person, held: list[Frame], path: Floats, pose: Floats, seen: np.ndarray, scale: float) -> None:
    """Append the interval's rows in pixels of the full frame; NaN where the person is not seen."""
    for frame, box, points, good in zip(held, path, pose, seen, strict=True):
        row = points.copy()
        row[:, :2] = row[:, :2] * scale if good else np.nan
        row[:, 2] = row[:, 2] if good else 0
        person.times.append(frame.time)
        person.keypoints.append(row)
        person.boxes.append(box * scale if good else np.full(4, np.nan, np.float32))


def _next_box(box: Floats, pose: Floats) -> Floats:
    """The box moved half way towards the bounding box of its pose, so that it follows without drift."""
    good = pose[pose[:, 2] >= ALIVE, :2]
    if len(good) < 6:
        return box
    return ((box + grow_box(bounding_box(good), 1.15)) / 2).astype(np.float32)


def _unique(stay: list[Person], lost: list[Person]) -> tuple[list[Person], list[Person]]:
    """The people without duplicates: of two tracks on the same body the longer one stays."""
    kept: list[Person] = []
    for person in sorted(stay, key=lambda p: -len(p.times)):
        (lost if any(_same_body(other, person.box, person.pose) for other in kept) else kept).append(person)
    return kept, lost


def _same_body(person: Person, box: Floats, pose: Floats) -> bool:
    """Whether a person's last pose and the pose in another box are of the same body, or of a part of it."""
    known = (person.pose[:, 2] >= ALIVE) & (pose[:, 2] >= ALIVE)
    if known.sum() < 5:
        return False
    height = max(float(b[3] - b[1]) for b in (person.box, box))
    return float(np.median(np.linalg.norm(person.pose[known, :2] - pose[known, :2], axis=1))) < 0.06 * height
