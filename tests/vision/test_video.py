"""Videos: real files written with PyAV, read back and compared."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vision.container import Clock
from vision.types import Frame, MediaError
from vision.video import probe_video, read_frames, write_video

from .pictures import corners


def clip(times: list[float], width: int = 64, height: int = 48) -> list[Frame]:
    return [Frame(corners(width, height), t) for t in times]


def tone(path: Path, codec: str, seconds: float = 2.0, rate: int = 44_100, kind: str | None = None) -> Path:
    """A video of 30 frames a second with a 440 Hz tone."""
    with av.open(str(path), "w", format=kind) as out:
        video = out.add_stream("libx264", rate=30, options={"crf": "30"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = out.add_stream(codec, rate=rate, layout="stereo")
        for _ in range(round(seconds * 30)):
            out.mux(video.encode(av.VideoFrame.from_ndarray(corners(), "rgb24")))
        wave = (8000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)
        resampler = av.AudioResampler(audio.codec_context.format, "stereo", rate, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None], format="s16", layout="stereo")
        frame.sample_rate, frame.pts = rate, 0
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(audio.encode(piece))
        out.mux(audio.encode(None))
        out.mux(video.encode(None))
    return path


def turned(path: Path, degrees: int) -> Path:
    """A 64 x 48 stream whose display matrix turns it by ``degrees`` counterclockwise."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(degrees)
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(corners(), "rgb24")))
        out.mux(stream.encode(None))
    return path


def audio_of(path: Path) -> tuple[str, np.ndarray, int]:
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        pieces = [np.atleast_2d(f.to_ndarray())[0] for f in file.decode(stream)]
        return stream.codec_context.name, np.concatenate(pieces).astype(np.float64), stream.rate


def test_times_and_colours_survive(tmp_path: Path) -> None:
    times = [0.0, 0.033, 0.05, 0.1, 0.3, 0.3111, 0.9]
    write_video(tmp_path / "a.mp4", clip(times), crf=12)
    frames = list(read_frames(tmp_path / "a.mp4"))
    np.testing.assert_allclose([f.time for f in frames], times, atol=1e-4)
    for y, x in ((10, 14), (10, 50), (38, 14), (38, 50)):
        assert np.abs(frames[3].image[y, x].astype(int) - corners()[y, x]).max() < 8


def test_pictures_of_any_layout_are_written_as_they_are_seen(tmp_path: Path) -> None:
    buffer = corners(66, 48)

    def frames():
        yield Frame(buffer[:, ::-1], 0.0)
        yield Frame(np.pad(buffer, ((0, 0), (0, 5), (0, 0)))[:, :66], 0.1)
        yield Frame(buffer, 0.2)
        buffer[:] = (30, 30, 220)
        yield Frame(buffer, 0.3)

    write_video(tmp_path / "a.mp4", frames(), crf=8)
    first, second, third, last = (f.image.astype(int) for f in read_frames(tmp_path / "a.mp4"))
    assert np.median(np.abs(first - corners(66, 48)[:, ::-1])) < 6
    for image in (second, third):
        assert np.median(np.abs(image - corners(66, 48))) < 6
    assert np.median(np.abs(last - (30, 30, 220))) < 6


def test_written_file_is_for_browsers(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip([i / 30 for i in range(20)]))
    with av.open(str(tmp_path / "a.mp4")) as file:
        context = file.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_odd_sizes_are_padded(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip([0.0, 0.1], 63, 47))
    assert {f.image.shape for f in read_frames(tmp_path / "a.mp4")} == {(48, 64, 3)}


def test_probe_tells_the_facts(tmp_path: Path) -> None:
    info = probe_video(tone(tmp_path / "a.mp4", "aac"))
    assert (info.width, info.height, info.rotation, info.frames, info.has_audio) == (64, 48, 0, 60, True)
    assert info.duration == pytest.approx(2.0, abs=0.1)
    assert info.rate == pytest.approx(30, abs=0.5)


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_rotation_is_applied_once(tmp_path: Path, degrees: int) -> None:
    path = turned(tmp_path / "a.mp4", degrees)
    frame = next(read_frames(path))
    expected = np.rot90(corners(), degrees // 90 % 4)
    assert frame.image.shape == expected.shape
    assert frame.image.flags.c_contiguous
    assert np.median(np.abs(frame.image.astype(int) - expected)) < 10
    info = probe_video(path)
    assert (info.height, info.width, info.rotation) == (*expected.shape[:2], degrees % 360)
    write_video(tmp_path / "b.mp4", read_frames(path))
    assert np.median(np.abs(next(read_frames(tmp_path / "b.mp4")).image.astype(int) - expected)) < 15


@pytest.mark.parametrize(("codec", "suffix"), [("aac", "mp4"), ("libmp3lame", "mkv"), ("pcm_s16le", "mkv")])
def test_audio_is_kept(tmp_path: Path, codec: str, suffix: str) -> None:
    source = tone(tmp_path / f"a.{suffix}", codec)
    write_video(tmp_path / "b.mp4", read_frames(source), audio_from=source)
    name, wave, rate = audio_of(tmp_path / "b.mp4")
    assert name == "aac"
    assert len(wave) / rate == pytest.approx(2.0, abs=0.1)
    peak = np.argmax(np.abs(np.fft.rfft(wave))) * rate / len(wave)
    assert peak == pytest.approx(440, abs=3)


def test_audio_stops_with_the_pictures(tmp_path: Path) -> None:
    source = tone(tmp_path / "a.mp4", "aac")
    write_video(tmp_path / "b.mp4", clip([i / 30 for i in range(15)]), audio_from=source)
    _, wave, rate = audio_of(tmp_path / "b.mp4")
    assert len(wave) / rate == pytest.approx(0.5, abs=0.1)


def test_source_without_audio_gives_none(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip([0, 0.1]))
    write_video(tmp_path / "b.mp4", clip([0, 0.1]), audio_from=tmp_path / "a.mp4")
    assert not probe_video(tmp_path / "b.mp4").has_audio


def test_last_frame_has_a_duration(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip([i / 10 for i in range(11)]))
    assert 1.0 <= probe_video(tmp_path / "a.mp4").duration <= 1.2


def test_clock_repairs_times() -> None:
    clock = Clock(0.1)
    given = [5.0, 5.1, 5.1, None, 5.3, 5.25, 5.4, 1.0, 1.1, None]
    times = [clock.tick(t) for t in given]
    assert times[0] == 0
    assert np.all(np.diff(times) > 0)
    assert times[4] == pytest.approx(0.3, abs=0.03)
    assert times[6] == pytest.approx(0.4, abs=1e-6)
    assert times[7:] == pytest.approx([0.5, 0.6, 0.7], abs=1e-6)


def test_closing_the_generator_closes_the_file(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip([i / 30 for i in range(30)]))
    frames = read_frames(tmp_path / "a.mp4")
    next(frames)
    frames.close()
    opened = [link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert (tmp_path / "a.mp4").resolve() not in opened


@pytest.mark.parametrize("content", [b"", b"not a video at all" * 50, b"\x00\x00\x00\x18ftypmp42" + bytes(200)])
def test_rubbish_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(content)
    for use in (probe_video, lambda p: list(read_frames(p))):
        with pytest.raises(MediaError, match=r"holiday\.mp4"):
            use(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        probe_video(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="folder"):
        probe_video(tmp_path)


def test_audio_only_and_no_frames(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.wav"), "w") as out:
        audio = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        out.mux(audio.encode(frame))
    with pytest.raises(MediaError, match="no moving picture"):
        probe_video(tmp_path / "a.wav")
    with av.open(str(tmp_path / "b.mkv"), "w") as out:
        stream = out.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        out.start_encoding()
    with pytest.raises(MediaError, match=r"b\.mkv"):
        list(read_frames(tmp_path / "b.mkv"))


def test_cut_off_file_gives_what_is_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [Frame(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8), i / 30) for i in range(60)]
    write_video(tmp_path / "a.mp4", noise)
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(data[: len(data) * 2 // 3])
    assert 10 < len(list(read_frames(tmp_path / "b.mp4"))) < 60


def test_a_damaged_middle_is_passed_over(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [Frame(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8), i / 30) for i in range(60)]
    write_video(tmp_path / "a.mp4", noise)
    data = bytearray((tmp_path / "a.mp4").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = rng.integers(0, 256, 3000, dtype=np.uint8).tobytes()
    (tmp_path / "a.mp4").write_bytes(data)
    times = [f.time for f in read_frames(tmp_path / "a.mp4")]
    assert len(times) > 30
    assert np.all(np.diff(times) > 0)


def test_stretched_pixels_become_square(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        out.mux(stream.encode(av.VideoFrame.from_ndarray(corners(), "rgb24")))
        out.mux(stream.encode(None))
    assert next(read_frames(tmp_path / "a.mp4")).image.shape == (48, 128, 3)


def test_a_failing_source_leaves_nothing_behind(tmp_path: Path) -> None:
    def frames():
        yield from clip([0, 0.1])
        raise RuntimeError("stopped by hand")

    (tmp_path / "a.mp4").write_bytes(b"old")
    with pytest.raises(RuntimeError, match="stopped by hand"):
        write_video(tmp_path / "a.mp4", frames())
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"old"


def test_bad_frames_and_targets(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no frames"):
        write_video(tmp_path / "a.mp4", [])
    with pytest.raises(MediaError, match=r"must end in"):
        write_video(tmp_path / "a.avi", clip([0]))
    with pytest.raises(MediaError, match="no folder"):
        write_video(tmp_path / "none" / "a.mp4", clip([0]))
    with pytest.raises(ValueError, match="increase"):
        write_video(tmp_path / "a.mp4", clip([0.1, 0.1]))
    with pytest.raises(ValueError, match="shape"):
        write_video(tmp_path / "a.mp4", [*clip([0]), Frame(corners(32, 32), 1.0)])
    with pytest.raises(MediaError, match=r"gone\.mp4"):
        write_video(tmp_path / "a.mp4", clip([0]), audio_from=tmp_path / "gone.mp4")
    assert list(tmp_path.iterdir()) == []
