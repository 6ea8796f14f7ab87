"""Speed, size and SSIM of H.264 settings on one clip: ``python -m tools.bench.encoder [--video FILE]``.

The settings encode the same decoded frames in turn, so that a busy machine slows all of them alike; processor time is
compared, not wall-clock time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import cv2
import numpy as np

from tools.bench.files import SAMPLE
from tools.bench.report import table
from tools.bench.timing import timed
from tools.script import run_script
from vision.options import check_options, option
from vision.types import Frame, Image
from vision.video import CRF, DETAILS, PRESET, read_frames, write_video

PRESETS = ("ultrafast", "superfast", "veryfast", "faster")
QUALITIES = (20, 23, 26)
LOOKED_AT = 10
"""Interval of frames that are compared with their source."""


@dataclass(frozen=True)
class EncoderConfig:
    """Options of a run."""

    video: str = option("", "A video of one's own instead of the sample")
    short_side: int = option(720, "Pixels of the shorter side (0: as it is)", low=0, high=2160)
    frames: int = option(120, "Frames to encode", low=1, high=1000)
    repeats: int = option(3, "Turns; the fastest counts", low=1, high=20)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass
class Encoded:
    """Result of a setting: processor seconds of its fastest run, bytes, structural similarity (SSIM, 1: identical)."""

    preset: str
    crf: int
    details: str = ""
    seconds: float = float("inf")
    size: int = 0
    ssim: float = 0.0


def structural_similarity(one: Image, two: Image) -> float:
    """SSIM (Wang et al., IEEE TIP 2004) of the grey pictures with a Gaussian window of 1.5 pixels."""
    a, b = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) for image in (one, two))

    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(x, (11, 11), 1.5)

    mean_a, mean_b = mean(a), mean(b)
    spread = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    together = mean(a * b) - mean_a * mean_b
    light = (2 * mean_a * mean_b + 6.5025) / (mean_a**2 + mean_b**2 + 6.5025)
    return float((light * (2 * together + 58.5225) / (spread + 58.5225)).mean())


def encode(frames: Sequence[Frame], target: Path, row: Encoded) -> None:
    """One run of a setting; the first run also computes the SSIM."""
    _, spent = timed(lambda: write_video(target, frames, crf=row.crf, preset=row.preset, details=row.details))
    row.seconds = min(row.seconds, spent)
    if not row.size:
        row.size = target.stat().st_size
        pairs = islice(zip(frames, read_frames(target), strict=True), LOOKED_AT // 2, None, LOOKED_AT)
        row.ssim = float(np.mean([structural_similarity(a.image, _cut(b.image, a.image)) for a, b in pairs]))


def _cut(image: Image, like: Image) -> Image:
    """Without the padding of odd sizes."""
    return image[: like.shape[0], : like.shape[1]]


def report(rows: Sequence[Encoded], frames: int) -> str:
    """A Markdown table, relative to the setting that is in use."""
    base = next(row for row in rows if (row.preset, row.crf, row.details) == (PRESET, CRF, DETAILS))
    header = ["preset, crf, details", "processor", "relative", "size", "relative", "SSIM"]
    cells = []
    for row in rows:
        name = ", ".join(filter(None, (row.preset, str(row.crf), row.details)))
        spent, size = f"{1000 * row.seconds / frames:.2f} ms/frame", f"{row.size / 1000:.0f} kB"
        cells.append([name, spent, f"{row.seconds / base.seconds:.2f}", size, f"{row.size / base.size:.2f}",
                      f"{row.ssim:.4f}"])  # fmt: skip
    return table(header, cells)


def frames_of(config: EncoderConfig) -> list[Frame]:
    """The first frames of the clip at the wanted size."""
    frames = list(islice(read_frames(config.video or SAMPLE), config.frames))
    height, width = frames[0].image.shape[:2]
    scale = config.short_side / min(height, width) if config.short_side else 1
    if scale == 1:
        return frames
    size, way = (round(width * scale), round(height * scale)), cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return [Frame(cv2.resize(f.image, size, interpolation=way), f.time) for f in frames]  # type: ignore[arg-type]  # OpenCV's types tell no dtype


def main(config: EncoderConfig) -> list[Encoded]:
    """Encode, measure and print."""
    rows = [Encoded(preset, crf) for preset, crf in product(PRESETS, sorted({*QUALITIES, CRF}))]
    rows.append(Encoded(PRESET, CRF, DETAILS))
    frames = frames_of(config)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(config.repeats):
            for row in rows:
                encode(frames, Path(folder) / "out.mp4", row)
    print(report(rows, len(frames)))
    return rows


if __name__ == "__main__":
    run_script(main, EncoderConfig, __doc__)
