"""Photos from and to files: upright RGB pixels, with colour profile, EXIF and transparency kept."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps
from PIL.ExifTags import IFD, Base

from vision.files import check_readable, replaced_at_end
from vision.types import Image, MediaError

_KEPT_AS = {
    "JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "WEBP": "WEBP", "TIFF": "TIFF",
    "HEIF": "HEIF", "BMP": "PNG", "GIF": "PNG", "AVIF": "PNG",
}  # fmt: skip
_SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF",
    ".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF",
}  # fmt: skip
_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
_DECODER_ERRORS = (
    OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError, EOFError, OverflowError,
    MemoryError, RuntimeError, NotImplementedError, struct.error, zlib.error, ImageCms.PyCMSError,
)  # fmt: skip
"""What Pillow's decoders are known to raise on damaged files."""

_LAYOUT_TAGS = frozenset(
    [*range(254, 260), 262, 266, 273, *range(277, 282), 284, *range(288, 294), 317, 318, 319, *range(320, 334)]
    + [*range(336, 348), *range(512, 522), *range(529, 533), 700, 33723, 34377, 34675, 37724, 50341]
)
"""TIFF tags that describe the old file's storage, or that hold XMP, IPTC and other copies of the metadata."""


@dataclass(frozen=True)
class Photo:
    """A photo in memory.

    ``image`` (H, W, 3) uint8 RGB, upright; ``alpha`` (H, W) uint8 or None; ``icc`` an RGB colour
    profile; ``exif`` with its orientation set to 1; ``format`` JPEG, PNG, WEBP, TIFF or HEIF;
    ``notes`` tell the conversions that reading did, one sentence each.
    """

    image: Image
    alpha: np.ndarray | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    format: str = "PNG"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        image = self.image
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"image must be (H, W, 3) uint8, not {image.shape} {image.dtype}")
        if self.alpha is not None and (self.alpha.shape != image.shape[:2] or self.alpha.dtype != np.uint8):
            raise ValueError(f"alpha must be {image.shape[:2]} uint8, not {self.alpha.shape} {self.alpha.dtype}")

    def with_image(self, image: Image) -> Photo:
        """The same photo with other pixels of the same size."""
        return replace(self, image=image)


def read_photo(source: str | Path | BinaryIO, *, max_pixels: int = 100_000_000, keep_gps: bool = False) -> Photo:
    """Read a JPEG, PNG, WebP, TIFF or HEIC photo (also BMP, GIF and AVIF, kept as PNG).

    The orientation of the EXIF block is applied once; the place (GPS) leaves the EXIF block unless
    ``keep_gps``.  The size is checked before any pixel is decoded.  Raises ``MediaError`` when the
    file is missing, empty, damaged, no photo, or larger than ``max_pixels``.
    """
    if isinstance(source, (str, Path)):
        check_readable(source)
    label = source if isinstance(source, (str, Path)) else getattr(source, "name", None)
    name = Path(label).name if isinstance(label, (str, Path)) else "The photo"
    with _reading(name), _open(source, name) as picture:
        _check_size(picture, name, max_pixels)
        notes = ["The photo was reduced from 16 to 8 bits."] if _is_deep(picture) else []
        picture.load()
        return _decode(picture, keep_gps, notes)


def write_photo(path: str | Path, photo: Photo, *, quality: int | None = None) -> None:
    """Write ``photo`` in the format of the suffix of ``path``; the file appears whole or not at all.

    ``quality`` (1 to 100) is for JPEG, WebP and HEIC; the default, 95 with full colour resolution,
    keeps a second encoding invisible.  Where the format has no transparency the photo is laid on
    white.  Raises ``MediaError`` for an unknown suffix and when the file cannot be written.
    """
    path = Path(path)
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise MediaError(f"{path.name} cannot be written: its name must end in one of {', '.join(_SUFFIXES)}.")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be between 1 and 100, not {quality!r}")
    longest = max(photo.image.shape[:2])
    if longest > _LONGEST_SIDE.get(kind, longest):
        raise MediaError(f"{path.name} cannot be written: {kind} allows at most {_LONGEST_SIDE[kind]} pixels a side.")
    _register_formats()
    with replaced_at_end(path) as draft:
        try:
            _encodable(photo, kind).save(draft, kind, **_save_options(photo, kind, quality or 95))
        except _DECODER_ERRORS as error:
            raise MediaError(f"{path.name} cannot be written: {_reason(error)}.") from error


def _encodable(photo: Photo, kind: str) -> Pillow.Image:
    if photo.alpha is None:
        return Pillow.fromarray(photo.image)
    if kind != "JPEG":
        return Pillow.fromarray(np.dstack([photo.image, photo.alpha]))
    cover = photo.alpha[..., None].astype(np.float32) / 255
    return Pillow.fromarray(np.rint(photo.image * cover + 255 * (1 - cover)).astype(np.uint8))


def _save_options(photo: Photo, kind: str, quality: int) -> dict[str, Any]:
    options: dict[str, Any] = {
        "JPEG": {"quality": quality, "subsampling": 0},
        "PNG": {"compress_level": 6},
        "WEBP": {"quality": quality, "method": 4, "exact": True},
        "TIFF": {"compression": "raw" if photo.exif else "tiff_adobe_deflate"},  # libtiff drops nested EXIF
        "HEIF": {"quality": quality, "chroma": 444},
    }[kind]
    kept = {"icc_profile": photo.icc, "exif": photo.exif}
    return options | {name: block for name, block in kept.items() if block}


@cache
def _register_formats() -> None:
    """Teach Pillow its formats and HEIC; done at the first photo, since importing the codecs takes a while."""
    import pillow_heif

    Pillow.init()
    pillow_heif.register_heif_opener()


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).strip().rstrip(".")


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what decoders raise into one sentence."""
    try:
        yield
    except MediaError:
        raise
    except Pillow.UnidentifiedImageError as error:
        raise MediaError(f"{name} is not a photo that can be read (JPEG, PNG, WebP, TIFF or HEIC).") from error
    except Pillow.DecompressionBombError as error:
        raise MediaError(f"{name} has too many pixels to be opened safely.") from error
    except _DECODER_ERRORS as error:
        raise MediaError(f"{name} is damaged or incomplete ({_reason(error)}).") from error


def _open(source: str | Path | BinaryIO, name: str) -> Pillow.Image:
    if not isinstance(source, (str, Path)) and not source.read(1):
        raise MediaError(f"{name} is empty.")
    if not isinstance(source, (str, Path)):
        source.seek(0)
    _register_formats()
    return Pillow.open(source, formats=[kind for kind in _KEPT_AS if kind in Pillow.OPEN])


def _check_size(picture: Pillow.Image, name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise MediaError(
            f"{name} is too large: {width} x {height} is {width * height / 1e6:.0f} megapixels,"
            f" at most {max_pixels / 1e6:.0f} are allowed."
        )


def _is_deep(picture: Pillow.Image) -> bool:
    """Whether the file holds 16 bits a channel, which decoding reduces to 8."""
    return picture.mode.startswith("I;16") or any(";16" in str(tile[3]) for tile in getattr(picture, "tile", []))


def _decode(picture: Pillow.Image, keep_gps: bool, notes: list[str]) -> Photo:
    source_format = str(picture.format)
    exif = _exif_block(picture, keep_gps, notes)
    icc = picture.info.get("icc_profile") or None
    if source_format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        notes.append(f"Only the first of {getattr(picture, 'n_frames', 1)} pictures in the file was used.")
    if _KEPT_AS[source_format] != source_format and source_format != "MPO":
        notes.append(f"The {source_format} file is kept as PNG.")
    pixels, alpha = _to_rgb(_turned(picture, notes), icc, notes)
    if icc is not None and icc[16:20] != b"RGB ":
        icc = None
    return Photo(pixels, alpha, icc, exif, _KEPT_AS[source_format], tuple(notes))


def _turned(picture: Pillow.Image, notes: list[str]) -> Pillow.Image:
    """Apply the EXIF orientation (HEIC files arrive turned, with the tag already 1)."""
    try:
        turned = ImageOps.exif_transpose(picture)
    except _DECODER_ERRORS:
        notes.append("The orientation could not be read and was left alone.")
        return picture
    return turned if turned is not None else picture


def _exif_block(picture: Pillow.Image, keep_gps: bool, notes: list[str]) -> bytes | None:
    """The EXIF block to keep, orientation 1, without the old storage tags and the preview picture."""
    try:
        exif = picture.getexif()
        for tag in _LAYOUT_TAGS & set(exif):
            del exif[tag]
        if not exif:
            return None
        turned = exif.get(Base.Orientation, 1) >= 5
        details = exif.get_ifd(IFD.Exif) if IFD.Exif in exif else {}
        if turned and {Base.ExifImageWidth, Base.ExifImageHeight} <= set(details):
            details[Base.ExifImageWidth], details[Base.ExifImageHeight] = picture.size[::-1]
        if not keep_gps and IFD.GPSInfo in exif:
            del exif[IFD.GPSInfo]
            notes.append("The place where the photo was taken was removed.")
        block = Pillow.Exif()
        block.load(exif.tobytes())
        block[Base.Orientation] = 1
        return block.tobytes()
    except _DECODER_ERRORS:
        notes.append("The EXIF block is damaged and was left out.")
        return None


def _to_rgb(picture: Pillow.Image, icc: bytes | None, notes: list[str]) -> tuple[Image, np.ndarray | None]:
    """RGB pixels and the transparency (None where all is opaque)."""
    picture = _eight_bit(picture)
    if picture.mode == "CMYK":
        return np.array(_from_cmyk(picture, icc, notes)), None
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or picture.has_transparency_data:
        if picture.mode in ("La", "RGBa"):
            picture = picture.convert("LA" if picture.mode == "La" else "RGBA")
        full = np.array(picture.convert("RGBA"))
        alpha = np.ascontiguousarray(full[..., 3])
        return np.ascontiguousarray(full[..., :3]), None if alpha.min() == 255 else alpha
    if picture.mode != "RGB":
        notes.append({"L": "Grey was turned into colour.", "1": "Black and white was turned into colour."}.get(
            picture.mode, f"The colours were converted from {picture.mode} to RGB."))  # fmt: skip
    return np.array(picture.convert("RGB")), None


def _eight_bit(picture: Pillow.Image) -> Pillow.Image:
    """Grey with 16 or 32 bits to 8 bits; deep colour is reduced by Pillow itself."""
    if picture.mode not in ("I", "F") and not picture.mode.startswith("I;16"):
        return picture
    values = np.nan_to_num(np.asarray(picture).astype(np.float64))
    top = 65535.0 if picture.mode != "F" else max(float(values.max()), 1.0)
    return Pillow.fromarray(np.clip(np.rint(values * (255 / top)), 0, 255).astype(np.uint8))


def _from_cmyk(picture: Pillow.Image, icc: bytes | None, notes: list[str]) -> Pillow.Image:
    notes.append("The print colours (CMYK) were converted to RGB.")
    if icc is not None and icc[16:20] == b"CMYK":
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            turned = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if turned is not None:
                return turned
        except _DECODER_ERRORS:
            notes.append("Their colour profile could not be used.")
    return picture.convert("RGB")
