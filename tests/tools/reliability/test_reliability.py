"""The short form of the reliability trials, and that they do notice what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reliability import fuzz, long_video
from tools.reliability.corpus import DAMAGES, damaged, make_seeds
from tools.reliability.stops import stopped


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_seeds(tmp_path_factory.mktemp("seeds"))


def test_there_are_seeds_of_many_kinds(seeds: list[Path]) -> None:
    assert len({path.suffix for path in seeds}) >= 16


def test_damaged_files_give_results_or_one_sentence(seeds: list[Path], tmp_path: Path) -> None:
    """Every kind of damage and of file comes up, each kind of file with two kinds of damage."""
    chosen = [(seeds[k :: len(DAMAGES)] or seeds[:1]) for k in range(len(DAMAGES))]
    with fuzz.without_networks():
        for number, some in enumerate(chosen):
            every = list(damaged(some, tmp_path, len(DAMAGES) * len(some)))
            for path in every[number :: len(DAMAGES)]:
                for name, outcome in fuzz.both(path):
                    assert not outcome.fault, f"{path.name}: {name}: {outcome.fault}: {outcome.said}"


@pytest.mark.parametrize(
    ("status", "said", "left", "fault"),
    [
        (0, "", ["out.mp4"], ""),
        (2, "counting: a.mp4 is empty.\n", [], ""),
        (2, "", [], "without a word"),
        (1, "", [], "status 1"),
        (2, "Traceback (most recent call last)", [], "no sentence"),
        (2, "counting: [Errno 22] Invalid argument", [], "no sentence"),
        (2, "counting: stopped", [".2e0a.mp4"], "left behind"),
    ],
)
def test_faults_are_noticed(status: int, said: str, left: list[str], fault: str) -> None:
    found = fuzz.fault_of(status, said, left)
    assert (fault in found) if fault else not found


def test_a_hang_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "LIMIT", 1)

    def hang(out: Path) -> int:
        while True:
            pass

    assert "longer than" in fuzz.outcome(hang).fault


def test_a_few_minutes_of_video_keep_the_memory_flat(capsys: pytest.CaptureFixture[str]) -> None:
    assert long_video.main(0.5) == 0
    assert "growth" in capsys.readouterr().out


def test_a_command_that_is_stopped_at_once_is_clean(tmp_path: Path) -> None:
    import signal

    sample = Path(__file__).parents[3] / "assets" / "jump_sample.mp4"
    assert stopped(sample, tmp_path / "out.mp4", 0.7, signal.SIGTERM) == ""
