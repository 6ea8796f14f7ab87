"""Memory test: a long video through reading, tracking, counting and writing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

import models
from counting.pipeline import count_video, render
from vision.types import Detections, EstimatePose, FindPeople, Floats, Frame, Image
from vision.video import read_frames

RATE = 10
"""Frames a second: an hour has 36 000 frames, and a jump still five."""

SAMPLE = Path(__file__).parents[2] / "assets" / "jump_sample.mp4"

STEPS = 12
"""Number of memory samples in each pass."""


def main(minutes: float, networks: bool = False) -> int:
    """Make a video of ``minutes`` with audio, count and annotate it, and print the memory by time; 1 if it grows.

    The video has 320 x 180 pixels and shows a hopping block that stubs of the networks track; with ``networks`` it is
    the looped sample video, for the networks themselves.
    """
    find, pose = (models.load_person_finder(), models.load_pose_estimator()) if networks else (find_block, pose_block)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.mkv"), Path(folder, "out.mp4")
        write_source(source, sample_pictures() if networks else block_pictures(), 60 * minutes)
        return int(_tried(source, target, minutes, (find, pose)) > 60 + minutes)


def _tried(source: Path, target: Path, minutes: float, networks: tuple[FindPeople, EstimatePose]) -> float:
    """The growth of the memory in MB."""
    analysis, drawing = Memory("analysis", 60 * minutes), Memory("drawing", 60 * minutes)
    counted = count_video(source, *networks, watch=analysis.watched)
    report = counted.report
    notes = render(
        source, target, counted.tracks, report, lambda share: drawing.note(60 * minutes * share), counted.rotations
    )
    growth = analysis.growth() + drawing.growth()
    print(f"{counted.seconds / 60:.1f} minutes, {len(counted.tracks)} tracks, {report.count} jumps, notes {notes}")
    print(f"growth after the first twelfth {growth:.0f} MB")
    return growth


@dataclass
class Memory:
    """Samples and prints the memory during a pass through a video of ``seconds``."""

    name: str
    seconds: float
    rows: list[tuple[float, float]] = field(default_factory=list)

    def watched(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames as they are."""
        for frame in frames:
            self.note(frame.time + 1 / RATE)
            yield frame

    def note(self, time: float) -> None:
        """Sample the memory when the next step is reached."""
        if time >= self.seconds * len(self.rows) / STEPS - 1e-6:
            self.rows.append((time, _resident()))
            print(f"{self.name}: {time / 60:.1f} min {self.rows[-1][1]:.0f} MB", flush=True)

    def growth(self) -> float:
        """Growth of the memory in MB after the first step, in which everything is loaded."""
        return max((mb for _, mb in self.rows[1:]), default=0.0) - self.rows[1][1] if len(self.rows) > 2 else 0.0


def write_source(path: Path, pictures: Callable[[int], Image], seconds: float) -> None:
    """A video of H.264 and Opus, whose audio must be encoded again for MP4; ``pictures`` by number."""
    with av.open(f"file:{path}", "w") as out:
        video: Any = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        audio: Any = out.add_stream("libopus", rate=48_000, layout="mono")
        video.height, video.width = pictures(0).shape[:2]
        video.pix_fmt, audio.bit_rate = "yuv420p", 16_000
        beep = (6000 * np.sin(np.arange(48_000 // RATE) / 20)).astype(np.int16)[None]
        for k in range(round(seconds * RATE)):
            out.mux(video.encode(av.VideoFrame.from_ndarray(pictures(k), "rgb24")))
            samples: Any = av.AudioFrame.from_ndarray(beep * (k % RATE == 0), "s16", "mono")
            samples.sample_rate, samples.pts = 48_000, k * beep.shape[1]
            samples.time_base = Fraction(1, 48_000)
            out.mux(audio.encode(samples))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))


def sample_pictures() -> Callable[[int], Image]:
    """Every third frame of the sample video, looped."""
    seen = [frame.image for frame in read_frames(SAMPLE)][::3]
    return lambda k: seen[k % len(seen)]


def block_pictures() -> Callable[[int], Image]:
    """A bright body that hops twice a second before a dark wall of noise."""
    wall = np.random.default_rng(0).integers(0, 60, (180, 320, 3), dtype=np.uint8)

    def picture(k: int) -> Image:
        image, top = wall.copy(), 50 - round(10 * abs(np.sin(2 * np.pi * k / RATE)))
        image[top : top + 110, 140:180] = 220
        return image

    return picture


def find_block(image: Image) -> Detections:
    """The bright body's box."""
    ys, xs = np.nonzero(image[..., 1] > 150)
    if not len(ys):
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    return Detections(np.array([[xs.min(), ys.min(), xs.max(), ys.max()]], np.float32), np.ones(1, np.float32))


def pose_block(images: Sequence[Image], boxes: Floats) -> Floats:
    """Joints where a standing person's would be in the box of the bright body."""
    result = np.zeros((len(boxes), 17, 3), np.float32)
    heights = np.array([0.06] * 5 + [0.18] * 2 + [0.35] * 2 + [0.5] * 2 + [0.52] * 2 + [0.75] * 2 + [0.97] * 2)
    for k, image in enumerate(images[: len(boxes)]):
        found = find_block(image)
        box = found.boxes[0] if len(found) else boxes[k]
        result[k, :, 0] = (box[0] + box[2]) / 2 + np.where(np.arange(17) % 2, 8, -8)
        result[k, :, 1] = box[1] + heights * (box[3] - box[1])
        result[k, :, 2] = 0.9
    return result


def _resident() -> float:
    """MB of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6
