"""The packaged scenes and crops as pictures with boxes for the detectors, without overlap with the development set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tools.data.body import RENDERED, CropSet, read_crops, read_packaged, read_tar
from vision.geometry import crop_matrix, grow_box
from vision.types import Floats, Image

SINGLE = ("ccp", "stock1000", "yoga", "humanseg", "dev_", "x_")
"""Prefixes of the sources whose crops show one person."""

ALIKE = 0.4
"""Correlation of two thumbnails from which they may show the same person in the same photograph.

Among crops of the same source, the same person had .53 and more, different people up to .87.
"""


LARGEST_PAD = 30
"""Pixels of padding at one side from which a face crop is mostly padding."""


@dataclass(frozen=True)
class Scene:
    """A picture with ``boxes`` (N, 4), ``points`` (N, P, 2), NaN where unknown, and regions to ignore (M, 4)."""

    image: Image
    boxes: Floats
    points: Floats
    ignore: Floats
    source: str
    dev: bool = False
    alone: bool = False


def _decode(jpeg: bytes) -> Image:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)  # type: ignore[return-value]  # OpenCV's types tell no dtype


def _xyxy(boxes: list[list[float]]) -> Floats:
    table = np.array(boxes, np.float32).reshape(-1, 4)
    table[:, 2:] += table[:, :2]
    return table


def read_scenes(folder: Path, kind: str) -> list[Scene]:
    """All scenes with their ``kind`` ("face" or "person") labels; negatives have none."""
    files, scenes = read_tar(folder / "scenes.tar"), []
    for row in json.loads((folder / "scenes.json").read_text()):
        things = row["faces" if kind == "face" else "persons"]
        points = np.zeros((len(things), 0, 2), np.float32)
        if kind == "face":
            raw = np.array([t["points"] for t in things], np.float32).reshape(-1, 5, 3)
            points = np.where(raw[..., 2:] > 0, raw[..., :2], np.nan).astype(np.float32)
        boxes, ignore = _xyxy([t["box"] for t in things]), _xyxy(row[f"{kind}_ignore"])
        scenes.append(Scene(_decode(files[row["name"]]), boxes, points, ignore, row["source"], row["split"] == "dev"))
    return scenes


DEVELOPMENT_NEGATIVE = 8
"""Every eighth picture without people is kept for development."""


def read_negatives(folder: Path, dev: bool = False) -> list[Scene]:
    """Hard negatives: pictures without people and faces on which detectors fire, for training or development.

    ``negatives.json`` lists them, if it is there.
    """
    if not (folder / "negatives.json").exists():
        return []
    files, nothing = read_tar(folder / "negatives.tar"), np.zeros((0, 4), np.float32)
    points = np.zeros((0, 0, 2), np.float32)
    rows = json.loads((folder / "negatives.json").read_text())
    rows = [row for i, row in enumerate(rows) if dev == (i % DEVELOPMENT_NEGATIVE == 0)]
    return [Scene(_decode(files[row["name"]]), nothing, points, nothing, row["source"], dev) for row in rows]


def read_face_crops(folder: Path) -> list[Scene]:
    """Single faces with their surroundings; crops that are mostly padding are left out, padding is ignored."""
    table, files = np.load(folder / "face_train.npz"), read_tar(folder / "face_train.tar")
    others: dict[int, list[Floats]] = {}
    for row, *box in table["other_box"]:
        others.setdefault(int(row), []).append(_xyxy([box])[0])
    scenes = []
    for i, name in enumerate(table["name"]):
        if table["pad"][i].max() > LARGEST_PAD or table["source"][i] in ("faker", "facemask"):
            continue
        more = np.array(others.get(i, []), np.float32).reshape(-1, 4)
        boxes = np.concatenate([_xyxy([table["box"][i]]), more])
        points = np.full((len(boxes), 5, 2), np.nan, np.float32)
        points[0] = table["five"][i]
        nothing = np.zeros((0, 4), np.float32)
        scenes.append(Scene(_decode(files[str(name)]), boxes, points, nothing, str(table["source"][i]), alone=True))
    return scenes


FAR_POINTS = {True: [1, 4], False: [0, 3]}
"""Eye and mouth corner on the far side, by whether the nose points to the image right."""


def read_profile_crops(folder: Path, stem: str) -> list[Scene]:
    """Single faces turned by 35 degrees and more; none without the set.  Uncertain points are NaN."""
    if not (folder / f"{stem}.npz").is_file():
        return []
    table, files = np.load(folder / f"{stem}.npz"), read_tar(folder / f"{stem}.tar")
    scenes, nothing = [], np.zeros((0, 4), np.float32)
    for i, name in enumerate(table["name"]):
        points = table["five"][i : i + 1].astype(np.float32)
        far = FAR_POINTS[table["pose"][i, 1] > 0]
        points[0, far] = np.nan
        if table["pad"][i].max() <= LARGEST_PAD:
            image, dev = _decode(files[str(name)]), stem.endswith("dev")
            scenes.append(Scene(image, _xyxy([table["box"][i]]), points, nothing, str(table["source"][i]), dev, True))
    return scenes


def read_person_crops(folder: Path) -> list[Scene]:
    """Single people; in crops that may show others, the area beside the person is ignored."""
    crops, scenes = read_people(folder), []
    for i, source in enumerate(crops.sources):
        x0, _y0, x1, _y1 = crops.boxes[i]
        beside = [] if source in ("ccp", "stock1000", "yoga") else [[0, 0, x0, 288], [x1, 0, 216, 288]]
        nothing = np.zeros((1, 0, 2), np.float32)
        ignore = np.array(beside, np.float32).reshape(-1, 4)
        scenes.append(Scene(crops.image(i), crops.boxes[i : i + 1], nothing, ignore, str(source), alone=True))
    return scenes


def read_faceless(folder: Path, count: int) -> list[Scene]:
    """Clothes, hands, knees and floors: ``count`` people of single-person sources from the shoulders down."""
    crops, scenes = read_crops(folder, "body_train"), []
    single = np.array([str(s).startswith(SINGLE) for s in crops.sources])
    head, shoulders = crops.keypoints[:, :5], crops.keypoints[:, 5:7]
    known = np.all(shoulders[..., 2] > 0, axis=1) & (head[..., 2].max(axis=1) > 0)
    upright = head[..., 1].max(axis=1) < shoulders[..., 1].min(axis=1)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(single & known & upright))
    nothing = np.zeros((0, 4), np.float32)
    for i in rows[:count]:
        x0, _, x1, y1 = crops.boxes[i].round().astype(int)
        below = crops.image(i)[int(shoulders[i, :, 1].max()) : max(0, y1), max(0, x0) : x1]
        if min(below.shape[:2]) >= 32:
            scenes.append(Scene(below, nothing, np.zeros((0, 5, 2), np.float32), nothing, str(crops.sources[i])))
    return scenes


def _thumbnail(crop: Image) -> np.ndarray:
    """High-passed thumbnail (864,) of the person in a crop (288, 216, 3), with mean 0 and norm 1."""
    grey = cv2.cvtColor(crop[60:228, 54:162], cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (24, 36), interpolation=cv2.INTER_AREA).astype(np.float32)
    values = (small - cv2.GaussianBlur(small, (0, 0), 3)).ravel()
    values -= values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-6)


def _people(scene: Scene) -> list[Image]:
    """The people of a scene, cropped like the packaged crops."""
    boxes = grow_box(np.concatenate([scene.boxes, scene.ignore]), 1.5, 0.75)
    return [cv2.warpAffine(scene.image, crop_matrix(box, (216, 288)), (216, 288)) for box in boxes]  # type: ignore[misc]  # OpenCV's types tell no dtype


def outside_development(crops: CropSet, folder: Path) -> np.ndarray:
    """Whether each crop (N,) shows nobody of the development scenes in ``folder``."""
    origins = np.array([str(s).split("_")[0] for s in crops.sources])
    wanted: dict[str, list[np.ndarray]] = {}
    for scene in (s for s in read_scenes(folder, "person") if s.dev):
        wanted.setdefault(scene.source.split("_")[0], []).extend(map(_thumbnail, _people(scene)))
    free = np.ones(len(crops), bool)
    for origin, known in wanted.items():
        for i in np.flatnonzero(origins == origin).tolist():
            free[i] = not known or float(np.max(np.stack(known) @ _thumbnail(crops.image(i)))) < ALIKE
    return free


def read_people(folder: Path) -> CropSet:
    """All packaged person crops that show nobody of the development scenes."""
    crops = read_packaged(folder)
    crops = crops.where(crops.sources != RENDERED)
    return crops.where(outside_development(crops, folder))


def read_body_faces(folder: Path, labels: Path) -> list[Scene]:
    """The person crops with the face boxes of ``tools.data.label_faces``."""
    crops, table = read_people(folder), np.load(labels, allow_pickle=False)
    if not np.array_equal(table["name"], crops.names):
        raise ValueError(f"{labels} was made from other crops than those in {folder}")
    ignore: dict[int, list[Floats]] = {}
    for row, *box in table["ignore"]:
        ignore.setdefault(int(row), []).append(np.array(box, np.float32))
    scenes = []
    for i, face in enumerate(table["faces"]):
        boxes = face[None][np.isfinite(face[:1])]
        points = np.full((len(boxes), 5, 2), np.nan, np.float32)
        doubtful = np.array(ignore.get(i, []), np.float32).reshape(-1, 4)
        scenes.append(Scene(crops.image(i), boxes, points, doubtful, str(crops.sources[i])))
    return scenes
