"""Frames on their way to pictures are not held for longer than they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CODE = """
import gc
from vision.video import read_frames
def resident():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
gc.disable()
for number, frame in enumerate(read_frames("assets/jump_sample.mp4")):
    if number == 40:
        begin = resident()
print(resident() - begin)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read from /proc")
def test_frames_are_freed_without_the_garbage_collection() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], check=True, cwd=ROOT, capture_output=True, text=True)
    assert float(done.stdout) < 30, "a decoded frame of the sample takes .35 MB, and 320 follow"
