"""Count the jumps of a video: ``python -m counting VIDEO [OUT.mp4] [--json] [--csv FILE] [flags]``."""

from __future__ import annotations

from vision.command import Parser, end_at_once, fail, run, say

if __name__ == "__main__":
    end_at_once("counting")  # while the libraries load

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import models
from counting.pipeline import CountedVideo, count_video, render
from counting.report import SessionReport
from counting.settings import CountSettings
from vision.files import check_target, check_text_target, seekable, write_text
from vision.options import add_arguments, from_arguments
from vision.video import VIDEO_SUFFIXES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, or 2 after one line for everything that failed.

    The count is printed before files are written, so that an error in writing does not lose it.
    """
    return run("counting", lambda: _main(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m counting", description="Count the rope jumps of a video.")
    parser.add_argument("video", help="the video to count")
    parser.add_argument("out", nargs="?", help="an annotated copy to write (MP4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--csv", metavar="FILE", help="write one line per jump")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    add_arguments(parser, CountSettings)
    return parser


def _main(given: argparse.Namespace) -> int:
    settings = from_arguments(CountSettings, given)
    _check_targets(given)
    with seekable(given.video) as video:
        find = models.load_person_finder(given.device, multi_scale=False)
        pose = models.load_pose_estimator(given.device, flip_test=False)
        counted = count_video(video, find, pose, settings)
        report = counted.report
        print(json.dumps(report.to_dict()) if given.json else _sentence(report), flush=True)
        written = [_written(lambda: write_text(given.csv, report.to_csv()))] if given.csv else []
        if given.out:
            written.append(_written(lambda: _annotated(video, given.out, counted)))
    return max(written, default=0)


def _check_targets(given: argparse.Namespace) -> None:
    """Raise ``MediaError`` for targets that cannot be written, before the video is read."""
    if given.out:
        check_target(given.out, VIDEO_SUFFIXES)
    if given.csv:
        check_text_target(given.csv)


def _annotated(video: Path, out: str, counted: CountedVideo) -> None:
    for note in render(video, out, counted.tracks, counted.report, rotations=counted.rotations):
        say(f"counting: {Path(out).name}: {note}")


def _written(write: Callable[[], None]) -> int:
    """Write a file; 0, or 2 after one line when it fails."""
    try:
        write()
    except (ValueError, OSError) as error:
        return fail("counting", error)
    return 0


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
