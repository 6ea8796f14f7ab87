"""Jobs of the retouching: several photos into a ZIP file, or a whole video, with progress and cancellation."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from beauty.pipeline import beautify_frames
from beauty.settings import BeautySettings
from vision.files import replaced_at_end
from vision.types import FindFaces, Frame, MediaError
from vision.video import read_frames, write_video
from webui import photos
from webui.jobs import Job
from webui.service import Limits
from webui.uploads import Upload, result_name
from webui.videos import TooLongError, check_video


@dataclass(frozen=True)
class Retouch:
    """Settings for every picture, and the limits."""

    find_faces: FindFaces
    settings: BeautySettings
    limits: Limits

    @property
    def max_pixels(self) -> int:
        """Most pixels of a photo."""
        return round(self.limits.photo_megapixels * 1e6)


class BatchJob(Job):
    """Several photos with the same settings into one ZIP file; ``failed``: unusable photos with their errors."""

    def __init__(
        self, sources: Sequence[Upload], target: Path, retouch: Retouch, stop: threading.Event | None = None
    ) -> None:
        super().__init__(target, stop)
        self._sources, self._retouch = sources, retouch
        self.failed: list[tuple[str, MediaError]] = []

    def work(self) -> None:
        """Retouch the photos one by one; raises the last error if none could be used."""
        with replaced_at_end(self.target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for number, source in enumerate(self._sources):
                self.stop_if_asked()
                self.note("retouch", number / len(self._sources))
                try:
                    self._add(archive, number, source)
                except MediaError as error:
                    self.failed.append((source.name, error))
            if len(self.failed) == len(self._sources):
                raise self.failed[-1][1]

    def _add(self, archive: zipfile.ZipFile, number: int, source: Upload) -> None:
        retouch = self._retouch
        session = photos.open_photo(source, retouch.find_faces, retouch.max_pixels)
        suffix = photos.suffix_of(source.path)
        name = result_name(source.name, "beauty", suffix)
        if name in archive.namelist():
            name = result_name(source.name, f"beauty_{number + 1}", suffix)
        written = self.target.with_name(f"photo{suffix}")
        photos.save(source.path, written, session.faces, retouch.settings, retouch.max_pixels)
        archive.write(written, name)
        written.unlink()


class FilmJob(Job):
    """Retouches the faces of a whole video and keeps its audio; ``notes`` on audio that could not be kept."""

    def __init__(self, source: Path, target: Path, retouch: Retouch, stop: threading.Event | None = None) -> None:
        super().__init__(target, stop)
        self._source, self._retouch = source, retouch
        self.notes: tuple[str, ...] = ()

    def work(self) -> None:
        """Retouch frame by frame."""
        info = check_video(self._source, self._retouch.limits)
        retouch = self._retouch
        with closing(read_frames(self._source)) as frames:
            watched = self._watched(frames, info.duration)
            retouched = beautify_frames(watched, retouch.find_faces, retouch.settings)
            self.notes = write_video(self.target, (frame for frame, _ in retouched), audio_from=self._source)

    def _watched(self, frames: Iterator[Frame], duration: float) -> Iterator[Frame]:
        """Yield the frames while reporting progress and enforcing cancellation and the limit of length."""
        for frame in frames:
            self.stop_if_asked()
            if frame.time > self._retouch.limits.video_seconds + 1:
                raise TooLongError("too long")
            self.note("retouch", min(1.0, frame.time / duration) if duration > 0 else None, frame.time)
            yield frame
