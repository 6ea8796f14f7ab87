"""Corpus of generated media of many kinds, and ways to damage them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from PIL import Image as Pillow

from vision.image import register_formats

VIDEOS = (
    ("mp4", "libx264", "aac"), ("mov", "libx265", "aac"), ("mkv", "libvpx-vp9", "libopus"),
    ("webm", "libvpx", "libopus"), ("ts", "libx264", "aac"), ("mts", "libx264", "ac3"),
    ("avi", "mpeg4", "libmp3lame"), ("mpg", "mpeg2video", "mp2"), ("3gp", "mpeg4", "aac"),
    ("wmv", "wmv2", "libmp3lame"), ("flv", "flv", "libmp3lame"), ("mkv", "libsvtav1", "libopus"),
    ("mkv", "libx264", "pcm_s24le"), ("mkv", "ffv1", "pcm_s16le"), ("mov", "prores_ks", "pcm_s16le"),
    ("avi", "mjpeg", "pcm_s16le"), ("gif", "gif", ""),
)  # fmt: skip
"""Container, codec of the pictures, codec of the audio."""

PHOTOS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("jpg", "JPEG", "RGB", {}), ("jpg", "JPEG", "RGB", {"progressive": True}), ("jpg", "JPEG", "CMYK", {}),
    ("jpg", "JPEG", "L", {}), ("png", "PNG", "RGBA", {}), ("png", "PNG", "P", {}), ("png", "PNG", "I;16", {}),
    ("webp", "WEBP", "RGB", {}), ("webp", "WEBP", "RGBA", {"lossless": True}), ("tif", "TIFF", "RGB", {}),
    ("tif", "TIFF", "RGB", {"compression": "tiff_lzw"}), ("heic", "HEIF", "RGB", {}), ("bmp", "BMP", "RGB", {}),
    ("gif", "GIF", "P", {}), ("mpo", "MPO", "RGB", {"save_all": True}),
)  # fmt: skip
"""Suffix, format, mode and options of Pillow."""


def make_seeds(folder: Path) -> list[Path]:
    """Undamaged files of every kind that the libraries can write."""
    register_formats()
    seeds = []
    for number, (suffix, picture, audio) in enumerate(VIDEOS):
        path = folder / f"video{number:02d}.{suffix}"
        try:
            _video(path, picture, audio)
        except (FFmpegError, ValueError):
            path.unlink(missing_ok=True)
            continue
        seeds.append(path)
    for number, (suffix, kind, mode, options) in enumerate(PHOTOS):
        path = folder / f"photo{number:02d}.{suffix}"
        _photo(path, kind, mode, options)
        seeds.append(path)
    return seeds


def _video(path: Path, picture: str, audio_codec: str, seconds: float = 1.0) -> None:
    rng = np.random.default_rng(0)
    with av.open(f"file:{path}", "w") as out:
        options = {"x265-params": "log-level=none"} if picture == "libx265" else {}
        stream: Any = out.add_stream(picture, rate=25, options=options)
        stream.width, stream.height = 96, 64
        stream.pix_fmt = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p", "gif": "rgb8"}.get(picture, "yuv420p")
        audio: Any = audio_codec and out.add_stream(audio_codec, rate=48_000, layout="stereo")
        for k in range(round(25 * seconds)):
            image = rng.integers(0, 60, (64, 96, 3), dtype=np.uint8)
            image[k : k + 20, 30:60] = 200
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        out.mux(stream.encode(None))
        if audio:
            audio.bit_rate = 96_000
            frame: Any = av.AudioFrame.from_ndarray(
                (6000 * np.sin(np.arange(2 * round(audio.rate * seconds)) / 20)).astype(np.int16)[None], "s16", "stereo"
            )
            frame.sample_rate = audio.rate
            out.mux(audio.encode(frame))
            out.mux(audio.encode(None))


def _photo(path: Path, kind: str, mode: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    image = Pillow.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).resize((240, 180))
    block = Pillow.Exif()
    block[271], block[0x8825] = "Camera", {1: "N", 2: (1.0, 2.0, 3.0)}
    known: dict[str, Any] = (
        {"exif": block.tobytes()}
        if kind in ("JPEG", "PNG", "WEBP", "TIFF", "HEIF") and "compression" not in options
        else {}
    )
    image.convert(mode if mode != "I;16" else "L").convert(mode).save(path, kind, **known, **options)


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(len(data) * rng.uniform(0.02, 0.999))]


def _noise(data: bytes, rng: np.random.Generator) -> bytes:
    """Single wrong bytes all over the file."""
    changed = np.frombuffer(data, np.uint8).copy()
    at = rng.integers(0, len(data), max(1, len(data) // 400))
    changed[at] = rng.integers(0, 256, len(at))
    return changed.tobytes()


def _head(data: bytes, rng: np.random.Generator) -> bytes:
    """A few wrong bytes where the headers are."""
    changed = np.frombuffer(data, np.uint8).copy()
    at = rng.integers(0, min(len(data), 600), 6)
    changed[at] = rng.integers(0, 256, len(at))
    return changed.tobytes()


def _hole(data: bytes, rng: np.random.Generator) -> bytes:
    start, length = rng.integers(0, len(data)), rng.integers(1, len(data) // 4 + 2)
    return data[:start] + bytes(min(length, len(data) - start)) + data[start + length :]


def _missing(data: bytes, rng: np.random.Generator) -> bytes:
    start, length = rng.integers(0, len(data)), rng.integers(1, len(data) // 10 + 2)
    return data[:start] + data[start + length :]


def _twice(data: bytes, rng: np.random.Generator) -> bytes:
    start = rng.integers(0, len(data))
    return data[:start] + data[start // 2 :]


def _joined(data: bytes, rng: np.random.Generator) -> bytes:
    return data + data[: rng.integers(0, len(data))]


DAMAGES: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    _cut, _noise, _head, _hole, _missing, _twice, _joined,
)  # fmt: skip


def damaged(seeds: list[Path], folder: Path, count: int) -> Iterator[Path]:
    """``count`` damaged files one by one; each depends on its number alone."""
    pairs = itertools.cycle(itertools.product(DAMAGES, seeds))
    for number, (damage, seed) in zip(range(count), pairs, strict=False):
        path = folder / f"{number:04d}_{damage.__name__.strip('_')}_{seed.name}"
        path.write_bytes(damage(seed.read_bytes(), np.random.default_rng(number)))
        yield path
