"""Targets that are checked first, links, pipes, and commands that end cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import vision.files as files
from vision.command import run
from vision.files import check_target, replaced_at_end, seekable, write_text
from vision.types import MediaError


@pytest.mark.parametrize("name", ["none/a.mp4", "a.avi", "folder.mp4", 300 * "a" + ".mp4"])
def test_bad_targets_are_told_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(MediaError, match="cannot be written") as caught:
        check_target(tmp_path / name, (".mp4",))
    assert str(tmp_path / "a") not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.mp4"]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROOM", 1 << 62)
    with pytest.raises(MediaError, match="the disk is full"):
        check_target(tmp_path / "a.mp4")


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "text")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "text"


def test_an_error_names_no_file_of_ours(tmp_path: Path) -> None:
    def fill_the_disk() -> None:
        with replaced_at_end(tmp_path / "a.txt") as draft:
            draft.touch()
            raise OSError(28, "No space left on device", str(draft))

    with pytest.raises(MediaError) as caught:
        fill_the_disk()
    assert str(caught.value) == "a.txt cannot be written: No space left on device."
    assert list(tmp_path.iterdir()) == []


def test_pipes_are_copied_and_the_copy_goes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"film"))
    writer.start()
    with seekable(pipe) as copy:
        assert copy.read_bytes() == b"film"
    writer.join()
    assert not copy.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_says_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def work() -> int:
        with replaced_at_end(tmp_path / "a.txt") as draft:
            draft.touch()
            os.kill(os.getpid(), number)
        return 0

    before = signal.getsignal(signal.SIGTERM)
    assert run("counting", work) == 128 + number
    assert capsys.readouterr().err == "counting: stopped\n"
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("error", [ValueError("bad"), OSError(28, "bad", "/secret/name"), RuntimeError("bad")])
def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], error: Exception) -> None:
    def work() -> int:
        raise error

    assert run("beauty", work) == 2
    assert capsys.readouterr().err == "beauty: bad\n"


def test_what_libraries_say_of_damaged_files_is_not_shown() -> None:
    """Libraries in C write to the second file descriptor; Python's messages go there too."""
    code = (
        "import os; from vision.command import run, say;"
        "run('x', lambda: os.write(2, b'noise') and (say('one') or 0)); say('two')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "one\ntwo\n"


def test_a_stop_that_a_library_turns_into_an_error_of_its_own_is_a_stop(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as stop:
            raise ImportError("initialization failed") from stop
        return 0

    assert run("count", work) == 128 + signal.SIGTERM
    assert capsys.readouterr().err == "count: stopped\n"
