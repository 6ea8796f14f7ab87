"""Fuzz test of both command lines in this process: damaged media must give a clean result or one error sentence."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from unittest import mock

import numpy as np

import beauty.__main__ as beauty
import counting.__main__ as counting
from tools.reliability.corpus import damaged, make_seeds
from vision.types import Detections, Faces

LIMIT = 30
"""Time limit in seconds for one file."""


@dataclass(frozen=True)
class Outcome:
    """Result of one command on one file: exit status, output on stderr, and ``fault``, empty if there is none."""

    status: int
    said: str
    fault: str


class TooLongError(BaseException):
    """A file took longer than the limit."""


def main(count: int) -> int:
    """Run ``count`` damaged files through both command lines and print the faults; returns 1 if there are any."""
    tally: Counter[str] = Counter()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, without_networks():
        seeds, inputs = (Path(folder, name) for name in ("seeds", "inputs"))
        seeds.mkdir()
        inputs.mkdir()
        for path in damaged(make_seeds(seeds), inputs, count):
            for name, outcome in both(path):
                tally["fault" if outcome.fault else f"{name} status {outcome.status}"] += 1
                if outcome.fault:
                    print(f"{path.name}: {name}: {outcome.fault}: {outcome.said.strip()[-600:]}", flush=True)
            path.unlink()
    print(f"{count} files in {time.monotonic() - begin:.0f} s: {dict(sorted(tally.items()))}")
    return int(tally["fault"] > 0)


def both(path: Path) -> Iterator[tuple[str, Outcome]]:
    """The outcomes of ``python -m counting`` and ``python -m beauty``."""
    video = path.stem.split("_")[-1].startswith("video")
    target = "out.mp4" if video else "out.jpg"
    yield "counting", outcome(lambda out: counting.main([str(path), str(out / "out.mp4"), "--csv", str(out / "a.csv")]))
    yield "beauty", outcome(lambda out: beauty.main([str(path), str(out / target)]))


def outcome(command: Callable[[Path], int]) -> Outcome:
    """Run a command with an empty folder for its results and check its outcome."""
    out, err = io.StringIO(), io.StringIO()
    status, fault = 0, ""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), limited(LIMIT):
                status = command(Path(folder))
        except TooLongError:
            fault = f"longer than {LIMIT} s"
        except BaseException as error:
            fault = f"{type(error).__name__}: {error}"
        left = sorted(p.name for p in Path(folder).iterdir())
    return Outcome(status, err.getvalue(), fault or fault_of(status, err.getvalue(), left))


def fault_of(status: int, said: str, left: list[str]) -> str:
    """The fault of a result, empty if there is none."""
    if status not in (0, 2):
        return f"status {status}"
    if "Traceback" in said or "Error(" in said or "Errno" in said:
        return "no sentence"
    if status and not said.strip():
        return "failed without a word"
    if [name for name in left if name.startswith(".") or name not in ("out.mp4", "out.jpg", "a.csv")]:
        return f"left behind {left}"
    return ""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise ``TooLongError`` after some seconds; if the block still does not end, print all stacks and exit."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(2 * seconds, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def without_networks() -> Iterator[None]:
    """Replace the networks within the block by stubs that find nobody."""
    nobody = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    with (
        mock.patch.object(counting.models, "load_person_finder", return_value=lambda image: nobody),
        mock.patch.object(counting.models, "load_pose_estimator", return_value=None),
        mock.patch.object(beauty, "_finder", return_value=lambda image: Faces.none()),
    ):
        yield
