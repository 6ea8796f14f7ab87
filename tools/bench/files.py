"""The files that the measurements run on, made from a video and a photo in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from vision.image import Photo, read_photo, write_photo
from vision.types import Frame, Image
from vision.video import probe_video, read_frames, write_video

SAMPLE = Path(__file__).parents[2] / "assets" / "jump_sample.mp4"


@dataclass(frozen=True)
class Sizes:
    """Pixels of a video's shorter side, and three growing sizes each; a whole job runs on the middle clip.

    ``process`` frames and ``small`` megapixels are for jobs that run as whole processes.
    """

    short_side: int
    frames: tuple[int, int, int]
    megapixels: tuple[float, float, float]
    photo: float
    faces: tuple[int, int, int] = (1, 2, 4)
    process: int = 863
    small: float = 0.3


FULL = Sizes(720, (180, 360, 720), (3.0, 12.0, 48.0), 12.0)
QUICK = Sizes(180, (2, 3, 4), (0.05, 0.1, 0.2), 0.2, process=3, small=0.05)


@dataclass(frozen=True)
class Files:
    """The files of a run.

    A video and a photo for the whole jobs; clips, photos and groups of faces of three sizes each; a ``long`` video and
    a ``small`` photo for whole processes; ``crowd``: four people side by side.
    """

    video: str
    photo: str
    clips: tuple[str, ...]
    photos: tuple[str, ...]
    groups: tuple[str, ...]
    long: str
    small: str
    crowd: str


def make_files(video: str, photo: str, sizes: Sizes, folder: Path) -> Files:
    """Write the files; a video or photo of one's own is used as it is, and as the material of the three sizes."""
    clips = [folder / f"clip{n}.mp4" for n in sizes.frames]
    for path, length in zip(clips, sizes.frames, strict=True):
        make_clip(video or SAMPLE, path, length, 0 if video else sizes.short_side)
    long, crowd = folder / "long.mp4", folder / "crowd.mp4"
    make_clip(video or SAMPLE, long, sizes.process, 0 if video else sizes.short_side)
    make_clip(video or SAMPLE, crowd, sizes.frames[1], 0 if video else sizes.short_side // 2, people=4)
    picture = read_photo(photo or portrait()).image
    write_photo(folder / "small.jpg", Photo(enlarged(picture, sizes.small), format="JPEG"))
    scaled = {f"photo{size:g}.jpg": enlarged(picture, size) for size in (*sizes.megapixels, sizes.photo)}
    tile = enlarged(picture, sizes.photo / max(sizes.faces))
    tiled = {f"faces{n}.jpg": group(tile, n, max(sizes.faces)) for n in sizes.faces}
    for name, image in (scaled | tiled).items():
        write_photo(folder / name, Photo(image, format="JPEG"))
    return Files(
        video or str(clips[1]),
        photo or str(folder / f"photo{sizes.photo:g}.jpg"),
        tuple(map(str, clips)),
        tuple(str(folder / f"photo{size:g}.jpg") for size in sizes.megapixels),
        tuple(str(folder / name) for name in tiled),
        str(long),
        str(folder / "small.jpg"),
        str(crowd),
    )


def portrait() -> str:
    """The portrait that comes with Matplotlib."""
    from matplotlib.cbook import get_sample_data

    return str(get_sample_data("grace_hopper.jpg", asfileobj=False))


def make_clip(source: str | Path, target: Path, length: int, short_side: int, people: int = 1) -> None:
    """Write ``length`` frames of a video, which is looped if too short.

    They are scaled to ``short_side`` (0: unchanged) and repeated ``people`` times side by side.
    """
    info = probe_video(source)
    scale = short_side / min(info.width, info.height) if short_side else 1.0
    size = round(info.width * scale), round(info.height * scale)

    def frames() -> Iterator[Frame]:
        for k, frame in zip(range(length), _looped(source), strict=False):
            image = cv2.resize(frame.image, size, interpolation=cv2.INTER_CUBIC) if scale != 1 else frame.image
            yield Frame(np.tile(image, (1, people, 1)), k / (info.rate or 30))  # type: ignore[arg-type]  # NumPy's types lose the dtype

    write_video(target, frames())


def _looped(source: str | Path) -> Iterator[Frame]:
    for _ in count():
        yield from read_frames(source)


def enlarged(image: Image, size: float) -> Image:
    """The picture scaled to ``size`` megapixels."""
    factor = (size * 1e6 / (image.shape[0] * image.shape[1])) ** 0.5
    way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return cast(Image, cv2.resize(image, None, fx=factor, fy=factor, interpolation=way))


def group(tile: Image, faces: int, places: int) -> Image:
    """A picture of ``places`` tiles, two in a row: the first ``faces`` show the portrait, the others are grey."""
    blank = np.full_like(tile, 128)
    tiles = [tile if i < faces else blank for i in range(places + places % 2)]
    return np.vstack([np.hstack(tiles[i : i + 2]) for i in range(0, len(tiles), 2)])
