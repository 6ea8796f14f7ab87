"""A recording as the picture of chromium's fake camera."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image as Pillow

from vision.video import probe_video, read_frames

SIDE = 480


def as_camera(source: Path, target: Path, still: float = 0.0) -> Path:
    """A Motion JPEG of the source, as chromium plays it again and again; its first frame stands for ``still`` s."""
    rate = round(probe_video(source).rate)
    with target.open("wb") as file:
        for i, frame in enumerate(read_frames(source)):
            picture = Pillow.fromarray(frame.image)
            picture.thumbnail((10_000, SIDE) if picture.width > picture.height else (SIDE, 10_000))
            picture = picture.crop((0, 0, picture.width // 2 * 2, picture.height // 2 * 2))
            encoded = io.BytesIO()
            picture.save(encoded, "JPEG", quality=85)
            for _ in range(1 + (round(still * rate) if i == 0 else 0)):
                file.write(encoded.getvalue())
    return target


def flags(film: Path) -> list[str]:
    """Flags of chromium that give it this camera and let every page use it."""
    return [
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]  # fmt: skip
