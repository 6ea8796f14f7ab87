"""The command line: ``python -m beauty IN OUT [flags]`` for a photo, a folder of photos or a video."""

from __future__ import annotations

from vision.command import Parser, end_at_once, fail, run, say

if __name__ == "__main__":
    end_at_once("beauty")  # while the libraries load

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from beauty.pipeline import beautify, beautify_frames, moved_faces
from beauty.settings import PRESETS, BeautySettings
from vision.draw import draw_faces
from vision.files import check_target, seekable
from vision.image import PHOTO_SUFFIXES, SUFFIX_OF, Photo, copy_photo, format_of, kind_of, read_photo, write_photo
from vision.options import add_arguments, from_arguments
from vision.types import FindFaces, Frame, Image, MediaError
from vision.video import VIDEO_SUFFIXES, probe_video, read_frames, write_video

PHOTOS = (*PHOTO_SUFFIXES, ".mpo", ".bmp", ".gif", ".avif")
"""Suffixes of photos that can be read; files of a folder that have another one are looked into."""


@dataclass(frozen=True)
class Job:
    """What to do with every picture: the ``settings``, whether to draw ``keypoints``, and how to write files."""

    find_faces: FindFaces
    settings: BeautySettings
    keypoints: bool = False
    keep_gps: bool = False
    quality: int | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, or 2 after one line for everything that failed."""
    return run("beauty", lambda: _main(_parser().parse_args(arguments)))


def _main(options: argparse.Namespace) -> int:
    settings = from_arguments(BeautySettings, options, base=PRESETS[options.preset])
    source, target = Path(options.source), Path(options.target)
    _check_places(source, target)
    job = Job(_finder(options.device), settings, options.keypoints, options.keep_gps, options.quality)
    if source.is_dir():
        return _folder(source, target, job)
    with seekable(source) as file:
        (_video if _is_video(target) else _photo)(file, target, job)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m beauty", description="Retouches the faces of a photo, a folder or a video.")
    parser.add_argument("source", metavar="IN", help="a photo, a folder of photos, or a video")
    parser.add_argument("target", metavar="OUT", help="the file to write, or the folder for a folder")
    parser.add_argument("--preset", choices=tuple(PRESETS), default="natural", help="settings to start from")
    add_arguments(parser, BeautySettings)
    parser.add_argument(
        "--keypoints", action=argparse.BooleanOptionalAction, default=False, help="draw the 106 points on the result"
    )
    parser.add_argument(
        "--keep-gps",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="keep the place in the photo's EXIF and XMP",
    )
    parser.add_argument(
        "--quality", type=int, default=None, help="of JPEG, WebP and HEIC, 1 to 100 (default: as the source)"
    )
    parser.add_argument("--device", default="auto", help="where the networks run: auto, cpu or cuda")
    return parser


def _finder(device: str) -> FindFaces:
    """The face finder; its networks are loaded here, after the arguments are known to be good."""
    from models import load_face_finder

    return load_face_finder(device)


def _is_video(target: Path) -> bool:
    return target.suffix.lower() in VIDEO_SUFFIXES


def _check_places(source: Path, target: Path) -> None:
    """Raise ``MediaError`` for places that cannot work, before anything slow happens."""
    if not source.exists():
        raise MediaError(f"{source} does not exist.")
    if source.is_dir():
        if target.exists() and not target.is_dir():
            raise MediaError(f"{target} is a file; for a folder of photos OUT must be a folder.")
        if not any(_photos(source)):
            raise MediaError(f"{source} has no photos.")
    elif target.is_dir():
        raise MediaError(f"{target} is a folder; for one file OUT must be a file.")
    else:
        check_target(target, (*PHOTO_SUFFIXES, *VIDEO_SUFFIXES))


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


def _photos(folder: Path) -> Iterator[Path]:
    """Files with a photo's suffix, and others whose contents are a photo."""
    return (p for p in _files(folder) if p.is_file() and (p.suffix.lower() in PHOTOS or format_of(p)))


def _folder(source: Path, target: Path, job: Job) -> int:
    """Every photo of a folder; a file that fails is named and the others go on, what is no photo is named too."""
    target.mkdir(parents=True, exist_ok=True)
    photos, status = list(_photos(source)), 0
    others = [path.name + "/" * path.is_dir() for path in _files(source) if path not in photos]
    for path, name in _names(photos).items():
        try:
            _photo(path, target / name, job, target / path.name)
        except (ValueError, OSError) as error:
            status = fail("beauty", error if path.name in str(error) else f"{path.name}: {error}")
    if others:
        say(f"beauty: skipped, no photos: {', '.join(others)}")
    return status


def _names(photos: Sequence[Path]) -> dict[Path, str]:
    """A name for the result of each photo: its own, with another suffix where its format is not written.

    No two are the same, nor is one another photo's own name, also where large and small letters are one.
    """
    taken = {path.name.lower() for path in photos}
    names: dict[Path, str] = {}
    for path in photos:
        name = path.name
        if path.suffix.lower() not in PHOTO_SUFFIXES:
            suffix = SUFFIX_OF[format_of(path) or "PNG"]
            name = path.stem + suffix if path.suffix.lower() in PHOTOS else path.name + suffix
            name = name if name.lower() not in taken else path.name + suffix
            while name.lower() in taken:
                name = f"{Path(name).stem}_{suffix}"
            taken.add(name.lower())
        names[path] = name
    return names


def _photo(source: Path, target: Path, job: Job, unchanged: Path | None = None) -> None:
    """Retouch one photo; where nothing changes its file is copied, in a folder to the name ``unchanged``."""
    photo = read_photo(source, keep_gps=job.keep_gps)
    image = _retouched_photo(source, photo, job)
    if image is None and job.quality is None and (unchanged or photo.stored_as(kind_of(target) or "")):
        try:
            notes = copy_photo(source, unchanged or target, keep_gps=job.keep_gps)
        except MediaError:
            notes = _written(target, photo, job)
    else:
        notes = _written(target, photo if image is None else photo.with_image(image), job)
    for note in notes:
        say(f"{source.name}: {note}")


def _written(target: Path, photo: Photo, job: Job) -> tuple[str, ...]:
    """Write a photo; what its reading and writing changed."""
    write_photo(target, photo, quality=job.quality)
    return photo.notes


def _retouched_photo(source: Path, photo: Photo, job: Job) -> Image | None:
    """The new pixels, None where nothing is asked for or no face was found."""
    if not (job.settings.changes_pixels or job.keypoints):
        return None
    faces = job.find_faces(photo.image)
    if not len(faces):
        say(f"{source.name}: No face was found, the photo is unchanged.")
        return None
    image = beautify(photo.image, faces, job.settings)
    return draw_faces(image, moved_faces(image.shape[:2], faces, job.settings)) if job.keypoints else image


def _video(source: Path, target: Path, job: Job) -> None:
    notes = probe_video(source).notes
    notes += write_video(target, retouched_frames(read_frames(source), job), audio_from=source)
    for note in notes:
        say(f"{source.name}: {note}")


def retouched_frames(frames: Iterator[Frame], job: Job) -> Iterator[Frame]:
    """The frames of a video retouched, with the keypoints drawn in where that is asked for."""
    for frame, faces in beautify_frames(frames, job.find_faces, job.settings):
        if job.keypoints:
            moved = moved_faces(frame.image.shape[:2], faces, job.settings)
            frame = Frame(draw_faces(frame.image, moved), frame.time)
        yield frame


if __name__ == "__main__":
    sys.exit(main())
