"""Live modes in chromium: the app in a separate process, and a fake camera that loops a video."""

from __future__ import annotations

import io
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow

from tools.bench.files import SAMPLE
from tools.bench.timing import ROOT
from vision.types import Frame
from vision.video import read_frames

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
OPEN = {"jump": "#live-open", "beauty": "#mirror-open"}
WARM = 4.0
"""Seconds of warm-up before the measurement."""


def portrait(seconds: float = 20.0, size_wh: tuple[int, int] = (1280, 720)) -> Iterator[Frame]:
    """A face that moves to and fro before a grey wall, with a camera's noise, 30 frames a second."""
    from matplotlib import cbook

    with Pillow.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as file:
        photo = np.asarray(file.convert("RGB"))
    scale = 1.2 * size_wh[1] / len(photo)
    across, noise = size_wh[0] / 2 - scale * photo.shape[1] / 2, np.random.default_rng(0)
    grain = [noise.normal(0, 3, (size_wh[1], size_wh[0], 3)).astype(np.int8) for _ in range(4)]
    for i in range(round(30 * seconds)):
        move = np.array([[scale, 0, across + 40 * np.sin(i / 20)], [0, scale, 10 * np.cos(i / 13)]])
        image = cv2.warpAffine(photo, move, size_wh, flags=cv2.INTER_AREA, borderValue=(128, 128, 128))
        yield Frame(np.clip(image.astype(np.int16) + grain[i % 4], 0, 255).astype(np.uint8), i / 30)


def as_camera(frames: Iterable[Frame], target: Path, short_side: int = 480, still: float = 0.0) -> Path:
    """A Motion JPEG for chromium's camera, which plays 30 frames a second; the first frame stands for ``still`` s."""
    with target.open("wb") as file:
        for i, frame in enumerate(frames):
            picture = Pillow.fromarray(frame.image)
            scale = min(1.0, short_side / min(picture.size))
            picture = picture.resize((round(picture.width * scale / 2) * 2, round(picture.height * scale / 2) * 2))
            encoded = io.BytesIO()
            picture.save(encoded, "JPEG", quality=85)
            for _ in range(1 + (round(30 * still) if i == 0 else 0)):
                file.write(encoded.getvalue())
    return target


def camera_flags(film: Path) -> list[str]:
    """Flags of chromium that give it this camera and let every page use it."""
    return [
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]  # fmt: skip


@contextmanager
def served(flags: Sequence[str] = (), port: int = 0) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The app in a process of its own, with its models ready: its address and the process."""
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port), *flags]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=3) as answer:
                if b"ready" in answer.read():
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.3)
    raise RuntimeError("the app did not become ready")


def measure(mode: str, video: str, seconds: float, preset: str) -> dict[str, Any]:
    """Answered pictures a second, their delays in milliseconds, the server's processor time."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise RuntimeError("this needs requirements-dev.txt") from error
    frames = read_frames(video or SAMPLE) if video or mode == "jump" else portrait()
    side = 480 if mode == "jump" else 720
    with tempfile.TemporaryDirectory() as folder, served() as (address, process), sync_playwright() as playwright:
        film = as_camera(frames, Path(folder) / "film.mjpeg", side)
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*FLAGS, *camera_flags(film)]
        )
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_selector("#photo-sample")
        page.locator("button[role=tab]").nth(1 if mode == "jump" else 0).click()
        if mode == "beauty":
            page.locator(f"#beauty-panel input[name=preset][value='{preset}']").check(force=True)
        page.click(OPEN[mode])
        page.wait_for_selector(".live-start[data-rate]", timeout=60_000)
        time.sleep(WARM)
        before, samples = _processor_seconds(process.pid), []
        for _ in range(round(seconds / 0.1)):
            page.wait_for_timeout(100)
            samples.append(page.evaluate("({...document.querySelector('.live-start[data-rate]')?.dataset})"))
        used = _processor_seconds(process.pid) - before
        chromium.close()
    return _summary(samples, used)


def _summary(samples: Sequence[dict[str, str]], processor: float) -> dict[str, Any]:
    delays = [float(sample["delay"]) for sample in samples if "delay" in sample]
    rates = [float(sample["rate"]) for sample in samples if "rate" in sample]
    return {
        "pictures_per_second": round(statistics.mean(rates), 1),
        "least_pictures_per_second": min(rates),
        "median_delay_ms": round(statistics.median(delays)),
        "delay_ms_of_nine_tenths": round(statistics.quantiles(delays, n=10)[-1]),
        "server_processor_ms_per_picture": round(1000 * processor / (statistics.mean(rates) * 0.1 * len(samples)), 1),
    }


def _processor_seconds(pid: int) -> float:
    """Processor time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
