"""Compiled networks in the user's cache: made once, made again where damaged, and never in the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import cache, packaged, runtime
from models.cache import cache_folder, cached


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "networks")


def test_the_same_key_is_made_once_and_another_takes_its_place(tmp_path: Path) -> None:
    assert cached("net", "1", lambda: b"one") == b"one"
    assert cached("net", "1", lambda: b"not asked") == b"one"
    assert cached("other", "1", lambda: b"other") == b"other"
    assert cached("net", "2", lambda: b"two") == b"two"
    assert cached("net", "1", lambda: b"again") == b"again"
    assert sorted(p.name.split("-")[0] for p in (tmp_path / "networks").iterdir()) == ["net", "other"]


@pytest.mark.parametrize("damage", [b"", b"short", bytes(100)])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes) -> None:
    cached("net", "1", lambda: b"one")
    (path,) = (tmp_path / "networks").iterdir()
    path.write_bytes(damage)
    assert cached("net", "1", lambda: b"anew") == b"anew"
    assert cached("net", "1", lambda: b"not asked") == b"anew"


def test_a_folder_that_cannot_be_made_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "networks").write_text("a file in its place")
    assert cached("net", "1", lambda: b"one") == b"one"


def test_no_home_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(cache, "cache_folder", nowhere)
    assert cached("net", "1", lambda: b"one") == b"one"


@pytest.mark.parametrize(
    ("platform", "variable", "place"),
    [("linux", "XDG_CACHE_HOME", "keypoint-studio"), ("win32", "LOCALAPPDATA", "keypoint-studio")],
)
def test_the_system_says_where_caches_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variable: str, place: str
) -> None:
    monkeypatch.setattr(cache.sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache_folder() == tmp_path / place / "networks"


def test_a_network_from_the_cache_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    first = packaged.face_detector().engine(images)
    monkeypatch.setattr(runtime, "_exported", lambda *_: pytest.fail("compiled again"))
    for one, two in zip(first, packaged.face_detector().engine(images), strict=True):
        np.testing.assert_array_equal(one, two)
