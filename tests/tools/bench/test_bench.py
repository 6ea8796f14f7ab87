"""The benchmark: its report, its files, its processes, and one tiny run of everything."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models import runtime
from tools.bench import __main__ as bench
from tools.bench import peers as bench_peers
from tools.bench import report as bench_report
from tools.bench.files import SAMPLE, Sizes, enlarged, group, make_clip, make_files
from tools.bench.timing import Measure, Task
from vision.image import read_photo
from vision.video import probe_video, read_frames

TINY = Sizes(48, (2, 3, 5), (0.01, 0.02, 0.04), 0.04)


STAGES = {
    "video stages": ("decode", "person detector", "encode"),
    "photo stages": ("face detector", "landmarks", "beauty prepare", "beauty move"),
    "network": ("pose network, batch of 16", "matrix product"),
}


class FakeRun:
    """Answers every task with seconds that grow by 0.1 s per frame or megapixel of its file's name; remembers all."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], list[Task]]] = []

    def __call__(self, command: Sequence[str], tasks: Sequence[Task]) -> list[list[Measure]]:
        self.calls.append((list(command), list(tasks)))
        return [self._rows(task) for task in tasks]

    def _rows(self, task: Task) -> list[Measure]:
        digits = "".join(c for c in Path(task.source).stem if c.isdigit() or c == ".") or "1"
        seconds = tuple(0.1 * float(digits) for _ in range(task.repeats))
        slower = 3 if "plain" in task.job or task.job.startswith(("pose", "mesh")) else 1
        names = STAGES.get(task.job, (task.job,))
        return [Measure(n, "frames", 10, tuple(slower * s for s in seconds), 0.9, 321) for n in names]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> FakeRun:
    monkeypatch.setattr(bench, "FULL", TINY)
    monkeypatch.setattr(bench, "make_environment", lambda folder: Path(folder) / "bin" / "python")
    return FakeRun()


def test_every_job_has_a_process_of_its_own(run: FakeRun, tmp_path: Path) -> None:
    bench.measure(bench.BenchConfig(repeats=4), tmp_path, run)
    assert len(run.calls) == 25
    assert all(len(tasks) == 1 and command == bench.OURS for command, tasks in run.calls)
    repeats = {tasks[0].job: tasks[0].repeats for _, tasks in run.calls[:15]}
    assert repeats["annotate"] == 4
    assert repeats["annotate plain"] == 3


def test_peers_run_in_their_environment_on_the_same_files(run: FakeRun, tmp_path: Path) -> None:
    results = bench.measure(bench.BenchConfig(repeats=1, peers=True, peers_folder="/peers"), tmp_path, run)
    ours = {tasks[0].job: tasks[0] for command, tasks in run.calls[:15] if command == bench.OURS}
    theirs = {tasks[0].job: tasks[0] for command, tasks in run.calls if command[0] == "/peers/bin/python"}
    assert set(theirs) == set(bench_peers.JOBS)
    assert theirs["pose video"].source == ours["annotate"].source
    assert theirs["mesh"].source == theirs["mesh photo"].source == ours["retouch"].source
    ratios = {(r.ours, r.other): r.ratio for r in results.comparisons}
    assert ratios["annotate", "pose video"] == pytest.approx(3)
    assert ratios["annotate", "annotate plain"] == pytest.approx(3)
    assert ratios["beauty prepare + beauty move", "bilateral"] == pytest.approx(0.5)
    assert ratios["face detector + landmarks", "mesh"] == pytest.approx(1.5)
    assert len(ratios) == len(bench_report.COMPARED) + len(bench_report.COMPARED_STAGES)


def test_named_jobs_run_alone(run: FakeRun, tmp_path: Path) -> None:
    config = bench.BenchConfig(repeats=2, peers=True, peers_folder="/peers", only="annotate, pose video,mesh")
    results = bench.measure(config, tmp_path, run)
    assert [tasks[0].job for _, tasks in run.calls] == ["annotate", "pose video", "mesh"]
    assert [(r.ours, r.other) for r in results.comparisons] == [("annotate", "pose video")]
    assert "one more costs" not in bench_report.report(results)


def test_the_report_and_the_json_hold_everything(run: FakeRun, tmp_path: Path) -> None:
    results = bench.measure(bench.BenchConfig(repeats=2), tmp_path, run)
    text = bench_report.report(results)
    for word in ("annotate plain", "beauty move", "321 MB", "900 ms", "2, 3, 5 frames", "0.01, 0.02, 0.04 megapixels"):
        assert word in text
    assert "mesh" not in text
    found = json.loads(json.dumps(results.to_dict()))
    assert set(found) == {"machine", "jobs", "comparisons", "growth", "share_of_peak"}
    assert found["share_of_peak"] == 1
    assert {"median", "p95", "throughput", "memory", "first"} <= set(found["jobs"]["annotate"][0])
    assert [g["unit"] for g in found["growth"]] == ["frames", "megapixels", "faces"]
    assert found["growth"][0]["per_unit"] == pytest.approx([0.1, 0.1])
    assert found["growth"][0]["bend"] == pytest.approx(1)


def test_a_busy_machine_is_told(run: FakeRun, tmp_path: Path) -> None:
    results = bench.measure(bench.BenchConfig(repeats=1), tmp_path, run)
    for load, busy in ((0.1, False), (7.8, True), (None, False)):
        results.machine["load"] = load
        assert ("busy" in bench_report.report(results)) == busy


def test_growth_bends_upwards_when_the_cost_does() -> None:
    sizes = (1.0, 2.0, 4.0)
    straight, square = (bench_report.Growth("faces", sizes, t, (1, 1, 1)) for t in ((5.0, 6.0, 8.0), (1.0, 4.0, 16.0)))
    assert straight.bend == pytest.approx(1)
    assert square.bend == pytest.approx(2)
    free = bench_report.Growth("faces", sizes, (1.0, 1.0, 1.0), (1, 1, 1))
    assert math.isnan(free.bend)
    assert free.to_dict()["bend"] is None


def test_tables_are_aligned_markdown() -> None:
    lines = bench_report.table(["a", "bb"], [["1", "2"], ["333", "4"]]).splitlines()
    assert lines[0] == "| a   | bb |"
    assert lines[1] == "| --- | -- |"
    assert {len(line) for line in lines} == {len(lines[0])}
    assert bench_report.seconds_text(0.0123456) == "12.3 ms"
    assert bench_report.seconds_text(75.04) == "75 s"


def test_files_have_the_sizes_that_are_asked_for(tmp_path: Path) -> None:
    files = make_files("", "", TINY, tmp_path)
    assert [sum(1 for _ in read_frames(clip)) for clip in files.clips] == [2, 3, 5]
    info = probe_video(files.video)
    assert (info.width, info.height) == (48, 86)
    sizes = [read_photo(photo).image.shape[0] * read_photo(photo).image.shape[1] for photo in files.photos]
    assert sizes == pytest.approx([10_000, 20_000, 40_000], rel=0.02)
    groups = [read_photo(photo).image for photo in files.groups]
    assert len({image.shape for image in groups}) == 1
    grey = [np.mean(np.abs(image.astype(int) - 128).max(axis=2) < 4) for image in groups]
    assert grey[0] > 0.7 > 0.55 > grey[1] > 0.45 > 0.2 > grey[2]


def test_own_files_are_used_as_they_are_and_short_ones_start_again(tmp_path: Path) -> None:
    own = tmp_path / "own.mp4"
    make_clip(SAMPLE, own, 3, 32)
    files = make_files(str(own), str(Path(make_files("", "", TINY, tmp_path).photo)), TINY, tmp_path)
    assert files.video == str(own)
    times = [frame.time for frame in read_frames(files.clips[2])]
    assert len(times) == 5
    assert np.all(np.diff(times) > 0)


def test_pictures_are_scaled_and_laid_side_by_side() -> None:
    tile = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    assert group(tile, 1, 4).shape == (8, 12, 3)
    np.testing.assert_array_equal(group(tile, 3, 4)[4:, :6], tile)
    assert (group(tile, 3, 4)[4:, 6:] == 128).all()
    assert enlarged(tile, 96e-6).shape == (8, 12, 3)


def test_the_peers_environment_is_made_once(tmp_path: Path) -> None:
    steps: list[Sequence[str]] = []

    def succeed(command: Sequence[str]) -> int:
        steps.append(command)
        return 0

    python = bench_peers.make_environment(tmp_path / "peers", succeed)
    assert python == tmp_path / "peers" / "bin" / "python"
    assert steps[0][1:3] == ["-m", "venv"]
    assert "mediapipe==0.10.21" in steps[1]
    assert steps[1][0] == str(python)
    python.parent.mkdir(parents=True)
    python.touch()
    steps.clear()
    assert bench_peers.make_environment(tmp_path / "peers", succeed) == python
    assert len(steps) == 1
    with pytest.raises(RuntimeError, match="venv"):
        bench_peers.make_environment(tmp_path / "other", lambda command: 1)


def test_a_limit_reaches_the_processes_and_the_title(
    run: FakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.limited("") == {}
    for name, value in bench.limited("AVX2").items():
        monkeypatch.setenv(name, value)
    assert runtime.choose_precision() == "f32"
    results = bench.measure(bench.BenchConfig(repeats=1), tmp_path, run)
    assert results.machine["limit"] == "AVX2"
    assert "limited to AVX2" in bench_report.report(results).splitlines()[0]
    assert set(results.machine["features"]) <= set(bench.FEATURES)


def test_four_people_stand_side_by_side(tmp_path: Path) -> None:
    make_clip(SAMPLE, tmp_path / "four.mp4", 1, 32, people=4)
    image = next(iter(read_frames(tmp_path / "four.mp4"))).image
    width = image.shape[1] // 4
    assert np.abs(image[:, :width].astype(int) - image[:, 2 * width : 3 * width]).mean() < 4


def test_bad_options_are_refused() -> None:
    with pytest.raises(ValueError, match="repeats must be between 1 and 100, not 0"):
        bench.BenchConfig(repeats=0)


def test_everything_runs_at_tiny_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for each other are slow on a busy machine
    bench.main(bench.BenchConfig(quick=True, json=str(tmp_path / "bench.json")))
    assert "times faster" in capsys.readouterr().out
    found = json.loads((tmp_path / "bench.json").read_text())
    stages = {m["name"] for name in ("video stages", "photo stages", "network") for m in found["jobs"][name]}
    assert {"decode", "person detector", "pose estimator, batches of 16", "overlay", "encode"} <= stages
    assert {"face detector", "landmarks", "beauty prepare", "beauty move", "matrix product"} <= stages
    assert found["jobs"]["annotate"][0]["amount"] == 3
    assert found["jobs"]["retouch"][0]["amount"] == pytest.approx(0.2, rel=0.01)
    assert found["share_of_peak"] > 0
    assert all(m["memory"] > 50 and m["median"] > 0 for row in found["jobs"].values() for m in row)
