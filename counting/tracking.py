"""From frames to tracks: people are found now and then, boxes in between are interpolated, poses run in full batches.

Everyone who moves has a pose estimated in every frame; who stands still has one in every fourth (``counting.resting``).

Frames come from a thread that works a little ahead, and are held for one search interval only.  A cut
ends all tracks; tracks that do not overlap in time are joined afterwards, so that a skipper who leaves
and comes back stays one person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from counting.appearance import Appearance
from counting.camera import Camera
from counting.joining import join_tracks
from counting.resting import between, joints_rest, known_rows, pictures_rest
from counting.settings import CountSettings
from vision.geometry import bounding_box, box_iou, grow_box, non_maximum_suppression
from vision.prefetch import prefetch
from vision.types import Detections, EstimatePose, FindPeople, Floats, Frame, Image, PoseTrack

LARGEST = 1920
"""Longer sides than this are halved before tracking, to bound memory and time."""

HELD_BYTES = 256 << 20
"""Frames of a search interval may take this much memory."""

AHEAD = 16
"""Frames that wait at most while the networks run: more than a search interval at 30 frames a second."""

SAME = 0.25
"""Overlap (IoU) from which a found box belongs to a followed person."""

STRETCH = 1.35
"""Ratio of heights within which a found box belongs to the whole of a followed person."""

MORE = 1.15
"""Ratio of the summed keypoint scores from which a box shows clearly more of a body than another."""

ALIVE = 0.3
"""Mean keypoint score below which a person is lost: of the joints with such scores two in three are wrong."""

PATIENCE = 2.0
"""Seconds for which a person is followed by keypoints alone, without being found."""

CUT = 45.0
"""Mean change of the grey values (0 to 255) of a thumbnail that makes a cut."""


@dataclass(eq=False)
class _Person:
    """A person being followed: last box, when last found, last pose (17, 3), rows of (time, keypoints, box, motion of
    the camera, thumbnail, motion energy, whether the pose was estimated), and whether no joint moved in the last
    interval."""

    box: Floats
    found: float
    pose: Floats
    times: list[float] = field(default_factory=list)
    keypoints: list[Floats] = field(default_factory=list)
    boxes: list[Floats] = field(default_factory=list)
    camera: list[Floats] = field(default_factory=list)
    thumbnails: list[np.ndarray] = field(default_factory=list)
    energy: list[Floats] = field(default_factory=list)
    estimated: list[bool] = field(default_factory=list)
    rests: bool = False

    def track(self, start: int = 0) -> PoseTrack:
        """The rows from ``start`` on."""
        return PoseTrack(**{f.name: np.array(getattr(self, f.name)[start:]) for f in fields(PoseTrack)})


@dataclass(frozen=True)
class _View:
    """A frame as it is looked at: reduced by the whole factor ``scale``; ``cut``: another scene than before."""

    frame: Frame
    scale: int
    cut: bool


def track_people(
    frames: Iterable[Frame],
    find_people: FindPeople,
    estimate_pose: EstimatePose,
    settings: CountSettings = CountSettings(),  # noqa: B008
    followed: Callable[[Sequence[PoseTrack]], None] | None = None,
) -> list[PoseTrack]:
    """Follow everyone through a video, longest track first; no person gives an empty list.

    ``find_people``: image -> boxes; ``estimate_pose``: images and boxes (N, 4) -> (N, 17, 3).  ``followed``
    is told on the way what everyone did in each search interval.  ``frames`` are taken in a thread of their
    own while the networks run.  Errors of the frame source, the networks and ``followed`` pass through.
    Each track spans from the first to the last frame in which its person was seen.
    """
    alive: list[_Person] = []
    done: list[_Person] = []
    camera, appearance = Camera(), Appearance()
    with prefetch(_views(frames), AHEAD) as views:
        for held, scale, after_cut in _intervals(views, settings.find_every):
            if after_cut:
                done, alive = done + alive, []
                camera.forget()
                appearance.forget()
            found = _distinct(find_people(held[-1].image))
            alive, lost = _follow(alive, held, found, estimate_pose, settings, scale)
            done += lost
            _watch(camera, appearance, alive + lost, held, scale)
            if followed is not None:
                followed([p.track(-len(held)) for p in (*alive, *lost)])
    return join_tracks([p.track() for p in done + alive if len(p.times) > 1])


def _views(frames: Iterable[Frame]) -> Iterator[_View]:
    """Every frame reduced to ``LARGEST``, without holding on to the full one, and whether it begins a scene."""
    last = None
    for frame in frames:
        scale = max(1, -(-max(frame.image.shape[:2]) // LARGEST))
        thumb = _thumbnail(frame.image)
        cut = last is not None and (last.shape != thumb.shape or float(np.abs(thumb - last).mean()) > CUT)
        last = thumb
        small = frame if scale == 1 else Frame(frame.image[::scale, ::scale].copy(), frame.time)
        yield _View(small, scale, cut)


def _intervals(views: Iterable[_View], seconds: float) -> Iterator[tuple[list[Frame], float, bool]]:
    """Frames of one search interval, the factor by which they are reduced, and whether a cut came before."""
    held: list[Frame] = []
    scale, cut = 1, False
    for view in views:
        frame = view.frame
        full = bool(held) and (
            frame.time - held[0].time >= seconds or (len(held) + 1) * frame.image.nbytes > HELD_BYTES
        )
        if held and (view.cut or full):
            yield held, float(scale), cut
            held, cut = [], view.cut
        held.append(frame)
        scale = view.scale
    if held:
        yield held, float(scale), cut


def _thumbnail(image: Image) -> Floats:
    """About 32 x 32 samples of the green channel."""
    step = max(1, min(image.shape[:2]) // 32)
    return image[step // 2 :: step, step // 2 :: step, 1].astype(np.float32)


def _distinct(found: Detections) -> Floats:
    """Boxes (N, 4), best first, without doubles."""
    return found.boxes[non_maximum_suppression(found.boxes, found.scores, 0.6)] if len(found) else found.boxes


def _follow(
    alive: list[_Person],
    held: list[Frame],
    found: Floats,
    estimate_pose: EstimatePose,
    settings: CountSettings,
    scale: float,
) -> tuple[list[_Person], list[_Person]]:
    """Take everyone through the frames of one interval; returns those who stay and those who are lost."""
    targets, fresh = _match(alive, found, held[-1].time)
    _take(alive, targets, held, estimate_pose, settings, scale)
    newcomers = _newcomers(alive, fresh, held[-1], estimate_pose)[: max(0, settings.people - len(alive))]
    _take(newcomers, [p.box for p in newcomers], held, estimate_pose, settings, scale)
    stay, lost = [], []
    for person in alive + newcomers:
        seen = any(np.isfinite(box[0]) for box in person.boxes[-len(held) :])
        (stay if seen and held[-1].time - person.found <= PATIENCE else lost).append(person)
    return _unique(stay, lost)


def _take(
    people: list[_Person],
    ends: Sequence[Floats | None],
    held: list[Frame],
    estimate_pose: EstimatePose,
    settings: CountSettings,
    scale: float,
) -> None:
    """Record everyone's poses in the held frames, on the way to their ``ends``."""
    if not people:
        return
    paths = np.stack([_path(person, end, held) for person, end in zip(people, ends, strict=True)])
    poses, known = _poses_as_needed(people, held, paths, estimate_pose, settings.batch)
    for person, path, pose, rows in zip(people, paths, poses, known, strict=True):
        seen = pose[..., 2].mean(axis=1) >= ALIVE
        _record(person, held, path, pose, seen, scale)
        person.estimated.extend(rows)
        person.rests = bool(seen.all()) and joints_rest(pose, float(path[-1, 3] - path[-1, 1]))
        person.box = _next_box(path[-1], pose[-1]) if seen[-1] else path[-1]
        person.pose = pose[-1]


def _watch(camera: Camera, appearance: Appearance, people: list[_Person], held: list[Frame], scale: float) -> None:
    """Record how the camera moved in the held frames, in pixels of the full frame, and what everyone's picture did."""
    count = len(held)
    boxes = np.array([p.boxes[-count:] for p in people], np.float32).reshape(len(people), count, 4) / scale
    poses = np.array([p.keypoints[-count:] for p in people], np.float32).reshape(len(people), count, 17, 3)
    poses[..., :2] /= scale
    steps = camera.steps(held, boxes)
    thumbnails, energy = appearance.look(held, [id(p) for p in people], boxes, poses, steps)
    for i, person in enumerate(people):
        person.camera.extend(steps[i] * scale)
        person.thumbnails.extend(thumbnails[i])
        person.energy.extend(energy[i])


def _match(alive: list[_Person], found: Floats, now: float) -> tuple[list[Floats | None], Floats]:
    """The found box that every followed person goes to (None where there is none), and the boxes left over.

    A body does not change its height by a third within an interval: a found box that is much smaller or larger
    shows a part of it, or more than it.  Such a box tells only that the person is still there.
    """
    targets: list[Floats | None] = [None] * len(alive)
    free = np.ones(len(found), bool)
    if alive and len(found):
        boxes = np.stack([p.box for p in alive])
        iou = box_iou(boxes, found)
        heights = np.abs(np.log((found[:, 3] - found[:, 1]) / (boxes[:, 3] - boxes[:, 1])[:, None]))
        for i in np.flatnonzero(iou.max(axis=1) >= SAME):
            alive[i].found = now
        iou[heights > np.log(STRETCH)] = 0
        while iou.max() >= SAME:
            i, j = np.unravel_index(int(iou.argmax()), iou.shape)
            targets[i], free[j] = found[j], False
            iou[i], iou[:, j] = 0, 0
    return targets, found[free]


def _newcomers(alive: list[_Person], boxes: Floats, frame: Frame, estimate_pose: EstimatePose) -> list[_Person]:
    """New people at left-over boxes.  A box whose pose is that of somebody known is none; it replaces theirs where
    it shows clearly more of the body."""
    if not len(boxes):
        return []
    people: list[_Person] = []
    for box, pose in zip(boxes, estimate_pose([frame.image] * len(boxes), boxes), strict=True):
        known = next((p for p in alive + people if _same_body(p, box, pose)), None)
        if known is None:
            people.append(_Person(box, frame.time, pose))
        elif pose[:, 2].sum() > MORE * known.pose[:, 2].sum():
            known.box, known.pose = (box if known in people else _next_box(box, pose)), pose
    return people


def _path(person: _Person, end: Floats | None, held: list[Frame]) -> Floats:
    """Boxes (T, 4) from the person's last box to ``end`` over the held frames; still where either is missing."""
    start = person.box
    stop = start if end is None else end
    share = np.linspace(0, 1, len(held) + 1, dtype=np.float32)[1:, None]
    return (start + (stop - start) * share).astype(np.float32)


def _poses_as_needed(
    people: list[_Person], held: list[Frame], paths: Floats, estimate_pose: EstimatePose, batch: int
) -> tuple[Floats, np.ndarray]:
    """Keypoints (P, T, 17, 3), and which (P, T) were estimated: all, but of people who go on resting every few."""
    known = np.ones(paths.shape[:2], bool)
    for p, person in enumerate(people):
        if person.rests and pictures_rest(held, paths[p].mean(axis=0)):
            known[p] = known_rows(len(held))
    poses = np.zeros((*paths.shape[:2], 17, 3), np.float32)
    _estimate(poses, known, held, paths, estimate_pose, batch)
    for p, path in enumerate(paths):
        if not known[p].all() and joints_rest(poses[p, known[p]], float(path[-1, 3] - path[-1, 1])):
            poses[p] = between(poses[p], known[p])
        elif not known[p].all():
            rest = np.zeros_like(known)
            rest[p] = ~known[p]
            _estimate(poses, rest, held, paths, estimate_pose, batch)
            known[p] = True
    return poses, known


def _estimate(
    out: Floats, wanted: np.ndarray, held: list[Frame], paths: Floats, estimate_pose: EstimatePose, batch: int
) -> None:
    """Put the keypoints of the ``wanted`` (P, T) into ``out`` (P, T, 17, 3), in batches over people and frames."""
    pairs = [(p, t) for t in range(paths.shape[1]) for p in range(paths.shape[0]) if wanted[p, t]]
    for first in range(0, len(pairs), batch):
        some = pairs[first : first + batch]
        boxes = np.stack([paths[p, t] for p, t in some])
        for (p, t), points in zip(some, estimate_pose([held[t].image for _, t in some], boxes), strict=True):
            out[p, t] = points


def _record(person: _Person, held: list[Frame], path: Floats, pose: Floats, seen: np.ndarray, scale: float) -> None:
    """Append the interval's rows in pixels of the full frame; what was not seen is NaN."""
    for frame, box, points, good in zip(held, path, pose, seen, strict=True):
        row = points.copy()
        row[:, :2] = row[:, :2] * scale if good else np.nan
        row[:, 2] = row[:, 2] if good else 0
        person.times.append(frame.time)
        person.keypoints.append(row)
        person.boxes.append(box * scale if good else np.full(4, np.nan, np.float32))


def _next_box(box: Floats, pose: Floats) -> Floats:
    """The box moved half way towards the pose it contained: follows without drifting away."""
    good = pose[pose[:, 2] >= ALIVE, :2]
    if len(good) < 6:
        return box
    return ((box + grow_box(bounding_box(good), 1.15)) / 2).astype(np.float32)


def _unique(stay: list[_Person], lost: list[_Person]) -> tuple[list[_Person], list[_Person]]:
    """Of two who have come to follow the same body, the one followed for longer stays."""
    kept: list[_Person] = []
    for person in sorted(stay, key=lambda p: -len(p.times)):
        (lost if any(_same_body(other, person.box, person.pose) for other in kept) else kept).append(person)
    return kept, lost


def _same_body(person: _Person, box: Floats, pose: Floats) -> bool:
    """Whether a person's last pose and the one in another box are the same: half a body has that body's joints."""
    known = (person.pose[:, 2] >= ALIVE) & (pose[:, 2] >= ALIVE)
    if known.sum() < 5:
        return False
    height = max(float(b[3] - b[1]) for b in (person.box, box))
    return float(np.median(np.linalg.norm(person.pose[known, :2] - pose[known, :2], axis=1))) < 0.06 * height
