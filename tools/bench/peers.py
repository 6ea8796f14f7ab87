"""MediaPipe 0.10.21 on the same files, in a separate virtual environment.

``make_environment`` builds it once; ``python -m tools.bench.peers < TASKS`` is run by its Python.  Each
job is a straightforward loop, frame by frame.  Videos are read and written as by this project.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench.timing import Measure, Task, repeat, serve

PACKAGES = ("mediapipe==0.10.21", "av>=17.1,<19")
"""MediaPipe brings its models along."""

WINDOWS = ("opencv-contrib-python", "opencv-contrib-python-headless==4.11.0.86")
"""The OpenCV that MediaPipe requires, which needs display libraries, and its headless replacement."""

READY = "import av, cv2, mediapipe as m, mediapipe.python.solutions.pose; assert m.__version__ == '0.10.21'"

Run = Callable[[Sequence[str]], int]


def _quietly(command: Sequence[str]) -> int:
    """Exit status of a command whose output is discarded."""
    return subprocess.run(command, capture_output=True, check=False).returncode


def make_environment(folder: str | Path, run: Run = _quietly) -> Path:
    """The Python of the peers' environment, made in ``folder`` unless it is there and complete.

    Raises ``RuntimeError`` when a step fails, for instance for want of a network or of a Python
    (3.9 to 3.12) that MediaPipe supports.
    """
    python = Path(folder).expanduser().absolute() / "bin" / "python"
    if python.exists() and run([str(python), "-c", READY]) == 0:
        return python
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(python.parents[1])],
        [*pip, "install", *PACKAGES],
        [*pip, "uninstall", "--yes", WINDOWS[0]],
        [*pip, "install", WINDOWS[1], "numpy<2"],
        [str(python), "-c", READY],
    )
    for step in steps:
        if run(step):
            raise RuntimeError(f"the peers' environment could not be made: {' '.join(step)} failed")
    return python


def _blazepose() -> Any:
    """BlazePose full, tracking one person through a video."""
    from mediapipe.python.solutions.pose import Pose  # type: ignore[import-not-found]  # a peer, not ours

    return Pose(static_image_mode=False, model_complexity=1)


def _face_mesh() -> Any:
    """The face mesh for single photos."""
    from mediapipe.python.solutions.face_mesh import FaceMesh  # type: ignore[import-not-found]  # a peer, not ours

    return FaceMesh(static_image_mode=True, max_num_faces=4)


def _poses(source: str) -> int:
    """Frames of a video in which a person was found."""
    from vision.video import read_frames

    with _blazepose() as pose:
        return sum(pose.process(frame.image).pose_landmarks is not None for frame in read_frames(source))


def _annotated(source: str, target: str) -> None:
    """The video with its skeletons drawn in, without a count."""
    from mediapipe.python.solutions.drawing_utils import draw_landmarks  # type: ignore[import-not-found]  # a peer, not ours
    from mediapipe.python.solutions.pose import POSE_CONNECTIONS  # type: ignore[import-not-found]  # a peer, not ours

    from vision.types import Frame
    from vision.video import read_frames, write_video

    def drawn() -> Iterator[Frame]:
        with _blazepose() as pose:
            for frame in read_frames(source):
                found = pose.process(frame.image).pose_landmarks
                image = np.ascontiguousarray(frame.image).copy()
                if found is not None:
                    draw_landmarks(image, found, POSE_CONNECTIONS)
                yield Frame(image, frame.time)

    write_video(target, drawn(), audio_from=source)


def _read(source: str) -> np.ndarray:
    """A photo (H, W, 3) uint8 BGR; ``ValueError`` when OpenCV cannot read it."""
    import cv2

    picture = cv2.imread(source)
    if picture is None:
        raise ValueError(f"{source} cannot be read by OpenCV")
    return picture


def _hulls(image: np.ndarray, mesh: Any) -> list[np.ndarray]:
    """Outlines (K, 1, 2) int32 of the faces that the mesh finds."""
    import cv2

    size = np.array(image.shape[1::-1])
    faces = mesh.process(image).multi_face_landmarks or []
    return [cv2.convexHull((np.array([(p.x, p.y) for p in face.landmark]) * size).astype(np.int32)) for face in faces]


def _smoothed(source: str, target: str) -> None:
    """Photo to photo with the faces smoothed by OpenCV's bilateral filter inside the mesh's outline."""
    import cv2

    picture = _read(source)
    mask = np.zeros(picture.shape[:2], np.uint8)
    with _face_mesh() as mesh:
        for hull in _hulls(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), mesh):
            cv2.fillConvexPoly(mask, hull, 255)
    smooth = cv2.bilateralFilter(picture, 9, 75.0, 75.0)
    soft = cv2.GaussianBlur(mask, (0, 0), 5).astype(np.float32)[..., None] / 255
    result = picture + (smooth.astype(np.float32) - picture) * soft
    cv2.imwrite(target, cv2.convertScaleAbs(result), [cv2.IMWRITE_JPEG_QUALITY, 95])


def pose_report(task: Task) -> Iterator[Measure]:
    """Video to poses; ``ValueError`` if there are none."""
    if not _poses(task.source):
        raise ValueError(f"BlazePose finds no person in {task.source}")
    yield repeat("BlazePose full, video to poses", "frames", _frames(task), partial(_poses, task.source), task.repeats)


def pose_video(task: Task) -> Iterator[Measure]:
    """Video to annotated video."""
    call = partial(_annotated, task.source, task.target)
    yield repeat("BlazePose full, video to annotated video", "frames", _frames(task), call, task.repeats)


def _frames(task: Task) -> int:
    from vision.video import read_frames

    return sum(1 for _ in read_frames(task.source))


def mesh(task: Task) -> Iterator[Measure]:
    """The face mesh on a photo in memory, the network loaded; ``ValueError`` when it finds no face."""
    import cv2

    image = cv2.cvtColor(_read(task.source), cv2.COLOR_BGR2RGB)
    with _face_mesh() as found:
        if not _hulls(image, found):
            raise ValueError(f"the face mesh finds no face in {task.source}")
        yield repeat("face mesh", "megapixels", _megapixels(image), partial(_hulls, image, found), task.repeats)


def mesh_photo(task: Task) -> Iterator[Measure]:
    """Photo to smoothed photo."""
    size = _megapixels(_read(task.source))
    call = partial(_smoothed, task.source, task.target)
    yield repeat("face mesh and bilateral filter, photo to photo", "megapixels", size, call, task.repeats)


def _megapixels(image: np.ndarray) -> float:
    return image.shape[0] * image.shape[1] / 1e6


JOBS = {"pose report": pose_report, "pose video": pose_video, "mesh": mesh, "mesh photo": mesh_photo}

if __name__ == "__main__":
    sys.exit(serve(JOBS))
