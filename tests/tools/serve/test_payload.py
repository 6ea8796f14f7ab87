"""Files between page and workers that do not see the same folders; jobs and errors that are sent."""

from __future__ import annotations

import pickle
from pathlib import Path

import fsspec

from counting.settings import CountSettings
from tests.app.fakes import FigurePose, find_figure
from tools.serve.payload import Payload
from tools.serve.workers import portable
from webui.service import Files, Limits
from webui.uploads import Upload
from webui.videos import CountJob, TooLargeError, Work


def test_a_parcel_brings_files_there_and_back_and_leaves_nothing(tmp_path: Path) -> None:
    source, folder = tmp_path / "page" / "a.txt", tmp_path / "page" / "made"
    folder.mkdir(parents=True)
    source.write_text("hello")
    payload = Payload.to("memory://payloads", Files([source], folder))
    with payload.sent():
        source.rename(tmp_path / "kept")  # the worker's machine has no such file
        with payload.unpacked():
            (folder / "b.txt").write_text(source.read_text().upper())
        assert not source.exists()
        names = payload.send_back()
        assert list(folder.iterdir()) == []
        payload.receive(names)
    assert (folder / "b.txt").read_text() == "HELLO"
    assert fsspec.filesystem("memory").find("/payloads") == []


def test_without_an_address_files_stay_where_they_are(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("hello")
    payload = Payload.to("", Files([source], tmp_path / "made"))
    with payload.sent(), payload.unpacked():
        (tmp_path / "made" / "b.txt").write_text("made")
    assert payload.send_back() == []
    assert source.exists()
    assert (tmp_path / "made" / "b.txt").exists()


def test_a_job_can_be_sent_before_it_begins(skipping: Path, tmp_path: Path) -> None:
    work = Work(find_figure, FigurePose(), CountSettings(), Limits())
    job: CountJob = pickle.loads(pickle.dumps(CountJob(Upload(skipping, "s.mp4"), tmp_path / "out.mp4", work)))
    job.start()
    while not job.wait(1):
        pass
    assert job.error is None
    result = job.outcome()["result"]
    assert result is job.result
    assert job.result is not None
    assert job.result.report.count == 8


def test_errors_can_be_sent() -> None:
    error = pickle.loads(pickle.dumps(TooLargeError(12.5)))
    assert error.megapixels == 12.5

    class Odd(Exception):  # noqa: N818 (local classes cannot be pickled)
        pass

    assert str(portable(Odd("so"))) == "Odd: so"
