import itertools
from dataclasses import replace

import numpy as np
import pytest

import beauty.__main__ as command
from beauty.settings import BeautySettings
from beauty.steady import SteadyFaces
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
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.jpg", "out.jpg"],
        ["in.png", "out.png", "--smoothing", "2"],
        ["in.png", "out.png", "--smoothing", "much"],
        ["in.png", "out.png", "--look", "neon"],
        ["in.png", "out.xyz"],
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
    steady = SteadyFaces()
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
        steady, rng = SteadyFaces(), np.random.default_rng(3)
        for k in range(6):
            noisy = replace(faces, points106=faces.points106 + rng.normal(0, 1, (1, 106, 2)).astype(np.float32))
            last = steady.update(noisy, start + k / 30)
        results.append(last.points106)
    assert np.allclose(results[0], results[1], atol=1e-3)
