"""Every corruption of a clip changes the pictures or their times, and keeps their order."""

from __future__ import annotations

import numpy as np
import pytest

from tools.evaluate.corruptions import CORRUPTIONS
from vision.types import Frame


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_clip_is_changed_and_stays_in_order(name: str) -> None:
    rng = np.random.default_rng(1)
    frames = [Frame(rng.integers(0, 256, (320, 240, 3), dtype=np.uint8), i / 30) for i in range(40)]
    before = [f.image.copy() for f in frames]
    out = list(CORRUPTIONS[name](iter(frames)))
    times = [f.time for f in out]
    assert times == sorted(times)
    assert set(times) <= {f.time for f in frames}
    fewer = len(out) < len(frames)
    assert fewer or not np.array_equal(out[5].image, frames[5].image)
    assert all(np.array_equal(f.image, b) for f, b in zip(frames, before, strict=True))
