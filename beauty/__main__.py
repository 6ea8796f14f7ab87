"""The command line: ``python -m beauty IN OUT [flags]`` for a photo, a folder of photos or a video."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from beauty.pipeline import beautify, beautify_prepared, moved_faces, prepare
from beauty.settings import PRESETS, BeautySettings
from beauty.steady import SteadyFaces
from vision.draw import draw_faces
from vision.image import Photo, read_photo, write_photo
from vision.options import add_arguments, from_arguments
from vision.types import FindFaces, Frame, Image, MediaError
from vision.video import read_frames, write_video

PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif", ".hif", ".bmp", ".gif", ".avif")
KEPT_AS_PNG = (".bmp", ".gif", ".avif")
VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".3gp", ".ts", ".wmv")


@dataclass(frozen=True)
class Job:
    """What to do with every picture: the ``settings``, whether to draw ``keypoints``, and how to write files."""

    find_faces: FindFaces
    settings: BeautySettings
    keypoints: bool = False
    keep_gps: bool = False
    quality: int | None = None


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0, or 2 after one line on stderr for everything that failed."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
        settings = from_arguments(BeautySettings, options, base=PRESETS[options.preset])
        source, target = Path(options.source), Path(options.target)
        _check_places(source, target)
        job = Job(_finder(options.device), settings, options.keypoints, options.keep_gps, options.quality)
        if source.is_dir():
            return _folder(source, target, job)
        (_video if source.suffix.lower() in VIDEOS else _photo)(source, target, job)
    except (ValueError, OSError, RuntimeError) as error:
        return _say(f"beauty: {error}")
    except KeyboardInterrupt:
        return _say("beauty: stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m beauty", description="Retouches the faces of a photo, a folder or a video.")
    parser.add_argument("source", metavar="IN", help="a photo, a folder of photos, or a video")
    parser.add_argument("target", metavar="OUT", help="the file to write, or the folder for a folder")
    parser.add_argument("--preset", choices=tuple(PRESETS), default="natural", help="settings to start from")
    add_arguments(parser, BeautySettings)
    parser.add_argument(
        "--keypoints", action=argparse.BooleanOptionalAction, default=False, help="draw the 106 points on the result"
    )
    parser.add_argument(
        "--keep-gps", action=argparse.BooleanOptionalAction, default=False, help="keep the place in the photo's EXIF"
    )
    parser.add_argument("--quality", type=int, default=None, help="of JPEG, WebP and HEIC files, 1 to 100 (default 95)")
    parser.add_argument("--device", default="auto", help="where the networks run: auto, cpu or cuda")
    return parser


def _finder(device: str) -> FindFaces:
    """The face finder; its networks are loaded here, after the arguments are known to be good."""
    from models import load_face_finder

    return load_face_finder(device)


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
    elif not target.suffix:
        raise MediaError(f"{target.name} needs a suffix such as .jpg or .mp4.")


def _photos(folder: Path) -> Iterator[Path]:
    return (
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix.lower() in PHOTOS and not path.name.startswith(".")
    )


def _folder(source: Path, target: Path, job: Job) -> int:
    """Every photo of a folder; a file that fails is named and the others go on."""
    target.mkdir(parents=True, exist_ok=True)
    status = 0
    for path in list(_photos(source)):
        suffix = ".png" if path.suffix.lower() in KEPT_AS_PNG else path.suffix
        try:
            _photo(path, target / (path.stem + suffix), job)
        except (ValueError, OSError) as error:
            status = _say(f"beauty: {path.name}: {error}")
    return status


def _photo(source: Path, target: Path, job: Job) -> None:
    photo = read_photo(source, keep_gps=job.keep_gps)
    for note in photo.notes:
        _say(f"{source.name}: {note}")
    faces = job.find_faces(photo.image)
    if not len(faces):
        _say(f"{source.name}: No face was found, the photo is unchanged.")
        _keep(source, target, photo, job)
        return
    image = beautify(photo.image, faces, job.settings)
    if job.keypoints:
        image = draw_faces(image, moved_faces(image.shape[:2], faces, job.settings))
    write_photo(target, photo.with_image(image), quality=job.quality)


def _keep(source: Path, target: Path, photo: Photo, job: Job) -> None:
    """Write a photo as it is: the very file where that gives nothing away and nothing had to be converted."""
    plain = not photo.notes and photo.exif is None and job.quality is None
    if plain and source.suffix.lower() == target.suffix.lower() and source.resolve() != target.resolve():
        shutil.copyfile(source, target)
    else:
        write_photo(target, photo, quality=job.quality)


def _video(source: Path, target: Path, job: Job) -> None:
    write_video(target, retouched_frames(read_frames(source), job), audio_from=source)


def retouched_frames(frames: Iterator[Frame], job: Job) -> Iterator[Frame]:
    """The frames of a video retouched with steady points and masks.

    Spots are not healed: whether one is found may change from frame to frame, and that would flicker.
    """
    settings, steady = replace(job.settings, spots=0.0), SteadyFaces()
    for frame in frames:
        yield Frame(_retouched(frame, steady, settings, job), frame.time)


def _retouched(frame: Frame, steady: SteadyFaces, settings: BeautySettings, job: Job) -> Image:
    faces = steady.update(job.find_faces(frame.image), frame.time)
    prepared = prepare(frame.image, faces, steady.seen)
    for part in prepared.parts:
        steady.remember(part.index, part.regions.seen)
    image = beautify_prepared(prepared, settings)
    return draw_faces(image, moved_faces(image.shape[:2], faces, settings)) if job.keypoints else image


def _say(message: str) -> int:
    """One line on stderr; 2, the exit status of a failure."""
    print(" ".join(str(message).split()), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
