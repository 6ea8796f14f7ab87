"""Reading photos: upright RGB pixels, with colour profile, EXIF, XMP, IPTC and transparency kept."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, JpegImagePlugin

from vision.files import check_readable, film_in_photo, reason, replaced_at_end
from vision.image_encoder import PHOTO_SUFFIXES, SUFFIX_OF, kind_of, register_heif, write_photo
from vision.metadata import PLACE_REMOVED, has_place, kept_exif, kept_iptc, kept_xmp, without_place
from vision.photo import Photo, Storage
from vision.photo_colors import to_rgb
from vision.types import MediaError

__all__ = ["PHOTO_SUFFIXES", "SUFFIX_OF", "Photo", "copy_photo", "format_of", "kind_of", "read_photo", "write_photo"]

_KEPT_AS = {
    "JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "TIFF": "TIFF",
    "HEIF": "HEIF", "BMP": "PNG", "GIF": "PNG", "AVIF": "PNG",
}  # fmt: skip
_DECODER_ERRORS = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError, EOFError, OverflowError,
    MemoryError, RuntimeError, NotImplementedError, struct.error, zlib.error, ImageCms.PyCMSError,
)  # fmt: skip
"""Exceptions that Pillow's decoders are known to raise on damaged files."""

_ARITHMETIC = (0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
"""JPEG markers (SOF) of frames with arithmetic coding."""

_MOST_LOST = 0.25
"""Largest share of the height that may be missing at the end of a truncated JPEG file."""


def read_photo(source: str | Path | BinaryIO, *, max_pixels: int = 100_000_000, keep_gps: bool = False) -> Photo:
    """Read a JPEG, PNG, WebP, TIFF or HEIC photo (also BMP, GIF and AVIF, kept as PNG).

    The EXIF orientation is applied, that of XMP is ignored, as browsers do; GPS positions are removed from EXIF and XMP
    unless ``keep_gps``.  A truncated JPEG is read with a note.  The size is checked before pixels are decoded.  Raises
    ``MediaError`` if the file is missing, empty, damaged, not a photo, or larger than ``max_pixels``.
    """
    name, data = _contents(source)
    with _reading(name), _open(data) as picture:
        _check_size(picture, name, max_pixels)
        notes = _depth_notes(picture)
        xmp = _xmp_kept(_take_xmp(picture), keep_gps, notes)
        if film_in_photo(data):
            notes.append("The film that belongs to the photo is not kept.")
        storage = _storage(picture, data)
        return _decode(picture, _loaded(picture, data, name, notes), Kept(xmp, keep_gps, storage), notes)


def format_of(path: Path) -> str | None:
    """The format in which a photo would be written (JPEG, PNG, WEBP, TIFF or HEIF); None for other files."""
    try:
        with path.open("rb") as file, _open(file) as picture:
            return _KEPT_AS[str(picture.format)]
    except _DECODER_ERRORS:
        return None


def copy_photo(source: Path, target: Path, *, keep_gps: bool = False) -> tuple[str, ...]:
    """Copy a photo's file byte for byte, with GPS positions blanked unless ``keep_gps``; returns notes.

    Raises ``MediaError`` if the position cannot be blanked in place, or if the file cannot be written.
    """
    data = source.read_bytes()
    clean = data if keep_gps else without_place(data)
    with _reading(source.name), _open(clean) as picture:
        xmp = _take_xmp(picture)
        if not keep_gps and has_place(picture, xmp):
            raise MediaError(f"{source.name} holds a place that cannot be removed without writing the photo again.")
    with replaced_at_end(target) as draft:
        draft.write_bytes(clean)
    return () if clean == data else (PLACE_REMOVED,)


def _contents(source: str | Path | BinaryIO) -> tuple[str, bytes]:
    """The name for error messages, and the bytes, of a file or stream."""
    if isinstance(source, (str, Path)):
        check_readable(source)
        return Path(source).name, Path(source).read_bytes()
    label = getattr(source, "name", None)
    name = Path(label).name if isinstance(label, str) else "The photo"
    data = source.read()
    if not data:
        raise MediaError(f"{name} is empty.")
    return name, data


@cache
def register_formats() -> None:
    """Register Pillow's formats and HEIC, at the first photo, since importing the codecs is slow."""
    Pillow.init()
    register_heif()


@contextmanager
def _reading(name: str) -> Generator[None, None, None]:
    """Convert exceptions of decoders into ``MediaError``."""
    try:
        yield
    except MediaError:
        raise
    except Pillow.UnidentifiedImageError as error:
        raise MediaError(f"{name} is not a photo that can be read (JPEG, PNG, WebP, TIFF or HEIC).") from error
    except Pillow.DecompressionBombError as error:
        raise MediaError(f"{name} has too many pixels to be opened safely.") from error
    except _DECODER_ERRORS as error:
        raise MediaError(f"{name} is damaged or incomplete ({reason(error)}).") from error


def _open(data: bytes | BinaryIO) -> Pillow.Image:
    register_formats()
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    return Pillow.open(source, formats=[kind for kind in _KEPT_AS if kind in Pillow.OPEN])


def _check_size(picture: Pillow.Image, name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise MediaError(
            f"{name} is too large: {width} x {height} is {width * height / 1e6:.0f} megapixels,"
            f" at most {max_pixels / 1e6:.0f} are allowed."
        )


def _depth_notes(picture: Pillow.Image) -> list[str]:
    """A note where the file has more than 8 bits a channel: it is reduced to 8 for retouching and writing."""
    deep = picture.mode.startswith("I;16") or any(";16" in str(tile[3]) for tile in getattr(picture, "tile", []))
    bits = 16 if deep else picture.info.get("bit_depth", 8)
    return [f"The photo has {bits} bits per channel; the retouched one has 8."] if bits > 8 else []


def _take_xmp(picture: Pillow.Image) -> bytes | None:
    """The XMP packet, removed from the picture, since Pillow would apply its orientation."""
    found = [picture.info.pop(key, None) for key in ("xmp", "XML:com.adobe.xmp")]
    return next((x.encode() if isinstance(x, str) else x for x in found if isinstance(x, (str, bytes))), None)


def _xmp_kept(xmp: bytes | None, keep_gps: bool, notes: list[str]) -> bytes | None:
    kept = kept_xmp(xmp, keep_gps, notes)
    if xmp and b"hdrgm:" in xmp:
        notes.append("The gain map for HDR displays is not kept.")
    return kept


def _loaded(picture: Pillow.Image, data: bytes, name: str, notes: list[str]) -> Pillow.Image:
    """The decoded picture; a JPEG truncated near its end is filled with grey, with a note."""
    try:
        picture.load()
        return picture
    except OSError as error:
        if picture.format not in ("JPEG", "MPO"):
            raise
        if _uses_arithmetic_coding(data):
            raise MediaError(
                f"{name} is a JPEG with arithmetic coding, which cannot be read; save it as an ordinary JPEG."
            ) from error
        whole = Pillow.open(io.BytesIO(data + b"\xff\xd9"), formats=["JPEG"])
        whole.load()
        lost = _grey_rows(np.asarray(whole.convert("L"))) / whole.height
        if lost > _MOST_LOST:
            raise
        notes.append("The photo is cut off: the end of the file is missing.")
        return whole


def _grey_rows(grey: np.ndarray) -> int:
    """Number of constant rows at the bottom, which a decoder fills in for missing data."""
    flat = np.ptp(grey, axis=1) <= 2
    return int(np.argmin(flat[::-1])) if not flat.all() else len(grey)


def _uses_arithmetic_coding(data: bytes) -> bool:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        if data[at + 1] in _ARITHMETIC:
            return True
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


@dataclass(frozen=True)
class Kept:
    """Metadata that is read before the pixels are decoded."""

    xmp: bytes | None
    keep_gps: bool
    storage: Storage


def _decode(picture: Pillow.Image, whole: Pillow.Image, kept: Kept, notes: list[str]) -> Photo:
    """A photo of the opened file ``picture``, whose pixels are in ``whole``."""
    source_format = str(picture.format)
    icc = picture.info.get("icc_profile") or None
    exif = _exif(picture, kept.keep_gps, notes)
    _note_companions(picture, notes)
    pixels, alpha = to_rgb(_turned(picture, whole, notes), icc, notes)
    if icc is not None and icc[16:20] != b"RGB ":
        icc = None
    return Photo(
        pixels, alpha, icc, exif, _KEPT_AS[source_format], tuple(dict.fromkeys(notes)), kept.xmp, kept_iptc(picture),
        _dots_per_inch(picture), kept.storage,
    )  # fmt: skip


def _note_companions(picture: Pillow.Image, notes: list[str]) -> None:
    """Add notes on further content of the file that the result will lack."""
    kind, count = str(picture.format), getattr(picture, "n_frames", 1)
    if kind == "MPO" and count > 1:
        notes.append("Other pictures in the file (a gain map, depth or a second view) are not kept.")
    elif count > 1:
        notes.append(f"Only the first of {count} pictures in the file was used.")
    if picture.info.get("aux") or picture.info.get("depth_images"):
        notes.append("Gain map and depth in the file are not kept.")
    if _KEPT_AS[kind] != kind and kind != "MPO":
        notes.append(f"The {kind} file is kept as PNG.")


def _dots_per_inch(picture: Pillow.Image) -> tuple[float, float] | None:
    dpi: Any = picture.info.get("dpi")
    if not isinstance(dpi, tuple) or len(cast(tuple[Any, ...], dpi)) != 2:
        return None
    x, y = (float(n) for n in cast(tuple[Any, Any], dpi))
    return (x, y) if 1 <= x <= 65_535 and 1 <= y <= 65_535 else None


def _storage(picture: Pillow.Image, data: bytes) -> Storage:
    """How the file stores its pixels."""
    tables: dict[int, list[int]] = getattr(picture, "quantization", None) or {}
    sampling = JpegImagePlugin.get_sampling(cast(Any, picture)) if tables and picture.mode == "RGB" else -1
    return Storage(
        picture.format or "", len(data), tuple(tuple(tables[k]) for k in sorted(tables)[:2]), sampling,
        "progressive" in picture.info, int(picture.info.get("chroma", 420)),
        picture.format == "WEBP" and b"VP8L" in data[:4096],
    )  # fmt: skip


def _turned(picture: Pillow.Image, whole: Pillow.Image, notes: list[str]) -> Pillow.Image:
    """Apply the EXIF orientation (HEIC files arrive turned, with the tag already 1)."""
    try:
        if whole is not picture:
            whole.info["exif"] = picture.info.get("exif", b"")
        return ImageOps.exif_transpose(whole)
    except _DECODER_ERRORS:
        notes.append("The orientation could not be read and was left alone.")
        return whole


def _exif(picture: Pillow.Image, keep_gps: bool, notes: list[str]) -> bytes | None:
    try:
        return kept_exif(picture, keep_gps, notes)
    except _DECODER_ERRORS:
        notes.append("The EXIF block is damaged and was left out.")
        return None
