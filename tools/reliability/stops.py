"""Interruption of a command at every stage: one line, no temporary files, an old result unchanged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vision.video import probe_video

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(video: Path, stages: int) -> int:
    """Interrupt ``python -m counting VIDEO OUT`` at times spread over its run; returns 1 if any was not clean."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "out.mp4")
        begin = time.monotonic()
        subprocess.run(_command(video, target), check=True, capture_output=True)
        whole = time.monotonic() - begin
        faults = 0
        for number in range(stages):
            after = whole * (number + 0.5) / stages
            fault = stopped(video, target, after, SIGNALS[number % 2])
            faults += bool(fault)
            print(f"{SIGNALS[number % 2].name} after {after:.2f} s: {fault or 'clean'}", flush=True)
    return int(faults > 0)


def stopped(video: Path, target: Path, after: float, number: signal.Signals) -> str:
    """Start the command, interrupt it and return the fault, empty if there is none."""
    target.write_bytes(b"old")
    process = subprocess.Popen(_command(video, target), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    _, said = process.communicate(timeout=60)
    left = sorted(p.name for p in target.parent.iterdir())
    if left != [target.name]:
        return f"left behind {left}"
    if process.returncode == 0:
        return "" if target.read_bytes() != b"old" else "ended well without a result"
    if target.read_bytes() != b"old":  # the stop came after the last step: the new result must be whole
        probe_video(target)
    early = process.returncode == -number and not said
    if not early and (process.returncode != 128 + number or said.strip() != "counting: stopped"):
        return f"status {process.returncode}: {said.strip()[-300:]}"
    return ""


def _command(video: Path, target: Path) -> list[str]:
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    return [sys.executable, "-m", "counting", str(video), str(target)]
