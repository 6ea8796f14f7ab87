"""The jobs and stages that ``tools.bench`` times; runs in a process of its own: ``python -m tools.bench.jobs < TASKS``.

A whole job does what the command lines do, with the networks loaded before the clock starts.  The
plain jobs use the same code with the networks of ``tools.bench.plain``, and look for people in every frame.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from beauty.pipeline import beautify, beautify_prepared, prepare
from beauty.settings import BeautySettings
from counting.overlay import Scene
from counting.pipeline import count_people, render, track_people
from counting.report import SessionReport
from counting.settings import CountSettings
from tools.bench.processes import PROCESSES
from tools.bench.timing import Measure, Task, peak_memory, repeat, serve
from vision.image import read_photo, write_photo
from vision.types import Frame, Image, MediaError, PoseTrack
from vision.video import probe_video, read_frames, read_planar, write_video

HELD = 48
"""Frames that the stages work on."""

NAIVE = CountSettings(find_every=0.0, batch=1)
"""People are looked for in every frame, and crops go through the network one by one."""

BILATERAL = (9, 75.0, 75.0)
"""Diameter and the two sigmas: what OpenCV's own description advises for work that is not live."""

MATRIX = 2048
"""Rows and columns of the matrix product that tells the processor's peak."""


@cache
def load_model(kind: str, plain: bool = False) -> Any:
    """``person_finder``, ``pose_estimator`` or ``face_finder``, ours or the plain one."""
    if plain:
        from tools.bench import plain as bench_plain

        return getattr(bench_plain, kind)()
    import models

    make = getattr(models, f"load_{kind}")
    return make(**{"person_finder": {"multi_scale": False}, "pose_estimator": {"flip_test": False}}.get(kind, {}))


def load(task: Task) -> Iterator[Measure]:
    """Import OpenVINO and load all networks; can be done once in a process, so without a warm-up."""
    begin = time.perf_counter()
    for kind in ("person_finder", "pose_estimator", "face_finder"):
        load_model(kind)
    yield Measure("load all networks", "networks", 4, (time.perf_counter() - begin,))


def analysed(source: str, plain: bool) -> tuple[list[PoseTrack], SessionReport]:
    """From a video file to its report."""
    find, pose = load_model("person_finder", plain), load_model("pose_estimator", plain)
    settings = NAIVE if plain else CountSettings()
    tracks = track_people(read_frames(source), find, pose, settings)
    return tracks, count_people(tracks, settings, probe_video(source).duration or None)


def annotated(source: str, target: str, plain: bool) -> None:
    """From a video file to its annotated copy."""
    render(source, target, *analysed(source, plain))


def retouched(source: str, target: str, plain: bool) -> None:
    """From a photo file to its retouched copy."""
    photo = read_photo(source)
    faces = load_model("face_finder", plain)(photo.image)
    write_photo(target, photo.with_image(beautify(photo.image, faces, BeautySettings())))


def analyse(task: Task, plain: bool = False) -> Iterator[Measure]:
    """Video to report."""
    call = partial(analysed, task.source, plain)
    yield repeat(_named("video to report", plain), "frames", _frame_count(task.source), call, task.repeats)


def crowd(task: Task) -> Iterator[Measure]:
    """Four people's video to report."""
    call = partial(analysed, task.source, False)
    yield repeat("four people's video to report", "frames", _frame_count(task.source), call, task.repeats)


def annotate(task: Task, plain: bool = False) -> Iterator[Measure]:
    """Video to annotated video."""
    call = partial(annotated, task.source, task.target, plain)
    yield repeat(_named("video to annotated video", plain), "frames", _frame_count(task.source), call, task.repeats)


def retouch(task: Task, plain: bool = False) -> Iterator[Measure]:
    """Photo to retouched photo."""
    call = partial(retouched, task.source, task.target, plain)
    size = megapixels(read_photo(task.source).image)
    yield repeat(_named("photo to retouched photo", plain), "megapixels", size, call, task.repeats)


def _named(name: str, plain: bool) -> str:
    return f"{name}, plain PyTorch" if plain else name


def _frame_count(source: str) -> int:
    return sum(1 for _ in read_frames(source))


def megapixels(image: Image) -> float:
    """Size of a picture."""
    return image.shape[0] * image.shape[1] / 1e6


def video_stages(task: Task) -> Iterator[Measure]:
    """Decode, person detector, pose estimator, overlay and encode, each alone, on the first frames."""
    find, pose = load_model("person_finder"), load_model("pose_estimator")
    frames = list(islice(read_frames(task.source), HELD))
    tracks = track_people(frames, find, pose)
    if not tracks:
        raise MediaError(f"{Path(task.source).name} shows no person.")
    scene, images = Scene(tracks, count_people(tracks)), [frame.image for frame in frames]
    boxes = np.stack([_box(tracks[0], frame) for frame in frames])
    n = len(frames)
    yield repeat("decode", "frames", n, partial(_decode, task.source, n), task.repeats)
    yield repeat("person detector", "frames", n, lambda: [find(image) for image in images], task.repeats)
    for batch in (1, 4, CountSettings().batch):
        name = f"pose estimator, batches of {batch}"
        yield repeat(name, "frames", n, partial(_in_batches, pose, images, boxes, batch), task.repeats)
    planar = list(islice(read_planar(task.source), n))
    draw = lambda: [scene.draw_on(frame.image, frame.time) for frame in planar]  # noqa: E731
    yield repeat("overlay", "frames", n, draw, task.repeats)
    yield repeat("encode", "frames", n, lambda: write_video(task.target, planar), task.repeats)


def _decode(source: str, count: int) -> None:
    for _ in islice(read_frames(source), count):
        pass


def _box(track: PoseTrack, frame: Frame) -> np.ndarray:
    """The track's box at a frame, or the whole picture where the person was not seen."""
    box = track.boxes[int(np.abs(track.times - frame.time).argmin())]
    height, width = frame.image.shape[:2]
    return box if np.isfinite(box).all() else np.array([0, 0, width - 1, height - 1], np.float32)


def _in_batches(pose: Callable[..., Any], images: list[Image], boxes: np.ndarray, batch: int) -> None:
    for i in range(0, len(images), batch):
        pose(images[i : i + batch], boxes[i : i + batch])


def photo_stages(task: Task) -> Iterator[Measure]:
    """Reading, face detector, landmarks, preparation, one move of a slider and writing, each alone."""
    finder, photo, settings = load_model("face_finder"), read_photo(task.source), BeautySettings()
    image, size = photo.image, megapixels(photo.image)
    faces, found = finder(image), finder.detect(image)
    if not len(faces):
        raise MediaError(f"{Path(task.source).name} shows no face.")
    prepared = prepare(image, faces)
    yield repeat("read photo", "megapixels", size, lambda: read_photo(task.source), task.repeats)
    yield repeat("face detector", "megapixels", size, lambda: finder.detect(image), task.repeats)
    yield repeat("landmarks", "faces", len(found), lambda: finder.landmarks(image, found.points), task.repeats)
    yield repeat("beauty prepare", "megapixels", size, lambda: prepare(image, faces), task.repeats)
    yield repeat("beauty move", "megapixels", size, lambda: beautify_prepared(prepared, settings), task.repeats)
    yield repeat("write photo", "megapixels", size, lambda: write_photo(task.target, photo), task.repeats)


def bilateral(task: Task) -> Iterator[Measure]:
    """OpenCV's bilateral filter over the full picture."""
    image = read_photo(task.source).image
    call = partial(cv2.bilateralFilter, image, *BILATERAL)
    yield repeat("OpenCV bilateral filter", "megapixels", megapixels(image), call, task.repeats)


def network(task: Task) -> Iterator[Measure]:
    """The pose network on all cores and a large matrix product in its precision, in GFLOP: the share of the peak."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from tools.bench.plain import pose_estimator

    runner = load_model("pose_estimator")
    engine, (width, height) = runner.engine, runner.size_wh
    precision = torch.bfloat16 if engine.precision == "bf16" else torch.float32
    batch = np.zeros((runner.batch, height, width, 3), np.uint8)
    with FlopCounterMode(display=False) as counter:
        pose_estimator().engine(batch)
    work = counter.get_total_flops() / 1e9
    yield repeat(f"pose network, batch of {runner.batch}", "GFLOP", work, lambda: engine(batch), task.repeats)
    a = torch.ones(MATRIX, MATRIX, dtype=precision)
    yield repeat("matrix product", "GFLOP", 2 * MATRIX**3 / 1e9, lambda: (a @ a).sum().item(), task.repeats)


def app_start(task: Task) -> Iterator[Measure]:
    """From ``python app.py`` to the first answer and to loaded networks, a new server every time."""
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port"]
    times = [start_server(command) for _ in range(task.repeats)]
    peak = max(t[2] for t in times)
    yield Measure("app answers", "starts", 1, tuple(t[0] for t in times), memory=peak)
    yield Measure("app has loaded its networks", "starts", 1, tuple(t[1] for t in times), memory=peak)


def start_server(command: Sequence[str], patience: float = 120) -> tuple[float, float, float]:
    """Seconds until ``command`` with a port answers and until its health says ready, its peak MB; then it is ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begin, answered = time.perf_counter(), 0.0
    with subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while (now := time.perf_counter() - begin) < patience and process.poll() is None:
                state = _health(f"http://127.0.0.1:{port}/health")
                answered = answered or now * bool(state)
                if state.get("models") == "ready":
                    return answered, now, peak_memory(str(process.pid))
                time.sleep(0.05)
        finally:
            process.terminate()
    raise RuntimeError(f"{' '.join(command)} {port} did not get ready within {now:.0f} s")


def _health(address: str) -> dict[str, Any]:
    """What a server says of itself; empty while it does not answer."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return {}


JOBS: dict[str, Callable[[Task], Iterable[Measure]]] = {
    "load": load,
    "annotate": annotate,
    "crowd": crowd,
    "analyse": analyse,
    "retouch": retouch,
    "annotate plain": partial(annotate, plain=True),
    "analyse plain": partial(analyse, plain=True),
    "retouch plain": partial(retouch, plain=True),
    "bilateral": bilateral,
    "video stages": video_stages,
    "photo stages": photo_stages,
    "network": network,
    "app": app_start,
    **PROCESSES,
}

if __name__ == "__main__":
    sys.exit(serve(JOBS))
