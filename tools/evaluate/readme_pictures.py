"""The pictures at the top of the README: portraits before and after, and a frame of the counted sample video.

    python -m tools.evaluate.readme_pictures docs

The portraits come with matplotlib and scikit-image and are in the public domain.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from beauty.pipeline import beautify
from beauty.settings import PRESETS
from counting.overlay import Scene
from counting.pipeline import count_people, track_people
from counting.settings import CountSettings
from models import load_face_finder, load_person_finder, load_pose_estimator
from tools.bench.files import SAMPLE
from tools.evaluate.photo_sources import portraits
from vision.draw import draw_text
from vision.types import Faces, FindFaces, Image
from vision.video import read_frames

HEIGHT = 420


def around_face(image: Image, faces: Faces) -> Image:
    """The largest face with some room around it, 3:4 and ``HEIGHT`` pixels high."""
    box = faces.boxes[0]
    middle, high = (box[:2] + box[2:]) / 2, min(2.0 * float(box[3] - box[1]), image.shape[0])
    size = np.array([0.75 * high, high])
    start = np.clip(middle - size / 2, 0, np.maximum(np.array(image.shape[1::-1]) - size, 0)).astype(int)
    part = image[start[1] : start[1] + int(size[1]), start[0] : start[0] + int(size[0])]
    return np.asarray(cv2.resize(part, (HEIGHT * 3 // 4, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def before_after(image: Image, find_faces: FindFaces, preset: str) -> Image:
    """A portrait as it was and in a preset, side by side."""
    faces = find_faces(image)
    pair = [around_face(image, faces), around_face(beautify(image, faces, PRESETS[preset]), faces)]
    for side, words in zip(pair, ("before", preset), strict=True):
        draw_text(side, words, (10, HEIGHT - 10), height=16, anchor="lb")
    return np.hstack(pair)


def counted_frame(time: float) -> Image:
    """A frame of the sample video with everything that the counter draws."""
    settings = CountSettings()
    finders = load_person_finder("cpu", multi_scale=False), load_pose_estimator("cpu", flip_test=False)
    tracks = track_people(read_frames(SAMPLE), *finders, settings)
    frame = next(f for f in read_frames(SAMPLE) if f.time >= time)
    return Scene(tracks, count_people(tracks, settings)).draw(frame).image


def main(arguments: Sequence[str] | None = None) -> None:
    """Write ``beauty.jpg`` and ``count.jpg`` into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    find_faces = load_face_finder("cpu")
    rows = [before_after(image, find_faces, "studio") for _, image in portraits()]
    Pillow.fromarray(np.hstack(rows)).save(folder / "beauty.jpg", quality=88)
    frame = counted_frame(8.3)
    width = round(HEIGHT * frame.shape[1] / frame.shape[0])
    small = cv2.resize(frame, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    Pillow.fromarray(np.asarray(small, np.uint8)).save(folder / "count.jpg", quality=88)


if __name__ == "__main__":
    main()
