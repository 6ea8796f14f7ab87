"""Groups for separate evaluation of a face model: age, and skin tone by the individual typology angle."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np

from tools.data.face import FaceSet
from vision.types import Floats, Image

AGES = (
    (0, 12, "age 0 to 12"),
    (13, 24, "age 13 to 24"),
    (25, 44, "age 25 to 44"),
    (45, 64, "age 45 to 64"),
    (65, 120, "age 65 and more"),
)
"""First and last year of each group."""

TONES = (
    (-90.0, 10.0, "skin dark or brown (ITA up to 10)"),
    (10.0, 28.0, "skin tan (ITA 10 to 28)"),
    (28.0, 41.0, "skin intermediate (ITA 28 to 41)"),
    (41.0, 90.1, "skin light (ITA above 41)"),
)
"""Groups of the individual typology angle (Chardon et al., 1991), in degrees; the two darkest are merged."""


def age_of(origin: str) -> int | None:
    """Age in years from the file names of All-Age-Faces (``00038A02``) and UTKFace (``51_0_4_...``)."""
    name = Path(origin).name
    found = re.match(r"\d{5}A(\d{2})\.", name) if "aaf" in origin else re.match(r"(\d{1,3})_[01]_", name)
    return int(found[1]) if found else None


def typology_angle(image: Image, points: Floats) -> float:
    """ITA of the cheeks in degrees, from the median L* and b* of sRGB; large is light.

    The cheeks lie half way from the outer lip corners to the lower lids, a tenth of the eye distance wide.
    """
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    reach = max(1, round(0.1 * float(np.linalg.norm(points[79] - points[66]))))
    skin = []
    for lid, corner in ((72, 84), (81, 90)):
        x, y = np.clip(
            ((points[lid] + points[corner]) / 2).round().astype(int), reach, np.array(image.shape[1::-1]) - 1 - reach
        )
        skin.append(lab[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3))
    light, _, yellow = np.median(np.concatenate(skin), axis=0)
    return float(np.degrees(np.arctan2(light - 50, max(yellow, 1e-3))))


def groups(faces: FaceSet, origins: np.ndarray) -> dict[str, np.ndarray]:
    """Row numbers of every group of ages and tones that has a face with teachers' labels."""
    taught = [i for i in range(len(faces)) if i not in faces.human68]
    found: dict[str, np.ndarray] = {}
    ages = {i: age_of(str(origins[i])) for i in taught}
    tones = {i: typology_angle(faces.images[i], faces.points[i]) for i in taught}
    for low, high, name in AGES:
        found[name] = np.array([i for i, age in ages.items() if age is not None and low <= age <= high], int)
    for start, stop, name in TONES:
        found[name] = np.array([i for i, tone in tones.items() if start <= tone < stop], int)
    return {name: rows for name, rows in found.items() if len(rows)}
