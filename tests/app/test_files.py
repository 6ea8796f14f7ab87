"""The app's own way with files: unchanged photos keep their bytes, notes reach the visitor, contents tell kinds."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from beauty.settings import PRESETS, BeautySettings
from vision.image import read_photo
from vision.types import Faces, Frame, Image
from vision.video import write_video
from webui import photos, retouching
from webui.beauty_page import opened_value
from webui.beauty_tab import BeautyTab
from webui.retouching import BatchJob, FilmJob, Retouch
from webui.service import Limits
from webui.uploads import Upload

from .fakes import find_face

MOST = 10**7


def nobody(_: Image) -> Faces:
    return Faces.none()


def upload(path: Path) -> Upload:
    return Upload(path, path.name)


@pytest.fixture
def placed(portrait: Path, tmp_path: Path) -> Path:
    """A JPEG that tells where it was taken."""
    exif = Pillow.Exif()
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.0)}
    with Pillow.open(portrait) as picture:
        picture.save(tmp_path / "placed.jpg", quality=70, exif=exif)
    return tmp_path / "placed.jpg"


@pytest.mark.parametrize(("settings", "find"), [(PRESETS["off"], find_face), (BeautySettings(), nobody)])
def test_what_nothing_changes_keeps_its_bytes_but_the_place(placed: Path, tmp_path: Path, settings, find) -> None:
    faces = find(read_photo(placed).image)
    folder = tmp_path / "out"
    folder.mkdir()
    saved = photos.retouch_file(upload(placed), faces, settings, MOST, folder)
    before, after = placed.read_bytes(), saved.read_bytes()
    assert len(before) == len(after)
    assert 0 < sum(a != b for a, b in zip(before, after, strict=True)) < 100
    with Pillow.open(saved) as kept:
        assert not kept.getexif().get_ifd(0x8825)
    assert [p.name for p in folder.iterdir()] == ["placed_beauty.jpg"]


def test_several_photos_keep_their_bytes_too(portrait: Path, tmp_path: Path) -> None:
    job = BatchJob([upload(portrait)] * 2, tmp_path / "all.zip", Retouch(nobody, BeautySettings(), Limits()))
    job.work()
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == ["portrait_beauty.jpg", "portrait_beauty_2.jpg"]
        assert {archive.read(name) for name in archive.namelist()} == {portrait.read_bytes()}


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_told_and_kept_where_nothing_changes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"deep.{suffix}"
    cv2.imwrite(str(path), np.tile(np.linspace(0, 65535, 90).astype(np.uint16)[None, :, None], (60, 1, 3)))
    session = photos.open_photo(upload(path), find_face, MOST)
    assert "照片每通道为 16 位，处理后为 8 位。" in opened_value("zh", session, ("", ""))["notes"]
    assert (
        "The photo has 16 bits per channel; the retouched one has 8." in opened_value("en", session, ("", ""))["notes"]
    )
    (tmp_path / "out").mkdir()
    saved = photos.retouch_file(upload(path), session.faces, PRESETS["off"], MOST, tmp_path / "out")
    assert saved.read_bytes() == path.read_bytes()


def test_contents_tell_what_the_suffix_does_not(portrait: Path, skipping: Path, tmp_path: Path) -> None:
    for source, name in ((skipping, "film"), (skipping, "film.flv"), (portrait, "photo"), (portrait, "photo.dat")):
        shutil.copy(source, tmp_path / name)
    (tmp_path / "text.txt").write_text("neither")
    assert {p.name for p in tmp_path.iterdir() if photos.is_video(p)} == {"film", "film.flv"}
    assert photos.is_video(skipping)
    assert not photos.is_video(portrait)


def test_what_reading_a_video_changes_is_shown(skipping: Path) -> None:
    notes = ("The interlaced picture was deinterlaced.",)
    session = photos.open_still(upload(skipping), find_face, notes)
    assert "已对隔行画面去隔行。" in opened_value("zh", session, ("", ""))["notes"]


def test_a_film_tells_what_became_of_its_sound(skipping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_sound(target: Path, frames: Iterable[Frame], **more: Path) -> tuple[str, ...]:
        write_video(target, frames)
        return ("The sound could not be kept.",)

    monkeypatch.setattr(retouching, "write_video", without_sound)
    job = FilmJob(skipping, tmp_path / "b.mp4", Retouch(nobody, BeautySettings(), Limits()))
    job.work()
    assert BeautyTab._said(cast(Any, None), "zh", job) == {"said": "声音无法保留。"}
    assert BeautyTab._said(cast(Any, None), "en", BatchJob([], tmp_path / "a.zip", job._retouch)) == {}
