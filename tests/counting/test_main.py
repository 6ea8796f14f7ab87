"""The command line of counting: what is checked first, and that the count is never lost."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest

import counting.__main__ as command
from vision.types import Detections, Frame
from vision.video import read_frames, write_video


@pytest.fixture
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A video of noise in which nobody is found; the working folder is the one it lies in."""
    nobody = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    monkeypatch.setattr(command.models, "load_person_finder", lambda *_, **__: lambda image: nobody)
    monkeypatch.setattr(command.models, "load_pose_estimator", lambda *_, **__: None)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    write_video("in.mp4", (Frame(rng.integers(0, 256, (96, 128, 3), np.uint8), k / 20) for k in range(40)))
    return tmp_path / "in.mp4"


def test_seconds_are_what_was_seen(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["in.mp4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] == pytest.approx(2.0, abs=0.06)


@pytest.mark.parametrize(
    "flags",
    [
        ["out.avi"],
        ["none/out.mp4"],
        ["."],
        ["a" * 252 + ".mp4"],
        ["--csv", "none/out.csv"],
        ["--csv", "."],
        ["--min-score", "9"],
        ["--unknown"],
    ],
)
def test_what_cannot_work_is_told_before_the_analysis(
    video: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    monkeypatch.setattr(command, "count_video", lambda *_: pytest.fail("analysed in vain"))
    try:
        status = command.main(["in.mp4", *flags])
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1)
    assert [p.name for p in video.parent.iterdir()] == ["in.mp4"]


def test_the_count_is_printed_although_the_disk_is_full(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit of the file size makes every write beyond it fail, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        status = command.main(["in.mp4", "out.mp4", "--csv", "out.csv"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    said = capsys.readouterr()
    assert status == 2
    assert said.out.startswith("0 jumps")
    assert said.err == "counting: out.mp4 cannot be written: File too large.\n"
    assert sorted(p.name for p in video.parent.iterdir()) == ["in.mp4", "out.csv"]


def test_a_table_that_fails_costs_neither_count_nor_video(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["in.mp4", "out.mp4", "--csv", "/dev/full"]) == 2
    said = capsys.readouterr()
    assert said.out.startswith("0 jumps")
    assert said.err.count("\n") == 1
    assert len(list(read_frames("out.mp4"))) == 40


def test_a_single_picture_is_told(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video("one.mp4", [Frame(np.zeros((48, 64, 3), np.uint8), 0.0)])
    assert command.main(["one.mp4"]) == 2
    assert capsys.readouterr().err == "counting: one.mp4 holds a single picture, not a video.\n"


def test_a_pipe_is_read(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, video.read_bytes())
        os._exit(0)
    os.close(writing)
    assert command.main([f"/dev/fd/{reading}", "out.mp4"]) == 0
    os.waitpid(child, 0)
    assert len(list(read_frames("out.mp4"))) == 40
