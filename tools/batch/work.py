"""The work on one file: count a video's jumps or retouch a photo, with a row as the result."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from beauty.settings import BeautySettings
from counting.settings import CountSettings
from tools.batch.cores import fit_threads
from tools.batch.rows import KINDS, BeautyRow, CountRow, Row
from tools.batch.sources import Item
from tools.storage import is_address, local_file
from vision.types import MediaError

Handler = Callable[[Item], Row]
SAVED_AS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif", ".hif")
"""Suffixes that photos can be written with; copies of others become PNG files."""

WEIGHTS = Path(__file__).parents[2] / "models" / "weights" / "SHA256SUMS"


@dataclass(frozen=True)
class Plan:
    """What is done with every file: ``job`` count or beauty, and its settings.

    ``files``: the folder for annotated videos or retouched photos, empty for none; ``keypoints``: draw the 106 points.
    """

    job: str
    settings: CountSettings | BeautySettings
    files: str = ""
    keypoints: bool = False
    device: str = "auto"

    def key(self, source: str) -> str:
        """Identity of runs whose rows may share a table: source, settings and weights as text."""
        weights = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
        own = [os.environ.get(name, "") for name in ("LANDMARK_WEIGHTS", "POSE_WEIGHTS")]
        facts = {"source": source, "settings": asdict(self.settings), "files": bool(self.files), "weights": weights}
        return json.dumps(facts | {"keypoints": self.keypoints, "own": own}, sort_keys=True)


def load_handler(plan: Plan, threads: int) -> Handler:
    """Bind this process to its cores, load the networks and return the function from a file to its row."""
    fit_threads(threads)
    import models

    if plan.job == "count":
        find = models.load_person_finder(plan.device, multi_scale=False)
        pose = models.load_pose_estimator(plan.device, flip_test=False)
        return lambda item: handle(item, CountRow, lambda path: count_file(path, item.name, plan, find, pose))
    faces = models.load_face_finder(plan.device)
    return lambda item: handle(item, BeautyRow, lambda path: retouch_photo(path, item.name, plan, faces))


def handle(item: Item, kind: type[Row], work: Callable[[Path], dict[str, Any]]) -> Row:
    """The row of a file; errors are recorded in it.

    A file whose hash equals the ``known`` one is skipped: its row has that hash and ``tries`` 0.
    """
    begin = time.perf_counter()
    facts: dict[str, Any] = {}
    try:
        with local_file(item.path) as path:
            facts = stamp(item.path) | {"hash": file_hash(path)}
            if facts["hash"] == item.known:
                return kind(item.path, **facts, tries=0)
            facts |= work(path)
    except Exception as error:  # an error in one file is a row, not an end
        facts["error"] = sentence(error)
    return kind(item.path, **facts, took=round(time.perf_counter() - begin, 3), worker=_worker())


def lost_row(job: str, item: Item, tries: int, reason: str) -> Row:
    """The row of a file that no worker could finish."""
    return KINDS[job](item.path, **stamp(item.path), error=reason, tries=tries)


def stamp(path: str) -> dict[str, Any]:
    """Size and modification time, by which a file is considered unchanged; empty for addresses."""
    if is_address(path):
        return {}
    try:
        facts = Path(path).stat()
    except OSError:
        return {}
    return {"size": facts.st_size, "modified": facts.st_mtime}


def file_hash(path: Path) -> str:
    """SHA-256 of a file; raises ``MediaError`` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaError(f"{path.name} cannot be read: {error.strerror}.") from error


def sentence(error: Exception) -> str:
    """One line for the table; unexpected errors are prefixed with their type."""
    words = " ".join(str(error).split())[:500]
    return words if isinstance(error, (ValueError, OSError)) and words else f"{type(error).__name__}: {words}"


def _worker() -> str:
    return f"{platform.node()}:{os.getpid()}"


def count_file(path: Path, name: str, plan: Plan, find: Any, pose: Any) -> dict[str, Any]:
    """The columns of a ``CountRow``; writes the annotated copy if requested."""
    from counting.pipeline import count_video, render

    assert isinstance(plan.settings, CountSettings)
    counted = count_video(path, find, pose, plan.settings)
    report, output = counted.report, _target(plan, name, {".mp4"}, ".mp4")
    if output is not None:
        render(path, output, counted.tracks, report, rotations=counted.rotations)
    told, skipper = report.to_dict(), report.skipper
    facts = {key: told.get(key) for key in ("style", "rope", "turns", "per_minute", "longest_streak", "coverage")}
    return facts | {
        "seconds": report.seconds, "count": report.count,
        "without_rope": skipper.count_without_rope if skipper else 0,
        "people": len(report.people), "total": told["total"],
        "styles": json.dumps(skipper.per_style()) if skipper else "{}", "warnings": " ".join(report.warnings),
        "output": output and str(output),
    }  # fmt: skip


def retouch_photo(path: Path, name: str, plan: Plan, find_faces: Any) -> dict[str, Any]:
    """The columns of a ``BeautyRow``; writes the retouched copy if requested."""
    from beauty.pipeline import beautify, moved_faces
    from vision.draw import draw_faces
    from vision.image import read_photo, write_photo

    assert isinstance(plan.settings, BeautySettings)
    photo = read_photo(path)
    faces = find_faces(photo.image)
    output = _target(plan, name, SAVED_AS, ".png")
    if output is not None:
        image = beautify(photo.image, faces, plan.settings)
        if plan.keypoints:
            image = draw_faces(image, moved_faces(image.shape[:2], faces, plan.settings))
        write_photo(output, photo.with_image(image))
    sizes = faces.boxes[:, 2:] - faces.boxes[:, :2]
    return {
        "width": photo.image.shape[1], "height": photo.image.shape[0], "faces": len(faces),
        "face_sizes": " ".join(f"{w:.0f}x{h:.0f}" for w, h in sizes), "warnings": " ".join(photo.notes),
        "output": output and str(output),
    }  # fmt: skip


def _target(plan: Plan, name: str, suffixes: Collection[str], other: str) -> Path | None:
    """Path of a file's copy, with its folder created: the same name, plus ``other`` if its suffix is not writable."""
    if not plan.files:
        return None
    target = Path(plan.files) / (name if Path(name).suffix.lower() in suffixes else name + other)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
