"""Pictures with faces for the evaluation of the retouching: the packages' portraits, a folder, the packaged scenes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vision.types import Image, MediaError

LEAST_FACE = 90
"""Least width in pixels of a scene's face for the evaluation."""


def portraits() -> Iterator[tuple[str, Image]]:
    """Free portraits that come with installed packages."""
    from matplotlib import cbook
    from PIL import Image as Pillow
    from skimage import data

    yield "astronaut", np.asarray(data.astronaut())
    with Pillow.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as picture:
        yield "grace hopper", np.asarray(picture.convert("RGB"))


def photos(folder: Path, limit: int) -> Iterator[tuple[str, Image]]:
    """The first ``limit`` readable photos of a folder, in the order of their names."""
    from vision.image import read_photo

    taken = 0
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        if taken == limit:
            return
        try:
            yield path.name, read_photo(path).image
            taken += 1
        except MediaError:
            continue


def scene_photos(data: Path, limit: int) -> Iterator[tuple[str, Image]]:
    """The packaged scenes whose largest labelled face is large enough; none was used to tune the retouching."""
    from tools.data.scenes import read_scenes

    scenes = read_scenes(data / "body", "face")
    large = [s for s in scenes if len(s.boxes) and (s.boxes[:, 2] - s.boxes[:, 0]).max() >= LEAST_FACE]
    for i, scene in enumerate(large[:limit]):
        yield f"{i:03d} {scene.source}", scene.image
