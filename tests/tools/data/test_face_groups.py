"""Age from file names and skin tone from cheeks."""

from __future__ import annotations

import numpy as np
import pytest

from tools.data.face_groups import age_of, typology_angle


@pytest.mark.parametrize(
    ("origin", "age"),
    [
        ("aaf/original images/00038A02.jpg", 2),
        ("utkface/images/51_0_4_20170104.jpg.chip.jpg", 51),
        ("helen/trainset/1613734064_1.jpg", None),
    ],
)
def test_age_is_read_from_the_name(origin: str, age: int | None) -> None:
    assert age_of(origin) == age


def test_a_light_cheek_has_a_larger_angle_than_a_dark_one_and_the_rest_does_not_matter() -> None:
    points = np.full((106, 2), 50, np.float32)
    points[66], points[79] = (20, 40), (80, 40)
    points[[72, 81]], points[[84, 90]] = [[30, 45], [70, 45]], [[30, 75], [70, 75]]

    def angle(colour: tuple[int, int, int]) -> float:
        image = np.zeros((100, 100, 3), np.uint8)
        image[52:70, 20:42] = image[52:70, 58:82] = colour
        return typology_angle(image, points)

    assert angle((90, 60, 45)) < 0 < 41 < angle((240, 215, 195))
