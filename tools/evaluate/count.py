"""Evaluate counting on labelled clips: count, error and style per clip; mean error and accuracy per group.

The folder holds ``clips.json`` (or ``clips/clips.json``) with ``id``, ``file``, ``role`` (positive, negative,
jump_without_rope), ``count``, ``airborne_phases`` and ``style`` (its name first) of every clip.  Keypoints are kept in
``--tracks``, so that a changed rule is evaluated in seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from counting.pipeline import count_people, track_people
from counting.report import SessionReport
from counting.settings import CountSettings
from tools.evaluate.corruptions import CORRUPTIONS
from vision.options import add_arguments, from_arguments
from vision.types import PoseTrack
from vision.video import probe_video, read_frames


@dataclass(frozen=True)
class Result:
    """Result of one clip.

    The true number of rope jumps and of ``flights`` of any kind (0: none, or not labelled), the report, and the seconds
    of tracking.
    """

    clip: str
    role: str
    true: int
    flights: int
    style: str
    report: SessionReport
    seconds: float

    @property
    def error(self) -> int:
        """Counted minus true jumps."""
        return self.report.count - self.true

    @property
    def style_right(self) -> bool:
        """Whether the counted style is the one that the label begins with."""
        return self.report.skipper is not None and self.style.startswith(self.report.skipper.style)


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Print the table; returns the figures per group."""
    parser = argparse.ArgumentParser(prog="evaluate count", description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with clips.json and the clips")
    parser.add_argument("--tracks", help="folder in which keypoints are kept between runs")
    parser.add_argument("--device", default="auto")
    parser.add_argument(
        "--speeds", nargs="*", default=[], metavar="ID=SPEED", help="clips in slow motion: rope_alp=0.5"
    )
    parser.add_argument(
        "--corruption", choices=tuple(CORRUPTIONS), help="make the clips worse before they are analysed"
    )
    add_arguments(parser, CountSettings)
    given = parser.parse_args(list(arguments))
    folder = Path(given.data) / "clips" if (Path(given.data) / "clips").is_dir() else Path(given.data)
    clips = json.loads((folder / "clips.json").read_text(encoding="utf-8"))["clips"]
    settings = from_arguments(CountSettings, given)
    speeds = {name: float(value) for name, _, value in (text.partition("=") for text in given.speeds)}
    networks = _Networks(given.device)
    worse = given.corruption
    keep = Path(given.tracks) / (worse or "") if given.tracks else None
    results = [
        _result(
            clip,
            folder,
            replace(settings, speed=speeds.get(clip["id"], settings.speed)),
            networks,
            keep,
            given.corruption,
        )
        for clip in clips
    ]
    return _table(results)


class _Networks:
    """The two networks, loaded for the first clip without stored keypoints."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._loaded: tuple[Any, Any] | None = None

    def __call__(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import models

            self._loaded = (
                models.load_person_finder(self._device, multi_scale=False),
                models.load_pose_estimator(self._device, flip_test=False),
            )
        return self._loaded


def _result(
    clip: dict[str, Any],
    folder: Path,
    settings: CountSettings,
    networks: _Networks,
    keep: Path | None,
    corruption: str | None,
) -> Result:
    start = time.perf_counter()
    kept = keep / f"{clip['id']}.npz" if keep else None
    if kept and kept.exists():
        tracks = load_tracks(kept)
    else:
        frames = read_frames(folder / clip["file"])
        tracks = track_people(CORRUPTIONS[corruption](frames) if corruption else frames, *networks(), settings)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            save_tracks(kept, tracks)
    report = count_people(tracks, settings, probe_video(folder / clip["file"]).duration or None)
    facts = clip["count"], clip["airborne_phases"], clip.get("style", "")
    return Result(clip["id"], clip["role"], *facts, report, time.perf_counter() - start)


def save_tracks(path: Path, tracks: Sequence[PoseTrack]) -> None:
    """Store tracks in one .npz file."""
    arrays = {f"{f.name}{i}": getattr(t, f.name) for i, t in enumerate(tracks) for f in fields(t)}
    np.savez_compressed(path, people=np.array(len(tracks)), **arrays)


def load_tracks(path: Path) -> list[PoseTrack]:
    """Tracks stored by ``save_tracks``; files without camera motion are read as of a static camera."""
    names = [f.name for f in fields(PoseTrack)]
    with np.load(path, allow_pickle=False) as kept:
        return [
            PoseTrack(**{n: kept[f"{n}{i}"] for n in names if f"{n}{i}" in kept}) for i in range(int(kept["people"]))
        ]


def _table(results: list[Result]) -> dict[str, Any]:
    heads = f"{'true':>6}{'count':>6}{'error':>6}{'flights':>9}{'no rope':>8}{'others':>8}"
    print(f"{'clip':28}{heads}  {'style':<16}{'rope':>5}{'turns':>6}{'cover':>6}{'s':>7}")
    for r in results:
        who = r.report.skipper
        facts = (who.style, who.rope_confidence, who.turns, who.coverage) if who else ("-", 0.0, 0, 0.0)
        style, rope, turns, cover = facts
        others = sum(p.count for i, p in enumerate(r.report.people) if i != r.report.main)
        free = who.count_without_rope if who else 0
        counts = f"{r.clip[:27]:28}{r.true:6}{r.report.count:6}{r.error:+6}{r.flights:9}{free:8}{others:8}"
        print(f"{counts}  {style:<16}{rope:5.2f}{turns:6}{cover:6.2f}{r.seconds:7.1f}")
        for sentence in r.report.warnings:
            print(f"{'':28}{sentence}")
    return {role: _group(role, [r for r in results if r.role == role]) for role in sorted({r.role for r in results})}


def _group(role: str, results: list[Result]) -> dict[str, float]:
    errors = np.abs([r.error for r in results])
    figures = {"clips": len(errors), "mae": float(errors.mean())}
    figures |= {"exact": float((errors == 0).mean()), "within_one": float((errors <= 1).mean())}
    shares = f"exact {figures['exact']:.0%}, within one {figures['within_one']:.0%}"
    if role == "positive":
        figures["style"] = float(np.mean([r.style_right for r in results]))
        shares += f", style right {figures['style']:.0%}"
    print(f"{role}: {len(errors)} clips, mean error {figures['mae']:.2f}, {shares}")
    return figures


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
