"""What a photo's file carries beside its pixels, and how the result is stored."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.ExifTags import IFD

from tests.vision.test_image import corners, exif, grace_hopper, loaded
from vision.image import Photo, copy_photo, read_photo, write_photo
from vision.metadata import iptc_segment, without_place
from vision.types import MediaError
from vision.video import probe_video

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description tiff:Orientation="6" exif:GPSLatitude="48,8N" hdrgm:Version="1.0" dc:title="Sea">'
    b"<exif:GPSLongitude>11,34E</exif:GPSLongitude><dc:creator>Jane</dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"\x1c\x02\x50\x00\x04Jane"


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "heic"])
def test_metadata_survives_without_the_place(tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_photo(source, Photo(corners(), exif=exif().tobytes(), xmp=XMP, iptc=IPTC, dpi=(300.0, 300.0)))
    photo = read_photo(source)
    assert photo.image.shape == (48, 64, 3)
    assert any("gain map" in note for note in photo.notes)
    write_photo(target, photo)
    kept = read_photo(target)
    assert kept.xmp is not None
    assert b"Jane" in kept.xmp
    assert b'dc:title="Sea"' in kept.xmp
    assert b'tiff:Orientation="1"' in kept.xmp
    assert b"GPS" not in kept.xmp
    assert b"hdrgm" not in kept.xmp
    assert not loaded(kept.exif).get_ifd(IFD.GPSInfo)
    assert loaded(kept.exif)[271] == "Camera"
    if suffix in ("jpg", "tif"):
        assert kept.iptc is not None
        assert kept.iptc.rstrip(b"\0") == IPTC
    if suffix in ("jpg", "png", "tif"):
        assert kept.dpi == pytest.approx((300, 300), abs=0.1)
    assert b"GPSLongitude" in (read_photo(source, keep_gps=True).xmp or b"")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "heic"])
def test_a_copy_differs_by_the_place_alone(tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_photo(source, Photo(corners(), exif=exif(gps=True).tobytes(), xmp=XMP))
    notes = copy_photo(source, target)
    before, after = source.read_bytes(), target.read_bytes()
    assert len(before) == len(after)
    assert notes == ("The place where the photo was taken was removed.",)
    photo = read_photo(target, keep_gps=True)
    assert b"GPS" not in (photo.xmp or b"")
    assert loaded(photo.exif).get_ifd(IFD.Exif)
    assert not loaded(photo.exif).get_ifd(IFD.GPSInfo)
    np.testing.assert_array_equal(photo.image, read_photo(source).image)
    assert copy_photo(source, target, keep_gps=True) == ()
    assert target.read_bytes() == before


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_numbers_of_the_place_are_gone(order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    secret = struct.pack(order + "6L", 48, 1, 8, 1, 15, 1)
    directory = struct.pack(order + "HHHLLHHLLL", 2, 0x0112, 3, 1, 1 << (16 * (order == ">")), 0x8825, 4, 1, 38, 0)
    place = struct.pack(order + "HHHLLL", 1, 2, 5, 3, 56, 0)
    block = b"Exif\0\0" + mark + struct.pack(order + "L", 8) + directory + place + secret
    clean = without_place(block)
    assert len(clean) == len(block)
    assert secret not in clean
    assert struct.unpack_from(order + "H", clean, 14)[0] == 1
    assert without_place(clean) == clean


def test_damaged_metadata_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        noise = b"Exif\0\0II*\0" + rng.integers(0, 256, 60, dtype=np.uint8).tobytes()
        assert len(without_place(noise)) == len(noise)


def test_a_segment_of_iptc_is_whole() -> None:
    segment = iptc_segment(IPTC)
    assert segment[:2] == b"\xff\xed"
    assert int.from_bytes(segment[2:4], "big") == len(segment) - 2


@pytest.mark.parametrize(("quality", "subsampling"), [(60, 2), (85, 1), (92, 0)])
def test_a_jpeg_is_stored_as_its_source(tmp_path: Path, quality: int, subsampling: int) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    Pillow.fromarray(grace_hopper()).save(source, quality=quality, subsampling=subsampling)
    photo = read_photo(source)
    write_photo(target, photo)
    assert target.stat().st_size == pytest.approx(source.stat().st_size, rel=0.05)
    assert read_photo(target).storage.tables == photo.storage.tables
    assert read_photo(target).storage.subsampling == subsampling
    write_photo(target, photo, quality=95)
    assert target.stat().st_size > 1.15 * source.stat().st_size


@pytest.mark.parametrize(("suffix", "quality"), [("heic", 50), ("heic", 80), ("webp", 60), ("webp", 90)])
def test_sizes_follow_the_source(tmp_path: Path, suffix: str, quality: int) -> None:
    source, target = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_photo(source, Photo(grace_hopper()), quality=quality)
    write_photo(target, read_photo(source))
    assert 0.75 < target.stat().st_size / source.stat().st_size < 1.35


def test_webp_without_loss_stays_so(tmp_path: Path) -> None:
    Pillow.fromarray(corners()).save(tmp_path / "a.webp", lossless=True)
    write_photo(tmp_path / "b.webp", read_photo(tmp_path / "a.webp"))
    np.testing.assert_array_equal(read_photo(tmp_path / "b.webp").image, corners())


def test_orientation_of_xmp_is_ignored(tmp_path: Path) -> None:
    for suffix in ("jpg", "png", "webp"):
        write_photo(tmp_path / f"a.{suffix}", Photo(corners(), xmp=XMP))
        assert read_photo(tmp_path / f"a.{suffix}").image.shape == (48, 64, 3)


def test_a_jpeg_without_its_last_bytes_is_read_with_a_note(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", Photo(grace_hopper()))
    data = (tmp_path / "a.jpg").read_bytes()
    whole = read_photo(tmp_path / "a.jpg")
    for lost in (1, 2, 40):
        photo = read_photo(io.BytesIO(data[:-lost]))
        assert [note for note in photo.notes if "cut off" in note]
        assert np.abs(photo.image[:-32].astype(int) - whole.image[:-32]).max() == 0


def test_arithmetic_coding_is_named(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", Photo(corners()))
    data = (tmp_path / "a.jpg").read_bytes()
    with pytest.raises(MediaError, match="arithmetic coding"):
        read_photo(io.BytesIO(data.replace(b"\xff\xc0", b"\xff\xca", 1)))


def test_grey_profiles_are_converted(tmp_path: Path) -> None:
    """A grey profile of gamma 1: its middle grey is light in sRGB."""
    curve = b"curv" + bytes(4) + struct.pack(">LH", 1, 256)
    white = b"XYZ " + bytes(4) + struct.pack(">3l", 63190, 65536, 54061)
    text = b"text" + bytes(4) + b"grey\0\0\0\0"
    tags, at, body = b"", 128 + 4 + 4 * 12, b""
    for name, block in ((b"kTRC", curve + b"\0\0"), (b"wtpt", white), (b"desc", text), (b"cprt", text)):
        tags += name + struct.pack(">LL", at + len(body), len(block))
        body += block
    size = at + len(body)
    head = struct.pack(">L4sL4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ") + bytes(12) + b"acsp"
    head = head + bytes(28) + struct.pack(">3l", 63190, 65536, 54061)
    profile = head.ljust(128, b"\0") + struct.pack(">L", 4) + tags + body
    ImageCms.ImageCmsProfile(io.BytesIO(profile))
    Pillow.new("L", (16, 16), 55).save(tmp_path / "a.png", icc_profile=profile)
    photo = read_photo(tmp_path / "a.png")
    assert photo.image.mean() == pytest.approx(128, abs=3)
    assert photo.icc is None


def test_ten_bits_are_told(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    deep = np.full((64, 64, 3), 30_000, np.uint16)
    pillow_heif.from_bytes(mode="RGB;16", size=(64, 64), data=deep.tobytes()).save(tmp_path / "a.heic")
    assert "The photo has 10 bits per channel; the retouched one has 8." in read_photo(tmp_path / "a.heic").notes


def test_a_film_behind_a_photo_is_told(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", Photo(corners()))
    film = b"\0\0\0\x18ftypmp42" + bytes(40)
    photo = read_photo(io.BytesIO((tmp_path / "a.jpg").read_bytes() + film))
    assert any("film" in note for note in photo.notes)


def animated(path: Path) -> Path:
    """A WebP file of three pictures."""
    pictures = [Pillow.new("RGB", (40, 30), (80 * k, 20, 90)) for k in range(3)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    return path


def test_of_an_animated_webp_the_first_picture_is_read_with_a_note(tmp_path: Path) -> None:
    photo = read_photo(animated(tmp_path / "a.webp"))
    assert photo.image.shape == (30, 40, 3)
    assert "Only the first of 3 pictures in the file was used." in photo.notes


def test_an_animated_webp_as_a_video_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="animated ones are not read as videos, save it as MP4 or GIF"):
        probe_video(animated(tmp_path / "a.webp"))
