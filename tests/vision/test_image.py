"""Photos: real files of many kinds, good and bad."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.ExifTags import IFD, Base

from vision.image import Photo, read_photo, write_photo
from vision.types import MediaError

from .pictures import corners

SUFFIXES = ("jpg", "png", "webp", "tif", "heic")


def exif(orientation: int = 1, gps: bool = True) -> Pillow.Exif:
    block = Pillow.Exif()
    block[Base.Orientation], block[Base.Make] = orientation, "Camera"
    block[IFD.Exif] = {Base.UserComment: b"hello", Base.ExifImageWidth: 64, Base.ExifImageHeight: 48}
    if gps:
        block[IFD.GPSInfo] = {1: "N", 2: (1.0, 2.0, 3.0)}
    return block


def loaded(data: bytes | None) -> Pillow.Exif:
    assert data is not None
    block = Pillow.Exif()
    block.load(data)
    return block


def grace_hopper() -> np.ndarray:
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:  # type: ignore[union-attr]
        return np.array(Pillow.open(file).convert("RGB"))  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = Photo(corners(), icc=icc, exif=exif(gps=False).tobytes())
    write_photo(tmp_path / f"a.{suffix}", photo)
    again = read_photo(tmp_path / f"a.{suffix}")
    inside = np.s_[4:20, 4:28]
    assert np.abs(again.image[inside].astype(int) - photo.image[inside]).max() <= (0 if suffix in ("png", "tif") else 6)
    assert again.icc == icc
    assert loaded(again.exif)[Base.Make] == "Camera"
    assert loaded(again.exif).get_ifd(IFD.Exif)[Base.UserComment] == b"hello"
    assert again.format == {"jpg": "JPEG", "tif": "TIFF", "heic": "HEIF"}.get(suffix, suffix.upper())
    assert [p.name for p in tmp_path.iterdir()] == [f"a.{suffix}"]


@pytest.mark.parametrize(("suffix", "limit"), [("jpg", 43), ("webp", 38), ("heic", 40)])
def test_encoding_again_is_not_visible(tmp_path: Path, suffix: str, limit: float) -> None:
    image = grace_hopper()
    write_photo(tmp_path / f"a.{suffix}", Photo(image))
    error = np.mean((read_photo(tmp_path / f"a.{suffix}").image.astype(float) - image) ** 2)
    assert 10 * np.log10(255**2 / error) > limit


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path: Path, suffix: str, orientation: int) -> None:
    undo = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 1, 7: 3, 8: 3}[orientation]
    stored = np.rot90(corners(), undo)
    if orientation in (2, 4, 5, 7):
        stored = stored[:, ::-1] if orientation in (2, 4) else stored[::-1]
    path = tmp_path / f"a.{suffix}"
    Pillow.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif(orientation).tobytes())
    for _ in range(2):
        photo = read_photo(path)
        assert photo.image.shape == (48, 64, 3)
        assert np.median(np.abs(photo.image.astype(int) - corners())) < 10
        kept = loaded(photo.exif)
        assert kept[Base.Orientation] == 1
        write_photo(path, photo)


def test_the_place_is_removed_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Pillow.fromarray(corners()).save(path, exif=exif(6))
    photo = read_photo(path)
    assert not loaded(photo.exif).get_ifd(IFD.GPSInfo)
    assert any("place" in note for note in photo.notes)
    details = loaded(photo.exif).get_ifd(IFD.Exif)
    assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == (48, 64)
    assert loaded(read_photo(path, keep_gps=True).exif).get_ifd(IFD.GPSInfo)[1] == "N"


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "heic"])
def test_transparency_is_kept(tmp_path: Path, suffix: str) -> None:
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :32] = 60
    write_photo(tmp_path / f"a.{suffix}", Photo(corners(), alpha))
    again = read_photo(tmp_path / f"a.{suffix}")
    assert again.alpha is not None
    assert np.abs(again.alpha.astype(int) - alpha)[:, [5, 60]].max() <= 2


def test_transparency_becomes_white_in_jpeg(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", Photo(corners(), np.zeros((48, 64), np.uint8)))
    again = read_photo(tmp_path / "a.jpg")
    assert again.alpha is None
    assert again.image.min() > 250


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("colour", [False, True])
def test_sixteen_bits(tmp_path: Path, suffix: str, colour: bool) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    cv2.imwrite(str(tmp_path / f"a.{suffix}"), np.dstack([ramp] * 3) if colour else ramp)
    photo = read_photo(tmp_path / f"a.{suffix}")
    np.testing.assert_allclose(photo.image[0, :, 1], np.linspace(0, 255, 64), atol=1.1)
    assert any("16" in note for note in photo.notes)


@pytest.mark.parametrize(
    ("mode", "fill", "suffix", "expected"),
    [
        ("L", 100, "png", (100, 100, 100)),
        ("1", 1, "png", (255, 255, 255)),
        ("P", 3, "png", None),
        ("LA", (70, 128), "png", (70, 70, 70)),
        ("CMYK", (0, 255, 255, 0), "jpg", (255, 0, 0)),
        ("RGB", (10, 200, 90), "bmp", (10, 200, 90)),
        ("RGB", (255, 0, 0), "gif", (255, 0, 0)),
    ],
)
def test_other_colour_modes(tmp_path: Path, mode: str, fill: Any, suffix: str, expected: Any) -> None:
    Pillow.new(mode, (30, 20), fill).save(tmp_path / f"a.{suffix}")
    photo = read_photo(tmp_path / f"a.{suffix}")
    assert photo.image.shape == (20, 30, 3)
    if expected is not None:
        np.testing.assert_allclose(photo.image[10, 10], expected, atol=4)
    assert (photo.alpha is not None) == (mode == "LA")
    assert bool(photo.notes) == (mode != "LA" and suffix != "bmp") or suffix == "bmp"


def test_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    picture = Pillow.fromarray(corners()).quantize(8)
    picture.save(tmp_path / "a.png", transparency=int(np.asarray(picture)[0, 0]))
    photo = read_photo(tmp_path / "a.png")
    assert photo.alpha is not None
    assert (photo.alpha[5, 5], photo.alpha[40, 60]) == (0, 255)


def test_streams_are_read_too() -> None:
    buffer = io.BytesIO()
    Pillow.fromarray(corners()).save(buffer, "PNG")
    buffer.seek(0)
    np.testing.assert_array_equal(read_photo(buffer).image, corners())
    with pytest.raises(MediaError, match="empty"):
        read_photo(io.BytesIO())


def test_the_suffix_does_not_matter_for_reading(tmp_path: Path) -> None:
    Pillow.fromarray(corners()).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert read_photo(tmp_path / "a.jpg").format == "PNG"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.9])
def test_cut_off_files_are_named(tmp_path: Path, suffix: str, part: float) -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    path = tmp_path / f"holiday.{suffix}"
    write_photo(path, Photo(image))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    if (suffix, part) == ("jpg", 0.9):
        assert any("cut off" in note for note in read_photo(path).notes)
        return
    with pytest.raises(MediaError, match=rf"^holiday\.{suffix} .*\.$"):
        read_photo(path)


@pytest.mark.parametrize(
    "content", [b"hello", b"\xff\xd8\xff\xe0rubbish", b"\x89PNG\r\n\x1a\n" + bytes(50), b"%PDF-1.4"]
)
def test_rubbish_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.jpg"):
        read_photo(tmp_path / "a.jpg")


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        read_photo(tmp_path / "none.jpg")
    with pytest.raises(MediaError, match="folder"):
        read_photo(tmp_path)


def test_large_photos_are_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Pillow.new("1", (9000, 9000)).save(tmp_path / "a.png")
    Pillow.new("1", (20_000, 20_000)).save(tmp_path / "b.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("was decoded"))
    with pytest.raises(MediaError, match=r"too large: 9000 x 9000 is 81 megapixels"):
        read_photo(tmp_path / "a.png", max_pixels=50_000_000)
    with pytest.raises(MediaError, match=r"b\.png"):
        read_photo(tmp_path / "b.png")


def test_damaged_exif_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Pillow.fromarray(corners()).save(path, exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff" + bytes(20))
    assert read_photo(path).image.shape == (48, 64, 3)


def test_the_old_preview_is_not_carried_over(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    small = io.BytesIO()
    Pillow.fromarray(corners(16, 12)).save(small, "JPEG")
    head = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08" + b"\x00\x00" + b"\x00\x00\x00\x0e"
    entries = b"\x02\x01\x00\x04\x00\x00\x00\x01\x00\x00\x00\x2c" + b"\x02\x02\x00\x04\x00\x00\x00\x01"
    thumb = b"\x00\x02" + entries + len(small.getvalue()).to_bytes(4, "big") + b"\x00" * 4 + small.getvalue()
    Pillow.fromarray(corners()).save(path, exif=head + thumb)
    kept = read_photo(path).exif
    assert kept is None or b"\xff\xd8" not in kept


def test_grey_profiles_do_not_fit_colour(tmp_path: Path) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"GRAY"
    Pillow.new("L", (30, 20), 50).save(tmp_path / "a.png", icc_profile=bytes(profile))
    assert read_photo(tmp_path / "a.png").icc is None


def test_bad_targets(tmp_path: Path) -> None:
    photo = Photo(corners())
    with pytest.raises(MediaError, match=r"a\.xyz .* must end in"):
        write_photo(tmp_path / "a.xyz", photo)
    with pytest.raises(MediaError, match="no folder"):
        write_photo(tmp_path / "none" / "a.jpg", photo)
    with pytest.raises(ValueError, match="quality"):
        write_photo(tmp_path / "a.jpg", photo, quality=0)
    with pytest.raises(MediaError, match="at most 16383"):
        write_photo(tmp_path / "a.webp", Photo(np.zeros((2, 20_000, 3), np.uint8)))
    assert list(tmp_path.iterdir()) == []


def test_photo_checks_itself() -> None:
    with pytest.raises(ValueError, match="image"):
        Photo(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="alpha"):
        Photo(corners(), np.zeros((4, 4), np.uint8))
    assert Photo(corners(), format="JPEG").with_image(corners() // 2).format == "JPEG"
