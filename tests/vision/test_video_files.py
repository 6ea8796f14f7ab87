"""Videos as people have them: made with PyAV, then damaged, joined or marked as phones and recorders do."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc

from tests.vision.test_video import clip, corners, tone
from vision.color import convert
from vision.container import Clock
from vision.files import film_in_photo
from vision.types import MediaError
from vision.video import probe_video, read_frames, write_video

RATE = 48_000


def beeping(path: Path, codec: str = "pcm_s16le", leave_out: Sequence[int] = (), repeat: int = -1) -> Path:
    """Three seconds of pictures and 100 ms of tone at every full second; packets of 20 ms may be left out."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=30, options={"crf": "30"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = out.add_stream(codec, rate=RATE, layout="mono")
        for _ in range(90):
            out.mux(video.encode(av.VideoFrame.from_ndarray(corners(), "rgb24")))
        out.mux(video.encode(None))
        at = np.arange(3 * RATE) / RATE
        wave = (12_000 * np.sin(2 * np.pi * 880 * at) * (at % 1 < 0.1)).astype(np.int16)
        packets = list(audio_packets(audio, wave))
        contents = [bytes(packet) for packet in packets]
        for number, packet in enumerate(packets):
            if number not in leave_out:
                out.mux(packet)
    if repeat >= 0:
        with_time_of_the_one_before(path, contents[repeat - 1], contents[repeat])
    return path


def with_time_of_the_one_before(path: Path, before: bytes, packet: bytes) -> None:
    """Matroska: the two bytes of a block's time stand three bytes before its contents."""
    data = bytearray(path.read_bytes())
    first, second = data.index(before), data.index(packet)
    data[second - 3 : second - 1] = data[first - 3 : first - 1]
    path.write_bytes(data)


def audio_packets(audio: Any, wave: np.ndarray) -> list[Any]:
    resampler = av.AudioResampler(audio.codec_context.format, "mono", RATE, frame_size=960)
    frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = RATE, 0
    return [p for piece in (*resampler.resample(frame), *resampler.resample(None), None) for p in audio.encode(piece)]


def beeps(path: Path) -> list[float]:
    """Seconds at which tones begin."""
    with av.open(str(path)) as file:
        stream, wave = file.streams.audio[0], np.zeros(10 * RATE)
        assert stream.codec_context.name == "aac"
        for frame in file.decode(stream):
            samples = frame.to_ndarray()[0]
            at = max(round(float(frame.time) * frame.sample_rate), 0)
            wave[at : at + len(samples)] = samples
    loud = np.flatnonzero(np.abs(wave) > 0.1)
    return [round(float(n) / RATE, 2) for n in loud[np.diff(loud, prepend=-RATE) > RATE // 4]]


def again(tmp_path: Path, source: Path) -> tuple[list[float], tuple[str, ...]]:
    """Beeps of the written copy, and what was said about its audio."""
    notes = write_video(tmp_path / "again.mp4", read_frames(source), audio_from=source)
    return beeps(tmp_path / "again.mp4"), notes


def test_a_hole_in_the_audio_becomes_silence(tmp_path: Path) -> None:
    source = beeping(tmp_path / "a.mkv", leave_out=range(40, 80))
    assert again(tmp_path, source)[0] == pytest.approx([0, 2], abs=0.03)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_a_repeated_time_keeps_audio_and_count(tmp_path: Path, codec: str) -> None:
    source = beeping(tmp_path / "a.mkv", codec, repeat=52)
    with av.open(str(source)) as file:
        times = [packet.pts for packet in file.demux(audio=0) if packet.size]
    assert min(np.diff(times)) == 0
    assert again(tmp_path, source)[0] == pytest.approx([0, 1, 2], abs=0.03)


def test_joined_recordings_follow_each_other(tmp_path: Path) -> None:
    one = beeping(tmp_path / "one.ts", "aac").read_bytes()
    (tmp_path / "two.ts").write_bytes(one + one)
    times = [frame.time for frame in read_frames(tmp_path / "two.ts")]
    assert len(times) > 170
    assert np.all(np.diff(times) > 0)
    assert times[-1] == pytest.approx(6, abs=0.2)
    assert again(tmp_path, tmp_path / "two.ts")[0] == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.15)


def test_audio_that_cannot_be_read_is_left_out_with_a_note(tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    source.write_bytes(b"no video at all" * 100)
    notes = write_video(tmp_path / "b.mp4", clip([0, 0.1]), audio_from=source)
    assert notes == ("The sound could not be kept.",)
    assert len(list(read_frames(tmp_path / "b.mp4"))) == 2


def test_damaged_audio_never_ends_the_writing(tmp_path: Path) -> None:
    source = beeping(tmp_path / "a.mkv", "aac")
    data, rng = bytearray(source.read_bytes()), np.random.default_rng(1)
    for at in rng.integers(len(data) // 2, len(data) - 2000, 60):
        data[at : at + 30] = rng.integers(0, 256, 30, dtype=np.uint8).tobytes()
    source.write_bytes(data)
    write_video(tmp_path / "b.mp4", clip([i / 30 for i in range(60)]), audio_from=source)
    assert probe_video(tmp_path / "b.mp4").duration == pytest.approx(2, abs=0.1)


def test_the_default_tracks_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        small, large = (out.add_stream("libx264", rate=rate, options={"crf": "30"}) for rate in (1, 30))
        quiet, loud = (out.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(2))
        small.width, small.height, small.pix_fmt = 32, 24, "yuv420p"
        large.width, large.height, large.pix_fmt = 64, 48, "yuv420p"
        small.disposition = quiet.disposition = Disposition(0)
        large.disposition = loud.disposition = Disposition.default
        for stream, count, size in ((small, 3, (32, 24)), (large, 60, (64, 48))):
            for _ in range(count):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(corners(*size), "rgb24")))
            out.mux(stream.encode(None))
        wave = np.zeros(2 * RATE, np.int16)
        out.mux(audio_packets(quiet, wave))
        wave[RATE // 2 : RATE] = 9_000
        out.mux(audio_packets(loud, wave))
    info = probe_video(path)
    assert (info.width, info.height) == (64, 48)
    assert any("track 2" in note for note in info.notes)
    assert again(tmp_path, path)[0] == pytest.approx([0.5], abs=0.03)


def test_a_clock_whose_first_frames_have_no_time() -> None:
    clock = Clock(0.1)
    assert [clock.tick(t) for t in (None, None, 5.0, 5.1)] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert clock.shift == pytest.approx(-4.8)


def test_a_clock_that_jumps_forth_and_back() -> None:
    clock = Clock(0.1)
    given = [0.0, 0.1, 90_000.0, 0.3, 0.4, -0.2, -0.1]
    assert [clock.tick(t) for t in given] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])


def test_a_pause_in_the_recording_stays() -> None:
    clock = Clock(0.1)
    assert [clock.tick(t) for t in (0.0, 0.1, 6.0)] == pytest.approx([0, 0.1, 6.0])


def with_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """The file with another display matrix in its track header."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44
    struct.pack_into(">9i", data, at, a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "matrix",
    [
        (1, 0, 0, 1),
        (-1, 0, 0, 1),
        (1, 0, 0, -1),
        (-1, 0, 0, -1),
        (0, 1, 1, 0),
        (0, 1, -1, 0),
        (0, -1, 1, 0),
        (0, -1, -1, 0),
    ],
)
def test_every_display_matrix_is_followed(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    a, b, c, d = matrix
    write_video(tmp_path / "a.mp4", clip([0, 0.1]), crf=8)
    stored = next(read_frames(tmp_path / "a.mp4")).image
    shown = next(read_frames(with_matrix(tmp_path / "a.mp4", *matrix))).image
    ys, xs = np.mgrid[:48, :64]
    x, y = a * xs + c * ys, b * xs + d * ys
    expected = np.zeros((y.max() - y.min() + 1, x.max() - x.min() + 1, 3), np.uint8)
    expected[y - y.min(), x - x.min()] = stored
    np.testing.assert_array_equal(shown, expected)


def test_a_phone_that_is_turned_keeps_every_parts_proportions(tmp_path: Path) -> None:
    for name, size in (("wide", (96, 48)), ("tall", (48, 96))):
        write_video(tmp_path / f"{name}.mp4", clip([i / 30 for i in range(20)], *size))
        with av.open(str(tmp_path / f"{name}.mp4")) as source, av.open(str(tmp_path / f"{name}.ts"), "w") as out:
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
    (tmp_path / "a.ts").write_bytes(b"".join((tmp_path / f"{n}.ts").read_bytes() for n in ("wide", "tall")))
    frames = list(read_frames(tmp_path / "a.ts"))
    assert {frame.image.shape for frame in frames} == {(48, 96, 3)}
    last = frames[-1].image.astype(int)
    assert last[:, :34].max() < 20
    assert last[:, 62:].max() < 20
    assert np.abs(last[10, 42] - (220, 30, 30)).max() < 40
    assert np.abs(last[36, 54] - (128, 128, 128)).max() < 40


PATCHES = np.array(
    [(200, 60, 50), (60, 150, 70), (50, 70, 180), (120, 120, 120), (30, 30, 30), (200, 200, 195), (190, 140, 110)]
)


def as_hdr(colors: np.ndarray, kind: str) -> np.ndarray:
    """R'G'B' of BT.709 as R'G'B' of BT.2020 in PQ, HLG or plain gamma, white at 203 cd/m2."""
    to_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    light = (colors / 255) ** 2.4 @ to_2020.T
    if kind == "sdr":
        return light ** (1 / 2.4)
    if kind == "pq":
        power = (light * 203 / 10_000) ** (2610 / 16384)
        return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    scene = (light * 203 / 1000) ** (1 / 1.2)
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(12 * scene - 0.28466892) + 0.55991073)


KINDS = [("pq", ColorTrc.SMPTE2084), ("hlg", ColorTrc.ARIB_STD_B67), ("sdr", ColorTrc.BT2020_10)]


@pytest.mark.parametrize(("kind", "transfer"), KINDS)
def test_hdr_and_wide_colours_become_standard_ones(tmp_path: Path, kind: str, transfer: ColorTrc) -> None:
    np.testing.assert_allclose(255 * convert(as_hdr(PATCHES, kind), kind, "bt2020"), PATCHES, atol=0.6)
    picture = np.repeat(np.repeat(as_hdr(PATCHES, kind)[None], 32, 1), 64, 0)
    deep = np.round(picture * 65_535).astype(np.uint16)
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = deep.shape[1], deep.shape[0], "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_trc, context.color_primaries = 9, int(transfer), int(ColorPrimaries.BT2020)
        frame = av.VideoFrame.from_ndarray(deep, "rgb48le")
        frame = frame.reformat(format="yuv420p10le", dst_colorspace=Colorspace.BT2020)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    image = next(read_frames(tmp_path / "a.mkv")).image
    np.testing.assert_allclose(image[32, 16::32], PATCHES, atol=4)
    name = "wide gamut" if kind == "sdr" else kind.upper()
    assert any(name in note for note in probe_video(tmp_path / "a.mkv").notes)


def test_highlights_keep_their_order() -> None:
    grey = convert(np.repeat(np.linspace(0, 1, 200)[:, None], 3, 1), "pq", "bt2020")[:, 0]
    assert np.all(np.diff(grey) > 0)
    assert grey[0] == 0
    assert grey[-1] <= 1


def test_two_fields_become_whole_frames(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(25), options={"crf": "5", "x264-params": "tff=1"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for k in range(12):
            image = np.full((64, 96, 3), 40, np.uint8)
            for field in (0, 1):
                left = 6 * (2 * k + field) % 80
                image[field::2, left : left + 16] = 220
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        out.mux(stream.encode(None))
    frames = list(read_frames(tmp_path / "a.mkv"))
    assert len(frames) == 12
    assert np.diff([f.time for f in frames]) == pytest.approx([0.04] * 11, abs=1e-3)
    combs = [np.abs(np.diff(f.image[8:-8, :, 1].astype(int), axis=0)).mean() for f in frames[1:-1]]
    assert max(combs) < 8
    assert any("deinterlaced" in note for note in probe_video(tmp_path / "a.mkv").notes)


def test_the_film_of_a_motion_photo_is_read(tmp_path: Path) -> None:
    film = tone(tmp_path / "film.mp4", "aac", 1.0).read_bytes()
    jpeg = b"\xff\xd8\xff\xe0" + bytes(500) + b"\xff\xd9"
    (tmp_path / "a.jpg").write_bytes(jpeg + film)
    assert film_in_photo(jpeg + film) == len(jpeg)
    assert len(list(read_frames(tmp_path / "a.jpg"))) == 30
    (tmp_path / "b.jpg").write_bytes(jpeg)
    with pytest.raises(MediaError, match=r"b\.jpg"):
        probe_video(tmp_path / "b.jpg")


def test_names_with_a_colon_are_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_video("a:b.mp4", clip([0, 0.1]))
    assert len(list(read_frames("a:b.mp4"))) == 2
