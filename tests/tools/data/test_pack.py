"""Training crops in shards: together they are the whole, and none is too large."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tools.data.body import CropSet, read_crops
from tools.data.pack import Packing, main, smaller, write_set


def pictures(count: int) -> list[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (count, 36, 27, 3)).astype(np.uint8)
    large = [cv2.resize(image, (216, 288), interpolation=cv2.INTER_CUBIC) for image in noise]
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in large]


def test_pieces_hold_every_crop_once_and_keep_to_their_size(tmp_path: Path) -> None:
    jpegs, count = pictures(12), 12
    names, rng = np.array([f"{k}.jpg" for k in range(count)]), np.random.default_rng(1)
    sources = np.array(["a"] * 9 + ["b"] * 3)
    joints, boxes = (rng.random(shape, np.float32) for shape in ((count, 17, 3), (count, 4)))
    crops = CropSet(jpegs, names, sources, joints, boxes, joints[..., 2] > 0.5)
    write_set(tmp_path / "in", "body_train", crops)
    size = sum(len(smaller(jpeg, 70)) for jpeg in jpegs) + 1400 * count
    shards = main(Packing(data=str(tmp_path / "in"), out=str(tmp_path / "out"), megabytes=size / 2.9e6))
    assert shards == 3
    read = [read_crops(tmp_path / "out", f"shard{k}_train") for k in range(3)]
    assert [len(piece) for piece in read] == [4, 4, 4]
    assert all("b" in piece.sources for piece in read)
    whole = read[0] + read[1] + read[2]
    order = np.array([names.tolist().index(name) for name in whole.names])
    assert sorted(order) == list(range(count))
    for mine, theirs in (
        (whole.keypoints, joints),
        (whole.boxes, boxes),
        (whole.gt, crops.gt),
        (whole.sources, sources),
    ):
        np.testing.assert_array_equal(mine, theirs[order])
    away = np.abs(whole.image(0).astype(int) - crops.image(int(order[0]))).mean()
    assert away < 8
    for k in range(3):
        files = (tmp_path / "out" / f"shard{k}_train.{kind}" for kind in ("npz", "tar"))
        assert sum(path.stat().st_size for path in files) <= size / 2.9 + 10240, "a tar ends with up to 10 kB of zeros"


def test_pictures_that_are_small_already_stay() -> None:
    jpeg = pictures(1)[0]
    webp = smaller(jpeg, 70)
    assert len(webp) < len(jpeg)
    assert webp[8:12] == b"WEBP"
    assert smaller(webp, 10) == webp
