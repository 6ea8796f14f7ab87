"""Reading packaged pictures for the detectors: what is kept for development, and profiles."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import cv2
import numpy as np

from tools.data.scenes import DEVELOPMENT_NEGATIVE, read_negatives, read_profile_crops


def write_tar(path: Path, names: list[str], side: int) -> None:
    with tarfile.open(path, "w") as file:
        for i, name in enumerate(names):
            data = cv2.imencode(".png", np.full((side, side, 3), 10 * i, np.uint8))[1].tobytes()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))


def test_pictures_without_people_are_either_for_training_or_for_development(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(2 * DEVELOPMENT_NEGATIVE + 1)]
    write_tar(tmp_path / "negatives.tar", names, 40)
    (tmp_path / "negatives.json").write_text(json.dumps([{"name": n, "source": n} for n in names]))
    train, dev = (read_negatives(tmp_path, dev) for dev in (False, True))
    assert sorted(s.source for s in train + dev) == sorted(names)
    assert [s.source for s in dev] == [names[0], names[DEVELOPMENT_NEGATIVE], names[-1]]
    assert all(s.dev for s in dev)
    assert not any(s.dev for s in train)
    assert read_negatives(tmp_path / "nowhere") == []


def test_the_far_eye_and_mouth_corner_of_a_profile_are_unknown(tmp_path: Path) -> None:
    names = ["right.png", "left.png", "filled.png"]
    write_tar(tmp_path / "profile_train.tar", names, 144)
    five = np.tile(np.array([[50, 60], [80, 60], [66, 75], [55, 90], [77, 90]], np.float32), (3, 1, 1))
    pad = np.array([[0, 0, 0, 0], [0, 30, 0, 0], [0, 31, 0, 0]], np.uint8)
    np.savez(
        tmp_path / "profile_train.npz",
        name=np.array(names),
        source=np.array(names),
        five=five,
        pad=pad,
        pose=np.array([[0, 60, 0], [0, -60, 0], [0, 60, 0]], np.float32),
        box=np.tile(np.array([40, 40, 50, 60], np.float32), (3, 1)),
    )
    right, left = read_profile_crops(tmp_path, "profile_train")
    assert np.flatnonzero(np.isnan(right.points[0, :, 0])).tolist() == [1, 4]
    assert np.flatnonzero(np.isnan(left.points[0, :, 0])).tolist() == [0, 3]
    assert right.boxes.tolist() == [[40, 40, 90, 100]]
    assert read_profile_crops(tmp_path, "profile_dev") == []
