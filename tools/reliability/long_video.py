"""A long video through reading, following, counting and writing: memory stays flat."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from counting.pipeline import count_people, render, track_people
from vision.types import Detections, Floats, Frame, Image
from vision.video import read_frames, write_video

RATE = 10


def main(minutes: float) -> int:
    """Make a video of ``minutes``, count and annotate it with a stand-in for the networks; print the memory by time."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.mp4"), Path(folder, "out.mp4")
        write_video(source, frames(60 * minutes), preset="ultrafast")
        used: list[tuple[float, float]] = []
        tracks = track_people(_watched(read_frames(source), used, minutes), find, pose)
        report = count_people(tracks)
        analysed = list(used)
        render(source, target, tracks, report, progress=lambda share: _note(used, share * 60 * minutes, minutes))
        for name, rows in (("analysis", analysed), ("drawing", used[len(analysed) :])):
            print(f"{name}: " + ", ".join(f"{seconds / 60:.0f} min {mb:.0f} MB" for seconds, mb in rows))
        growth = _growth(analysed) + _growth(used[len(analysed) :])
        print(f"{len(tracks)} tracks, {report.count} jumps, growth after the first tenth {growth:.0f} MB")
    return int(growth > 60 + minutes)


def frames(seconds: float) -> Iterator[Frame]:
    """A bright body that hops twice a second before a dark wall of noise."""
    wall = np.random.default_rng(0).integers(0, 60, (180, 320, 3), dtype=np.uint8)
    for k in range(round(seconds * RATE)):
        image, top = wall.copy(), 50 - round(10 * abs(np.sin(2 * np.pi * k / RATE)))
        image[top : top + 110, 140:180] = 220
        yield Frame(image, k / RATE)


def find(image: Image) -> Detections:
    """The bright body's box."""
    ys, xs = np.nonzero(image[..., 1] > 150)
    if not len(ys):
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    return Detections(np.array([[xs.min(), ys.min(), xs.max(), ys.max()]], np.float32), np.ones(1, np.float32))


def pose(images: Sequence[Image], boxes: Floats) -> Floats:
    """Joints where a standing person's would be in the box of the bright body."""
    result = np.zeros((len(boxes), 17, 3), np.float32)
    heights = np.array([0.06] * 5 + [0.18] * 2 + [0.35] * 2 + [0.5] * 2 + [0.52] * 2 + [0.75] * 2 + [0.97] * 2)
    for k, image in enumerate(images[: len(boxes)]):
        found = find(image)
        box = found.boxes[0] if len(found) else boxes[k]
        result[k, :, 0] = (box[0] + box[2]) / 2 + np.where(np.arange(17) % 2, 8, -8)
        result[k, :, 1] = box[1] + heights * (box[3] - box[1])
        result[k, :, 2] = 0.9
    return result


def _watched(source: Iterator[Frame], used: list[tuple[float, float]], minutes: float) -> Iterator[Frame]:
    for frame in source:
        _note(used, frame.time, minutes)
        yield frame


def _note(used: list[tuple[float, float]], seconds: float, minutes: float) -> None:
    """The memory in use, ten times on the way."""
    step = 6 * minutes
    if not used or seconds >= used[-1][0] + step or seconds < used[-1][0]:
        used.append((seconds, _resident()))


def _resident() -> float:
    """MB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def _growth(rows: list[tuple[float, float]]) -> float:
    return max(mb for _, mb in rows[1:]) - rows[1][1] if len(rows) > 2 else 0.0
