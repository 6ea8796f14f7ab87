"""Make a small fine-tuning set in the article's layout from a folder of photos, labelled by the current model.

    python -m tools.data.make_landmarks PHOTOS OUT

Correct the labels by hand afterwards, or use them unchanged to test the whole workflow.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from models import MissingWeights, load_face_finder
from vision.geometry import bounding_box, grow_box
from vision.image import read_photo
from vision.types import Faces, Image, MediaError


def cut_face(image: Image, faces: Faces, index: int) -> tuple[Image, dict]:
    """The crop around one face, and its label with box, points, visibility and pose in the crop's pixels."""
    height, width = image.shape[:2]
    region = grow_box(bounding_box(faces.points106[index]), 1.8, aspect=1.0)
    x0, y0 = np.clip(np.floor(region[:2]).astype(int), 0, [width - 1, height - 1])
    x1, y1 = np.clip(np.ceil(region[2:]).astype(int) + 1, [x0 + 1, y0 + 1], [width, height])
    points = faces.points106[index] - np.array([x0, y0])
    left, top, right, bottom = (round(float(v), 2) for v in faces.boxes[index] - np.array([x0, y0, x0, y0]))
    pitch, yaw, roll = (round(float(v), 2) for v in faces.pose[index])
    base = {"points_array": np.round(points.astype(float), 2).tolist(), "pitch": pitch, "yaw": yaw, "roll": roll,
            "left": left, "top": top, "right": right, "bottom": bottom}  # fmt: skip
    return image[y0:y1, x0:x1], {"face_count": 1, "face_infos": [{"base_info": base}]}


def write_sample(folder: Path, number: int, image: Image, label: dict) -> None:
    """One picture and its label below ``train`` or ``test``."""
    for part in ("images/merge", "infos/merge"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(image).save(folder / "images/merge" / f"{number:06d}.png")
    (folder / "infos/merge" / f"{number:06d}.json").write_text(json.dumps(label))


def main(photos: Path, out: Path, every: int = 2) -> tuple[int, int]:
    """Write the set; each ``every``-th face goes to the test part.  Returns the counts of train and test."""
    find, counts = load_face_finder(), [0, 0]
    for path in sorted(p for p in photos.iterdir() if p.is_file()):
        try:
            image = read_photo(path).image
        except MediaError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        faces = find(image)
        for i in range(len(faces)):
            test = sum(counts) % every == every - 1
            write_sample(out / ("test" if test else "train"), sum(counts), *cut_face(image, faces, i))
            counts[test] += 1
    if min(counts) == 0:
        raise ValueError(f"{photos} shows {sum(counts)} face(s); at least {every} are needed")
    names = sorted(p.stem for p in (out / "test/images/merge").glob("*.png"))
    (out / "test/real_face_list.txt").write_text("\n".join(names) + "\n")
    (out / "train/images/overlay").mkdir(parents=True, exist_ok=True)
    return counts[0], counts[1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=2, help="each n-th face goes to the test part")
    arguments = parser.parse_args()
    try:
        print("{} training and {} test faces".format(*main(arguments.photos, arguments.out, arguments.every)))
    except (ValueError, MissingWeights) as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)
