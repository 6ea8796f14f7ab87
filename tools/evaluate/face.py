"""Figures of the face models on packaged development data: detector, 106 points, head pose, stability."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from beauty.pipeline import WORN
from models import load_face_finder
from models.faces import FaceFinder
from tools.data.face import FaceSet, read_faces
from tools.data.face_groups import groups
from tools.data.scenes import LARGEST_PAD, read_negatives, read_profile_crops
from tools.evaluate.detector import evaluate, match
from vision.geometry import box_iou
from vision.layouts import FACE_GROUPS, IBUG68_FROM_106, OUTER_EYES
from vision.types import Floats


def _to_curve(points: Floats, curve: Floats) -> Floats:
    """Distances of points (P, 2) to a polyline (Q, 2)."""
    start, step = curve[:-1], np.diff(curve, axis=0)
    along = np.einsum("pqc,qc->pq", points[:, None] - start, step) / np.maximum((step**2).sum(axis=1), 1e-9)
    nearest = start + np.clip(along, 0, 1)[..., None] * step
    return np.linalg.norm(points[:, None] - nearest, axis=2).min(axis=1).astype(np.float32)


def point_errors(found: Floats, faces: FaceSet) -> dict[str, float]:
    """Mean errors in % of the outer-eye distance: against the labels per part, and against human points."""
    taught = [i for i in range(len(faces)) if i not in faces.human68]
    row: dict[str, float] = {}
    eyes = np.linalg.norm(faces.points[:, OUTER_EYES[0]] - faces.points[:, OUTER_EYES[1]], axis=1)
    errors = np.linalg.norm(found - faces.points, axis=2) / eyes[:, None] * 100
    row["labels"] = float(errors[taught].mean())
    for group, rows in FACE_GROUPS.items():
        row[f"labels {group}"] = float(errors[np.ix_(taught, list(rows))].mean())
    human, curves = [], []
    for i, truth in faces.human68.items():
        scale = np.linalg.norm(truth[36] - truth[45]) / 100
        human.append(np.linalg.norm(found[i, IBUG68_FROM_106] - truth, axis=1) / scale)
        inside = found[i, 3:30]
        curves.append(_to_curve(inside, truth[:17]).mean() / scale)
    if human:
        row["human 68"] = float(np.mean(human))
        row["human inner 51"] = float(np.mean([h[17:] for h in human]))
        row["human contour to curve"] = float(np.mean(curves))
    return row


def profile_figures(finder: FaceFinder, folder: Path) -> dict[str, float]:
    """Profiles that are found, and the error of the points on their visible side in % of the box side."""
    scenes = read_profile_crops(folder, "profile_dev")
    if not scenes:
        return {}
    table = np.load(folder / "profile_dev.npz")
    table = {name: table[name][table["pad"].max(axis=1) <= LARGEST_PAD] for name in ("points106", "visible", "box")}
    hits, errors = [], []
    for i, scene in enumerate(scenes):
        hit, _ = match(finder(scene.image), scene, 0.4)
        hits.append(bool(hit[0]))
        found = finder.detect(scene.image)
        if match(found, scene, 0.4)[0][0]:
            best = int(box_iou(found.boxes, scene.boxes)[:, 0].argmax())
            points = finder.landmarks(scene.image, found.points[best : best + 1]).points[0]
            seen = (table["visible"][i] >= 0.4) & np.isfinite(table["points106"][i]).all(axis=1)
            gap = np.linalg.norm(points - table["points106"][i], axis=1)[seen]
            errors.append(gap.mean() / table["box"][i, 2:].max() * 100)
    return {"found": float(np.mean(hits)), "points, % of the box side": float(np.mean(errors)), "of": float(len(hits))}


def negative_figures(finder: FaceFinder, folder: Path) -> dict[str, float]:
    """Development pictures without people in which a face is found."""
    pictures = read_negatives(folder, dev=True)
    found = [len(finder(scene.image)) for scene in pictures]
    return {"with a face": float(np.count_nonzero(found)), "faces": float(sum(found)), "of": float(len(pictures))}


def glasses_figures(worn: Floats, glasses: Floats, rows: np.ndarray) -> str:
    """Rate of false positives and recall of glasses among the faces ``rows``.

    ``glasses`` (N,) are the labels, 1 or 0, NaN where unknown; ``worn`` (N,) the network's probabilities, with the
    centre of ``beauty.pipeline.WORN`` as the threshold.
    """
    told, right = worn[rows] > sum(WORN) / 2, glasses[rows]
    words = []
    for label, word in ((0, "false alarms"), (1, "wearers found")):
        of = right == label
        words.append(f"{word} {int(told[of].sum()):3d} of {int(of.sum()):4d}")
    return ", ".join(words)


def print_glasses(finder: FaceFinder, folder: Path, labels: Path) -> None:
    """Print the figures of glasses by group of age and skin tone."""
    known = json.loads(labels.read_text())
    for stem in ("face_eval_dev", "face_train"):
        table = np.load(folder / f"{stem}.npz", allow_pickle=False)
        rows = np.flatnonzero([str(n) in known for n in table["name"]])
        if not len(rows):
            continue
        whole = read_faces(folder, stem, human=0.0)
        faces = replace(
            whole,
            images=[whole.images[i] for i in rows],
            human68={},
            **{name: getattr(whole, name)[rows] for name in ("sources", "points", "weights", "pose", "share")},
        )
        glasses = np.array([known[str(n)] for n in table["name"][rows]], np.float32)
        runs = [finder.landmarks(i, f[None]).glasses for i, f in zip(faces.images, table["five"][rows], strict=True)]
        worn = np.concatenate(runs)
        parts = {"all": np.arange(len(rows))} | groups(faces, table["origin"][rows])
        for name, part in parts.items():
            print(f"{f'glasses, {stem}: {name}':60s}{glasses_figures(worn, glasses, part)}")


def main(argv: list[str]) -> None:
    """Print all figures of the face models."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluate face", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the packaged folders face and body")
    parser.add_argument("--landmark-weights", type=Path, default=None)
    parser.add_argument("--glasses", type=Path, help="JSON of 1 and 0 by name of a crop: who wears glasses")
    arguments = parser.parse_args(argv)
    finder = cast(FaceFinder, load_face_finder("auto", arguments.landmark_weights))
    faces = read_faces(arguments.data / "face", "face_eval_dev", human=0.0)
    table = np.load(arguments.data / "face" / "face_eval_dev.npz")
    runs = [finder.landmarks(image, five[None]) for image, five in zip(faces.images, table["five"], strict=True)]
    found, pose = np.concatenate([r.points for r in runs]), np.concatenate([r.pose for r in runs])
    for name, value in point_errors(found, faces).items():
        print(f"{name:28s}{value:8.3f} % of the outer-eye distance")
    for name, value in zip(("pitch", "yaw", "roll"), np.abs(pose - faces.pose).mean(axis=0), strict=True):
        print(f"{'pose ' + name:28s}{value:8.3f} degrees")
    print(f"{'pose mean':28s}{np.abs(pose - faces.pose).mean():8.3f} degrees")
    eyes = np.linalg.norm(faces.points[:, OUTER_EYES[0]] - faces.points[:, OUTER_EYES[1]], axis=1)
    errors = np.linalg.norm(found - faces.points, axis=2).mean(axis=1) / eyes * 100
    for name, rows in groups(faces, table["origin"]).items():
        print(f"{name:36s}{errors[rows].mean():8.3f} % of the outer-eye distance, {len(rows)} faces")
    moved = []
    for image, five, points in zip(faces.images, table["five"], found, strict=True):
        width = np.ptp(points[:33, 0])
        jitter = five + np.array([1.0, 0.0])
        middle = five.mean(axis=0)
        for changed in (jitter, middle + (five - middle) * 1.05):
            again = finder.landmarks(image, changed[None]).points[0]
            moved.append(np.linalg.norm(again - points, axis=1).mean() / width * 100)
    print(f"{'movement when shifted/scaled':28s}{np.mean(moved):8.3f} % of the face width")
    faces_of = arguments.data / "face"
    for name, value in profile_figures(finder, faces_of).items():
        print(f"{'profiles: ' + name:36s}{value:8.3f}")
    for name, value in negative_figures(finder, arguments.data / "negatives").items():
        print(f"{'pictures without people: ' + name:36s}{value:8.0f}")
    if arguments.glasses:
        print_glasses(finder, faces_of, arguments.glasses)
    for name, value in evaluate(finder, arguments.data / "body", "face").items():
        print(f"{'faces: ' + name:28s}{value:8.3f}")
