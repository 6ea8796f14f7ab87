"""Pictures as codecs store them: read, drawn into and written, they are what the RGB way makes of them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from tests.vision.test_video import clip, corners
from tests.vision.test_video_files import with_matrix
from vision.draw import blend, draw_skeleton, draw_text
from vision.planar import BT709, Planar
from vision.rotation import Rotations
from vision.types import Image
from vision.video import read_frames, read_planar, write_video


def smooth(height: int = 96, width: int = 128) -> Image:
    """A picture without edges, which half as many colours keep."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([60 + rows, 120 + columns // 2, 200 - rows], axis=2).astype(np.uint8)


def difference(one: Image, other: Image) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def written(path: Path, pixels: str = "yuv420p", size: tuple[int, int] = (64, 48), full: bool = False) -> Path:
    """Ten frames without tags of colour, as many programs write them."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "5"})
        (stream.width, stream.height), stream.pix_fmt = size, pixels
        if full:
            stream.codec_context.color_range = ColorRange.JPEG.value
        for _ in range(10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(corners(*size), "rgb24")))
        out.mux(stream.encode(None))
    return path


def test_there_and_back_is_the_same_picture() -> None:
    image = smooth()
    assert difference(Planar.of(image).rgb(), image) < 1.5
    odd = Planar.of(image[:-1, :-1])
    assert odd.shape == (96, 128, 3)
    assert difference(odd.rgb()[:-1, :-1], image[:-1, :-1]) < 1.5


@pytest.mark.parametrize("tags", [BT709, (6, 6, 6)])
@pytest.mark.parametrize("colour", [(255, 196, 61), (0, 0, 0), (255, 255, 255), (20, 40, 220)])
def test_a_region_takes_a_colour_as_rgb_does(tags: tuple[int, int, int], colour: tuple[int, int, int]) -> None:
    image, picture = smooth(), Planar.of(smooth(), tags)
    mask = np.full((31, 41), 0.7, np.float32)
    blend(image[7:38, 13:54], mask, colour)
    blend(picture[7:38, 13:54], mask, colour)
    inner = np.s_[9:36, 15:52]
    assert np.abs(picture.rgb()[inner].astype(int) - image[inner]).max() <= 6
    outside = np.ones(image.shape[:2], bool)
    outside[5:40, 11:56] = False
    np.testing.assert_array_equal(picture.rgb()[outside], Planar.of(smooth(), tags).rgb()[outside])


def test_regions_of_regions_and_of_nothing() -> None:
    picture = Planar.of(smooth())
    part = picture[10:50, 20:60][5:, 3:13]
    assert (part.top, part.left, part.shape) == (15, 23, (35, 10, 3))
    assert picture[-9:].shape == (9, 128, 3)
    nothing = picture[50:40]
    assert nothing.size == 0
    blend(nothing, np.zeros((0, 128), np.float32), (1, 2, 3))
    np.testing.assert_array_equal(picture.rgb(), Planar.of(smooth()).rgb())


def test_skeleton_and_letters_look_as_on_rgb() -> None:
    image, picture = smooth(240, 320), Planar.of(smooth(240, 320))
    joints = np.random.default_rng(0).uniform(40, 200, (17, 3)).astype(np.float32)
    joints[:, 2] = 0.9
    for canvas in (image, picture):
        draw_skeleton(canvas, joints)
        draw_text(canvas, "Jumps 24", (160, 120), height=40, anchor="mm")
    drawn = np.abs(image.astype(int) - smooth(240, 320)).max(axis=2) > 30
    assert drawn.mean() > 0.05
    assert difference(picture.rgb(), image) < 3
    assert difference(picture.rgb()[drawn], image[drawn]) < 16


@pytest.mark.parametrize("matrix", [(1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (0, 1, -1, 0), (0, -1, 1, 0)])
def test_the_frames_are_those_that_players_show(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    write_video(tmp_path / "a.mp4", clip([0, 0.1, 0.25]), crf=5)
    file = with_matrix(tmp_path / "a.mp4", *matrix)
    for planar, frame in zip(read_planar(file), read_frames(file), strict=True):
        assert planar.time == frame.time
        assert planar.image.shape == frame.image.shape
        assert difference(planar.image.rgb(), frame.image) < 1.5


@pytest.mark.parametrize(("pixels", "full"), [("yuv444p", False), ("yuv420p10le", False), ("yuvj420p", True)])
def test_other_formats_become_the_standard_one(tmp_path: Path, pixels: str, full: bool) -> None:
    file = written(tmp_path / "a.mp4", pixels, full=full)
    planar, frame = next(read_planar(file)).image, next(read_frames(file)).image
    assert planar.tags == BT709
    assert difference(planar.rgb(), frame) < 3


def test_odd_sizes_are_padded_to_even_ones(tmp_path: Path) -> None:
    file = written(tmp_path / "a.mkv", "yuv444p", (63, 47))
    assert next(read_planar(file)).image.shape == (48, 64, 3)


def test_what_is_not_drawn_into_is_written_with_its_own_values_and_tags(tmp_path: Path) -> None:
    """A file without tags stays one: players then show both in the same way."""
    file = written(tmp_path / "a.mp4")
    write_video(tmp_path / "b.mp4", read_planar(file), crf=1)
    with av.open(str(tmp_path / "b.mp4")) as out:
        first = next(out.decode(video=0))
        assert int(first.colorspace) == 2
    assert difference(next(read_frames(tmp_path / "b.mp4")).image, next(read_frames(file)).image) < 1
    write_video(tmp_path / "c.mp4", clip([0, 0.1]), crf=1)
    assert next(read_planar(tmp_path / "c.mp4")).image.tags == BT709


def test_drawing_into_frames_leaves_the_decoder_alone(tmp_path: Path) -> None:
    """Later frames are predicted from earlier ones, which the decoder still holds."""
    file = written(tmp_path / "a.mp4")
    pictures = []
    for frame in read_planar(file):
        pictures.append(frame.image.rgb())
        blend(frame.image, np.ones(frame.image.shape[:2], np.float32), (0, 0, 0))
    assert len(pictures) == 10
    assert difference(pictures[9], pictures[0]) < 2


def test_a_video_on_its_side_is_turned_and_a_later_shape_is_fitted(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", clip([i / 10 for i in range(12)]), crf=5)
    rotations = Rotations(lambda _: 90, read_frames(tmp_path / "a.mp4"))
    planar, frame = next(read_planar(tmp_path / "a.mp4", rotations)), next(read_frames(tmp_path / "a.mp4", rotations))
    assert planar.image.shape == frame.image.shape == (64, 48, 3)
    assert difference(planar.image.rgb(), frame.image) < 1.5
