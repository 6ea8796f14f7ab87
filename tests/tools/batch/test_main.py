"""The command line with the real networks: right rows, copies, a poisoned file, and going on after a stop."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
from matplotlib import cbook
from PIL import Image as Pillow

from tests.app.fakes import wait_until
from tools.batch.__main__ import main
from vision.image import read_photo
from vision.video import probe_video, read_frames, write_video

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "assets" / "jump_sample.mp4"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten portraits of growing size, one in a folder of its own, and a file that is no photo."""
    folder = tmp_path_factory.mktemp("photos")
    with Pillow.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as portrait:
        for number in range(10):
            side = 160 + 16 * number
            portrait.resize((side, round(side * 1.2))).save(folder / f"p{number}.jpg")
    (folder / "more").mkdir()
    (folder / "p9.jpg").rename(folder / "more" / "p9.jpg")
    (folder / "broken.png").write_bytes(b"no photo")
    return folder


def table(target: Path) -> dict[str, dict[str, str]]:
    with (target / "rows.csv").open(encoding="utf-8") as lines:
        return {Path(row["path"]).name: row for row in csv.DictReader(lines)}


def test_photos_become_rows_and_retouched_copies(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    target = tmp_path / "out"
    assert main(["beauty", str(photos), str(target), "--workers", "1", "--smoothing", "0.8"]) == 0
    assert "11 files, 1 with an error" in capsys.readouterr().out
    rows = table(target)
    assert rows["broken.png"]["error"]
    good = [row for name, row in rows.items() if name != "broken.png"]
    assert [row["faces"] for row in good] == ["1"] * 10
    width, height = map(int, rows["p9.jpg"]["face_sizes"].split("x"))
    assert 60 < width < 200 > height > 60
    copy = Path(rows["p9.jpg"]["output"])
    assert copy == target / "files" / "more" / "p9.jpg"
    before, after = read_photo(photos / "more" / "p9.jpg").image, read_photo(copy).image
    assert after.shape == before.shape
    assert (after != before).any()


def test_a_stopped_run_goes_on_where_it_was(photos: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    command = [sys.executable, "-m", "tools.batch", "beauty", str(photos), str(target), "--workers", "1"]
    first = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    copies = target / "files"
    assert wait_until(lambda: copies.is_dir() and len(list(copies.iterdir())) >= 2, 120)
    first.send_signal(signal.SIGTERM)
    assert "stopped" in first.communicate(timeout=60)[1].splitlines()[-1]
    assert first.returncode == 130
    done = table(target)
    assert 1 <= len(done) < 11
    again = photos / sorted(done)[-1]
    if again.exists():
        os.utime(again)  # touched, not changed
    (photos / "p0.jpg").touch()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=240)
    rows = table(target)
    assert len(rows) == 11
    assert {name: rows[name]["took"] for name in done} == {name: row["took"] for name, row in done.items()}
    begin = time.monotonic()
    assert main(command[3:]) == 0
    assert time.monotonic() - begin < 5, "nothing is loaded when nothing is to be done"


def test_videos_are_counted_and_copies_are_drawn_on_demand(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    frames = islice(read_frames(SAMPLE), 30 * 4)
    write_video(tmp_path / "clips" / "a.mov", frames)
    (tmp_path / "list.txt").write_text("clips/a.mov\nclips/gone.mp4\n")
    assert main(["count", str(tmp_path / "list.txt"), str(tmp_path / "out"), "--files", "--workers", "1"]) == 0
    rows = table(tmp_path / "out")
    row = rows["a.mov"]
    assert 4 <= int(row["count"]) <= 10
    assert (row["style"], row["rope"], row["people"], row["error"]) == ("two feet", "True", "1", "")
    assert float(row["seconds"]) == pytest.approx(4, abs=0.1)
    assert probe_video(row["output"]).duration == pytest.approx(4, abs=0.1)
    assert rows["gone.mp4"]["error"] == "gone.mp4 cannot be read: No such file or directory."


def test_what_cannot_work_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for arguments in (
        ["count", str(tmp_path / "nothing"), str(tmp_path / "out")],
        ["count", str(tmp_path), str(tmp_path / "out")],
        ["count", str(SAMPLE), str(tmp_path / "out"), "--cores", "0"],
        ["beauty", str(tmp_path), str(tmp_path / "out"), "--smoothing", "3"],
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err.strip()
        assert error.startswith("batch: ")
        assert "\n" not in error


def test_ray_is_imported_only_when_it_is_asked_for() -> None:
    code = "import sys, app, tools.batch.__main__, tools.serve.__main__; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=120).returncode == 0
