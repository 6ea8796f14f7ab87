"""Keypoints of a picture from the command line.

    python -m models face IMAGE --json
    python -m models body IMAGE --json

IMAGE is a file or an http(s) address.  Without a detection the lists are empty.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import urllib.error
import urllib.request
from typing import Any

import numpy as np

from models import MissingWeights, load_face_finder, load_person_finder, load_pose_estimator
from vision.image import read_photo
from vision.types import Image, MediaError

MOST_BYTES = 100_000_000


def _open(source: str) -> Image:
    """The image of a file or an http(s) address; raises ``MediaError``."""
    if not source.lower().startswith(("http://", "https://")):
        return read_photo(source).image
    try:
        with urllib.request.urlopen(source, timeout=20) as answer:
            data = answer.read(MOST_BYTES + 1)
    except (urllib.error.URLError, TimeoutError, OSError, ValueError) as error:
        raise MediaError(f"{source} cannot be fetched: {error}.") from error
    if len(data) > MOST_BYTES:
        raise MediaError(f"{source} is larger than {MOST_BYTES // 1_000_000} MB.")
    return read_photo(io.BytesIO(data)).image


def _list(array: np.ndarray, digits: int) -> Any:
    """Nested lists of rounded numbers; None (null in JSON) for NaN."""
    rounded = np.round(array.astype(float), digits).astype(object)
    rounded[np.isnan(array)] = None
    return rounded.tolist()


def find_faces(image: Image, arguments: argparse.Namespace) -> dict[str, Any]:
    """Boxes, scores, 5 and 106 points and pose of every face, as plain lists."""
    faces = load_face_finder(arguments.device, arguments.landmark_weights)(image)
    return {
        "boxes": _list(faces.boxes, 2),
        "scores": _list(faces.scores, 4),
        "points5": _list(faces.points5, 2),
        "keypoints": _list(faces.points106, 2),
        "poses": _list(faces.pose, 2),
    }


def find_bodies(image: Image, arguments: argparse.Namespace) -> dict[str, Any]:
    """Boxes, scores and 17 joints with their scores of every person, as plain lists."""
    people = load_person_finder(arguments.device)(image)
    joints = load_pose_estimator(arguments.device, arguments.pose_weights)([image] * len(people), people.boxes)
    return {
        "boxes": _list(people.boxes, 2),
        "scores": _list(people.scores, 4),
        "keypoints": _list(joints[..., :2], 2),
        "keypoint_scores": _list(joints[..., 2], 4),
    }


def _print_plainly(kind: str, found: dict[str, Any]) -> None:
    print(f"{len(found['boxes'])} {'face' if kind == 'face' else 'person'}(s)")
    for i, box in enumerate(found["boxes"]):
        words = f"  box {box}  score {found['scores'][i]}"
        if kind == "face":
            pitch, yaw, roll = found["poses"][i]
            words += f"  pitch {pitch:+.1f}  yaw {yaw:+.1f}  roll {roll:+.1f} degrees"
        print(words)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns 0, or 2 after one line on stderr for bad input."""
    parser = argparse.ArgumentParser(prog="python -m models", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kind", choices=("face", "body"), help="what to find")
    parser.add_argument("image", help="a picture file or an http(s) address")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--landmark-weights", default=None, help="safetensors file for the 106-point network")
    parser.add_argument("--pose-weights", default=None, help="HRNet checkpoint (official, mmpose, ModelScope or ours)")
    arguments = parser.parse_args(argv)
    try:
        image = _open(arguments.image)
        found = (find_faces if arguments.kind == "face" else find_bodies)(image, arguments)
    except (MediaError, MissingWeights, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(json.dumps(found))
    else:
        _print_plainly(arguments.kind, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
