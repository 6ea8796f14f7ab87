"""Pack training crops into shards of limited size, for machines with limited uploads.

    python -m tools.data.pack --data DIR --out DIR --megabytes 40

Every ``*_train`` set of ``DIR`` is read; the shards, ``shard0_train.{npz,tar}`` and so on, are such sets themselves,
each with its share of every source.  JPEG pictures become WebP, which halves them.  Development sets are not packed.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tools.data.body import CropSet
from tools.data.coco import read_training
from tools.script import run_script
from vision.options import check_options, option


@dataclass(frozen=True)
class Packing:
    """Options of packing."""

    data: str = option("data/body", "folder of the packaged crops")
    out: str = option("runs/shards", "folder for the shards")
    megabytes: float = option(40.0, "largest size of a shard", low=0.01, high=4096, unit="MB")
    quality: int = option(70, "WebP's quality for pictures that are JPEG now", low=1, high=100)

    def __post_init__(self) -> None:
        check_options(self)


def smaller(picture: bytes, quality: int) -> bytes:
    """A JPEG picture as WebP, if that is smaller; others as they are."""
    if not picture.startswith(b"\xff\xd8"):
        return picture
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    new = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()  # type: ignore[arg-type]  # OpenCV takes a list of numbers
    return min(picture, new, key=len)


def write_set(folder: Path, stem: str, crops: CropSet) -> None:
    """Write ``stem.tar`` with the pictures and ``stem.npz`` with the labels."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{stem}.tar", "w") as archive:
        for name, picture in zip(crops.names.tolist(), crops.jpegs, strict=True):
            entry = tarfile.TarInfo(name)
            entry.size = len(picture)
            archive.addfile(entry, io.BytesIO(picture))
    np.savez_compressed(
        folder / f"{stem}.npz",
        name=crops.names,
        source=crops.sources,
        keypoints=crops.keypoints,
        box=crops.boxes,
        gt=crops.gt,
    )


def main(config: Packing) -> int:
    """Write the shards; returns their number."""
    crops = read_training(Path(config.data))
    pictures = [smaller(picture, config.quality) for picture in crops.jpegs]
    crops = CropSet(pictures, crops.names, crops.sources, crops.keypoints, crops.boxes, crops.gt)
    sizes = np.array([len(picture) for picture in pictures]) + 1400  # a tar entry's header and rounding, and the labels
    count = int(np.ceil(sizes.sum() / (config.megabytes * 1e6)))
    for k in range(count):
        write_set(Path(config.out), f"shard{k}_train", crops.where(np.arange(len(crops)) % count == k))
    return count


if __name__ == "__main__":
    run_script(main, Packing, __doc__)
