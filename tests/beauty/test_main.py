import itertools
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

import beauty.__main__ as command
from beauty.settings import BeautySettings
from beauty.temporal_filter import TemporalFilter
from tests.beauty.portraits import portrait
from vision.image import Photo, read_photo, write_photo
from vision.types import Faces, Frame
from vision.video import read_frames, write_video


@pytest.fixture
def finder(monkeypatch):
    """Finds Hopper in her portrait and nobody elsewhere."""
    image, faces = portrait("hopper")

    def find(picture):
        same = picture.shape == image.shape and np.abs(picture.astype(int) - image).mean() < 15
        return faces if same else Faces.none()

    monkeypatch.setattr(command, "_finder", lambda device: find)
    return image


def test_a_photo_is_retouched_and_later_flags_win(finder, tmp_path, capsys):
    write_photo(tmp_path / "in.png", Photo(finder))
    for flags, name in ((["--smoothing", "1"], "a"), (["--smoothing", "0", "--smoothing", "1"], "b")):
        assert command.main([str(tmp_path / "in.png"), str(tmp_path / f"{name}.png"), *flags]) == 0
    a, b = (read_photo(tmp_path / f"{name}.png").image for name in "ab")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, finder)
    assert capsys.readouterr().err == ""


def test_the_preset_is_a_start_for_the_flags(finder, tmp_path):
    write_photo(tmp_path / "in.png", Photo(finder))
    assert command.main([str(tmp_path / "in.png"), str(tmp_path / "off.png"), "--preset", "off"]) == 0
    assert np.array_equal(read_photo(tmp_path / "off.png").image, finder)
    assert command.main([str(tmp_path / "in.png"), str(tmp_path / "k.png"), "--preset", "off", "--keypoints"]) == 0
    assert not np.array_equal(read_photo(tmp_path / "k.png").image, finder)


def test_without_a_face_the_photo_is_kept_and_a_sentence_says_so(finder, tmp_path, capsys):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    write_photo(tmp_path / "in.jpg", Photo(image, format="JPEG"))
    assert command.main([str(tmp_path / "in.jpg"), str(tmp_path / "out.jpg")]) == 0
    assert (tmp_path / "out.jpg").read_bytes() == (tmp_path / "in.jpg").read_bytes()
    assert "No face" in capsys.readouterr().err


def test_a_folder_goes_on_after_a_bad_file(finder, tmp_path, capsys):
    source = tmp_path / "in"
    source.mkdir()
    write_photo(source / "b.png", Photo(finder))
    (source / "a.jpg").write_bytes(b"no photo")
    (source / "notes.txt").write_text("not a photo at all")
    assert command.main([str(source), str(tmp_path / "out")]) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]
    bad, skipped = capsys.readouterr().err.splitlines()
    assert bad.startswith("beauty: a.jpg is not a photo")
    assert skipped == "beauty: skipped, no photos: notes.txt"


def test_two_photos_of_a_folder_never_become_one(finder, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    picture = Pillow.fromarray(finder)
    for name, kind in (("a.bmp", "BMP"), ("a.gif", "GIF"), ("a.png", "PNG"), ("b.jfif", "JPEG"), ("c.mpo", "MPO")):
        picture.save(source / name, kind)
    for name in ("d", "A.PNG"):
        picture.save(source / name, "PNG")
    (source / "e.JPG").write_bytes((source / "b.jfif").read_bytes())
    assert command.main([str(source), str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"A.PNG", "a.bmp.png", "a.gif.png", "a.png", "b.jfif", "c.jpg", "d.png", "e.JPG"}


def test_what_a_folder_leaves_alone_keeps_its_bytes_and_names(finder, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    image = Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8))
    for name, kind in (("a.bmp", "BMP"), ("b.gif", "GIF"), ("c.webp", "WEBP"), ("d.tif", "TIFF"), ("e", "JPEG")):
        image.save(source / name, kind)
    assert command.main([str(source), str(tmp_path / "out")]) == 0
    assert {p.name: p.read_bytes() for p in source.iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()
    }


@pytest.mark.parametrize("flags", [["--preset", "off"], ["--smoothing", "0", "--preset", "off", "--look", "none"]])
def test_nothing_asked_for_means_the_same_bytes(finder, tmp_path, flags):
    Pillow.fromarray(finder).save(tmp_path / "in.jpg", quality=71)
    assert command.main([str(tmp_path / "in.jpg"), str(tmp_path / "out.jpeg"), *flags]) == 0
    assert (tmp_path / "out.jpeg").read_bytes() == (tmp_path / "in.jpg").read_bytes()


def test_only_the_place_leaves_an_unchanged_photo(finder, tmp_path, capsys):
    exif = Pillow.Exif()
    exif[271], exif[0x8825] = "Camera", {1: "N", 2: (48.0, 8.0, 15.3)}
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d exif:GPSLatitude="48,8N" dc:title="Sea"/></x:xmpmeta>'
    Pillow.new("RGB", (64, 48)).save(tmp_path / "in.jpg", exif=exif, xmp=xmp)
    assert command.main([str(tmp_path / "in.jpg"), str(tmp_path / "out.jpg")]) == 0
    before, after = (tmp_path / "in.jpg").read_bytes(), (tmp_path / "out.jpg").read_bytes()
    assert len(before) == len(after)
    assert 0 < sum(a != b for a, b in zip(before, after, strict=True)) < 150
    with Pillow.open(tmp_path / "out.jpg") as kept:
        assert (kept.getexif()[271], dict(kept.getexif().get_ifd(0x8825))) == ("Camera", {})
        assert b"GPS" not in kept.info["xmp"]
        assert b'dc:title="Sea"' in kept.info["xmp"]
    assert "place" in capsys.readouterr().err
    assert command.main([str(tmp_path / "in.jpg"), str(tmp_path / "gps.jpg"), "--keep-gps"]) == 0
    assert (tmp_path / "gps.jpg").read_bytes() == before


@pytest.mark.parametrize("suffix", ["mts", "mkv", "webm", "avi", "flv", "vob", "noidea"])
def test_every_kind_of_video_is_taken(finder, tmp_path, suffix):
    write_video(tmp_path / "in.mp4", (Frame(finder, k / 25) for k in range(2)))
    (tmp_path / "in.mp4").rename(tmp_path / f"in.{suffix}")
    assert command.main([str(tmp_path / f"in.{suffix}"), str(tmp_path / "out.mp4")]) == 0
    assert len(list(read_frames(tmp_path / "out.mp4"))) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.jpg", "out.jpg"],
        ["in.png", "out.png", "--smoothing", "2"],
        ["in.png", "out.png", "--smoothing", "much"],
        ["in.png", "out.png", "--look", "neon"],
        ["in.png", "out.xyz"],
        ["in.png", "out"],
        ["in.png", "none/out.png"],
        ["in.png", "out" + 250 * "t" + ".png"],
        ["in.png", "."],
        ["in.png"],
        ["empty", "out"],
        ["bad.mp4", "out.mp4"],
    ],
)
def test_bad_input_is_one_line_and_status_two(finder, tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    write_photo(tmp_path / "in.png", Photo(finder))
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    try:
        status = command.main(arguments)
    except SystemExit as error:
        status = error.code
    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.glob("out*"))


def test_a_video_is_steady_on_a_still_face(finder, tmp_path):
    rng = np.random.default_rng(0)
    _, faces = portrait("hopper")

    def trembling(picture):
        shift = rng.normal(0, 0.8, (1, 106, 2)).astype(np.float32)
        return replace(faces, points106=faces.points106 + shift)

    job = command.Job(trembling, BeautySettings(eyes=1.0, slimming=1.0, smoothing=1.0, whitening=1.0))
    frames = (Frame(finder, k / 25) for k in range(14))
    out = [frame.image.astype(int) for frame in command.retouched_frames(frames, job)]
    assert np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(out)]) < 0.35
    assert np.abs(out[-1] - finder).mean() > 1


def test_a_video_file_keeps_its_times(finder, tmp_path):
    times = [0, 0.04, 0.1, 0.14]
    write_video(tmp_path / "in.mp4", (Frame(finder, t) for t in times))
    assert command.main([str(tmp_path / "in.mp4"), str(tmp_path / "out.mp4"), "--whitening", "1"]) == 0
    before, after = (list(read_frames(tmp_path / name)) for name in ("in.mp4", "out.mp4"))
    assert np.allclose([f.time for f in after], [f.time for f in before], atol=2e-3)
    face = np.s_[200:300, 220:300]
    assert after[0].image[face].mean() > before[0].image[face].mean() + 4


def test_steady_faces_follow_hold_and_forget():
    _, faces = portrait("hopper")
    steady = TemporalFilter()
    assert len(steady.update(Faces.none(), 0.0)) == 0
    steady.update(faces, 0.0)
    moved = replace(faces, points106=faces.points106 + 1, boxes=faces.boxes + 1)
    between = steady.update(moved, 0.04).points106 - faces.points106
    assert 0 < between.mean() < 1
    assert len(steady.update(Faces.none(), 0.2)) == 1
    assert len(steady.update(Faces.none(), 0.6)) == 0


def test_the_filter_is_the_same_whenever_the_clock_starts():
    _, faces = portrait("hopper")
    results = []
    for start in (0.0, 100.0):
        steady, rng = TemporalFilter(), np.random.default_rng(3)
        for k in range(6):
            noisy = replace(faces, points106=faces.points106 + rng.normal(0, 1, (1, 106, 2)).astype(np.float32))
            last = steady.update(noisy, start + k / 30)
        results.append(last.points106)
    assert np.allclose(results[0], results[1], atol=1e-3)


def test_what_reading_and_writing_a_video_changes_is_said(finder, tmp_path, monkeypatch, capsys):
    write_video(tmp_path / "in.mp4", (Frame(finder, k / 25) for k in range(2)))
    facts = replace(command.probe_video(tmp_path / "in.mp4"), notes=("The interlaced picture was deinterlaced.",))
    monkeypatch.setattr(command, "probe_video", lambda path: facts)
    assert command.main([str(tmp_path / "in.mp4"), str(tmp_path / "out.mp4")]) == 0
    assert capsys.readouterr().err == "in.mp4: The interlaced picture was deinterlaced.\n"
