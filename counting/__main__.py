"""Count the jumps of a video: ``python -m counting VIDEO [OUT.mp4] [--json] [--csv FILE] [flags]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import models
from counting.pipeline import count_people, render, track_people
from counting.report import SessionReport
from counting.settings import CountSettings
from vision.options import add_arguments, from_arguments
from vision.video import probe_video, read_frames


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, or 2 with one line on a bad input."""
    given = _parser().parse_args(arguments)
    try:
        report = _run(given)
    except (ValueError, OSError, models.MissingWeights) as error:
        print(f"counting: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    if given.csv:
        Path(given.csv).write_text(report.to_csv(), encoding="utf-8")
    print(json.dumps(report.to_dict()) if given.json else _sentence(report))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m counting", description="Count the rope jumps of a video.")
    parser.add_argument("video", help="the video to count")
    parser.add_argument("out", nargs="?", help="an annotated copy to write (MP4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--csv", metavar="FILE", help="write one line per jump")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    add_arguments(parser, CountSettings)
    return parser


def _run(given: argparse.Namespace) -> SessionReport:
    settings = from_arguments(CountSettings, given)
    info = probe_video(given.video)
    find = models.load_person_finder(given.device, thorough=False)
    pose = models.load_pose_estimator(given.device, thorough=False)
    tracks = track_people(read_frames(given.video), find, pose, settings)
    report = count_people(tracks, settings, info.duration or None)
    if given.out:
        render(given.video, given.out, tracks, report)
    return report


def _sentence(report: SessionReport) -> str:
    skipper = report.skipper
    lines = list(report.warnings)
    if skipper is None or not report.count:
        return "\n".join(["0 jumps", *lines])
    styles = ", ".join(f"{n} {style}" for style, n in skipper.per_style().items())
    first = f"{report.count} jumps in {report.seconds:.1f} s, {skipper.per_minute:.0f} per minute ({styles})"
    return "\n".join([first, *lines])


if __name__ == "__main__":
    sys.exit(main())
