"""Person crops with 17 joints: reading the packaged sets."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from vision.types import Floats, Image

RENDERED = "rendered"
"""The source of ``tools.render.people``'s crops."""


@dataclass(frozen=True)
class CropSet:
    """Encoded crops with labels: ``keypoints`` (N, 17, 3) x, y, weight; ``boxes`` (N, 4); ``gt`` (N, 17) human."""

    jpegs: list[bytes]
    names: np.ndarray
    sources: np.ndarray
    keypoints: Floats
    boxes: Floats
    gt: np.ndarray

    def __len__(self) -> int:
        return len(self.jpegs)

    def image(self, index: int) -> Image:
        """One crop (H, W, 3) uint8 RGB."""
        return cast(Image, cv2.imdecode(np.frombuffer(self.jpegs[index], np.uint8), cv2.IMREAD_COLOR_RGB))

    def where(self, keep: np.ndarray) -> CropSet:
        """The crops for which ``keep`` (N,) is true."""
        rows = np.flatnonzero(keep)
        return CropSet(
            [self.jpegs[i] for i in rows],
            self.names[rows],
            self.sources[rows],
            self.keypoints[rows],
            self.boxes[rows],
            self.gt[rows],
        )

    def __add__(self, other: CropSet) -> CropSet:
        both = ((getattr(self, f), getattr(other, f)) for f in ("names", "sources", "keypoints", "boxes", "gt"))
        return CropSet(self.jpegs + other.jpegs, *(np.concatenate(pair) for pair in both))


def read_tar(path: Path) -> dict[str, bytes]:
    """The files of a tar archive by name."""
    with tarfile.open(path) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]  # a member that is a file can be read


def read_crops(folder: Path, stem: str) -> CropSet:
    """A packaged set: ``stem.npz`` with the labels and ``stem.tar`` with the pictures (JPEG, WebP ...).

    Frames of clips that are recognised only by their file names (``frame_``) get this prefix in their source too, so
    that rules on prefixes of sources apply to all of them.
    """
    table = np.load(folder / f"{stem}.npz", allow_pickle=False)
    files = read_tar(folder / f"{stem}.tar")
    points = table["keypoints"].astype(np.float32)
    gt = table["gt"] if "gt" in table else np.zeros(points.shape[:2], bool)
    names, sources = table["name"].astype(str), table["source"].astype(str)
    frames = np.char.startswith(names, "frame_") & ~np.char.startswith(sources, "frame_")
    sources = np.where(frames, np.char.add("frame_", sources), sources)
    return CropSet([files[n] for n in names], names, sources, points, table["box"].astype(np.float32), gt)


def read_packaged(folder: Path) -> CropSet:
    """All packaged training sets of a folder: every ``*_train``, of which there is one at least."""
    first, *more = [path.stem for path in sorted(folder.glob("*_train.npz"))]
    return sum((read_crops(folder, stem) for stem in more), read_crops(folder, first))
